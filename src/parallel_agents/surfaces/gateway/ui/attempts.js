// @ts-check
/** Attempts: the tries of a session's current run, and what changed from one to the next. */
import { model } from './format.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').Entry} Entry */
/** @typedef {{number: number, entries: Entry[], changed: string[]}} Attempt */

/** The attempts of a run, each with what was said in it. @param {Entry[]} entries @param {string} run @returns {Attempt[]} */
export function attemptsIn(entries, run) {
  /** @type {Map<number, Entry[]>} */
  const found = new Map();
  for (const entry of entries) {
    if (entry.raw.run_id !== run) continue;
    const among = found.get(entry.attempt);
    if (among) among.push(entry);
    else found.set(entry.attempt, [entry]);
  }
  const numbers = [...found.keys()].sort((a, b) => a - b);
  return numbers.map((number, n) => ({ number, entries: found.get(number) ?? [], changed: n ? changesOf(found.get(numbers[n - 1]) ?? [], found.get(number) ?? []) : [] }));
}

/** Why there is another attempt, and what is otherwise in it. @param {Entry[]} before @param {Entry[]} after */
function changesOf(before, after) {
  const begun = after.find((entry) => entry.kind === 'attempted')?.raw.event;
  const [one, other] = [modelOf(before), begun?.model || modelOf(after)];
  const told = after.filter((entry) => entry.kind === 'steered').length;
  return [
    begun ? `the one before failed: ${oneLine(begun.error.message, 200)} (${begun.error.code})` : '',
    one && other && one !== other ? `model ${model(one)} → ${model(other)}` : 'the same model',
    told ? `${told} ${told === 1 ? 'message' : 'messages'} of a person` : '',
  ].filter(Boolean);
}

/** @param {Entry[]} entries @returns {string} */
function modelOf(entries) {
  return entries.findLast((entry) => entry.kind === 'replied')?.raw.event.model ?? '';
}

/** Entries that have a text in them, folded parts too. @param {Entry[]} entries @param {string} find @returns {Entry[]} */
export function found(entries, find) {
  const wanted = find.trim().toLowerCase();
  if (!wanted) return [];
  return entries.filter((entry) => [entry.title, entry.text, entry.note, entry.thinking ?? '', entry.failure?.message ?? '', ...(entry.calls ?? []).flatMap((call) => [call.name, call.arguments])].some((text) => text.toLowerCase().includes(wanted)));
}
