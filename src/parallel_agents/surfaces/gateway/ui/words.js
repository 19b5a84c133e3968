// @ts-check
/** Words: what states are called and which glyph they have, as on the command line. */

/** @typedef {import('./types').Row} Row */

/** @type {Record<string, string>} */
const GLYPHS = {
  queued: '◌',
  running: '▶',
  retrying: '↻',
  paused: '‖',
  done: '✔',
  partial: '◐',
  failed: '✖',
  timed_out: '✖',
  killed: '■',
  over_budget: '◆',
  unreadable: '✖',
  stopped: '■',
  interrupted: '■',
  unknown: '■',
  withdrawn: '■',
};
/** The order in which counts are shown. */
export const STATES = ['failed', 'timed_out', 'unreadable', 'over_budget', 'stopped', 'partial', 'retrying', 'running', 'queued', 'paused', 'done', 'interrupted', 'killed'];
const LIVE = new Set(['queued', 'running']);
const BAD = new Set(['failed', 'timed_out', 'unreadable', 'over_budget']);

/** The state to show, as the gateway says it; a stored page of an earlier version has only the status. @param {Row} row */
export function stateOf(row) {
  return row.state ?? (row.is_stopped ? 'stopped' : row.status);
}

/** Why a row counts no more, as lists say it after its state; empty if it counts. @param {Row} row */
export function noLonger(row) {
  if (row.is_uncounted) return 'no longer counts';
  return row.is_former_try ? 'tried again' : '';
}

/** @param {string} state */
export function glyph(state) {
  return GLYPHS[state] ?? '?';
}

/** @param {string} state */
export function word(state) {
  return state.replaceAll('_', ' ');
}

/** @param {Row} row */
export function isLive(row) {
  return LIVE.has(row.status);
}

/** @param {string} state */
export function isBad(state) {
  return BAD.has(state);
}

/** How many sessions need a person: this one, and all below it. @param {Row} row */
export function neededBy(row) {
  return Object.values(row.needs ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Why a person is needed; empty if nobody is. @param {Row} row */
export function attention(row) {
  const needed = neededBy(row);
  if (!needed) return row.is_stopped ? 'stopped: no process works on it' : '';
  const why = row.asks || (row.is_stuck ? `silent for ${Math.round(row.silent_seconds ?? 0)} s` : 'stuck');
  return row.attention && needed === 1 ? why : `${needed} ${needed === 1 ? 'needs' : 'need'} you: ${why.replace(/^asks you: /, '')}`;
}

/** Which group of the list a row is in. @param {Row} row @returns {'needs' | 'stopped' | 'live' | 'ended'} */
export function groupOf(row) {
  if (neededBy(row)) return 'needs';
  if (row.is_stopped) return 'stopped';
  return isLive(row) ? 'live' : 'ended';
}

/** What a run is doing; a team calls no model of its own. @param {Row} row */
export function doingOf(row) {
  return row.kind === 'team' ? '' : row.doing;
}

/** `4/5 done` of a team; of a flow `3 done`, since nobody knows how many steps follow. @param {Row} row */
export function doneOf(row) {
  const counts = row.counts ?? {};
  const whole = row.kind === 'team' ? `/${Object.values(counts).reduce((sum, count) => sum + count, 0)}` : '';
  return `${counts.done ?? 0}${whole} done`;
}

/** The same with what else there is: `4/5 done, 1 failed`. @param {Row} row */
export function countsOf(row) {
  const others = Object.entries(row.counts ?? {}).filter(([state]) => state !== 'done');
  return [doneOf(row), ...listed(others)].join(', ');
}

/** How what began after the end of a team is doing, such as a retry; empty if nothing did. @param {Row} row */
export function laterOf(row) {
  const later = listed(Object.entries(row.later_counts ?? {}));
  return later.length ? `since then ${later.join(', ')}` : '';
}

/** @param {[string, number][]} counts */
function listed(counts) {
  return counts.map(([state, count]) => `${count} ${word(state)}`);
}
