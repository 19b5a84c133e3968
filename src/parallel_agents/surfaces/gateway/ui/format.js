// @ts-check
/** Format: values as people read them, in the same words and widths as the command line. */

import { midnightOf, partsOf } from './zone.js';

/** @typedef {import('./types').Money} Money */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const UNKNOWN = '—';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec'];

/** A duration, such as `7.2s`, `2m14s` or `1h05m`. @param {number | null | undefined} value */
export function seconds(value) {
  if (value === null || value === undefined || !Number.isFinite(value) || value < 0) return UNKNOWN;
  if (value < MINUTE) return `${value.toFixed(1)}s`;
  if (value < HOUR) return `${Math.floor(value / MINUTE)}m${two(value % MINUTE)}s`;
  if (value < 4 * DAY) return `${Math.floor(value / HOUR)}h${two((value % HOUR) / MINUTE)}m`;
  return `${Math.floor(value / DAY)}d`;
}

/** @param {number} value */
function two(value) {
  return String(Math.floor(value)).padStart(2, '0');
}

/** Dollars; a dash if unknown. @param {number | null | undefined} usd */
export function dollars(usd) {
  if (usd === null || usd === undefined || !Number.isFinite(usd)) return UNKNOWN;
  if (usd === 0) return '$0';
  if (usd > 0 && usd < 0.001) return '<$0.001';
  return usd < 100 ? `$${usd.toFixed(3)}` : `$${usd.toFixed(2)}`;
}

/** What was spent, if more may have been: `≥ $0.042`, and `> $0` for less than is shown. @param {number} usd */
export function atLeast(usd) {
  return usd > 0 && usd < 0.001 ? '> $0' : `≥ ${dollars(usd)}`;
}

/** A limit with every digit that it was set with. @param {Money | null | undefined} money */
export function limit(money) {
  const [whole, part = ''] = (money?.amount ?? '0').split('.');
  return `$${whole}.${part.replace(/0+$/, '').padEnd(2, '0')}`;
}

/** @param {Money | null | undefined} money @returns {number | null} */
export function usd(money) {
  return money ? Number(money.amount) : null;
}

/** A cost, and apart from it what simulated models would have cost. Where it is not known, the least that it can be.
 * @param {Money | null} cost @param {Money | null} simulated @param {number} [calls] @param {Money | null} [known] */
export function cost(cost, simulated, calls = 1, known = null) {
  const pretended = usd(simulated);
  const least = usd(known);
  const real = calls ? usd(cost) : null;
  const told = real === null && least ? atLeast(least) : dollars(real);
  if (!pretended) return told;
  const shown = `${dollars(pretended)} sim`;
  return real || least ? `${told} + ${shown}` : shown;
}

/** What a session and all below it cost; unknown if a price is. @param {import('./types').Row} row */
export function wholeCost(row) {
  if (row.whole_calls === undefined) return cost(row.cost, row.simulated_cost, row.calls, row.known_cost);
  return cost(row.whole_cost ?? null, row.whole_simulated_cost ?? null, row.whole_calls, row.whole_known_cost);
}

/** @param {number} count */
export function tokens(count) {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${(count / 1000).toFixed(0)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Seconds since 1970 of an ISO time; null if there is none.
 * @param {string | null | undefined} iso @returns {number | null} */
export function moment(iso) {
  if (!iso) return null;
  const at = Date.parse(iso) / 1000;
  return Number.isFinite(at) ? at : null;
}

/** Time of day, in the zone that is shown. @param {number | null} at */
export function clock(at) {
  return at === null ? UNKNOWN : partsOf(at).slice(3).map(two).join(':');
}

/** The day of a moment, such as `3 Nov`; empty for today. @param {number | null} at @param {number} now */
export function day(at, now) {
  if (at === null || midnightOf(at) === midnightOf(now)) return '';
  const [, month, date] = partsOf(at);
  return `${date} ${MONTHS[month - 1]}`;
}

/** How long ago something was. @param {number | null} at @param {number} now */
export function ago(at, now) {
  if (at === null) return UNKNOWN;
  const passed = Math.max(0, now - at);
  if (passed < 5) return 'now';
  if (passed < MINUTE) return `${Math.floor(passed)}s`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)}m`;
  return passed < 2 * DAY ? `${Math.floor(passed / HOUR)}h` : `${Math.floor(passed / DAY)}d`;
}

/** The same within a sentence: `5m ago`, or `now`. @param {number | null} at @param {number} now */
export function agoTold(at, now) {
  const told = ago(at, now);
  return told === 'now' || told === UNKNOWN ? told : `${told} ago`;
}

/** What a session is called whose label is not known: its agent, team or flow, and the beginning of its id. @param {string} key */
export function keyed(key) {
  const found = /^(?:agent|team|flow):([^:]+):(?:.*:)?([^:]+)$/.exec(key);
  return found ? `${found[1]} ${found[2].replace(/^([0-9a-f]{8})-[0-9a-f-]{27}$/, '$1')}` : key;
}

/** A model without its provider; a simulated one says so. @param {string} model */
export function model(model) {
  return model.startsWith('sim/') ? model : model.slice(model.lastIndexOf('/') + 1);
}
