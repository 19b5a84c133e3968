// @ts-check
/** Lane paint: which colours the bars of a lane have, and what they mean. */
import { usd } from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Lane} Lane */

/** What the colours mean, by what bars are coloured by: the names of colours with their texts.
 * @type {Record<string, [string, string][]>} */
export const LEGENDS = {
  kind: [['s', 'model S'], ['m', 'M'], ['l', 'L'], ['tool', 'tool'], ['you', 'you'], ['children', 'children'], ['backoff', 'back-off'], ['wait', 'wait']],
  tier: [['s', 'model S'], ['m', 'M'], ['l', 'L'], ['wait', 'all else'], ['backoff', 'back-off']],
  cost: [['l', 'over two thirds of the dearest'], ['m', 'over one third'], ['s', 'less'], ['wait', 'unknown']],
  score: [['done', '8 or more'], ['backoff', '5 to 8'], ['fill-failed', 'below 5'], ['wait', 'not scored']],
};

/** @param {string} by @param {Row[]} rows @returns {import('./lanes_canvas').Paint} */
export function paintOf(by, rows) {
  if (by === 'cost') {
    const most = rows.reduce((found, row) => Math.max(found, costOf(row) ?? 0), 0);
    return { by, shadeOf: (row) => shadeOfShare(costOf(row), most) };
  }
  if (by === 'score') return { by, shadeOf: (_, lane) => shadeOfScore(lane.score) };
  return { by, shadeOf: () => '' };
}

/** @param {Row} row */
function costOf(row) {
  const [real, simulated] = [usd(row.cost), usd(row.simulated_cost)];
  return real === null && simulated === null ? null : (real ?? 0) + (simulated ?? 0);
}

/** @param {number | null} cost @param {number} most */
function shadeOfShare(cost, most) {
  if (cost === null || !most) return 'wait';
  if (cost > (most * 2) / 3) return 'l';
  return cost > most / 3 ? 'm' : 's';
}

/** @param {number | null} score */
function shadeOfScore(score) {
  if (score === null) return 'wait';
  if (score >= 8) return 'done';
  return score >= 5 ? 'backoff' : 'fill-failed';
}
