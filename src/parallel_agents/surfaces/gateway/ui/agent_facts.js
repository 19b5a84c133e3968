// @ts-check
/** Agent facts: what an agent usually takes and costs, who uses it, and what its versions changed. */
import { html, useState } from './view.js';
import { href } from './router.js';
import { useAsked } from './asked.js';
import { get } from './api.js';
import { filesOf } from './patch.js';
import { FileView } from './file_diff.js';
import { Copy, Time, Trouble } from './parts.js';
import { quoted } from './start_form.js';
import { duration } from './rows.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').AgentVersion} AgentVersion */
/** @typedef {{name: string, tasks?: {agent: string}[], policy?: {spawns?: string[]}}} Named */

const MOST_RUNS = 200;

/** The middle of some numbers; null of none. @param {number[]} values */
export function median(values) {
  if (!values.length) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The teams with a task of an agent, and the agents that may spawn it.
 * @param {string} name @param {Named[]} teams @param {Named[]} agents @returns {{kind: 'team' | 'agent', name: string}[]} */
export function usersOf(name, teams, agents) {
  return [
    ...teams.filter((team) => team.tasks?.some((task) => task.agent === name)).map((team) => ({ kind: /** @type {'team'} */ ('team'), name: team.name })),
    ...agents.filter((agent) => agent.policy?.spawns?.includes(name)).map((agent) => ({ kind: /** @type {'agent'} */ ('agent'), name: agent.name })),
  ];
}

/** What its last accepted runs took and cost. @param {{name: string}} props */
export function Usual({ name }) {
  const { value } = useAsked(() => get('/runs', { filter: `agent:${name} state:done`, limit: MOST_RUNS }), [name]);
  /** @type {Row[]} */
  const rows = value?.items ?? [];
  if (!rows.length) return html``;
  const real = rows.flatMap((row) => (row.cost && Number(row.cost.amount) > 0 ? [Number(row.cost.amount)] : []));
  const simulated = rows.flatMap((row) => (row.simulated_cost && Number(row.simulated_cost.amount) > 0 ? [Number(row.simulated_cost.amount)] : []));
  const cost = real.length ? format.dollars(median(real)) : simulated.length ? `${format.dollars(median(simulated))} sim` : '—';
  const total = value?.counts.total ?? rows.length;
  return html`<div class="card"><h2>Usually</h2><dl class="totals is-small"><div><dt>Time</dt><dd>${format.seconds(median(rows.map((row) => duration(row, 0) ?? 0)))}</dd></div><div><dt>Cost</dt><dd>${cost}</dd></div></dl>
    <p class="note">Medians of ${total > rows.length ? `the last ${rows.length} of ` : ''}${format.counted(total, 'accepted run')}.</p></div>`;
}

/** @param {{users: {kind: 'team' | 'agent', name: string}[]}} props */
export function UsedBy({ users }) {
  if (!users.length) return html``;
  return html`<div class="card"><h2>Used by</h2><p>${users.map(({ kind, name }, n) => html`${n ? ', ' : ''}<a href=${href('agents', kind, name)}>${oneLine(name, 60)}</a>${kind === 'agent' ? html` <span class="note">may spawn it</span>` : ''}`)}</p></div>`;
}

/** @param {{name: string}} props */
export function Versions({ name }) {
  const { value, error } = useAsked(() => get(`/agents/${encodeURIComponent(name)}/versions`), [name], { isLive: false });
  if (error !== null) return html`<${Trouble} error=${error} />`;
  /** @type {AgentVersion[]} */
  const versions = value?.items ?? [];
  if (!versions.length) return html``;
  return html`<div class="card versions"><h2>Versions <span class="count">${versions.length}</span></h2>${versions.map((each) => html`<${OneVersion} key=${each.version} version=${each} name=${name} />`)}</div>`;
}

/** @param {{version: AgentVersion, name: string}} props */
function OneVersion({ version, name }) {
  const [isOpen, open] = useState(false);
  const facts = [version.score === null ? '' : `score ${version.score}`, version.passed === null ? '' : `${version.passed} of ${format.counted(version.cases, 'case')}`, version.model, version.note].filter(Boolean).join(' · ');
  const head = html`<b>v${version.version}</b> ${version.in_effect ? html`<span class="tag">runs</span> ` : ''}${version.origin} <span class="note"><${Time} iso=${version.at}>${(version.at ?? '').slice(0, 10)}<//>${facts ? ` · ${oneLine(facts, 160)}` : ''}</span>`;
  if (!version.patch) return html`<p>${head}</p>`;
  return html`<details open=${isOpen} onToggle=${(/** @type {any} */ event) => open(event.target.open)}><summary>${head}</summary>
    ${isOpen && html`${filesOf(version.patch).map((file) => html`<${FileView} key=${file.path} file=${file} isOpen=${true} />`)}<div class="row"><${Copy} text=${`pagents agents diff ${name} v${version.version - 1} v${version.version}`}>Copy as command<//></div>`}</details>`;
}

/** A new agent is made by a command, since it writes files where a person chooses. */
export function NewAgent() {
  const [name, call] = useState('');
  const [purpose, type] = useState('');
  const command = `pagents agents new ${name.trim().replaceAll(/[^\w-]+/g, '_') || 'NAME'} ${quoted(oneLine(purpose, 500) || 'What it is for')}`;
  return html`<details class="card new-agent"><summary>+ New agent</summary>
    <div class="field-row"><label class="field">Name <input value=${name} placeholder="release_notes_writer" spellcheck=${false} onInput=${(/** @type {any} */ event) => call(event.target.value)} /></label>
      <label class="field grow">Purpose <input value=${purpose} placeholder="Turns a list of commits into release notes" onInput=${(/** @type {any} */ event) => type(event.target.value)} /></label></div>
    <div class="row command"><code>${command}</code><${Copy} text=${command}>Copy as command<//></div>
    <p class="note">It is designed, tested on its cases and reviewed, and registered if it is good enough. The command writes files into the home of whoever types it; its run appears here.</p></details>`;
}
