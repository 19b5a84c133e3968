// @ts-check
/** Needs page: what waits for a person, answered by number keys, on a phone too. */
import { html, useLayoutEffect, useState } from './view.js';
import { QuestionCard, useAnswerKeys, wordOf } from './answers.js';
import { bind } from './keys.js';
import { questions } from './shell.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').Question} Question */

export function NeedsPage() {
  const [at, move] = useState(0);
  const [answered, add] = useState(/** @type {{question: Question, said: string}[]} */ ([]));
  const waiting = questions.value.filter((each) => !answered.some((done) => done.question.id === each.id));
  const current = Math.min(at, Math.max(0, waiting.length - 1));
  useLayoutEffect(() => bind('Needs you', [
    { keys: 'j', does: 'next', run: () => move(Math.min(waiting.length - 1, current + 1)) },
    { keys: 'k', does: 'previous', run: () => move(Math.max(0, current - 1)) },
  ]));
  useAnswerKeys(waiting.length > 0);
  return html`<section class="page narrow"><h1>Needs you <span class="count">${waiting.length}</span></h1>
    ${!waiting.length && html`<div class="card empty"><h2>Nobody waits for you</h2><p>Questions of agents, calls that need your approval, budgets that are used up and runs that are silent appear here, wherever you look. <code>pagents inbox</code> shows the same.</p></div>`}
    ${waiting.map((question, n) => html`<${QuestionCard} key=${question.id} question=${question} isCurrent=${n === current} onFocus=${() => move(n)} onDone=${(/** @type {string} */ said) => add((before) => [{ question, said }, ...before].slice(0, 50))} />`)}
    ${answered.length > 0 && html`<h2>Answered here</h2><ul class="answered">${answered.map(({ question, said }) => html`<li><span class="glyph">✔</span> ${wordOf(question)} <b>${oneLine(question.text || question.tool, 120)}</b> → ${oneLine(said, 80)}</li>`)}</ul>`}
  </section>`;
}
