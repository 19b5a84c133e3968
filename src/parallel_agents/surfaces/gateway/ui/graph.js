// @ts-check
/** Graph: the tasks of a team and what each needs, as its file or a run of it has them; a list says the same. */
import { html } from './view.js';
import { get, runPath } from './api.js';
import { useAsked } from './asked.js';
import { Copy, Trouble } from './parts.js';
import { BOX, layout } from './graph_layout.js';
import { oneLine } from './text.js';
import { glyph, STATES, word } from './words.js';

/** @typedef {import('./graph_layout.js').Step} Step */
/** @typedef {Step & {state: string, counts: Record<string, number>, round: number, rounds: number, decided: string}} RunStep */

/** @param {{name: string}} props */
export function TeamGraph({ name }) {
  const { value, error } = useAsked(() => get(`/teams/${encodeURIComponent(name)}/graph`), [name], { isLive: false });
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!value) return html`<p class="foot">Reading…</p>`;
  /** @type {Step[]} */
  const steps = value.steps;
  const inner = [...new Set(steps.map((step) => step.within))];
  return html`<div class="card graph-card"><div class="row"><h2>What needs what</h2><span class="space"></span><${Copy} text=${`pagents graph ${name}`}>Copy as command<//><${Copy} text=${value.mermaid}>Copy as Mermaid<//></div>
    ${inner.map((within) => html`${within && html`<h3>in ${within}</h3>`}<${Drawing} steps=${steps.filter((step) => step.within === within)} label=${within || name} />`)}</div>`;
}

/** The plan of a run while it is carried out; a step shows its sessions on the timeline. @param {{top: import('./types').Row, onStep: (id: string) => void}} props */
export function RunGraph({ top, onStep }) {
  const { value, error } = useAsked(() => get(runPath(top.session_key, '/graph')), [top.session_key, top.status]);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!value) return html`<p class="foot">Reading…</p>`;
  /** @type {RunStep[]} */
  const steps = value.steps;
  const inner = [...new Set(steps.map((step) => step.within))];
  return html`<div class="card graph-card"><div class="row"><h2>What needs what</h2><span class="note">a step shows its sessions on the timeline</span><span class="space"></span><${Copy} text=${value.mermaid}>Copy as Mermaid<//></div>
    ${inner.map((within) => html`${within && html`<h3>in ${within}</h3>`}<${Drawing} steps=${steps.filter((step) => step.within === within)} label=${within || value.name} onStep=${within ? null : onStep} />`)}
    <${StepTable} steps=${steps} onStep=${onStep} /></div>`;
}

/** The same as a table, for the keyboard and for who reads by ear. @param {{steps: RunStep[], onStep: (id: string) => void}} props */
function StepTable({ steps, onStep }) {
  return html`<div class="table-box"><table><thead><tr><th>Step</th><th>State</th><th>Sessions</th><th>Round</th><th>Decided by</th></tr></thead><tbody>${steps.map((step) => html`<tr key=${step.id}><td>${step.within ? step.id : html`<button class="quiet" onClick=${() => onStep(step.id)}>${step.id}</button>`}</td>
    <td><${StepState} state=${step.state} /></td><td>${countsOf(step)}</td><td>${step.rounds ? `${step.round} of ${step.rounds}` : ''}</td><td>${oneLine(step.decided, 200)}</td></tr>`)}</tbody></table></div>`;
}

/** @param {{state: string}} props */
function StepState({ state }) {
  return html`<span class="state is-${state}"><span class="glyph" aria-hidden="true">${stepGlyph(state)}</span>${word(state)}</span>`;
}

/** @param {string} state */
function stepGlyph(state) {
  return { waits: '◌', skipped: '⊘', blocked: '✖' }[state] ?? glyph(state);
}

/** `✔38 ▶9 ✖1` @param {RunStep} step */
function countsOf(step) {
  return STATES.flatMap((state) => (step.counts[state] ? [`${glyph(state)}${step.counts[state]}`] : [])).join(' ');
}

/** How a step is doing, in one line of its box. @param {Step & Partial<RunStep>} step */
function doingOf(step) {
  if (step.state === undefined) return '';
  const live = /** @type {RunStep} */ (step);
  const counts = Object.values(live.counts).reduce((sum, count) => sum + count, 0);
  const loop = live.rounds ? `round ${live.round} of ${live.rounds}` : '';
  return [`${stepGlyph(live.state)} ${word(live.state)}`, counts > 1 ? countsOf(live) : '', loop].filter(Boolean).join(' · ');
}

/** @param {{steps: (Step & Partial<RunStep>)[], label: string, onStep?: ((id: string) => void) | null}} props */
function Drawing({ steps, label, onStep = null }) {
  const { boxes, lines, width, height } = layout(steps);
  return html`<div class="graph-box" tabindex="0" role="region" aria-label=${`The steps of ${label}`}>
    <svg class="graph" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
      <defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="graph-tip" d="M0 0 L8 4 L0 8 z" /></marker></defs>
      ${lines.map((line) => html`<path key=${line.key} class="graph-line ${line.isConditional ? 'is-conditional' : ''}" d=${line.path} marker-end="url(#tip)" />`)}
      ${/** @type {{step: Step & Partial<RunStep>, x: number, y: number}[]} */ (boxes).map(({ step, x, y }) => html`<g key=${step.id} class=${onStep ? 'graph-link' : ''} transform=${`translate(${x} ${y})`} onClick=${onStep && (() => onStep(step.id))}><title>${[step.id, step.who, ...step.conditions, step.decided].filter(Boolean).join('\n')}</title>
        <rect class="graph-step ${step.state ? `is-step-${step.state}` : ''}" width=${BOX.width} height=${BOX.height} rx="7" />
        <text class="graph-name" x="12" y="23">${oneLine(nameOf(step), step.marks ? 20 : 26)}</text>${step.marks && html`<text class="graph-marks" x=${BOX.width - 12} y="23" text-anchor="end">${step.marks}</text>`}
        <text class="graph-who" x="12" y="40">${oneLine(step.state ? doingOf(step) : step.who, 34)}</text>${(step.decided || step.conditions[0]) && html`<text class="graph-who is-condition" x="12" y="54">${oneLine(step.decided || step.conditions[0], 30)}</text>`}</g>`)}
    </svg></div>
    ${onStep === null && html`<ol class="unseen">${steps.map((step) => html`<li>${nameOf(step)}: ${step.who}${step.needs.length ? `, after ${step.needs.join(', ')}` : ''}${step.conditions.length ? `, ${step.conditions.join(', ')}` : ''}</li>`)}</ol>`}`;
}

/** @param {Step} step */
function nameOf(step) {
  return step.id.slice(step.id.lastIndexOf('/') + 1);
}
