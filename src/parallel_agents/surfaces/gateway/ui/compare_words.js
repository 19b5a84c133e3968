// @ts-check
/** Compare words: what is different about two figures, as people read it; what is unknown stays unknown. */
import { clock, dollars, moment, usd } from './format.js';

/** @typedef {import('./types').Side} Side */

const UNKNOWN = '—';
const MINUS = '−';
/** What is less is shown as less than that, without a sign. */
const LEAST = 0.001;

/** Both figures, or one if they read the same. @param {string} before @param {string} after */
export function compared(before, after) {
  return before === after ? before : `${before} → ${after}`;
}

/** How much more the second one is, such as `+2.0s`; empty if that is not known or nothing.
 * @param {number | null | undefined} before @param {number | null | undefined} after @param {(value: number) => string} shown */
export function more(before, after, shown) {
  if (before === null || before === undefined || after === null || after === undefined) return '';
  const by = after - before;
  return `${by < 0 ? MINUS : '+'}${shown(Math.abs(by))}`;
}

/** @param {number | null} before @param {number | null} after */
export function percent(before, after) {
  if (!before || after === null) return '';
  const by = Math.round(((after - before) * 100) / before);
  return by ? `${by < 0 ? MINUS : '+'}${Math.abs(by).toLocaleString('en-US')} %` : '';
}

/** What a session's calls cost, or would have cost if they are simulated; null if that is not known.
 * @param {Side | null} side @param {boolean} [isWhole] with everything below it */
export function money(side, isWhole = false) {
  if (!side) return null;
  const real = usd(isWhole ? side.whole_cost : side.cost);
  const simulated = usd(isWhole ? side.whole_simulated_cost : side.simulated_cost);
  return real === null ? null : real + (simulated ?? 0);
}

/** What the second one cost more; a dash if that is not known. @param {Side | null} a @param {Side | null} b */
export function moreMoney(a, b) {
  const [before, after] = [money(a), money(b)];
  if (before === null || after === null || !a || !b) return UNKNOWN;
  const by = after - before;
  const isSimulated = Boolean(usd(a.simulated_cost) || usd(b.simulated_cost));
  const sign = Math.abs(by) < LEAST ? '' : by < 0 ? MINUS : '+';
  return `${sign}${dollars(Math.abs(by))}${isSimulated && by ? ' sim' : ''}`;
}

/** The local day and time of an ISO time; empty without one. @param {string | null} iso */
export function when(iso) {
  const at = moment(iso);
  if (at === null) return '';
  const date = new Date(at * 1000);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
  return `${day} ${clock(at)}`;
}
