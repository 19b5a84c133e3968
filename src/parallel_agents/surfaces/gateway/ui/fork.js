// @ts-check
/** Fork: take up a conversation at a message, in a session of its own; what that costs at most is shown first. */
import { html, useEffect, useRef, useState } from './view.js';
import { useModal } from './modal.js';
import { get, newKey, post, runPath } from './api.js';
import { go, href } from './router.js';
import { Act, Copy, Trouble } from './parts.js';
import { commandFor, placeOf } from './forks.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Entry} Entry */
/** @typedef {import('./types').TurnDoc} TurnDoc */
/** @typedef {import('./types').Priced} Price */

const PAGE = 500;
const PAUSE_MILLISECONDS = 500;

/** All turns of a session. @param {string} name @returns {Promise<{turns: TurnDoc[], next: number | null}>} */
async function turnsOf(name) {
  /** @type {TurnDoc[]} */
  const turns = [];
  for (let after = ''; ;) {
    const page = await get(runPath(name, '/turns'), { limit: PAGE, after });
    turns.push(...page.items);
    if (!page.next) return { turns, next: page.next_turn };
    after = String(turns.at(-1)?.turn);
  }
}

/** A branch, which few fonts have. */
export function ForkSign() {
  return html`<svg class="fork-sign" viewBox="0 0 12 14" aria-hidden="true"><path d="M6 13V8M6 8L2 4V1M6 8l4-4V1" /></svg>`;
}

/** @param {{row: Row, entry: Entry | null, onClose: () => void}} props without an entry, where the conversation ends */
export function Fork({ row, entry, onClose }) {
  const dialog = useModal();
  const [place, find] = useState(/** @type {ReturnType<typeof placeOf> | null} */ (null));
  const [text, type] = useState(entry?.kind === 'queued' ? entry.text : '');
  const finished = entry?.kind === 'tool_finished' ? entry.raw.event : null;
  const [result, edit] = useState(String(finished?.result?.content ?? ''));
  const [model, choose] = useState('');
  const [price, show] = useState(/** @type {Price | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [isSent, send] = useState(false);
  const key = useRef(newKey());
  useEffect(() => {
    turnsOf(row.session_key).then(({ turns, next }) => find(placeOf(turns, next, entry)), fail);
  }, []);
  const isSaid = text.trim() !== '';
  const at = place === null ? null : isSaid || finished ? place.after : place.again;
  const body = { ...(at === null ? {} : { at }), ...(finished ? { result, call: finished.number } : {}), ...(isSaid ? { text } : {}), ...(model.trim() ? { model: model.trim() } : {}) };
  const asked = JSON.stringify(body);
  useEffect(() => {
    if (at === null) return undefined;
    show(null);
    fail(null);
    let isGone = false;
    const timer = setTimeout(() => post(runPath(row.session_key, '/fork'), { ...body, dry_run: true }).then((found) => isGone || show(found), (told) => isGone || fail(told)), PAUSE_MILLISECONDS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [asked, place]);
  const start = () => {
    send(true);
    fail(null);
    post(runPath(row.session_key, '/fork'), body, key.current).then((found) => {
      dialog.current?.close();
      go(href('session', found.session_key));
    }, (told) => { send(false); fail(told); });
  };
  const close = () => dialog.current?.close();
  return html`<dialog ref=${dialog} class="action" onClose=${onClose} aria-labelledby="fork-title">
    <h2 id="fork-title"><${ForkSign} /> Fork ${finished && at !== null ? `with another result in turn ${at}` : titleFor(at, isSaid)}</h2>
    <p class="note">A session of its own, with a copy of what was said until then. This one stays as it is, and nothing of it is paid for again.</p>
    ${finished && html`<label class="field">Result of ${oneLine(finished.result.name, 60)}<textarea rows="7" value=${result} onInput=${(/** @type {any} */ event) => edit(event.target.value)}></textarea></label>`}
    <label class="field">Say next<textarea rows=${finished ? 2 : 5} value=${text} placeholder=${finished ? 'Nothing: the model goes on from this result' : place?.again ? 'Nothing: the turn is answered anew' : ''} onInput=${(/** @type {any} */ event) => type(event.target.value)}></textarea></label>
    <label class="field">Model <input value=${model} placeholder=${`as before: ${place?.model || row.model}`} spellcheck=${false} onInput=${(/** @type {any} */ event) => choose(event.target.value)} /></label>
    <div class="price" role="status">${place !== null && at === null ? (finished ? 'Not every call of its turn has a result.' : 'Say something: there is no turn here that could be answered anew.') : price ? priceOf(price) : error === null ? 'Finding out what it would cost…' : 'It cannot be forked so.'}</div>
    ${error !== null && html`<${Trouble} error=${error} />`}
    <div class="row end"><${Copy} text=${commandFor(row.id, body)}>Copy as command<//><button onClick=${close}>Leave it</button>
      <${Act} class="main" disabled=${isSent || !price} onClick=${start}>${isSent ? 'Requested…' : 'Fork'}<//></div>
  </dialog>`;
}

/** @param {number | null} at @param {boolean} isSaid */
function titleFor(at, isSaid) {
  if (at === null) return 'here';
  if (!isSaid) return `and answer turn ${at} anew`;
  return at === 0 ? 'before the first turn' : `after turn ${at}`;
}

/** @param {Price} price */
function priceOf(price) {
  const [task] = price.tasks;
  const on = `on ${format.model(oneLine(task.model, 60))}${task.is_simulated ? ', simulated' : ''}`;
  const most = task.first_call_at_most ? html`Its first call costs at most <b>${format.dollars(format.usd(task.first_call_at_most))}</b> ${on}.` : html`What it costs is not known, ${on}.`;
  const likely = task.likely ? ` Such runs cost ${format.dollars(format.usd(task.likely))} on average.` : '';
  const bound = price.budget_usd === null ? '' : ` Its budget is ${format.dollars(price.budget_usd)}.`;
  return html`${most}${likely}${bound}`;
}
