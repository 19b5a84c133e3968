// @ts-check
/** Compare mark: a run that is marked to be compared with the next one that is. */
import { html, signal, useEffect, useState } from './view.js';
import { get } from './api.js';
import { go, href } from './router.js';
import { useModal } from './modal.js';
import { State, Trouble } from './parts.js';
import { titleOf } from './rows.js';
import { stateOf } from './words.js';
import { clockNow } from './shell.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {{key: string, title: string, at: string}} Marked */

const LISTED = 30;

/** @type {import('./view').Signal<Marked | null>} */
export const marked = signal(null);

/** Mark a run; a second one opens the comparison, the older one first; the same one again takes the mark away.
 * @param {Row} row */
export function mark(row) {
  const first = marked.value;
  if (!first) {
    marked.value = { key: row.session_key, title: titleOf(row), at: row.created_at ?? '' };
  } else {
    marked.value = null;
    if (first.key !== row.session_key) go(compareAddress(first.key, first.at, row.session_key, row.created_at ?? ''));
  }
}

/** The address of a comparison; the one that was asked for first is A.
 * @param {string} one @param {string} oneAt @param {string} two @param {string} twoAt */
export function compareAddress(one, oneAt, two, twoAt) {
  return oneAt <= twoAt ? href('compare', one, two) : href('compare', two, one);
}

/** What is marked, as a line below the list. */
export function MarkLine() {
  const first = marked.value;
  if (!first) return null;
  return html`<p class="mark-line" role="status">⇄ <b>${oneLine(first.title, 60)}</b> is marked: choose <kbd>d</kbd> or ⇄ on another run to compare them. <button class="quiet" onClick=${() => (marked.value = null)}>Unmark</button></p>`;
}

/** @param {{row: Row}} props */
export function MarkButton({ row }) {
  const isMarked = marked.value?.key === row.session_key;
  return html`<button class="quiet mark ${isMarked ? 'is-marked' : ''}" aria-pressed=${isMarked ? 'true' : 'false'} aria-label=${`Compare ${titleOf(row)} ${row.id}`} title="Mark to compare (d)" onClick=${() => mark(row)}>⇄</button>`;
}

/** The button that opens what a run can be compared with. @param {{row: Row, attempts?: number}} props */
export function CompareWith({ row, attempts = 0 }) {
  const [isOpen, open] = useState(false);
  return html`<button onClick=${() => open(true)} aria-haspopup="dialog">Compare…</button>${isOpen && html`<${Pick} row=${row} attempts=${attempts} onClose=${() => open(false)} />`}`;
}

/** @param {{row: Row, attempts: number, onClose: () => void}} props */
function Pick({ row, attempts, onClose }) {
  const dialog = useModal();
  const [rows, show] = useState(/** @type {Row[] | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    readLike(row).then(show, fail);
  }, []);
  const now = clockNow();
  const pairs = attempts > 1 ? Array.from({ length: attempts - 1 }, (_, n) => n + 1) : [];
  const choose = (/** @type {string} */ address) => {
    dialog.current?.close();
    go(address);
  };
  return html`<dialog ref=${dialog} class="pick" onClose=${onClose} aria-labelledby="pick-title">
    <h2 id="pick-title">Compare ${oneLine(titleOf(row), 50)} with…</h2>
    ${pairs.length > 0 && html`<ul>${pairs.map((n) => html`<li><button class="pick-line" onClick=${() => choose(href('compare', `${row.session_key}#${n}`, `${row.session_key}#${n + 1}`))}><b>its attempts ${n} and ${n + 1}</b></button></li>`)}</ul>`}
    ${error !== null && html`<${Trouble} error=${error} />`}
    ${rows === null && error === null && html`<p class="foot">Reading…</p>`}
    ${rows && !rows.length && html`<p class="note">No other run is like it. Mark any two in the list of runs with <kbd>d</kbd>.</p>`}
    ${rows && rows.length > 0 && html`<ul>${rows.map((each) => html`<li key=${each.session_key}><button class="pick-line" onClick=${() => choose(compareAddress(each.session_key, each.created_at ?? '', row.session_key, row.created_at ?? ''))}>
      <${State} state=${stateOf(each)} quiet /><b>${oneLine(titleOf(each), 40)}</b><code>${each.id}</code><span class="space"></span><span class="note">${format.wholeCost(each)} · ${format.ago(format.moment(each.finished_at ?? each.created_at), now)}</span></button></li>`)}</ul>`}
    <form method="dialog" class="row end"><button>Close</button></form>
  </dialog>`;
}

/** Sessions that are called the same and are of the same kind, the newest first. @param {Row} row @returns {Promise<Row[]>} */
async function readLike(row) {
  const isGroup = row.kind !== 'agent';
  const label = row.label.replaceAll('"', ' ').trim();
  const page = await get('/runs', { filter: label ? `label:"${label}"` : `agent:${row.agent}`, limit: LISTED });
  return page.items.filter((/** @type {Row} */ each) => each.session_key !== row.session_key && (each.kind !== 'agent') === isGroup && (!label || each.label === row.label));
}
