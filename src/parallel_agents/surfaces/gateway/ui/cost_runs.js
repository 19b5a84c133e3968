// @ts-check
/** Cost of runs: what each run that nothing spawned cost with all below it, the dearest first. */
import { html } from './view.js';
import { get } from './api.js';
import { noteTime } from './live.js';
import { href } from './router.js';
import { State, Time } from './parts.js';
import { summed, titleOf } from './rows.js';
import { stateOf } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {{rows: Row[], read: number, total: number}} Found */

const MOST = 500;

/** The newest runs, those of a time and with a tag. @param {{since?: string, tag?: string}} about @returns {Promise<Found>} */
export async function readRuns({ since, tag }) {
  const page = await get('/runs', { limit: MOST, filter: tag ? `tag:"${tag}"` : '' });
  noteTime(page.as_of);
  const rows = page.items.filter((/** @type {Row} */ row) => (row.parent === null || row.depth === 0) && (!since || (row.finished_at ?? '9') >= since));
  return { rows: rows.sort((/** @type {Row} */ one, /** @type {Row} */ other) => amountOf(other) - amountOf(one)), read: page.items.length, total: page.counts.total ?? page.items.length };
}

/** @param {Row} row */
function amountOf(row) {
  const { real, simulated } = summed([row]);
  return real + simulated;
}

/** @param {{found: Found}} props */
export function Runs({ found: { rows, read, total } }) {
  if (!rows.length) return html`<div class="card empty"><h2>Nothing was spent</h2><p>No run ended in this period.</p></div>`;
  const most = Math.max(...rows.map(amountOf), 0);
  return html`<div class="table-box"><table class="costs"><thead><tr><th>Run</th><th class="num">Cost</th><th class="wide-only"><span class="unseen">Share</span></th><th class="num">Calls</th><th class="num">Ended</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.session_key}><td><${State} state=${stateOf(row)} quiet /> <a href=${href('run', row.session_key)}><b>${oneLine(titleOf(row), 60)}</b></a> <code>${row.id}</code></td><td class="num">${format.wholeCost(row)}</td>
      <td class="wide-only"><svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${most ? (amountOf(row) / most) * 100 : 0} height="8" /></svg></td>
      <td class="num">${(row.whole_calls ?? row.calls).toLocaleString('en-US')}</td><td class="num">${row.finished_at ? html`<${Time} iso=${row.finished_at}>${row.finished_at.slice(0, 10)}<//>` : 'not yet'}</td></tr>`)}</tbody></table></div>
    ${total > read && html`<p class="foot">Of the newest ${read} of ${total.toLocaleString('en-US')} runs; a filter of the runs has the others.</p>`}`;
}

/** @param {Row[]} rows */
export function tsvOfRuns(rows) {
  return ['run\tid\tcost\tsimulated\tcalls', ...rows.map((row) => { const { real, simulated } = summed([row]); return [titleOf(row), row.id, real, simulated, row.whole_calls ?? row.calls].join('\t'); })].join('\n');
}
