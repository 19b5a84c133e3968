// @ts-check
/** Start form: starts an agent or a team with what its input schema asks for, once its price is shown. */
import { html, useEffect, useMemo, useState } from './view.js';
import { newKey, post } from './api.js';
import { go, href } from './router.js';
import { whyReadOnly } from './access.js';
import { Act, Copy, Trouble } from './parts.js';
import { fieldsOf, lacking, textsOf, valuesOf } from './schema.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Field} Field */
/** @typedef {import('./types').Priced} Priced */

const PAUSE_MILLISECONDS = 600;

/** What was typed, which survives a reload. @param {string} name */
function useDraft(name) {
  const stored = `pagents.draft.${name}`;
  const [texts, set] = useState(() => {
    try {
      return textsOf(JSON.parse(sessionStorage.getItem(stored) ?? '{}'));
    } catch {
      return textsOf({});
    }
  });
  const keep = (/** @type {Record<string, string>} */ next) => {
    set(textsOf(next));
    try {
      sessionStorage.setItem(stored, JSON.stringify(next));
    } catch {
      // Without storage, or with too long a text, the draft lasts as long as the page.
    }
  };
  return { texts, keep };
}

/** @param {{kind: 'agent' | 'team', name: string, schema: import('./types').Schema | null, model: string, needs?: import('./types').Schema[]}} props `needs` is what the tasks of a team need of its inputs */
export function StartForm({ kind, name, schema, model, needs = [] }) {
  const fields = useMemo(() => fieldsOf(schema), [schema]);
  const { texts, keep } = useDraft(`${kind}.${name}`);
  const [isSent, send] = useState(false);
  const [isTried, attempt] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const { values, faults } = valuesOf(fields, texts);
  const body = bodyOf(kind, name, values, texts);
  if (body.fault) faults[' budget'] = body.fault;
  if (kind === 'agent' && !texts[' text']?.trim()) faults[' text'] = 'is required';
  const lack = [schema, ...needs].map((each) => lacking(each, values)).find(Boolean) ?? '';
  if (lack) faults[' input'] = lack;
  const readOnly = whyReadOnly();
  const isReady = !readOnly && !Object.keys(faults).length;
  const { price, refusal } = usePrice(body.value, isReady);
  const type = (/** @type {string} */ field, /** @type {string} */ text) => keep(/** @type {any} */ ({ __proto__: null, ...texts, [field]: text }));
  const asked = JSON.stringify(body.value);
  const key = useMemo(newKey, [asked]); // the same for a second try: the first one may have arrived
  const start = (/** @type {Event} */ event) => {
    event.preventDefault();
    attempt(true);
    if (!isReady || isSent) return;
    send(true);
    fail(null);
    post('/runs', body.value, key).then((begun) => { keep({}); go(href(kind === 'team' ? 'run' : 'session', begun.session_key)); }, (told) => { send(false); fail(told); });
  };
  return html`<form class="start" onSubmit=${start} noValidate>
    ${kind === 'agent' && html`<${TextField} id="task" title="Task" isRequired text=${texts[' text'] ?? ''} rows=${fields.length ? 2 : 4} hint=${fields.length ? 'what to do with the input, in words' : 'what the agent is to do'} fault=${isTried ? faults[' text'] : ''} onType=${(/** @type {string} */ text) => type(' text', text)} />`}
    ${fields.map((field) => html`<${SchemaField} key=${field.name} field=${field} text=${texts[field.name] ?? field.initial} fault=${isTried || texts[field.name] ? faults[field.name] : ''} onType=${(/** @type {string} */ text) => type(field.name, text)} />`)}
    <div class="field-row">
      <label class="field">Model <input value=${texts[' model'] ?? ''} placeholder=${model || 'that of the settings'} spellcheck=${false} onInput=${(/** @type {any} */ event) => type(' model', event.target.value)} /></label>
      <label class="field">Budget in dollars <input inputmode="decimal" value=${texts[' budget'] ?? ''} placeholder="none" onInput=${(/** @type {any} */ event) => type(' budget', event.target.value)} />${faults[' budget'] && html`<span class="fault">${faults[' budget']}</span>`}</label>
      <label class="field">Tags <input value=${texts[' tags'] ?? ''} placeholder="none" spellcheck=${false} onInput=${(/** @type {any} */ event) => type(' tags', event.target.value)} /></label>
    </div>
    ${!readOnly && html`<${Price} price=${price} refusal=${refusal} lack=${lack} isReady=${isReady} />`}
    ${error !== null && html`<${Trouble} error=${error} />`}
    <div class="row"><${Act} class="main" disabled=${isSent || (isReady && !price)}>${isSent ? 'Requested…' : 'Start'}<//>
      ${Object.keys(texts).length > 0 && html`<button type="button" class="quiet" onClick=${() => keep({})}>Clear</button>`}<span class="space"></span>
      <${Copy} text=${() => commandOf(kind, name, values, texts)}>Copy as command<//></div>
  </form>`;
}

/** What a body would cost; asked for once it has stayed the same for a moment.
 * @param {object} body @param {boolean} isReady */
function usePrice(body, isReady) {
  const [price, show] = useState(/** @type {Priced | null} */ (null));
  const [refusal, refuse] = useState(/** @type {unknown} */ (null));
  const asked = isReady ? JSON.stringify(body) : '';
  useEffect(() => {
    show(null);
    refuse(null);
    if (!asked) return undefined;
    let isGone = false;
    const timer = setTimeout(() => post('/price', JSON.parse(asked)).then((found) => isGone || show(found), (told) => isGone || refuse(told)), PAUSE_MILLISECONDS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [asked]);
  return { price, refusal };
}

/** @param {{price: Priced | null, refusal: unknown, lack: string, isReady: boolean}} props */
function Price({ price, refusal, lack, isReady }) {
  if (refusal !== null) return html`<${Trouble} error=${refusal} />`;
  if (!isReady) return html`<p class="price note" role="status">Its price is shown once what is required is there${lack ? `: it ${lack}` : ''}.</p>`;
  if (!price) return html`<p class="price note" role="status">Finding out what it would cost…</p>`;
  const first = format.usd(price.first_calls_at_most);
  const likely = format.usd(price.likely);
  const runs = price.tasks.reduce((sum, task) => sum + task.from_runs, 0);
  const isSimulated = price.tasks.some((task) => task.is_simulated);
  const known = price.tasks.filter((task) => !task.open_list).reduce((sum, task) => sum + task.tasks, 0);
  const open = [...new Set(price.tasks.map((task) => task.open_list).filter(Boolean))];
  const most = price.worst_case_usd;
  return html`<div class="price" role="status">
    <b>${format.counted(known, 'task')}</b>${open.length ? ` and those for the items of ${open.join(', ')}, whose ${open.length === 1 ? 'list is' : 'lists are'} not known yet,` : ''} on ${[...new Set(price.tasks.map((task) => format.model(task.model)))].map((each) => oneLine(each, 40)).join(', ')}:
    ${first === null ? price.is_sketch ? ' what its first calls cost is known once they are there' : ' the price is not known' : html` first ${known === 1 ? 'call' : 'calls'} at most <b>${format.dollars(first)}</b>`}${price.first_calls_unknown && first !== null ? `, ${price.first_calls_unknown} of unknown price left out` : ''}${isSimulated ? ', simulated' : ''};
    ${likely === null ? ' nothing like it has run yet' : html` likely <b>${format.dollars(likely)}</b> in all, by what ${format.counted(runs, 'run')} cost before${price.likely_unknown ? `; ${price.likely_unknown} of the ${known} did not run before and are not in it` : ''}`}${!most ? '' : most === price.budget_usd ? `; never more than the budget of ${format.dollars(most)}` : `; never more than ${format.dollars(most)}, by the budgets of its parts`}.${price.notes.map((each) => html` ${oneLine(each, 300)}`)}${price.missing_keys.length ? html` <b>${price.missing_keys.join(', ')} ${price.missing_keys.length === 1 ? 'is' : 'are'} not set</b> where it would run, so it cannot begin.` : ''}</div>`;
}

/** @param {{field: Field, text: string, fault: string | undefined, onType: (text: string) => void}} props */
function SchemaField({ field, text, fault, onType }) {
  const title = field.name.replaceAll('_', ' ');
  if (field.kind === 'boolean') return html`<label class="check"><input type="checkbox" checked=${text === 'true'} onChange=${(/** @type {any} */ event) => onType(String(event.target.checked))} /> ${title} <span class="note">${field.description}</span></label>`;
  if (field.kind === 'choice') {
    return html`<label class="field">${title}${field.isNeeded ? html`<${Required} />` : ''}<span class="note"> ${field.description}</span><select onChange=${(/** @type {any} */ event) => onType(event.target.value)}>
      <option value="" selected=${text === ''}>${field.isNeeded ? 'choose' : 'none'}</option>
      ${field.choices.map((choice) => html`<option value=${JSON.stringify(choice)} selected=${JSON.stringify(choice) === text}>${oneLine(String(choice), 80)}</option>`)}</select>${fault && html`<span class="fault">${fault}</span>`}</label>`;
  }
  const hint = [field.description, { lines: 'one a line', json: 'JSON', number: '', integer: 'a whole number', text: '' }[field.kind]].filter(Boolean).join('; ');
  const rows = field.kind === 'text' ? (field.isNeeded ? 3 : 1) : field.kind === 'number' || field.kind === 'integer' ? 1 : 3;
  return html`<${TextField} id=${`f-${field.name}`} title=${title} isRequired=${field.isNeeded} text=${text} rows=${rows} hint=${hint} fault=${fault} isCode=${field.kind === 'json'} onType=${onType} />`;
}

/** @param {{id: string, title: string, isRequired: boolean, text: string, rows: number, hint: string, fault?: string, isCode?: boolean, onType: (text: string) => void}} props */
function TextField({ id, title, isRequired, text, rows, hint, fault, isCode = false, onType }) {
  const lines = Math.min(16, Math.max(rows, text.split('\n', 17).length));
  return html`<div class="field"><label for=${id}>${title}${isRequired ? html`<${Required} />` : ''}${hint && html`<span class="note"> ${hint}</span>`}</label>
    <textarea id=${id} rows=${lines} class=${isCode ? 'code' : ''} spellcheck=${!isCode} aria-invalid=${fault ? 'true' : undefined} value=${text} onInput=${(/** @type {any} */ event) => onType(event.target.value)}></textarea>${fault && html`<span class="fault" role="alert">${fault}</span>`}</div>`;
}

function Required() {
  return html`<span class="required" title="required"> *<span class="unseen"> required</span></span>`;
}

/** @param {'agent' | 'team'} kind @param {string} name @param {Record<string, unknown>} values @param {Record<string, string>} texts */
function bodyOf(kind, name, values, texts) {
  const money = texts[' budget']?.trim() ?? '';
  const tags = (texts[' tags'] ?? '').split(/[\s,]+/).filter(Boolean);
  const isMoney = !money || Number(money) > 0;
  const value = {
    [kind]: name,
    ...(kind === 'agent' && texts[' text'] ? { text: texts[' text'] } : {}),
    ...(Object.keys(values).length ? { input: values } : {}),
    ...(texts[' model']?.trim() ? { model: texts[' model'].trim() } : {}),
    ...(money && isMoney ? { budget_usd: Number(money) } : {}),
    ...(tags.length ? { tags } : {}),
  };
  return { value, fault: isMoney ? '' : 'is not an amount above zero' };
}

/** @param {string} text */
export function quoted(text) {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {'agent' | 'team'} kind @param {string} name @param {Record<string, unknown>} values @param {Record<string, string>} texts */
function commandOf(kind, name, values, texts) {
  const inputs = Object.entries(values).map(([field, value]) => `-i ${quoted(`${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`)}`);
  const model = texts[' model']?.trim() ? [`-m ${quoted(texts[' model'].trim())}`] : [];
  const budget = Number(texts[' budget']) > 0 ? [`--budget ${Number(texts[' budget'])}`] : [];
  const head = kind === 'team' ? `pagents run --team ${name}` : `pagents spawn ${name} ${quoted(texts[' text'] ?? '')}`;
  return [head, ...inputs, ...model, ...budget].join(' ');
}
