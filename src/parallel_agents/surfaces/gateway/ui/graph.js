// @ts-check
/** Graph: the tasks of a team and what each needs, drawn from its file; a list says the same. */
import { html } from './view.js';
import { get } from './api.js';
import { useAsked } from './asked.js';
import { Copy, Trouble } from './parts.js';
import { BOX, layout } from './graph_layout.js';
import { oneLine } from './text.js';

/** @typedef {import('./graph_layout.js').Step} Step */

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

/** @param {{steps: Step[], label: string}} props */
function Drawing({ steps, label }) {
  const { boxes, lines, width, height } = layout(steps);
  return html`<div class="graph-box" tabindex="0" role="region" aria-label=${`The steps of ${label}`}>
    <svg class="graph" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
      <defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="graph-tip" d="M0 0 L8 4 L0 8 z" /></marker></defs>
      ${lines.map((line) => html`<path key=${line.key} class="graph-line ${line.isConditional ? 'is-conditional' : ''}" d=${line.path} marker-end="url(#tip)" />`)}
      ${boxes.map(({ step, x, y }) => html`<g key=${step.id} transform=${`translate(${x} ${y})`}><title>${[step.id, step.who, ...step.conditions].join('\n')}</title>
        <rect class="graph-step" width=${BOX.width} height=${BOX.height} rx="7" />
        <text class="graph-name" x="12" y="23">${oneLine(nameOf(step), step.marks ? 20 : 26)}</text>${step.marks && html`<text class="graph-marks" x=${BOX.width - 12} y="23" text-anchor="end">${step.marks}</text>`}
        <text class="graph-who" x="12" y="40">${oneLine(step.who, 32)}</text>${step.conditions[0] && html`<text class="graph-who is-condition" x="12" y="54">${oneLine(step.conditions[0], 34)}</text>`}</g>`)}
    </svg></div>
    <ol class="unseen">${steps.map((step) => html`<li>${nameOf(step)}: ${step.who}${step.needs.length ? `, after ${step.needs.join(', ')}` : ''}${step.conditions.length ? `, ${step.conditions.join(', ')}` : ''}</li>`)}</ol>`;
}

/** @param {Step} step */
function nameOf(step) {
  return step.id.slice(step.id.lastIndexOf('/') + 1);
}
