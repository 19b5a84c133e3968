// @ts-check
/** Letters: dead letters by what they failed of. */
import { oneLine } from './text.js';

/** @typedef {import('./types').Letter} Letter */
/** @typedef {{code: string, message: string, letters: Letter[], usd: number | null, simulatedUsd: number, unpriced: number, lastAt: string}} Cause */

/** Letters by cause, which is the code of their error, the most frequent first. One without an answered call has no known cost.
 * @param {Letter[]} letters @returns {Cause[]} */
export function causesOf(letters) {
  /** @type {Map<string, Cause>} */
  const causes = new Map();
  for (const letter of letters) {
    const code = letter.error?.code ?? '';
    const name = code || letter.status;
    const found = causes.get(name) ?? { code, message: oneLine(letter.error?.message ?? letter.status.replaceAll('_', ' '), 160), letters: [], usd: null, simulatedUsd: 0, unpriced: 0, lastAt: letter.at ?? '' };
    found.letters.push(letter);
    if (letter.cost && letter.calls) found.usd = (found.usd ?? 0) + Number(letter.cost.amount);
    else found.unpriced += 1;
    found.simulatedUsd += Number(letter.simulated_cost?.amount ?? 0);
    if ((letter.at ?? '') > found.lastAt) found.lastAt = letter.at ?? '';
    causes.set(name, found);
  }
  return [...causes.values()].sort((one, other) => other.letters.length - one.letters.length || other.lastAt.localeCompare(one.lastAt));
}

/** Which letters an action is about, for the gateway: by their names, within what was asked for.
 * @param {Letter[]} letters @param {Record<string, string | undefined>} filter */
export function selection(letters, filter) {
  const names = letters.map((letter) => letter.session_key);
  return { names, ...(filter.agent ? { agent: filter.agent } : {}), ...(filter.since ? { since: filter.since } : {}), ...(filter.code ? { code: filter.code } : {}) };
}

/** The same letters for the command line. @param {'retry' | 'drop'} verb @param {Letter[]} letters @param {Record<string, string | undefined>} filter */
export function commandOf(verb, letters, filter) {
  const options = ['agent', 'code', 'since'].flatMap((name) => (filter[name] ? [`--${name} ${filter[name]}`] : []));
  const which = letters.length === 1 ? letters[0].id : options.join(' ') || '--all';
  return `pagents dlq ${verb} ${which}`;
}
