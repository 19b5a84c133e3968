// @ts-check
/** Days: what each day cost, those without runs too; days are those of UTC. */

/** @typedef {{at: number, usd: number}} Point */

export const DAY_SECONDS = 86_400;
const MOST_DAYS = 730;

/** @param {number} at */
export function dayText(at) {
  return new Date(at * 1000).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

/** A point for each day from the first to the last, those without runs too.
 * @param {{name: string | null, usd: number}[]} days named as `2026-11-30` @param {string} [until] the last day
 * @returns {Point[]} */
export function everyDay(days, until) {
  const known = new Map(days.flatMap((day) => (day.name && Number.isFinite(Date.parse(`${day.name}T00:00:00Z`)) ? [[Date.parse(`${day.name}T00:00:00Z`) / 1000, day.usd]] : [])));
  if (!known.size) return [];
  const last = Math.max(...known.keys(), until ? Date.parse(`${until}T00:00:00Z`) / 1000 : 0);
  const first = Math.max(Math.min(...known.keys()), last - MOST_DAYS * DAY_SECONDS);
  /** @type {Point[]} */
  const points = [];
  for (let at = first; at <= last; at += DAY_SECONDS) points.push({ at, usd: known.get(at) ?? 0 });
  return points;
}
