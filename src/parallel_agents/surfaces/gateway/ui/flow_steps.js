// @ts-check
/** Flow steps: everything that a flow has begun: its functions and questions, which are no sessions, between those that are. */
import { html } from './view.js';
import { runPath } from './api.js';
import { href } from './router.js';
import { State, Trouble } from './parts.js';
import { usePage } from './run_tabs.js';
import { oneLine } from './text.js';
import { word } from './words.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Step} Step */

/** Whether a run is a flow with steps: the tasks of a map are its rows. @param {Row} top */
export function hasSteps(top) {
  return top.kind === 'flow' && !top.session_key.startsWith('flow:map:');
}

/** @param {{top: Row, version: number}} props */
export function Steps({ top, version }) {
  const { page, error } = usePage(runPath(top.session_key, '/steps'), `${top.status} ${JSON.stringify(top.counts ?? {})} ${Math.floor(version / 5)}`);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  if (!page.items.length) return html`<div class="card empty"><h2>No steps yet</h2><p>Each step appears here once the flow has begun it.</p></div>`;
  return html`<div class="table-box"><table class="steps"><thead><tr><th>Step</th><th>Kind</th><th>State</th><th>Doing</th><th class="num">Time</th><th class="num">Cost</th></tr></thead><tbody>${page.items.map((/** @type {Step} */ step) => html`<tr key=${`${step.kind} ${step.name}`}><td>${step.session_key ? html`<a href=${href('session', step.session_key)}>${oneLine(step.label, 80)}</a>` : oneLine(step.label, 80)}</td><td>${step.kind}</td><td>${told(step.state)}</td><td>${oneLine(step.text, 300)}</td><td class="num">${step.seconds === null ? '' : format.seconds(step.seconds)}</td><td class="num">${step.calls ? format.cost(step.cost, step.simulated_cost, step.calls, step.known_cost) : ''}</td></tr>`)}</tbody></table></div>
    ${page.next && html`<p class="foot">${page.items.length} of ${page.counts.total} steps; <code>pagents show ${top.id}</code> has all.</p>`}`;
}

/** A state, and what lists say after it. @param {string} words */
function told(words) {
  const [state, ...more] = words.split(',_');
  return html`<${State} state=${state} more=${word(more.join(', '))} />`;
}
