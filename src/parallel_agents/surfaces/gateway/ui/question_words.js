// @ts-check
/** Question words: who asks, what becomes of a question that nobody answers, and of an answer that came too late. */
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Question} Question */

/** Who asks, as lists call it. @param {Question} question */
export function askerOf({ session_key, name = format.keyed(session_key), label = '' }) {
  return label && label !== name ? `${label} ${name}` : name;
}

/** What becomes of a question that nobody answers. @param {Question} question */
export function endOf(question) {
  return question.default ? oneLine(question.default, 30) : question.kind === 'approval' ? 'denied' : 'unanswered';
}

/** What became of an answer that was not taken. @param {{question: Question, said: string, why: string}} found @param {number} at */
export function lostText({ question, said, why }, at) {
  if (!why) return `waits no more; what you typed, “${oneLine(said, 200)}”, was not sent`;
  const yours = said ? `yours, “${oneLine(said, 200)}”,` : 'yours';
  const expires = format.moment(question.expires_at);
  if (expires !== null && expires <= at) return `its time was over: ${why}; ${yours} was not taken`;
  return `was answered before: ${why}; ${yours} was not taken`;
}
