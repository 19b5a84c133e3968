// @ts-check
/** Failures: which page of a run is opened first, and where its first failure is. */
import { isBad, isLive } from './words.js';

/** @typedef {import('./types').Row} Row */

/** What belongs to the timeline when an address has no tab. */
const OF_TIMELINE = ['selected', 'step', 'as', 'from', 'to', 'first', 'by', 'gaps', 'path', 'open', 'at'];

/** Whether a run ended with something to see to. @param {Row} row */
export function endedBadly(row) {
  return isBad(row.status) || row.status === 'partial';
}

/** The tab that a run opens on, unless its address has one: what it came to, or when it did what.
 * @param {Row} top @param {Record<string, string>} query */
export function opening(top, query) {
  if (OF_TIMELINE.some((name) => query[name]) || isLive(top) || top.status !== 'done') return 'timeline';
  return 'results';
}

/** The session whose failure came first, with the deepest of those that failed at once: others failed of it.
 * @param {Row[]} rows @param {Row} top @returns {Row | null} */
export function firstFailure(rows, top) {
  const failed = rows.filter((row) => isBad(row.status) && !row.is_former_try);
  const agents = failed.filter((row) => row.kind === 'agent');
  const among = agents.length ? agents : failed;
  const first = among.reduce((/** @type {Row | null} */ found, row) => (!found || isBefore(row, found) ? row : found), null);
  return first ?? (endedBadly(top) ? top : null);
}

/** @param {Row} one @param {Row} other */
function isBefore(one, other) {
  const [a, b] = [one.finished_at ?? '~', other.finished_at ?? '~'];
  return a === b ? one.depth > other.depth : a < b;
}

/** How many sessions failed whose tasks nobody tried again. @param {Row[]} rows */
export function countFailed(rows) {
  return rows.filter((row) => isBad(row.status) && !row.is_former_try).length;
}
