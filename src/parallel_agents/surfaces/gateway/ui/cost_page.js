// @ts-check
/** Cost page: what runs cost, by day and by agent, model or tag; what has no known price is said apart. */
import { html, useEffect, useLayoutEffect, useState } from './view.js';
import { get } from './api.js';
import { refine, route } from './router.js';
import { bind } from './keys.js';
import { now as clockNow } from './live.js';
import { useAsked } from './asked.js';
import { Curve } from './curve.js';
import { dayText, everyDay } from './days.js';
import { readRuns, Runs, tsvOfRuns } from './cost_runs.js';
import { Copy, Trouble } from './parts.js';
import { theme } from './looks.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').CostSum} CostSum */
/** @typedef {import('./types').AgentCost} AgentCost */
/** @typedef {import('./types').Costs} Costs */

const PERIODS = [['1d', 'Today'], ['7d', '7 days'], ['30d', '30 days'], ['all', 'All time']];
const KINDS = [['agent', 'Agent'], ['model', 'Model'], ['day', 'Day'], ['tag', 'Tag'], ['run', 'Run']];

/** @param {string} period */
function sinceOf(period) {
  if (period === 'all') return undefined;
  const days = Number.parseInt(period, 10) - 1;
  const midnight = new Date(clockNow() * 1000);
  midnight.setUTCHours(0, 0, 0, 0);
  return new Date(midnight.getTime() - days * 86_400_000).toISOString();
}

/** What is known of a cost, simulated or not, in dollars. @param {{known_cost?: import('./types').Money | null, cost?: import('./types').Money | null, simulated_cost: import('./types').Money | null}} sum */
function known(sum) {
  return (format.usd(sum.known_cost ?? sum.cost) ?? 0) + (format.usd(sum.simulated_cost) ?? 0);
}

/** How many calls no sum includes; nothing if all have a price. @param {number} calls */
export function unpricedNote(calls) {
  return calls ? html`<div class="note">${format.counted(calls, 'call')} unpriced</div>` : '';
}

/** What led to no accepted result; unknown is not zero. @param {{runs: number, wasted: import('./types').Waste}} sum */
export function wasted({ runs, wasted: waste }) {
  const amount = known(waste);
  if (waste.unpriced_calls || waste.cost === null) return amount ? format.atLeast(amount) : '—';
  return amount || runs ? format.dollars(amount) : '—';
}

/** @param {{wasted: import('./types').Waste}} sum */
function shareOf({ wasted: { share, simulated_cost } }) {
  const simulated = (format.usd(simulated_cost) ?? 0) > 0 ? 'simulated; ' : '';
  return `${simulated}${share ? `${(100 * share).toFixed(1)} %, ` : ''}`;
}

export function CostPage() {
  const { query } = route.value;
  const period = PERIODS.some(([name]) => name === query.period) ? query.period : '7d';
  const by = KINDS.some(([name]) => name === query.by) ? query.by : 'agent';
  const tag = query.tag ?? '';
  const read = async () => {
    const about = { since: sinceOf(period), tag };
    const [days, found, runs] = await Promise.all([get('/cost', { ...about, by: 'day' }), by === 'day' || by === 'run' ? null : get('/cost', { ...about, by }), by === 'run' ? readRuns(about) : null]);
    return { days: /** @type {Costs} */ (days), found: /** @type {Costs} */ (found ?? days), by, runs };
  };
  const { value, error, reload } = useAsked(read, [period, by, tag]);
  useLayoutEffect(() => bind('Cost', [
    ...KINDS.map(([name, text], n) => ({ keys: String(n + 1), does: `by ${text.toLowerCase()}`, run: () => refine({ by: name }) })),
    { keys: 'p', does: 'the next period', run: () => refine({ period: PERIODS[(PERIODS.findIndex(([name]) => name === period) + 1) % PERIODS.length][0] }) },
    { keys: '/', does: 'only a tag', run: () => document.getElementById('cost-tag')?.focus() },
  ]));
  return html`<section class="page narrow">
    <div class="row title"><h1>Cost</h1><span class="space"></span><${Choice} label="Period" options=${PERIODS} chosen=${period} onChoose=${(/** @type {string} */ name) => refine({ period: name })} /></div>
    ${error !== null && html`<${Trouble} error=${error} retry=${reload} />`}
    ${!value && error === null && html`<p class="note">Reading…</p>`}
    ${value && html`<${Totals} costs=${value.found} />
      <${Days} days=${value.days} />
      <div class="row by-line"><${Choice} label="By" options=${KINDS} chosen=${by} onChoose=${(/** @type {string} */ name) => refine({ by: name })} /><span class="space"></span><${TagFilter} tag=${tag} /><${Copy} text=${() => (value.runs ? tsvOfRuns(value.runs.rows) : tsvOf(value.found, value.by))}>Copy table<//></div>
      ${value.runs ? html`<${Runs} found=${value.runs} />` : html`<${Table} costs=${value.found} by=${value.by} />`}`}
  </section>`;
}

/** @param {{label: string, options: string[][], chosen: string, onChoose: (name: string) => void}} props */
export function Choice({ label, options, chosen, onChoose }) {
  return html`<div class="choice" role="group" aria-label=${label}>${options.map(([name, text]) => html`<button aria-pressed=${name === chosen ? 'true' : 'false'} onClick=${() => onChoose(name)}>${text}</button>`)}</div>`;
}

/** @param {{tag: string}} props */
function TagFilter({ tag }) {
  const [text, type] = useState(tag);
  useEffect(() => type(tag), [tag]);
  return html`<form class="row" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); refine({ tag: text.trim() || undefined }); }}>
    <input id="cost-tag" class="short" aria-label="Only runs with this tag" placeholder="only this tag" value=${text} onInput=${(/** @type {any} */ event) => type(event.target.value)} />
    ${tag && html`<button type="button" class="quiet" onClick=${() => refine({ tag: undefined })}>Clear</button>`}</form>`;
}

/** @param {{costs: Costs}} props */
export function Totals({ costs }) {
  const { sum } = costs;
  const real = format.usd(sum.known_cost) ?? 0;
  const simulated = format.usd(sum.simulated_cost) ?? 0;
  const each = format.usd(sum.cost_per_accepted);
  return html`<dl class="totals">
    <div class="is-first"><dt>Spent</dt><dd>${sum.cost || !sum.runs ? format.dollars(real) : real ? format.atLeast(real) : '—'}</dd>${simulated > 0 && html`<dd class="note">and ${format.dollars(simulated)} if what was simulated were real</dd>`}</div>
    <div><dt>Runs</dt><dd>${sum.runs.toLocaleString('en-US')}</dd><dd class="note">${sum.runs ? `${sum.accepted.toLocaleString('en-US')} accepted, ${Math.round((100 * sum.accepted) / sum.runs)} %` : 'none yet'}</dd></div>
    <div><dt>Each accepted</dt><dd>${format.dollars(each || (simulated && sum.accepted ? simulated / sum.accepted : each))}</dd><dd class="note">${simulated && !each ? 'simulated; ' : ''}failed tries included</dd></div>
    <div><dt>Wasted</dt><dd>${wasted(sum)}</dd><dd class="note">${shareOf(sum)}on attempts without an accepted result${sum.wasted.unpriced_calls ? `; ${format.counted(sum.wasted.unpriced_calls, 'call')} unpriced` : ''}</dd></div>
    <div><dt>Tokens</dt><dd>${format.tokens(sum.tokens)}</dd></div>
    ${sum.unpriced_calls > 0 && html`<div class="is-unknown"><dt>Unpriced</dt><dd>${format.counted(sum.unpriced_calls, 'call')}</dd><dd class="note">of unknown price, in no sum</dd></div>`}
    ${costs.unanswered_calls > 0 && html`<div class="is-unknown"><dt>Unanswered</dt><dd>${format.counted(costs.unanswered_calls, 'call')}</dd><dd class="note">may have been billed</dd></div>`}
  </dl>`;
}

/** @param {{days: Costs}} props */
function Days({ days }) {
  const points = everyDay(days.sums.map((sum) => ({ name: sum.name, usd: known(sum) })), new Date(clockNow() * 1000).toISOString().slice(0, 10));
  if (points.length < 2) return html``;
  const most = points.reduce((one, other) => (other.usd > one.usd ? other : one));
  const label = `Cost of ${points.length} days in UTC, the most on ${dayText(most.at)} with ${format.dollars(most.usd)}. The table by day has all.`;
  return html`<figure class="card chart"><figcaption>A day, UTC${Number(days.sum.simulated_cost?.amount ?? 0) > 0 ? ', what was simulated included' : ''}</figcaption><${Curve} points=${points} label=${label} theme=${theme.value} /></figure>`;
}

/** @param {{costs: Costs, by: string}} props */
export function Table({ costs, by }) {
  const rows = by === 'agent' ? costs.agents : costs.sums;
  if (!rows.length) return html`<div class="card empty"><h2>Nothing was spent</h2><p>No run ended in this period${by === 'tag' ? ' with a tag' : ''}. <code>pagents cost --by ${by}</code> shows the same.</p></div>`;
  const most = Math.max(...rows.map(known), 0);
  return html`<div class="table-box"><table class="costs"><thead><tr><th>${KINDS.find(([name]) => name === by)?.[1]}</th><th class="num">Cost</th><th class="wide-only"><span class="unseen">Share</span></th><th class="num">Runs</th><th class="num">Accepted</th><th class="num wide-only">Each accepted</th><th class="num wide-only">Wasted</th>${by === 'agent' ? html`<th class="wide-only">Models</th>` : html`<th class="num wide-only">Tokens</th>`}</tr></thead>
    <tbody>${rows.map((row) => html`<${Line} row=${row} by=${by} share=${most ? known(row) / most : 0} />`)}</tbody></table></div>`;
}

/** @param {{row: any, by: string, share: number}} props */
function Line({ row, by, share }) {
  const name = by === 'agent' ? row.agent : row.name ?? `without a ${by}`;
  const real = row.cost ?? null;
  return html`<tr><td>${by === 'tag' && row.name ? html`<button class="link" onClick=${() => refine({ tag: row.name })}>${oneLine(name, 60)}</button>` : oneLine(name, 70)}</td>
    <td class="num">${format.cost(real, row.simulated_cost, 1, row.known_cost)}${unpricedNote(row.unpriced_calls)}</td>
    <td class="wide-only"><svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${Math.max(share * 100, share ? 0.8 : 0)} height="8" /></svg></td>
    <td class="num">${row.runs.toLocaleString('en-US')}</td><td class="num">${row.runs ? `${Math.round((100 * row.accepted) / row.runs)} %` : '—'}</td>
    <td class="num wide-only">${format.dollars(format.usd(row.cost_per_accepted) || (row.accepted && format.usd(row.simulated_cost) ? (format.usd(row.simulated_cost) ?? 0) / row.accepted : format.usd(row.cost_per_accepted)))}</td>
    <td class="num wide-only">${wasted(row)}</td>
    ${by === 'agent' ? html`<td class="wide-only note">${row.models.map((/** @type {any} */ tier) => html`<span class="tier">${format.model(tier.model)} <span class="count">${tier.accepted}/${tier.tried}</span></span> `)}</td>` : html`<td class="num wide-only">${format.tokens(row.tokens)}</td>`}</tr>`;
}

/** The table for a spreadsheet. @param {Costs} costs @param {string} by */
function tsvOf(costs, by) {
  const rows = by === 'agent' ? costs.agents : costs.sums;
  const lines = rows.map((/** @type {any} */ row) => [row.agent ?? row.name ?? '', row.cost?.amount ?? '', row.simulated_cost?.amount ?? '', row.runs, row.accepted].join('\t'));
  return [[by, 'usd', 'simulated_usd', 'runs', 'accepted'].join('\t'), ...lines].join('\n');
}
