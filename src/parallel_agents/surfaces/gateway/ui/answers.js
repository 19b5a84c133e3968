// @ts-check
/** Answers: a question with what it can be answered, by buttons and by number keys, wherever it is shown. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { newKey, post, Problem } from './api.js';
import { href } from './router.js';
import { bind } from './keys.js';
import { clockNow, questions } from './shell.js';
import { Act, Copy, Plain, Trouble } from './parts.js';
import { lose, LostAnswers } from './lost_answers.js';
import { askerOf, endOf } from './question_words.js';
import { oneLine } from './text.js';
import { neededBy } from './words.js';
import * as format from './format.js';

/** @typedef {import('./types').Question} Question */
/** @typedef {{does: string, body: object} | {does: string, asks: 'answer' | 'deny'}} Choice */

const ANSWERED = 'PA-E118';
const WORDS = { approval: 'approval', request: 'question', budget: 'budget', stuck: 'stuck' };

/** @param {{kind: string}} question */
export function wordOf(question) {
  return WORDS[/** @type {'approval'} */ (question.kind)] ?? question.kind;
}

/** What a question can be answered, by number. @param {Question} question @returns {Choice[]} */
export function choicesOf(question) {
  if (question.kind === 'approval') {
    return [
      { does: 'allow once', body: { answer: 'allow' } },
      { does: 'allow for this run', body: { answer: 'allow', for_run: true } },
      { does: 'deny', body: { answer: 'deny' } },
      { does: 'deny, and say why…', asks: 'deny' },
    ];
  }
  if (question.kind === 'budget') {
    const raises = [{ does: 'raise by $1', body: { answer: '+1 usd' } }, { does: 'raise by 50,000 tokens', body: { answer: '+50000 tokens' } }];
    if (/ of [\d,]+ tokens/.test(question.text)) raises.reverse();
    return [...raises, { does: 'finish what runs, start no more', body: { answer: 'finish' } }, { does: 'stop now', body: { answer: 'stop' } }, { does: 'raise otherwise…', asks: 'answer' }];
  }
  const listed = question.choices.slice(0, 8).map((answer) => ({ does: oneLine(answer, 80), body: { answer } }));
  if (question.kind === 'stuck') {
    return [...listed, ...(listed.length ? [] : [{ does: 'wait', body: { answer: 'wait' } }, { does: 'kill', body: { answer: 'kill' } }]), { does: 'tell it…', asks: 'answer' }];
  }
  return [...listed, { does: listed.length ? 'something else…' : 'answer…', asks: 'answer' }];
}

/** How many sessions of a run need a person. @param {{row: import('./types').Row}} props */
export function NeedChip({ row }) {
  const needed = neededBy(row);
  return needed ? html`<a class="need" href=${href('needs')}>▲ ${needed} ${needed === 1 ? 'needs' : 'need'} you</a>` : null;
}

/** Ctrl and Enter send what is typed. @param {KeyboardEvent} event */
function sendOnEnter(event) {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  /** @type {HTMLButtonElement | null | undefined} */ (/** @type {HTMLElement} */ (event.target).closest('form')?.querySelector('button.main'))?.click();
}

/** The number keys that answer the question that is current, while there is one. @param {boolean} isAsked */
export function useAnswerKeys(isAsked) {
  useLayoutEffect(() => bind('Answer', isAsked ? answerKeys() : []), [isAsked]);
}

function answerKeys() {
  return [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({ keys: String(n), does: `answer ${n}`, changes: true, run: () => /** @type {HTMLElement | null} */ (document.querySelector(`.question.is-current [data-number="${n}"]`))?.click() }));
}

/** What a session asks a person, to be answered there. @param {{name: string}} props */
export function AsksHere({ name }) {
  const asked = questions.value.filter((question) => question.session_key === name);
  useAnswerKeys(asked.length > 0);
  return html`<${LostAnswers} name=${name} />${asked.map((question, n) => html`<${QuestionCard} key=${question.id} question=${question} isCurrent=${n === 0} />`)}`;
}

/** @param {{question: Question, isCurrent: boolean, onFocus?: () => void, onDone?: (said: string) => void}} props */
export function QuestionCard({ question, isCurrent, onFocus = () => {}, onDone = () => {} }) {
  const now = clockNow();
  const [asked, ask] = useState(/** @type {'' | 'answer' | 'deny'} */ (''));
  const [text, type] = useState('');
  const [isSent, send] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const say = (/** @type {object} */ body, /** @type {string} */ said) => {
    send(true);
    fail(null);
    post(`/questions/${encodeURIComponent(question.id)}/answer`, body, newKey()).then(() => onDone(said), (found) => {
      if (found instanceof Problem && found.code === ANSWERED) return lose(question, said, found.why || found.message);
      send(false);
      fail(found);
    });
  };
  const typed = useRef('');
  typed.current = isSent ? '' : text.trim();
  useEffect(() => () => {
    const isThere = questions.value.some((each) => each.id === question.id);
    if (typed.current && !isThere) lose(question, typed.current, '');
  }, []);
  const expires = format.moment(question.expires_at);
  const hasArguments = Object.keys(question.arguments).length > 0;
  return html`<article class="card question ${isCurrent ? 'is-current' : ''}" onFocusIn=${onFocus} onClick=${onFocus}>
    <header class="row"><span class="need">▲ ${wordOf(question)}</span>
      <a href=${href('session', question.session_key)} title=${question.session_key}>${oneLine(askerOf(question), 60)}</a><span class="space"></span>
      <span class="note">waits ${format.seconds(now - (format.moment(question.asked_at) ?? now))}${(question.runs ?? 1) > 1 ? `; ${question.runs} runs wait` : ''}</span>
      ${expires !== null && html`<span class="note" title=${question.expires_at}>in ${format.seconds(expires - now)}: ${endOf(question)}</span>`}</header>
    <div class="asked">${question.tool && html`<code>${question.tool}</code> `}<b>${oneLine(question.text, 2000)}</b></div>
    ${hasArguments && html`<details><summary>The exact arguments</summary><${Plain} text=${JSON.stringify(question.arguments, null, 2)} /></details>`}
    ${question.rule && html`<p class="note">asked by the rule <code>${question.rule}</code></p>`}
    <div class="row choices">${choicesOf(question).map((choice, n) => html`<${Act} data-number=${n + 1} disabled=${isSent} class=${n === 0 ? 'main' : ''}
      onClick=${() => ('body' in choice ? say(choice.body, choice.does) : ask(choice.asks))}><kbd>${n + 1}</kbd> ${choice.does}<//>`)}
      <${Copy} text=${`pagents answer ${question.id}`}>Copy as command<//></div>
    ${asked && html`<form class="row" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); say(asked === 'deny' ? { answer: 'deny', note: text } : { answer: text }, text); }}>
      <textarea rows="2" aria-label=${asked === 'deny' ? 'Why it is denied' : 'Your answer'} value=${text} onInput=${(/** @type {any} */ event) => type(event.target.value)} onKeyDown=${sendOnEnter} ref=${(/** @type {HTMLElement | null} */ node) => node && !text && node.focus()}></textarea>
      <button class="main" disabled=${isSent || (asked === 'answer' && !text.trim())}>Answer</button></form>`}
    ${error !== null && html`<${Trouble} error=${error} />`}
  </article>`;
}
