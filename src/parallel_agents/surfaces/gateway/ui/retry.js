// @ts-check
/** Retry: what failed below a session, run again after its price is shown, as on the page of dead letters. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { follow as nextPage, get, post } from './api.js';
import { href } from './router.js';
import { bind } from './keys.js';
import { useSettled } from './asked.js';
import { LettersAction } from './letters_action.js';
import { selection } from './letters.js';
import { Act } from './parts.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Letter} Letter */
/** @typedef {import('./types').Retried} Retried */

const PAGE = 500;
const MOST = 1000;

/** As many dead letters as can be retried at once. @param {string} name @returns {Promise<Letter[]>} */
async function lettersIn(name) {
  let page = await get('/dead-letters', { in: name, limit: PAGE });
  const found = [...page.items];
  while (page.next && found.length < MOST) {
    page = await nextPage(page.next);
    found.push(...page.items);
  }
  return found;
}

/** The dead letters of a session and all below it; asked for again when `state` changes.
 * @param {string} name @param {string} state */
export function useLetters(name, state) {
  const [letters, show] = useState(/** @type {Letter[]} */ ([]));
  const [round, again] = useState(0);
  const settled = useSettled(state);
  useEffect(() => {
    let isGone = false;
    lettersIn(name).then((found) => isGone || show(found), () => {}); // Without them there is no button.
    return () => {
      isGone = true;
    };
  }, [name, settled, round]);
  return { letters, reload: () => again((before) => before + 1) };
}

/** The button of a run for all that failed in it. @param {{name: string, state: string}} props */
export function RetryFailed({ name, state }) {
  const { letters, reload } = useLetters(name, state);
  const [isAsked, ask] = useState(false);
  const open = letters.filter((letter) => !letter.retried_by);
  useLayoutEffect(() => bind('Failed', open.length ? [{ keys: 'r', does: 'retry what failed, after the price', changes: true, run: () => ask(true) }] : []));
  if (!open.length) return null;
  return html`<${Act} onClick=${() => ask(true)} title="Shows the price first (r)">↻ Retry ${open.length === 1 ? '' : `${open.length.toLocaleString('en-US')} `}failed…<//>
    ${isAsked && html`<${LettersAction} verb="retry" letters=${open} filter=${{}} onClose=${(/** @type {boolean} */ isDone) => { ask(false); if (isDone) reload(); }} />`}`;
}

/** What can be done about one that failed: a retry with its price, or where it is run again. @param {{name: string, state: string}} props */
export function RetryOne({ name, state }) {
  const { letters, reload } = useLetters(name, state);
  const [action, act] = useState(/** @type {'' | 'retry' | 'drop'} */ (''));
  const [price, show] = useState(/** @type {Retried | null} */ (null));
  const letter = letters.find((each) => each.session_key === name);
  const again = useRef('');
  if (letter?.retried_by) again.current = letter.retried_by;
  useEffect(() => {
    show(null);
    if (!letter || letter.retried_by) return undefined;
    let isGone = false;
    post('/dead-letters/retry', { ...selection([letter], {}), dry_run: true }).then((found) => isGone || show(found), () => {}); // The dialog says why.
    return () => {
      isGone = true;
    };
  }, [letter?.run_id, letter?.retried_by]);
  if (!letter) return again.current ? html`<div class="row"><span class="is-done">✔</span> <a href=${href('session', again.current)}>It was run again, and that is done</a></div>` : null;
  if (letter.retried_by) return html`<div class="row"><a href=${href('session', letter.retried_by)}>It is being run again</a></div>`;
  const most = price?.first_calls_at_most ? format.dollars(format.usd(price.first_calls_at_most)) : '';
  const model = price?.retries[0]?.model ?? '';
  return html`<div class="row"><${Act} class="main" onClick=${() => act('retry')}>↻ Retry…${most && ` ≤ ${most}${model.startsWith('sim/') ? ' sim' : ''}`}<//>
    <${Act} class="quiet" onClick=${() => act('drop')}>Drop…<//><a href=${href('letters')}>Dead letters</a>
    ${most && html`<span class="note">its first call costs at most that${model ? `, on ${oneLine(format.model(model), 40)}` : ''}</span>`}</div>
    ${action && html`<${LettersAction} verb=${action} letters=${[letter]} filter=${{}} onClose=${(/** @type {boolean} */ isDone) => { act(''); if (isDone) reload(); }} />`}`;
}
