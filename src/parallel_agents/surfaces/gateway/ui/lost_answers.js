// @ts-check
/** Lost answers: those that came too late, since the question had an answer; each is shown until it was seen. */
import { html, signal } from './view.js';
import { now } from './live.js';
import { href } from './router.js';
import { lostText } from './question_words.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').Question} Question */
/** @typedef {{question: Question, said: string, why: string}} Lost */

const MOST = 20;
/** @type {import('./view').Signal<Lost[]>} */
const lost = signal([]);

/** Tell that an answer was not taken. @param {Question} question @param {string} said @param {string} why */
export function lose(question, said, why) {
  lost.value = [{ question, said, why }, ...lost.value.filter((each) => each.question.id !== question.id)].slice(0, MOST);
}

/** The answers that were not taken: those of one session, or all. @param {{name?: string}} props */
export function LostAnswers({ name }) {
  const shown = lost.value.filter((each) => name === undefined || each.question.session_key === name);
  return html`${shown.map((each) => html`<div key=${each.question.id} class="trouble is-lost" role="alert">
    <div><a href=${href('session', each.question.session_key)}><b>${oneLine(each.question.text || each.question.tool, 200)}</b></a> ${oneLine(lostText(each, now()), 600)}.</div>
    <div class="row"><button onClick=${() => (lost.value = lost.value.filter((other) => other !== each))}>I have seen it</button></div></div>`)}`;
}
