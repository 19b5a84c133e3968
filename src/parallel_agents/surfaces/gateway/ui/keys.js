// @ts-check
/** Keys: what the keyboard does, by page; sequences such as `g r` are two keys within a second. */
import { signal } from './view.js';
import { whyReadOnly } from './access.js';

/** One that `changes` something does nothing where things may only be read.
 * @typedef {{keys: string, does: string, run: () => void, changes?: boolean}} Action */

const SEQUENCE_MILLISECONDS = 1000;
/** @type {Map<string, Action[]>} */
const scopes = new Map();
export const isHelpOpen = signal(false);
let first = '';
let firstAt = 0;

/** What keys do on a part of the page, until the returned function is called.
 * @param {string} scope @param {Action[]} actions */
export function bind(scope, actions) {
  scopes.set(scope, actions);
  return () => {
    if (scopes.get(scope) === actions) scopes.delete(scope);
  };
}

/** All actions, with what they belong to. @returns {[string, Action[]][]} */
export function bound() {
  return [...scopes.entries()];
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const isTyping = target.matches('input, textarea, select, [contenteditable]');
  if (isTyping) {
    if (event.key === 'Escape') target.blur();
    return;
  }
  if ((event.key === 'Enter' || event.key === ' ') && target.closest('button, a, summary, [role="option"]')) return;
  if (document.querySelector('dialog[open]') && event.key !== 'Escape') return;
  const both = event.timeStamp - firstAt < SEQUENCE_MILLISECONDS && first ? `${first} ${event.key}` : '';
  const found = (both && find(both)) || find(event.key);
  first = found ? '' : event.key;
  firstAt = event.timeStamp;
  if (!found) return;
  event.preventDefault();
  if (may(found)) found.run();
}

/** @param {Action} action */
export function may(action) {
  return !action.changes || !whyReadOnly();
}

/** The action of a key; that of the page goes before that of the shell.
 * @param {string} keys */
function find(keys) {
  const actions = [...scopes.values()].reverse().flat();
  return actions.find((action) => action.keys.split(' / ').includes(keys));
}

if (typeof document !== 'undefined') document.addEventListener('keydown', press);
