// @ts-check
/** Needs page: what waits for a person, answered by number keys, on a phone too. */
import { html, useEffect, useLayoutEffect, useState } from './view.js';
import { QuestionCard, useAnswerKeys, wordOf } from './answers.js';
import { get } from './api.js';
import { href } from './router.js';
import { bind } from './keys.js';
import { now, subscribe } from './live.js';
import { questions } from './shell.js';
import { useAsked } from './asked.js';
import { decider } from './decisions.js';
import { LostAnswers } from './lost_answers.js';
import { isWanted, permission, turnNotifying } from './notify.js';
import { SignLine } from './health_page.js';
import { Time } from './parts.js';
import { midnightOf } from './zone.js';
import { oneLine } from './text.js';

/** Signs of health that are shown although they do not stop anything. */
const ASIDE = new Set(['dead_letters', 'limits']);

export function NeedsPage() {
  const [at, move] = useState(0);
  const [answered, add] = useState(/** @type {string[]} */ ([]));
  const waiting = questions.value.filter((each) => !answered.includes(each.id));
  const current = Math.min(at, Math.max(0, waiting.length - 1));
  useLayoutEffect(() => bind('Needs you', [
    { keys: 'j', does: 'next', run: () => move(Math.min(waiting.length - 1, current + 1)) },
    { keys: 'k', does: 'previous', run: () => move(Math.max(0, current - 1)) },
  ]));
  useAnswerKeys(waiting.length > 0);
  return html`<section class="page narrow"><div class="row title"><h1>Needs you <span class="count">${waiting.length}</span></h1><span class="space"></span><${TellMe} /></div>
    <${LostAnswers} />
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
    return html`<li><span class="glyph">✔</span> ${wordOf(each)} <a href=${href('session', each.session_key)}><b>${oneLine(each.tool ? `${each.tool} ${each.text}` : each.text || each.label, 120)}</b></a> → ${oneLine(each.answer, 80)} <span class="note">${each.note ? `${oneLine(each.note, 120)} · ` : ''}${said}, <${Time} iso=${each.at} /></span></li>`;
  })}</ul>`;
}
