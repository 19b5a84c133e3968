// @ts-check
/** Letters action: what a retry would run and cost at most, or what would be dropped; then it is done and told. */
import { html, useEffect, useState } from './view.js';
import { useModal } from './modal.js';
import { post } from './api.js';
import { href } from './router.js';
import { Copy, Trouble } from './parts.js';
import { commandOf, selection } from './letters.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Letter} Letter */
/** @typedef {import('./types').Retried} Retried */

const MOST = 1000;
const PAUSE_MILLISECONDS = 500;

/** @param {{verb: 'retry' | 'drop', letters: Letter[], filter: Record<string, string | undefined>, onClose: (isDone: boolean) => void}} props */
export function LettersAction({ verb, letters, filter, onClose }) {
  const dialog = useModal();
  const [isDone, finish] = useState(false);
  const part = letters.slice(0, MOST);
  const which = part.length === 1 ? oneLine(part[0].label || part[0].agent, 60) : format.counted(part.length, 'task');
  const close = () => dialog.current?.close();
  const command = commandOf(verb, part, filter);
  return html`<dialog ref=${dialog} class="action" onClose=${() => onClose(isDone)} aria-labelledby="letters-title">
    <h2 id="letters-title">${verb === 'retry' ? 'Run again' : 'Drop'}: ${which}</h2>
    ${letters.length > MOST && html`<p class="note">The first ${MOST.toLocaleString('en-US')} of ${letters.length.toLocaleString('en-US')}; those are the most at once.</p>`}
    ${verb === 'retry'
      ? html`<${Retry} letters=${part} filter=${filter} command=${command} close=${close} onDone=${() => finish(true)} />`
      : html`<${Drop} letters=${part} filter=${filter} command=${command} close=${close} onDone=${() => finish(true)} />`}
  </dialog>`;
}

/** @typedef {{letters: Letter[], filter: Record<string, string | undefined>, command: string, close: () => void, onDone: () => void}} Props */

/** @param {Props} props */
function Retry({ letters, filter, command, close, onDone }) {
  const single = letters.length === 1 ? letters[0] : null;
  const [text, type] = useState(single?.text ?? '');
  const [model, choose] = useState('');
  const [isCurrent, current] = useState(false);
  const [isAfresh, afresh] = useState(false);
  const [price, show] = useState(/** @type {Retried | null} */ (null));
  const [done, finish] = useState(/** @type {Retried | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [isSent, send] = useState(false);
  const body = {
    ...selection(letters, filter),
    ...(single && text !== single.text ? { text } : {}),
    ...(model.trim() ? { model: model.trim() } : {}),
    ...(isCurrent ? { current: true } : {}),
    ...(isAfresh ? { afresh: true } : {}),
  };
  const asked = JSON.stringify(body);
  useEffect(() => {
    show(null);
    fail(null);
    let isGone = false;
    const timer = setTimeout(() => post('/dead-letters/retry', { ...body, dry_run: true }).then((found) => isGone || show(found), (told) => isGone || fail(told)), price ? PAUSE_MILLISECONDS : 0);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [asked]);
  const start = () => {
    send(true);
    fail(null);
    post('/dead-letters/retry', body).then((found) => { finish(found); onDone(); }, (told) => { send(false); fail(told); });
  };
  if (done) return html`<${Outcome} done=${done} letters=${letters} close=${close} />`;
  const refused = price?.retries.filter((each) => each.error) ?? [];
  const going = price?.retries.filter((each) => !each.error && !each.session_key) ?? [];
  const already = price?.retries.filter((each) => each.session_key) ?? [];
  return html`
    ${single && html`<label class="field">Task<textarea rows="5" value=${text} onInput=${(/** @type {any} */ event) => type(event.target.value)}></textarea></label>`}
    <div class="field-row"><label class="field">Model <input value=${model} placeholder="as before" spellcheck=${false} onInput=${(/** @type {any} */ event) => choose(event.target.value)} /></label>
      <label class="check"><input type="checkbox" checked=${isCurrent} onChange=${() => current(!isCurrent)} /> with agents as they are defined now</label>
      <label class="check"><input type="checkbox" checked=${isAfresh} onChange=${() => afresh(!isAfresh)} /> from the beginning, without what was done</label></div>
    <div class="price" role="status">${!price && error === null && 'Finding out what it would cost…'}
      ${price && html`<b>${format.counted(going.length, 'run')}</b> would start${going.length ? html`; ${priceOf(price)}` : '.'}${already.length ? html`<br />${format.counted(already.length, 'task is', 'tasks are')} being run again already, and ${already.length === 1 ? 'starts' : 'start'} nothing.` : ''}`}</div>
    ${refused.length > 0 && html`<div class="trouble"><strong>${format.counted(refused.length, 'task')} cannot be run again</strong>${refused.slice(0, 5).map((each) => html`<div>${oneLine(each.label || each.id, 40)}: ${oneLine(each.error?.message ?? '', 200)} <code>${each.error?.code}</code></div>`)}${refused.length > 5 ? html`<div>and ${refused.length - 5} more</div>` : ''}</div>`}
    ${error !== null && html`<${Trouble} error=${error} />`}
    <div class="row end"><${Copy} text=${command}>Copy as command<//><button onClick=${close}>Leave them</button>
      <button class="main" disabled=${isSent || !going.length} onClick=${start}>${isSent ? 'Requested…' : `Retry ${going.length || ''}`}</button></div>`;
}

/** @param {Retried} price */
function priceOf(price) {
  const isSimulated = price.retries.every((each) => !each.model || each.model.startsWith('sim/'));
  const total = format.dollars(format.usd(price.first_calls_at_most));
  const unknown = price.unpriced ? ` ${format.counted(price.unpriced, 'first call has', 'first calls have')} no known price.` : '';
  return price.first_calls_at_most ? html`their first calls cost at most <b>${total}</b>${isSimulated ? ', simulated' : ''}.${unknown}` : `what they cost is not known.${unknown}`;
}

/** @param {{done: Retried, letters: Letter[], close: () => void}} props */
function Outcome({ done, letters, close }) {
  const started = done.retries.filter((each) => each.session_key);
  const refused = done.retries.filter((each) => each.error);
  return html`<p role="status"><b>${format.counted(started.length, 'task')}</b> of ${letters.length} run again.</p>
    <ul class="outcome">${started.slice(0, 20).map((each) => html`<li><a href=${href('session', each.session_key ?? '')} onClick=${close}>${oneLine(each.label || each.id, 60)}</a> <span class="note">${each.is_new ? format.model(each.model) : 'was already being run again'}</span></li>`)}
      ${started.length > 20 && html`<li class="note">and ${started.length - 20} more</li>`}
      ${refused.map((each) => html`<li>${oneLine(each.label || each.id, 60)}: ${oneLine(each.error?.message ?? '', 200)} <code>${each.error?.code}</code></li>`)}</ul>
    ${done.warning && html`<p class="trouble">${done.warning}</p>`}
    <div class="row end"><button class="main" onClick=${close}>Close</button></div>`;
}

/** @param {Props} props */
function Drop({ letters, filter, command, close, onDone }) {
  const [dropped, finish] = useState(/** @type {number | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [isSent, send] = useState(false);
  const drop = () => {
    send(true);
    fail(null);
    post('/dead-letters/drop', selection(letters, filter)).then((found) => { finish(found.dropped); onDone(); }, (told) => { send(false); fail(told); });
  };
  return html`${dropped === null
      ? html`<p>They leave this list and are not run again from it. Their sessions, history and costs stay.</p>
        <ul class="outcome">${letters.slice(0, 6).map((letter) => html`<li>${oneLine(letter.label || letter.agent, 50)} <code>${letter.id}</code> <span class="note">${oneLine(letter.text, 80)}</span></li>`)}${letters.length > 6 ? html`<li class="note">and ${letters.length - 6} more</li>` : ''}</ul>`
      : html`<p role="status">Dropped <b>${format.counted(dropped, 'dead letter')}</b>.</p>`}
    ${error !== null && html`<${Trouble} error=${error} />`}
    <div class="row end"><${Copy} text=${command}>Copy as command<//><button onClick=${close}>${dropped === null ? 'Keep them' : 'Close'}</button>
      ${dropped === null && html`<button class="danger" disabled=${isSent} onClick=${drop}>${isSent ? 'Requested…' : `Drop ${letters.length}`}</button>`}</div>`;
}
