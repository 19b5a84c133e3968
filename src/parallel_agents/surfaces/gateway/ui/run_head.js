// @ts-check
/** Run head: what a run is, how it does and what it costs, and what can be done about it. */
import { html, useEffect, useState } from './view.js';
import { get, isStored } from './api.js';
import { href, refine } from './router.js';
import { clockNow, questions } from './shell.js';
import { NeedChip } from './answers.js';
import { useSettled } from './asked.js';
import { BudgetBars } from './budget.js';
import { CompareWith } from './compare_mark.js';
import { endedBadly } from './failures.js';
import { ForkSign } from './fork.js';
import { toldOf } from './forks.js';
import { Act, Copy, State, StateBar, Tags } from './parts.js';
import { PauseButton } from './pause.js';
import { RetryFailed } from './retry.js';
import { countStates, duration, titleOf } from './rows.js';
import { attention, countsOf, doingOf, glyph, isLive, laterOf, neededBy, STATES, stateOf, word } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */

/** @param {{top: Row, rows: Row[], isWhole: boolean, state: string, onKill: () => void}} props `isWhole` says that no row is missing any more */
export function RunHead({ top, rows, isWhole, state, onKill }) {
  const now = clockNow();
  const below = rows.filter((row) => row.session_key !== top.session_key && !row.is_former_try);
  const counts = countStates(below.length ? below : rows);
  const bad = rows.filter((row) => endedBadly(row) && !row.is_former_try).map((row) => row.run_id).join(' ');
  return html`<header class="head">
    <div class="row"><a class="crumb" href=${href('runs')}>Runs</a><span class="crumb">›</span>${top.forked_from && html`<a class="crumb" href=${href('run', top.forked_from.session_key)} title="The session that this one is forked from"><${ForkSign} /> ${toldOf(top.forked_from)}</a><span class="crumb">›</span>`}<h1>${oneLine(titleOf(top), 80)}</h1><${Copy} text=${top.session_key} title="Copy the whole name">${top.id}<//><${State} state=${stateOf(top)} /><${NeedChip} row=${top} /><span class="num">${format.seconds(duration(top, now))}</span>${(top.waited_seconds ?? 0) >= 0.1 && html`<span class="note">${format.seconds(top.waited_seconds)} of it for answers</span>`}<${UsualTime} top=${top} /><${Tags} tags=${top.tags} /><span class="space"></span>
      ${isWhole && bad && html`<${RetryFailed} name=${top.session_key} state=${bad} />`}
      <${Copy} text=${`pagents show ${top.id}`}>Copy as command<//>
      ${!isStored && html`<${CompareWith} row=${top} />`}
      ${!isStored && html`<${PauseButton} row=${top} />`}
      ${!isStored && isLive(top) && html`<${Act} class="danger" onClick=${onKill}>Kill…<//>`}</div>
    <div class="row figures"><div class="counts">${STATES.filter((each) => counts[each]).map((each) => html`<button aria-pressed=${state === each} title=${`Only ${word(each)}`} onClick=${() => refine({ state: state === each ? undefined : each })}><span class="state is-${each}">${glyph(each)} ${counts[each]} ${word(each)}</span></button>`)}<span class="wide"><${StateBar} counts=${counts} /></span></div>
      ${laterOf(top) && html`<span>${countsOf(top)}; ${laterOf(top)}</span>`}
      <span><span class="label">cost</span> ${format.wholeCost(top)}</span>${isWhole && html`<${Wasted} top=${top} />`}
      ${top.budget && html`<${BudgetBars} budget=${top.budget} />`}
      <${Asks} top=${top} rows=${rows} /></div>
  </header>`;
}

/** How long earlier runs of the same took; while it is live, that is when it may end. @param {{top: Row}} props */
function UsualTime({ top }) {
  const { usual } = top;
  if (!usual) return null;
  return html`<span class="note" title=${`The median of ${format.counted(usual.runs, 'earlier run')}; nine of ten took ${format.seconds(usual.from_seconds)} to ${format.seconds(usual.to_seconds)}`}>usual ${format.seconds(usual.seconds)}</span>`;
}

/** What calls cost that led to no accepted result. @param {{top: Row}} props */
function Wasted({ top }) {
  const [wasted, show] = useState(/** @type {import('./types').Waste | null} */ (null));
  const settled = useSettled(`${top.status} ${JSON.stringify(top.counts ?? {})}`);
  useEffect(() => {
    let isGone = false;
    get('/cost', { in: top.session_key }).then((found) => isGone || show(found.sum.wasted), () => {}); // The page of costs says why.
    return () => {
      isGone = true;
    };
  }, [top.session_key, settled]);
  if (!wasted || !(format.usd(wasted.known_cost) || format.usd(wasted.simulated_cost))) return null;
  return html`<span title="Calls that led to no accepted result"><span class="label">wasted</span> ${format.cost(wasted.known_cost, wasted.simulated_cost)}</span>`;
}

/** Show a question beside the run, which on a phone is below it. @param {import('./types').Question} question */
export function showAsking(question) {
  refine({ selected: question.session_key });
  requestAnimationFrame(() => document.querySelector('.pane')?.scrollIntoView({ block: 'nearest' }));
}

/** Who asks; a click shows the question with its answers. @param {{top: Row, rows: Row[]}} props */
function Asks({ top, rows }) {
  const asking = askingIn(rows);
  if (asking) return html`<button class="need" title="Show the question, to answer it here (a)" onClick=${() => showAsking(asking)}>▲ ${oneLine(asking.text || asking.tool, 120)}</button>`;
  return neededBy(top) ? html`<a class="need" href=${href('needs')}>▲ ${oneLine(attention(top), 120)}</a>` : html`<span class="doing">${oneLine(doingOf(top), 160)}</span>`;
}

/** The oldest question of these sessions. @param {Row[]} rows */
export function askingIn(rows) {
  if (!questions.value.length) return undefined;
  const keys = new Set(rows.map((row) => row.session_key));
  return questions.value.find((question) => keys.has(question.session_key));
}
