// @ts-check
/** Title: the tab's title and icon say what waits for a person and what runs, besides the name of what is shown. */
import { computed, effect, signal } from './view.js';
import { route } from './router.js';
import { isLive, stateOf } from './words.js';
import { titleOf } from './rows.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').Row} Row */

const BADGES = { needs: '<circle cx="24" cy="24" r="8" fill="#cc79a7" stroke="#fff" stroke-width="2"/>', runs: '<circle cx="24" cy="24" r="7" fill="#0072b2" stroke="#fff" stroke-width="2"/>' };
const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#17324d"/><rect x="6" y="7" width="13" height="4" rx="2" fill="#6cb6ef"/><rect x="9" y="14" width="17" height="4" rx="2" fill="#ffffff"/><rect x="6" y="21" width="9" height="4" rx="2" fill="#4fd0a5"/>BADGE</svg>';
/** What is known of the runs that nothing spawned. @type {import('./view').Signal<Map<string, Row>>} */
const roots = signal(new Map());

/** @param {{kind: 'snapshot' | 'delta', items?: Row[]}} frame */
export function noteRoots(frame) {
  const next = new Map(frame.kind === 'snapshot' ? [] : roots.value);
  for (const row of frame.items ?? []) next.set(row.session_key, row);
  roots.value = next;
}

/** How many runs are live: of the run that is shown, the agents that are at work; else all runs. */
export const running = computed(() => {
  const row = shownRow();
  if (row && row.counts && Object.keys(row.counts).length) return row.counts.running ?? 0;
  const rows = row ? [row] : [...roots.value.values()];
  return rows.filter((each) => isLive(each) && stateOf(each) !== 'stopped').length;
});

function shownRow() {
  const { page, name } = route.value;
  if (!name || (page !== 'run' && page !== 'session')) return undefined;
  return roots.value.get(name) ?? [...roots.value.values()].find((row) => row.id === name);
}

/** The title of a tab, such as `▲2 ▶11 trip-research`. @param {number} waiting @param {number} live @param {string} name */
export function titleText(waiting, live, name) {
  return [waiting ? `▲${waiting}` : '', live ? `▶${live}` : '', name].filter(Boolean).join(' ');
}

/** The name of what an address shows. @param {import('./router.js').Route} shown @param {Row | undefined} row */
export function nameOf({ page, name }, row) {
  if (row) return oneLine(titleOf(row), 40);
  return name && (page === 'run' || page === 'session') ? oneLine(name.slice(name.lastIndexOf(':') + 1), 40) : 'pagents';
}

/** Keep the title and the icon as they should be. @param {() => number} waiting how many questions wait */
export function keepTitle(waiting) {
  effect(() => {
    document.title = titleText(waiting(), running.value, nameOf(route.value, shownRow()));
  });
  effect(() => {
    const badge = waiting() ? BADGES.needs : running.value ? BADGES.runs : '';
    const link = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
    const address = badge ? `data:image/svg+xml,${encodeURIComponent(ICON.replace('BADGE', badge))}` : '/favicon.svg';
    if (link && link.getAttribute('href') !== address) link.setAttribute('href', address);
  });
}
