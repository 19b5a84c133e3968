// @ts-check
/** Transcript tools: attempts as tabs, a text to find, and an outline, above what was said. */
import { html, useLayoutEffect, useState } from './view.js';
import { found } from './attempts.js';
import { bind } from './keys.js';
import { refine, route } from './router.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Entry} Entry */
/** @typedef {import('./attempts').Attempt} Attempt */

/** Which attempt the address asks for, and how to choose another. @param {Attempt[]} attempts */
export function useAttempt(attempts) {
  const asked = Number(route.value.query.attempt);
  const chosen = attempts.find((each) => each.number === asked) ?? null;
  const choose = (/** @type {number | undefined} */ number) => refine({ attempt: number === undefined ? undefined : String(number) });
  const step = (/** @type {number} */ by) => {
    const at = chosen ? attempts.indexOf(chosen) + by : by < 0 ? attempts.length - 1 : 0;
    choose(attempts[at]?.number);
  };
  useLayoutEffect(() => bind('Attempts', attempts.length > 1 ? [
    { keys: '[', does: 'the attempt before', run: () => step(-1) },
    { keys: ']', does: 'the next attempt', run: () => step(1) },
  ] : []));
  return { chosen, choose };
}

/** @param {{attempts: Attempt[], chosen: Attempt | null, onChoose: (number: number | undefined) => void}} props */
export function Attempts({ attempts, chosen, onChoose }) {
  if (attempts.length < 2) return null;
  return html`<div class="attempts" role="group" aria-label="Attempts"><button aria-pressed=${!chosen} onClick=${() => onChoose(undefined)}>All attempts</button>
      ${attempts.map((each) => html`<button key=${each.number} aria-pressed=${chosen?.number === each.number} onClick=${() => onChoose(each.number)}>Attempt ${each.number}</button>`)}<kbd>[</kbd><kbd>]</kbd></div>
    ${chosen && chosen.changed.length > 0 && html`<div class="card attempt-change"><b>What changed since the attempt before</b>${chosen.changed.map((each) => html`<div>${each}</div>`)}</div>`}`;
}

/** What is found in these entries; the address has the text. @param {Entry[]} entries @param {boolean} isOff where only a part of a session is shown */
export function useFinding(entries, isOff) {
  const text = route.value.query.find ?? '';
  const [at, move] = useState(0);
  const hits = found(entries, text);
  const current = hits.length ? ((at % hits.length) + hits.length) % hits.length : 0;
  const show = (/** @type {number} */ next) => {
    move(next);
    if (hits.length) showEntry(hits[((next % hits.length) + hits.length) % hits.length].seq);
  };
  useLayoutEffect(() => bind('Find', isOff ? [] : [
    { keys: '/', does: 'find in the transcript', run: () => document.getElementById('find')?.focus() },
    ...(hits.length ? [{ keys: 'n', does: 'next place', run: () => show(current + 1) }, { keys: 'N', does: 'place before', run: () => show(current - 1) }] : []),
  ]));
  return { text, hits, current, show, keys: new Set(hits.map((hit) => hit.seq)), seq: hits[current]?.seq };
}

/** @param {number} seq */
function showEntry(seq) {
  requestAnimationFrame(() => document.getElementById(`entry-${seq}`)?.scrollIntoView({ block: 'center' }));
}

/** @param {{finding: ReturnType<typeof useFinding>, entries: Entry[]}} props */
export function Finder({ finding, entries }) {
  const { text, hits, current, show } = finding;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    show(current + 1);
  };
  return html`<form class="finder" role="search" onSubmit=${submit}>
      <input id="find" type="search" aria-label="Find in the transcript" placeholder="find (/)" value=${text} onInput=${(/** @type {any} */ event) => refine({ find: event.target.value || undefined })} />
      ${text && html`<span class="note" role="status">${hits.length ? `${current + 1} of ${hits.length}` : 'not found'}</span>`}
      ${hits.length > 0 && html`<button type="button" class="quiet" aria-label="Place before" onClick=${() => show(current - 1)}>↑</button><button type="button" class="quiet" aria-label="Next place" onClick=${() => show(current + 1)}>↓</button>`}
    </form>
    ${entries.length > 4 && html`<details class="outline"><summary>Outline <span class="note">${format.counted(entries.length, 'entry', 'entries')}</span></summary><ol>${entries.map((entry) => html`<li key=${entry.seq}><button class="quiet" onClick=${() => showEntry(entry.seq)}>${entry.isError ? '✖ ' : ''}${oneLine(entry.title, 60)} <span class="note">${format.clock(entry.at)}</span></button></li>`)}</ol></details>`}`;
}
