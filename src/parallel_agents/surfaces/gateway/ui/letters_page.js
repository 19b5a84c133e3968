// @ts-check
/** Letters page: tasks that failed for good, by cause; run again after the price is shown, or dropped. */
import { html, useEffect, useLayoutEffect, useState } from './view.js';
import { follow as nextPage, get } from './api.js';
import { noteTime } from './live.js';
import { href, refine, route } from './router.js';
import { bind } from './keys.js';
import { useAsked } from './asked.js';
import { clockNow } from './shell.js';
import { LettersAction } from './letters_action.js';
import { causesOf } from './letters.js';
import { Act, Plain, State, Time, Trouble } from './parts.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Letter} Letter */
/** @typedef {import('./letters.js').Cause} Cause */

const PAGE = 500;
const MOST_PAGES = 10;
const FOLDED = 12;

/** All letters, as far as a page can have them. @param {Record<string, string>} query */
async function readLetters(query) {
  let page = await get('/dead-letters', { agent: query.agent, code: query.code, since: query.since, limit: PAGE });
  noteTime(page.as_of);
  /** @type {Letter[]} */
  const letters = [...page.items];
  for (let read = 1; page.next && read < MOST_PAGES; read += 1) {
    page = await nextPage(page.next);
    letters.push(...page.items);
  }
  return { letters, total: page.counts.total ?? letters.length };
}

export function LettersPage() {
  const { query } = route.value;
  const { agent, code, since } = query;
  const asked = useAsked(() => readLetters(query), [agent, code, since]);
  const [at, move] = useState(0);
  const [action, act] = useState(/** @type {{verb: 'retry' | 'drop', letters: Letter[]} | null} */ (null));
  const letters = asked.value?.letters ?? [];
  const causes = causesOf(letters);
  const current = Math.min(at, Math.max(0, causes.length - 1));
  const isFiltered = Boolean(agent || code || since);
  useLayoutEffect(() => bind('Dead letters', [
    { keys: '/', does: 'filter', run: () => document.getElementById('letters-agent')?.focus() },
    { keys: 'j', does: 'next cause', run: () => move(Math.min(causes.length - 1, current + 1)) },
    { keys: 'k', does: 'previous cause', run: () => move(Math.max(0, current - 1)) },
    { keys: 'r', does: 'retry those of this cause, after the price', changes: true, run: () => causes[current] && act({ verb: 'retry', letters: causes[current].letters }) },
    { keys: 'x', does: 'drop those of this cause', changes: true, run: () => causes[current] && act({ verb: 'drop', letters: causes[current].letters }) },
  ]));
  return html`<section class="page narrow">
    <div class="row title"><h1>Dead letters ${asked.value && html`<span class="count">${asked.value.total.toLocaleString('en-US')}</span>`}</h1><span class="space"></span>
      ${letters.length > 0 && html`<${Act} onClick=${() => act({ verb: 'retry', letters })}>↻ Retry ${shownAs(letters.length, isFiltered)}…<//>
      <${Act} class="quiet" onClick=${() => act({ verb: 'drop', letters })}>Drop ${shownAs(letters.length, isFiltered)}…<//>`}</div>
    <${Filters} agent=${agent ?? ''} code=${code ?? ''} since=${since ?? ''} />
    ${asked.error !== null && html`<${Trouble} error=${asked.error} retry=${asked.reload} />`}
    ${!asked.value && asked.error === null && html`<p class="note">Reading…</p>`}
    ${asked.value && !letters.length && html`<${Empty} isFiltered=${isFiltered} />`}
    ${causes.map((cause, n) => html`<${CauseCard} key=${cause.code || cause.message} cause=${cause} isCurrent=${n === current} isOpen=${causes.length < 4 || cause.letters.length < 4} onFocus=${() => move(n)} onAct=${act} />`)}
    ${asked.value && asked.value.total > letters.length && html`<p class="foot" role="status">${letters.length.toLocaleString('en-US')} of ${asked.value.total.toLocaleString('en-US')} are shown; a filter shows the others.</p>`}
    ${action && html`<${LettersAction} verb=${action.verb} letters=${action.letters} filter=${{ agent, code, since }} onClose=${(/** @type {boolean} */ isDone) => { act(null); if (isDone) asked.reload(); }} />`}
  </section>`;
}

/** @param {number} count @param {boolean} isFiltered */
function shownAs(count, isFiltered) {
  return count === 1 ? '1' : `${isFiltered ? 'these' : 'all'} ${count.toLocaleString('en-US')}`;
}

/** @param {{agent: string, code: string, since: string}} props */
function Filters({ agent, code, since }) {
  const [agentText, typeAgent] = useState(agent);
  const [codeText, typeCode] = useState(code);
  useEffect(() => { typeAgent(agent); typeCode(code); }, [agent, code]);
  const apply = (/** @type {Event} */ event) => {
    event.preventDefault();
    refine({ agent: agentText.trim() || undefined, code: codeText.trim() || undefined });
  };
  return html`<form class="filters" role="search" onSubmit=${apply}>
    <label>Agent <input id="letters-agent" value=${agentText} spellcheck=${false} placeholder="any" onInput=${(/** @type {any} */ event) => typeAgent(event.target.value)} /></label>
    <label>Error <input value=${codeText} spellcheck=${false} placeholder="any, such as PA-E301" onInput=${(/** @type {any} */ event) => typeCode(event.target.value)} /></label>
    <label>Failed <select value=${since} onChange=${(/** @type {any} */ event) => refine({ since: event.target.value || undefined })}>
      ${[['', 'at any time'], ['1h', 'in the last hour'], ['24h', 'in the last day'], ['7d', 'in the last week']].map(([value, text]) => html`<option value=${value} selected=${value === since}>${text}</option>`)}</select></label>
    <button>Filter</button>
    ${(agent || code || since) && html`<button type="button" class="quiet" onClick=${() => refine({ agent: undefined, code: undefined, since: undefined })}>Clear</button>`}
  </form>`;
}

/** @param {Cause} cause */
function costOf(cause) {
  const known = cause.simulatedUsd ? `${cause.usd ? `${format.dollars(cause.usd)} + ` : ''}${format.dollars(cause.simulatedUsd)} sim` : format.dollars(cause.usd);
  return cause.usd !== null && cause.unpriced ? `${known}, and ${cause.unpriced} unknown` : known;
}

/** @param {{isFiltered: boolean}} props */
function Empty({ isFiltered }) {
  if (isFiltered) return html`<div class="card empty"><h2>Nothing matches</h2><p>No task that failed for good is like this.</p><button onClick=${() => refine({ agent: undefined, code: undefined, since: undefined })}>Show all</button></div>`;
  return html`<div class="card empty"><h2>No dead letters</h2><p>A task that failed after all its attempts is kept here with its input, until it is run again or dropped. Nothing failed, or all of it was seen to. <code>pagents dlq list</code> shows the same.</p></div>`;
}

/** @param {{cause: Cause, isCurrent: boolean, isOpen: boolean, onFocus: () => void, onAct: (action: {verb: 'retry' | 'drop', letters: Letter[]}) => void}} props */
function CauseCard({ cause, isCurrent, isOpen, onFocus, onAct }) {
  const now = clockNow();
  const [isWhole, show] = useState(false);
  const shown = isWhole ? cause.letters : cause.letters.slice(0, FOLDED);
  const count = cause.letters.length;
  return html`<article class="card cause ${isCurrent ? 'is-current' : ''}" onFocusIn=${onFocus} onClick=${onFocus}>
    <details open=${isOpen}><summary><span class="cause-head"><b>${cause.message}</b> <span class="times">×${count}</span>
      <span class="note">${cause.code && html`<code>${cause.code}</code> · `}last ${format.agoTold(format.moment(cause.lastAt), now)} · cost ${costOf(cause)}</span></span></summary>
      <ul class="letters">${shown.map((letter) => html`<${LetterLine} key=${letter.run_id} letter=${letter} now=${now} message=${cause.message} onAct=${onAct} />`)}</ul>
      ${count > shown.length && html`<button class="more" onClick=${() => show(true)}>Show ${count - shown.length} more</button>`}
    </details>
    <div class="row cause-do">${count > 1 && html`<${Act} class=${isCurrent ? 'main' : ''} onClick=${() => onAct({ verb: 'retry', letters: cause.letters })}>↻ Retry ${count}…${isCurrent ? html` <kbd>r</kbd>` : ''}<//>
      <${Act} class="quiet" onClick=${() => onAct({ verb: 'drop', letters: cause.letters })}>Drop ${count}…<//>`}</div>
  </article>`;
}

/** @param {{letter: Letter, now: number, message: string, onAct: (action: {verb: 'retry' | 'drop', letters: Letter[]}) => void}} props */
function LetterLine({ letter, now, message, onAct }) {
  const told = oneLine(letter.error?.message ?? '', 300);
  const input = Object.keys(letter.input ?? {}).length ? JSON.stringify(letter.input, null, 2) : '';
  return html`<li>
    <div class="letter"><div class="letter-name"><${State} state=${letter.status} quiet /><a href=${href('session', letter.session_key)}><b>${oneLine(letter.label || letter.agent, 60)}</b></a> <code>${letter.id}</code>
      <span class="note">${letter.label && letter.label !== letter.agent ? `${oneLine(letter.agent, 40)} · ` : ''}${format.model(letter.model)} · ${format.counted(letter.attempts, 'try', 'tries')} · ${format.cost(letter.cost, letter.simulated_cost, letter.calls)} · <${Time} iso=${letter.at}>${format.agoTold(format.moment(letter.at), now)}<//></span></div><div class="letter-do">${letter.retried_by ? html`<a href=${href('session', letter.retried_by)}>being run again</a>` : html`<${Act} class="quiet" onClick=${() => onAct({ verb: 'retry', letters: [letter] })}>Edit and retry…<//>`}
      <${Act} class="quiet" aria-label=${`Drop ${letter.label || letter.id}`} onClick=${() => onAct({ verb: 'drop', letters: [letter] })}>Drop…<//></div></div>
    ${told && told !== message && html`<div class="letter-told">${told}</div>`}
    ${(letter.text || input) && html`<details class="letter-task"><summary class="note">${oneLine(letter.text || input, 110)}</summary>${letter.text && html`<${Plain} text=${letter.text} />`}${input && html`<${Plain} text=${input} />`}</details>`}
  </li>`;
}
