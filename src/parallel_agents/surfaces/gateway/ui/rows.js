// @ts-check
/** Rows: sessions by their keys, as snapshots and changes tell them; the same frame twice changes nothing. */
import { attention, groupOf, isBad, isLive, stateOf } from './words.js';
import { moment, usd } from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {{rows: Map<string, Row>, seq: number, total: number | null}} Table */

/** @returns {Table} */
export function emptyTable() {
  return { rows: new Map(), seq: -1, total: null };
}

/** The table after a frame; the same table if the frame is older than what is known.
 * @param {Table} table @param {{kind: 'snapshot' | 'delta', seq: number, items?: Row[], total?: number}} frame
 * @returns {Table} */
export function applied(table, frame) {
  if (frame.seq < table.seq) return table;
  const rows = new Map(frame.kind === 'snapshot' ? [] : table.rows);
  let total = frame.total ?? table.total;
  for (const row of frame.items ?? []) {
    if (frame.total === undefined && frame.kind === 'delta' && !rows.has(row.session_key) && total !== null) total += 1;
    rows.set(row.session_key, row);
  }
  return { rows, seq: frame.seq, total };
}

/** Newest first. @param {Iterable<Row>} rows */
export function newestFirst(rows) {
  return [...rows].sort((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? '') || a.session_key.localeCompare(b.session_key));
}

/** The rows of each group of the list, newest first.
 * @param {Iterable<Row>} rows @returns {{needs: Row[], stopped: Row[], live: Row[], ended: Row[]}} */
export function grouped(rows) {
  /** @type {{needs: Row[], stopped: Row[], live: Row[], ended: Row[]}} */
  const groups = { needs: [], stopped: [], live: [], ended: [] };
  for (const row of newestFirst(rows)) groups[groupOf(row)].push(row);
  return groups;
}

/** How many rows are in each state. @param {Iterable<Row>} rows @returns {Record<string, number>} */
export function countStates(rows) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const row of rows) counts[stateOf(row)] = (counts[stateOf(row)] ?? 0) + 1;
  return counts;
}

/** What rows cost with all below them, in dollars; those whose cost is not known are counted.
 * @param {Iterable<Row>} rows */
export function summed(rows) {
  const sum = { real: 0, simulated: 0, unknown: 0 };
  for (const row of rows) {
    const [cost, simulated, calls] = row.whole_calls === undefined ? [row.cost, row.simulated_cost, row.calls] : [row.whole_cost, row.whole_simulated_cost, row.whole_calls];
    if (calls && !cost) sum.unknown += 1;
    sum.real += usd(cost) ?? 0;
    sum.simulated += usd(simulated) ?? 0;
  }
  return sum;
}

/** For how long processes have executed a run, with the earlier runs that it continues, until now if it is live. @param {Row} row @param {number} now */
export function duration(row, now) {
  if (typeof row.seconds === 'number') return row.seconds;
  const from = moment(row.timed_from) ?? moment(row.started_at) ?? moment(row.created_at);
  if (from === null) return null;
  return Math.max(0, (moment(row.finished_at) ?? (isLive(row) && !row.is_stopped ? now : from)) - from);
}

/** @param {Row} row */
export function isProblem(row) {
  return isBad(row.status) || row.status === 'partial' || Boolean(attention(row));
}

/** What a session is called. @param {Row} row */
export function nameOf(row) {
  return row.label || row.agent || row.id;
}

/** The same, where nothing else tells how it is doing; one that something else counts in place of says so. @param {Row} row */
export function titleOf(row) {
  return row.is_former_try ? `${nameOf(row)} (former)` : nameOf(row);
}

/** The sessions that carry out a step of a run's plan, with all below them: `posts-2-round-1` is one of `posts`.
 * @param {Row[]} rows @param {Row} top @param {string} step */
export function ofStep(rows, top, step) {
  const found = new Set(rows.filter((row) => row.parent === top.session_key && row.label.split('-')[0] === step).map((row) => row.session_key));
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const row of rows) if (row.parent && found.has(row.parent)) found.add(row.session_key);
  }
  return rows.filter((row) => found.has(row.session_key) || row.session_key === top.session_key);
}

/** Which of `total` rows of equal height are near what is seen.
 * @param {number} total @param {number} top @param {number} height @param {number} rowHeight
 * @returns {{first: number, end: number}} */
export function windowOf(total, top, height, rowHeight) {
  const first = Math.max(0, Math.floor(top / rowHeight) - 10);
  return { first, end: Math.min(total, Math.ceil((top + height) / rowHeight) + 10) };
}
