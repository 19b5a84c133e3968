// @ts-check
/** Needs page: what waits for a person, answered by number keys, on a phone too. */
import { html, useEffect, useLayoutEffect, useState } from './view.js';
import { get, newKey, post } from './api.js';
import { href } from './router.js';
import { bind } from './keys.js';
import { now, subscribe } from './live.js';
import { clockNow, questions } from './shell.js';
import { useAsked } from './asked.js';
import { decider } from './decisions.js';
import { isWanted, permission, turnNotifying } from './notify.js';
import { SignLine } from './health_page.js';
import { Act, Copy, Plain, Time, Trouble } from './parts.js';
import { midnightOf } from './zone.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Question} Question */
/** @typedef {{does: string, body: object} | {does: string, asks: 'answer' | 'deny'}} Choice */

/** Signs of health that are shown although they do not stop anything. */
const ASIDE = new Set(['dead_letters', 'limits']);
const WORDS = { approval: 'approval', request: 'question', budget: 'budget', stuck: 'stuck' };

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

export function NeedsPage() {
  const [at, move] = useState(0);
  const [answered, add] = useState(/** @type {string[]} */ ([]));
  const waiting = questions.value.filter((each) => !answered.includes(each.id));
  const current = Math.min(at, Math.max(0, waiting.length - 1));
  useLayoutEffect(() => bind('Needs you', [
    { keys: 'j', does: 'next', run: () => move(Math.min(waiting.length - 1, current + 1)) },
    { keys: 'k', does: 'previous', run: () => move(Math.max(0, current - 1)) },
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => ({ keys: String(n), does: `answer ${n}`, changes: true, run: () => /** @type {HTMLElement | null} */ (document.querySelector(`.question.is-current [data-number="${n}"]`))?.click() })),
  ]));
  return html`<section class="page narrow"><div class="row title"><h1>Needs you <span class="count">${waiting.length}</span></h1><span class="space"></span><${TellMe} /></div>
    ${!waiting.length && html`<div class="card empty"><h2>Nobody waits for you</h2><p>Questions of agents, calls that need your approval, budgets that are used up and runs that are silent appear here, wherever you look. <code>pagents inbox</code> shows the same.</p></div>`}
    ${waiting.map((question, n) => html`<${QuestionCard} key=${question.id} question=${question} isCurrent=${n === current} onFocus=${() => move(n)} onDone=${() => add((before) => [question.id, ...before].slice(0, 50))} />`)}
    <${Besides} />
    <${AnsweredToday} count=${answered.length + questions.value.length} />
  </section>`;
}

/** Has this browser tell of new questions while nobody looks; the browser is asked when a person clicks. */
function TellMe() {
  const found = permission();
  if (found === 'absent') return html``;
  if (found === 'denied') return html`<span class="note">This browser refuses notifications of this page.</span>`;
  const isOn = isWanted.value && found === 'granted';
  return html`<button aria-pressed=${isOn ? 'true' : 'false'} title="While this page is not in front, the browser tells once of each new question and each failed run" onClick=${() => void turnNotifying()}>${isOn ? '● Notifications are on' : 'Notify me'}</button>`;
}

/** What of the signs of health needs a person besides questions: breakers, budgets, silent and stopped runs, dead letters. */
function Besides() {
  const [signs, show] = useState(/** @type {import('./types').Sign[]} */ ([]));
  useEffect(() => subscribe('health', (frame) => show(frame.signs ?? [])), []);
  const found = signs.filter((sign) => (sign.level === 'problem' && sign.about !== 'questions') || ASIDE.has(sign.about));
  if (!found.length) return html``;
  return html`<h2 class="group-title">Besides <span class="count">${found.length}</span></h2><ul class="signs">${found.map((sign) => html`<${SignLine} sign=${sign} />`)}</ul>`;
}

/** Who answered what today, from wherever. @param {{count: number}} props asks again when it changes */
function AnsweredToday({ count }) {
  const { value } = useAsked(() => get('/answers', { since: new Date(midnightOf(now()) * 1000).toISOString() }), [count]);
  /** @type {import('./types').GivenAnswer[]} */
  const items = value?.items ?? [];
  if (!items.length) return html``;
  return html`<h2 class="group-title">Answered today <span class="count">${items.length}${value.is_cut ? ', the last ones' : ''}</span></h2><ul class="answered">${items.map((each) => {
    const { who, from } = decider(each.by);
    const said = [oneLine(who, 40), oneLine(from, 60)].filter(Boolean).join(', ');
    return html`<li><span class="glyph">✔</span> ${WORDS[/** @type {'approval'} */ (each.kind)] ?? each.kind} <a href=${href('session', each.session_key)}><b>${oneLine(each.tool ? `${each.tool} ${each.text}` : each.text || each.label, 120)}</b></a> → ${oneLine(each.answer, 80)} <span class="note">${each.note ? `${oneLine(each.note, 120)} · ` : ''}${said}, <${Time} iso=${each.at} /></span></li>`;
  })}</ul>`;
}

/** @param {{question: Question, isCurrent: boolean, onFocus: () => void, onDone: (said: string) => void}} props */
function QuestionCard({ question, isCurrent, onFocus, onDone }) {
  const now = clockNow();
  const [asked, ask] = useState(/** @type {'' | 'answer' | 'deny'} */ (''));
  const [text, type] = useState('');
  const [isSent, send] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const say = (/** @type {object} */ body, /** @type {string} */ said) => {
    send(true);
    fail(null);
    post(`/questions/${encodeURIComponent(question.id)}/answer`, body, newKey()).then(() => onDone(said), (found) => { send(false); fail(found); });
  };
  const expires = format.moment(question.expires_at);
  const hasArguments = Object.keys(question.arguments).length > 0;
  return html`<article class="card question ${isCurrent ? 'is-current' : ''}" onFocusIn=${onFocus} onClick=${onFocus}>
    <header class="row"><span class="need">▲ ${WORDS[/** @type {'approval'} */ (question.kind)] ?? question.kind}</span>
      <a href=${href('session', question.session_key)}>${oneLine(question.session_key, 60)}</a><span class="space"></span>
      <span class="note">waits ${format.seconds(now - (format.moment(question.asked_at) ?? now))}</span>
      ${expires !== null && html`<span class="note" title=${question.expires_at}>${question.default ? `→ ${oneLine(question.default, 30)} ` : ''}in ${format.seconds(expires - now)}</span>`}</header>
    <div class="asked">${question.tool && html`<code>${question.tool}</code> `}<b>${oneLine(question.text, 2000)}</b></div>
    ${hasArguments && html`<details><summary>The exact arguments</summary><${Plain} text=${JSON.stringify(question.arguments, null, 2)} /></details>`}
    ${question.rule && html`<p class="note">asked by the rule <code>${question.rule}</code></p>`}
    <div class="row choices">${choicesOf(question).map((choice, n) => html`<${Act} data-number=${n + 1} disabled=${isSent} class=${n === 0 ? 'main' : ''}
      onClick=${() => ('body' in choice ? say(choice.body, choice.does) : ask(choice.asks))}><kbd>${n + 1}</kbd> ${choice.does}<//>`)}
      <${Copy} text=${`pagents answer ${question.id}`}>Copy as command<//></div>
    ${asked && html`<form class="row" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); say(asked === 'deny' ? { answer: 'deny', note: text } : { answer: text }, text); }}>
      <textarea rows="2" aria-label=${asked === 'deny' ? 'Why it is denied' : 'Your answer'} value=${text} onInput=${(/** @type {any} */ event) => type(event.target.value)} ref=${(/** @type {HTMLElement | null} */ node) => node && !text && node.focus()}></textarea>
      <button class="main" disabled=${isSent || (asked === 'answer' && !text.trim())}>Answer</button></form>`}
    ${error !== null && html`<${Trouble} error=${error} />`}
  </article>`;
}
