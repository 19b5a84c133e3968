// @ts-check
/** Compare page: where two runs part, what was changed between them, and how each agent did. */
import { html, useEffect, useLayoutEffect, useState } from './view.js';
import { get } from './api.js';
import { useAsked } from './asked.js';
import { go, href, refine, route } from './router.js';
import { bind } from './keys.js';
import { Choice } from './cost_page.js';
import { Copy, State, Trouble } from './parts.js';
import { Sides, TextDiff, WAYS } from './text_diff.js';
import { compared, money, more, moreMoney, percent, when } from './compare_words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Side} Side */
/** @typedef {import('./types').ComparedRow} ComparedRow */
/** @typedef {import('./types').Words} WordsDoc */
/** @typedef {import('./types').Comparison} Comparison */

const USUAL = 200;
const MOST = 1000;
const AGAIN_MILLISECONDS = 5000;

/** @param {{a: string, b: string}} props */
export function ComparePage({ a, b }) {
  const [limit, allow] = useState(USUAL);
  const { value, error, reload } = useAsked(() => get('/compare', { a, b, limit }), [a, b, limit], { isLive: false });
  useEffect(() => {
    if (!value?.is_live) return undefined;
    const timer = setTimeout(reload, AGAIN_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [value]);
  const way = WAYS.some(([name]) => name === route.value.query.as) ? route.value.query.as : 'words';
  const turn = () => refine({ as: WAYS[(WAYS.findIndex(([name]) => name === way) + 1) % WAYS.length][0] });
  useLayoutEffect(() => bind('Compare', [
    { keys: 'w', does: 'words, lines, or raw', run: turn },
    { keys: 's', does: 'swap the two', run: () => go(href('compare', b, a)) },
  ]));
  if (error !== null) return html`<section class="page narrow"><h1>Compare</h1><${Trouble} error=${error} retry=${reload} /></section>`;
  if (!value) return html`<section class="page narrow"><h1>Compare</h1><p class="foot">Reading both…</p></section>`;
  return html`<section class="page narrow compare">
    <${Head} found=${value} a=${a} b=${b} />
    <${Notes} found=${value} />
    <div class="row by-line"><h2>First divergence</h2><span class="space"></span><${Choice} label="Show differences by" options=${WAYS} chosen=${way} onChoose=${(/** @type {string} */ name) => refine({ as: name })} /></div>
    <${First} found=${value} way=${way} />
    <${Changed} found=${value} way=${way} />
    <${Rows} found=${value} way=${way} onMore=${value.rows_total > value.rows.length && limit < MOST ? () => allow(MOST) : null} />
    ${value.a.kind === 'agent' && html`<${Answers} found=${value} way=${way} />`}
  </section>`;
}

/** @param {{found: Comparison, a: string, b: string}} props */
function Head({ found, a, b }) {
  const one = found.a;
  const two = found.b;
  const attempts = (/** @type {Side} */ side) => `${side.id}${side.attempt === null ? '' : `#${side.attempt}`}`;
  return html`<header class="head">
    <div class="row"><h1>Compare</h1><span class="space"></span><button class="quiet" onClick=${() => go(href('compare', b, a))} title="Swap the two (s)">⇄ Swap</button><${Copy} text=${`pagents compare '${attempts(one)}' '${attempts(two)}'`}>Copy as command<//></div>
    <div class="versus"><${SideName} name="A" side=${one} /><${SideName} name="B" side=${two} /></div>
    <dl class="totals">
      <${Figure} name="outcome"><${Outcome} side=${one} />${one.status !== two.status && html` <span class="arrow">→</span> <${Outcome} side=${two} />`}<//>
      <${Figure} name="time" note=${more(one.seconds, two.seconds, format.seconds)}>${compared(format.seconds(one.seconds), format.seconds(two.seconds))}<//>
      <${Figure} name="cost" note=${percent(money(one, true), money(two, true))}>${compared(format.cost(one.whole_cost, one.whole_simulated_cost, one.whole_calls), format.cost(two.whole_cost, two.whole_simulated_cost, two.whole_calls))}<//>
      <${Figure} name="tokens" note=${percent(one.whole_tokens, two.whole_tokens)}>${compared(one.whole_tokens.toLocaleString('en-US'), two.whole_tokens.toLocaleString('en-US'))}<//>
      ${(one.score !== null || two.score !== null) && html`<${Figure} name="score" note=${more(one.score, two.score, (value) => value.toFixed(1))}>${compared(score(one), score(two))}<//>`}
    </dl>
  </header>`;
}

/** @param {{name: string, side: Side}} props */
function SideName({ name, side }) {
  return html`<div class="side-name"><span class="side-letter" aria-hidden="true">${name}</span><a href=${addressOf(side)}><span class="unseen">${name}: </span><b>${oneLine(side.label || side.agent, 70)}</b> <code>${side.id}</code></a>${side.attempt !== null && html` <span class="note">attempt ${side.attempt}</span>`}<span class="note when">${when(side.created_at)}</span>${side.error && html`<span class="side-error"><code>${side.error.code}</code> ${oneLine(side.error.message, 160)}</span>`}</div>`;
}

/** @param {{name: string, note?: string, children?: unknown}} props */
function Figure({ name, note = '', children }) {
  return html`<div><dt>${name}</dt><dd>${children}</dd>${note && html`<dd class="note">${note}</dd>`}</div>`;
}

/** @param {{side: Side | null}} props */
function Outcome({ side }) {
  if (!side) return html`<span class="note">—</span>`;
  return html`<${State} state=${side.status} />${side.attempts > 1 && side.attempt === null ? html` <span class="note">in ${side.attempts}</span>` : ''}`;
}

/** @param {Side | null} side */
function score(side) {
  return side?.score === null || side?.score === undefined ? '—' : side.score.toFixed(1);
}

/** @param {Side} side */
function addressOf(side) {
  return href(side.kind === 'agent' ? 'session' : 'run', side.session_key);
}

/** @param {{found: Comparison}} props */
function Notes({ found }) {
  const live = [['A', found.a], ['B', found.b]].filter(([, side]) => /** @type {Side} */ (side).is_live).map(([name]) => name);
  return html`${live.length > 0 && html`<p class="so-far" role="status">▶ ${live.join(' and ')} ${live.length > 1 ? 'have' : 'has'} not ended: this is so far, and is read again as it goes on.</p>`}
    ${found.not_read.map((count, n) => count > 0 && html`<p class="note">${format.counted(count, 'event')} of ${'AB'[n]} were not compared: there are too many.</p>`)}`;
}

/** @param {{found: Comparison, way: string}} props */
function First({ found, way }) {
  const first = found.divergence;
  if (!first) return html`<div class="card"><p class="same"><b aria-hidden="true">＝</b> Both ${found.is_live ? 'did the same so far' : 'did the same'}: the same steps, with the same words.</p></div>`;
  const title = first.words ? first.words.what : first.why;
  return html`<article class="card first">
    <header class="row"><b>${oneLine(first.label, 80)}</b><span>${oneLine(title, 160)}</span><span class="space"></span><span class="links"><${Links} row=${first} /></span></header>
    ${first.words ? html`<${Words} words=${first.words} way=${way} />` : html`<p class="note">The other run has no session with this label.</p>`}
    ${first.then && html`<h3>then: ${oneLine(first.then.what, 160)}</h3><${Words} words=${first.then} way=${way} />`}
  </article>`;
}

/** @param {{row: ComparedRow}} props */
function Links({ row }) {
  return html`${row.a && html`<a href=${addressOf(row.a)}>A's transcript</a>`}${row.b && html`<a href=${addressOf(row.b)}>B's transcript</a>`}`;
}

/** @param {{words: WordsDoc, way: string}} props */
function Words({ words, way }) {
  return words.diff ? html`<${TextDiff} diff=${words.diff} way=${way} />` : html`<${Sides} before=${words.before} after=${words.after} />`;
}

/** @param {{found: Comparison, way: string}} props */
function Changed({ found, way }) {
  const count = found.changed_total;
  if (!count) return html`<p class="note">No input was changed: tasks, definitions of agents, models and limits are the same.</p>`;
  return html`<h2>${format.counted(count, 'changed input')}</h2><ul class="changed">${found.changed.map((change) => html`<li>
    ${change.diff ? html`<details><summary><b>${oneLine(change.of, 60)}</b> ${oneLine(change.name, 60)} <span class="plus">+${change.diff.added}</span> <span class="minus">−${change.diff.removed}</span> <span class="note">lines</span><${Where} change=${change} /></summary><${TextDiff} diff=${change.diff} way=${way === 'words' ? 'lines' : way} /></details>`
      : html`<b>${oneLine(change.of, 60)}</b> ${oneLine(change.name, 60)} <del>${change.before === null ? 'none' : oneLine(change.before, 120)}</del> <span class="arrow">→</span> <ins>${change.after === null ? 'none' : oneLine(change.after, 120)}</ins><${Where} change=${change} />`}</li>`)}</ul>
    ${count > found.changed.length && html`<p class="note">${found.changed.length} of ${count.toLocaleString('en-US')} changes are shown.</p>`}`;
}

/** @param {{change: import('./types').ChangedInput}} props */
function Where({ change }) {
  return change.sessions > 1 ? html` <span class="note" title=${change.labels.map((label) => oneLine(label, 60)).join(', ')}>in ${change.sessions} sessions</span>` : null;
}

/** @param {{found: Comparison, way: string, onMore: (() => void) | null}} props */
function Rows({ found, way, onMore }) {
  const rows = found.rows.filter((row) => row.depth > 0);
  const open = route.value.query.open ?? '';
  const same = found.identical > 0 ? `${format.counted(found.identical, 'session')} ${found.identical === 1 ? 'is' : 'are'} identical and folded.` : '';
  if (!rows.length) return same && found.a.kind !== 'agent' ? html`<p class="note">${same}</p>` : null;
  const isScored = rows.some(({ a, b }) => typeof (a?.score ?? b?.score) === 'number');
  return html`<h2>${format.counted(rows.length, 'session differs', 'sessions differ')}</h2>
    <div class="table-box"><table class="compared"><thead><tr><th>Agent</th><th>A</th><th>B</th><th class="num">Δ cost</th><th class="num">Δ time</th>${isScored && html`<th class="num">Score</th>`}<th>Why</th></tr></thead>
    <tbody>${rows.map((row) => html`<${Row} key=${nameOf(row)} row=${row} way=${way} isOpen=${open === nameOf(row)} isScored=${isScored} />`)}</tbody></table></div>
    <p class="foot">${same}${onMore ? html` <button class="quiet" onClick=${onMore}>Show more: ${found.rows.length} of ${found.rows_total}</button>` : found.rows_total > found.rows.length ? ` ${found.rows.length} of ${found.rows_total} are shown; pagents compare has all.` : ''}</p>`;
}

/** @param {ComparedRow} row */
function nameOf(row) {
  return `${row.a?.run_id ?? ''}~${row.b?.run_id ?? ''}`;
}

/** @param {{row: ComparedRow, way: string, isOpen: boolean, isScored: boolean}} props */
function Row({ row, way, isOpen, isScored }) {
  const { a, b } = row;
  return html`<tr class=${isOpen ? 'is-open' : ''}>
      <td style=${{ paddingLeft: `${0.6 + Math.max(0, row.depth - 1) * 1.1}rem` }}><button class="link" aria-expanded=${isOpen ? 'true' : 'false'} onClick=${() => refine({ open: isOpen ? undefined : nameOf(row) })}><span aria-hidden="true" class="fold">${isOpen ? '▾' : '▸'}</span> <b>${oneLine(row.label, 60)}</b></button></td>
      <td><${Outcome} side=${a} /></td><td><${Outcome} side=${b} /></td>
      <td class="num">${moreMoney(a, b)}</td><td class="num">${more(a?.seconds, b?.seconds, format.seconds) || '—'}</td>${isScored && html`<td class="num">${compared(score(a), score(b))}</td>`}<td class="why">${oneLine(row.why, 200)}</td></tr>
    ${isOpen && html`<tr class="opened"><td colspan=${isScored ? 7 : 6}><${Opened} row=${row} way=${way} /></td></tr>`}`;
}

/** The words of both sessions of a row. @param {{row: ComparedRow, way: string}} props */
function Opened({ row, way }) {
  const [found, show] = useState(/** @type {Comparison | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const isPair = row.a !== null && row.b !== null;
  useEffect(() => {
    if (row.a && row.b) get('/compare', { a: row.a.run_id, b: row.b.run_id, limit: 1 }).then(show, fail);
  }, [nameOf(row)]);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!isPair) return html`<p class="note">Only ${row.a ? 'A' : 'B'} has a session with this label. <${Links} row=${row} /></p>`;
  if (!found) return html`<p class="foot">Reading both…</p>`;
  const first = found.divergence;
  return html`<div class="links">${row.a && row.b && html`<a href=${href('compare', row.a.run_id, row.b.run_id)}>Compare only these</a>`}<${Links} row=${row} /></div>
    ${first?.words && html`<h3>${oneLine(first.words.what, 160)}</h3><${Words} words=${first.words} way=${way} />`}
    ${first?.then && html`<h3>then: ${oneLine(first.then.what, 160)}</h3><${Words} words=${first.then} way=${way} />`}
    <${Answers} found=${found} way=${way} isSmall />`;
}

/** @param {{found: Comparison, way: string, isSmall?: boolean}} props */
function Answers({ found, way, isSmall = false }) {
  if (!found.output) return isSmall ? null : html`<p class="note">At least one has no answer${found.is_live ? ' yet' : ''}.</p>`;
  const told = [found.divergence?.words?.diff, found.divergence?.then?.diff];
  const isTold = told.some((diff) => diff && found.output && diff.before === found.output.before && diff.after === found.output.after);
  if (isTold) return null;
  return html`${isSmall ? html`<h3>answers</h3>` : html`<h2>Answers</h2>`}<${TextDiff} diff=${found.output} way=${way} />`;
}
