// @ts-check
/** Agents page: the agents and teams of this home, with how they did, and a page for each to start it. */
import { html, useLayoutEffect, useState } from './view.js';
import { follow as nextPage, get } from './api.js';
import { go, href, refine, route } from './router.js';
import { TeamGraph } from './graph.js';
import { bind } from './keys.js';
import { useAsked } from './asked.js';
import { Copy, Plain, Trouble } from './parts.js';
import { NewAgent, UsedBy, usersOf, Usual, Versions } from './agent_facts.js';
import { neededBy } from './schema.js';
import { StartForm } from './start_form.js';
import { unpricedNote } from './cost_page.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').AgentCost} AgentCost */
/** @typedef {{name: string, description?: string, category?: string, error?: string, file?: string, [member: string]: any}} Entry */

/** All of a list. @param {string} path @returns {Promise<Entry[]>} */
async function all(path) {
  let page = await get(path);
  const items = [...page.items];
  while (page.next) {
    page = await nextPage(page.next);
    items.push(...page.items);
  }
  return items;
}

async function readCatalog() {
  const [agents, teams, costs] = await Promise.all([all('/agents'), all('/teams'), get('/cost', { by: 'agent' })]);
  /** @type {Map<string, AgentCost>} */
  const did = new Map(costs.agents.map((/** @type {AgentCost} */ each) => [each.agent, each]));
  return { agents, teams, did };
}

export function AgentsPage() {
  const find = route.value.query.find ?? '';
  const { value, error, reload } = useAsked(readCatalog, []);
  const [at, move] = useState(0);
  const isFound = (/** @type {Entry} */ each) => `${each.name} ${each.description ?? ''} ${each.category ?? ''}`.toLowerCase().includes(find.toLowerCase());
  const agents = value?.agents.filter(isFound) ?? [];
  const teams = value?.teams.filter(isFound) ?? [];
  const groups = groupsOf(agents, teams);
  const order = groups.flatMap((group) => group.entries.map((entry) => addressOf(group.kind, entry)));
  const current = Math.min(at, Math.max(0, order.length - 1));
  useLayoutEffect(() => bind('Agents', [
    { keys: '/', does: 'find', run: () => document.getElementById('agents-find')?.focus() },
    { keys: 'j', does: 'next', run: () => move(Math.min(order.length - 1, current + 1)) },
    { keys: 'k', does: 'previous', run: () => move(Math.max(0, current - 1)) },
    { keys: 'Enter / o', does: 'open', run: () => order[current] && go(order[current]) },
  ]));
  return html`<section class="page">
    <div class="row title"><h1>Agents and teams ${value && html`<span class="count">${agents.length + teams.length}</span>`}</h1><span class="space"></span>
      <input id="agents-find" type="search" aria-label="Find an agent or team" placeholder="find" value=${find} onInput=${(/** @type {any} */ event) => { move(0); refine({ find: event.target.value || undefined }); }} /></div>
    ${error !== null && html`<${Trouble} error=${error} retry=${reload} />`}
    ${!value && error === null && html`<p class="note">Reading…</p>`}
    ${value && !order.length && html`<div class="card empty"><h2>Nothing is called so</h2><p><code>pagents agents new</code> makes an agent of a sentence.</p><button onClick=${() => refine({ find: undefined })}>Show all</button></div>`}
    ${value && !find && html`<${NewAgent} />`}
    ${value && groups.map((group) => html`<h2 class="group-title">${group.title} <span class="count">${group.entries.length}</span></h2>
      <div class="tiles">${group.entries.map((entry) => html`<${Tile} key=${entry.name} kind=${group.kind} entry=${entry} did=${value.did.get(entry.name)} isCurrent=${order[current] === addressOf(group.kind, entry)} />`)}</div>`)}
  </section>`;
}

/** @param {'agent' | 'team'} kind @param {Entry} entry */
function addressOf(kind, entry) {
  return href('agents', kind, entry.name);
}

/** @param {Entry[]} agents @param {Entry[]} teams */
function groupsOf(agents, teams) {
  /** @type {Map<string, Entry[]>} */
  const categories = new Map();
  for (const each of agents) {
    const name = each.error ? 'not valid' : each.category || 'other';
    categories.set(name, [...(categories.get(name) ?? []), each]);
  }
  const named = [...categories].sort(([one], [other]) => Number(one === 'other') - Number(other === 'other') || one.localeCompare(other)).map(([title, entries]) => ({ title, kind: /** @type {'agent' | 'team'} */ ('agent'), entries }));
  return [...(teams.length ? [{ title: 'teams', kind: /** @type {'agent' | 'team'} */ ('team'), entries: teams }] : []), ...named];
}

/** @param {{kind: 'agent' | 'team', entry: Entry, did: AgentCost | undefined, isCurrent: boolean}} props */
function Tile({ kind, entry, did, isCurrent }) {
  const about = kind === 'team' ? format.counted((entry.tasks ?? []).length, 'task') : did ? `${format.counted(did.runs, 'run')} · ${Math.round((100 * did.accepted) / Math.max(1, did.runs))} % accepted · ${format.cost(did.cost, did.simulated_cost, 1, did.known_cost)}` : 'not used yet';
  return html`<a class="tile ${isCurrent ? 'is-current' : ''}" href=${addressOf(kind, entry)}><b>${entry.name}</b>
    <span class="tile-text">${entry.error ? html`<span class="is-failed">✖ ${oneLine(entry.error, 160)}</span>` : oneLine(entry.description ?? '', 160)}</span>
    <span class="note">${about}</span></a>`;
}

/** @param {{kind: 'agent' | 'team', name: string}} props */
export function AgentPage({ kind, name }) {
  const { value, error, reload } = useAsked(async () => {
    const [entry, costs, agents, teams] = await Promise.all([get(`/${kind}s/${encodeURIComponent(name)}`), kind === 'agent' ? get('/cost', { by: 'agent' }) : null, all('/agents'), kind === 'agent' ? all('/teams') : []]);
    const needs = kind === 'team' ? neededBy(entry.tasks, new Map(agents.map((each) => [each.name, each.input_schema ?? null]))) : [];
    return { entry: /** @type {Entry} */ (entry), needs, users: kind === 'agent' ? usersOf(name, teams, agents) : [], did: /** @type {AgentCost | undefined} */ (costs?.agents.find((/** @type {AgentCost} */ each) => each.agent === name)) };
  }, [kind, name]);
  useLayoutEffect(() => bind('Agent', [{ keys: 's', does: 'write its task', run: () => /** @type {HTMLElement | null} */ (document.querySelector('.start textarea'))?.focus() }]), []);
  const entry = value?.entry;
  const schema = kind === 'team' ? entry?.input : entry?.input_schema;
  return html`<section class="page">
    <div class="crumb"><a href=${href('agents')}>Agents and teams</a> / ${kind}</div>
    <div class="row title"><h1>${name}</h1>${entry?.category && html`<span class="note">${entry.category}</span>`}<span class="space"></span><a href=${href('runs', '', '', { filter: `${kind === 'agent' ? 'agent' : 'label'}:${name}` })}>Its runs</a></div>
    ${error !== null && html`<${Trouble} error=${error} retry=${reload} />`}
    ${entry && html`<p class="lead">${entry.description}</p><div class="two">
      <div class="card"><h2>Start it</h2><${StartForm} key=${name} kind=${kind} name=${name} schema=${schema ?? null} model=${entry.model ?? ''} needs=${value?.needs} /></div>
      <div><${Record} kind=${kind} did=${value?.did} />${kind === 'agent' ? html`<${Usual} name=${name} /><${AgentCard} entry=${entry} /><${UsedBy} users=${value?.users ?? []} /><${Versions} name=${name} />` : html`<${TeamCard} entry=${entry} />`}</div></div>${kind === 'team' && html`<${TeamGraph} key=${name} name=${name} />`}`}
  </section>`;
}

/** @param {{kind: 'agent' | 'team', did: AgentCost | undefined}} props */
function Record({ kind, did }) {
  if (kind === 'team') return html``;
  if (!did) return html`<div class="card"><h2>How it did</h2><p class="note">It has not run in this home yet.</p></div>`;
  return html`<div class="card"><h2>How it did</h2><dl class="totals is-small"><div><dt>Runs</dt><dd>${did.runs.toLocaleString('en-US')}</dd></div><div><dt>Accepted</dt><dd>${Math.round((100 * did.accepted) / Math.max(1, did.runs))} %</dd></div><div><dt>Cost</dt><dd>${format.cost(did.cost, did.simulated_cost, 1, did.known_cost)}</dd>${unpricedNote(did.unpriced_calls)}</div></dl>
    <table class="plain-table"><thead><tr><th>Model</th><th class="num">Tried</th><th class="num">Accepted</th><th class="num">Cost</th></tr></thead><tbody>${did.models.map((tier) => html`<tr><td>${oneLine(tier.model, 50)}</td><td class="num">${tier.tried}</td><td class="num">${tier.accepted}</td><td class="num">${format.cost(tier.cost, tier.simulated_cost, 1, tier.known_cost)}${unpricedNote(tier.unpriced_calls)}</td></tr>`)}</tbody></table></div>`;
}

/** @param {{entry: Entry}} props */
function AgentCard({ entry }) {
  const list = (/** @type {unknown[]} */ values) => values.map(String).map((each) => oneLine(each, 60)).join(', ');
  const facts = /** @type {[string, unknown][]} */ ([
    ['Model', entry.model ?? (entry.tier ? `a ${entry.tier} one` : '')],
    ['Ladder', entry.ladder?.length ? entry.ladder.map((/** @type {any} */ step) => (typeof step === 'string' ? step : step.model)).join(' → ') : ''],
    ['Tools', entry.tools?.length ? list(entry.tools) : 'none'],
    ['Spawns', entry.policy?.spawns?.length ? list(entry.policy.spawns) : ''],
    ['Gates', entry.gates?.length ? format.counted(entry.gates.length, 'gate') : ''],
    ['Attempts', entry.limits?.attempts],
    ['Time limit', entry.limits?.timeout_seconds ? format.seconds(entry.limits.timeout_seconds) : ''],
    ['Budget', entry.budget?.usd ? format.dollars(entry.budget.usd) : ''],
    ['File', entry.file],
  ]).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return html`<div class="card"><h2>What it is</h2><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${oneLine(String(value), 200)}</dd></div>`)}</dl>
    <details><summary>Instructions</summary><${Plain} text=${entry.instructions ?? ''} /></details>
    ${entry.input_schema && html`<details><summary>Input schema</summary><${Plain} text=${JSON.stringify(entry.input_schema, null, 2)} /></details>`}
    ${entry.output_schema && html`<details><summary>Output schema</summary><${Plain} text=${JSON.stringify(entry.output_schema, null, 2)} /></details>`}
    <div class="row"><${Copy} text=${`pagents agents show ${entry.name}`}>Copy as command<//></div></div>`;
}

/** @param {{entry: Entry}} props */
function TeamCard({ entry }) {
  return html`<div class="card"><h2>Its tasks <span class="count">${entry.tasks.length}</span></h2><ol class="tasks">${entry.tasks.map((/** @type {any} */ task) => html`<li><b>${oneLine(task.label, 60)}</b> <span class="note">${task.agent && task.agent !== task.label ? html`<a href=${href('agents', 'agent', task.agent)}>${task.agent}</a>` : ''}${task.needs?.length ? ` after ${task.needs.map((/** @type {string} */ each) => oneLine(each, 40)).join(', ')}` : ''}</span>${task.text && html`<div class="note">${oneLine(task.text, 160)}</div>`}</li>`)}</ol></div>`;
}
