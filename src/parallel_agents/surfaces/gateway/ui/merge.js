// @ts-check
/** Merge: what would change and what is in conflict is shown first; an agent may resolve that, for a price that is told before. */
import { html, useEffect, useRef, useState } from './view.js';
import { useModal } from './modal.js';
import { get, newKey, post, runPath } from './api.js';
import { href } from './router.js';
import { Copy, Trouble } from './parts.js';
import { FileView } from './file_diff.js';
import { filesOf } from './patch.js';
import { quoted } from './forks.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {{id: string, session_key: string, label: string, agent: string}} Workspace */
/** @typedef {{path: string, why: string}} LeftOut */
/** @typedef {{source: string, changed: string[], conflicts: LeftOut[], resolved: {path: string, diff: string}[], already_merged: number}} Merged */
/** @typedef {import('./types').Priced} Price */
/** @typedef {{price: Price | null, left_out: LeftOut[]}} Priced */
/** @typedef {'leave' | 'markers' | 'resolve'} Way */

const PAUSE_MILLISECONDS = 500;
const WAIT_SECONDS = 20;
const MOST_PATHS = 50;
/** @type {Record<Way, string>} */
const WAYS = {
  leave: 'Leave them as they are',
  markers: 'Write both versions into them, between conflict marks',
  resolve: 'Have an agent resolve them, and read its answers before they are merged',
};

/** @param {{workspace: Workspace, onMerged: (isWhole: boolean) => void, onClose: () => void}} props */
export function Merge({ workspace, onMerged, onClose }) {
  const dialog = useModal();
  const [found, foretell] = useState(/** @type {Merged | null} */ (null));
  const [done, finish] = useState(/** @type {Merged | null} */ (null));
  const [way, choose] = useState(/** @type {Way} */ ('leave'));
  const [resolver, name] = useState({ agent: '', model: '' });
  const [team, begin] = useState('');
  const [answers, have] = useState('');
  const [isSent, send] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const key = useRef(newKey());
  /** @param {object} how @returns {Promise<Merged>} */
  const merge = (how) => post(runPath(workspace.session_key, '/merge'), { ...how, ...(answers ? { answers } : {}) }).then((told) => told.workspaces[0]);
  const refuse = (/** @type {unknown} */ told) => { send(false); fail(told); };
  useEffect(() => { merge({ dry_run: true }).then((told) => { foretell(told); onMerged(!isAnything(told, 'leave') && !told.conflicts.length && told.already_merged > 0); }, fail); }, [answers]);
  useEffect(() => {
    if (!team) return undefined;
    let isGone = false;
    ended(team, () => isGone).then(() => { if (!isGone) { send(false); choose('leave'); have(team); } }, (told) => isGone || refuse(told));
    return () => { isGone = true; };
  }, [team]);
  const asked = bodyOf(resolver);
  const close = () => dialog.current?.close();
  const start = () => {
    send(true);
    fail(null);
    if (way === 'resolve') post(runPath(workspace.session_key, '/resolve'), asked, key.current).then((told) => begin(told.begun.session_key), refuse);
    else merge({ conflicts: way }).then((told) => { finish(told); onMerged(!told.conflicts.length); }, refuse);
  };
  const isAsking = team !== '' && answers === '';
  return html`<dialog ref=${dialog} class="action" onClose=${onClose} aria-labelledby="merge-title">
    <h2 id="merge-title">Merge ${oneLine(workspace.label || workspace.agent, 60)}</h2>
    ${!found && error === null && html`<p role="status">Looking what would change…</p>`}
    ${found && !done && !isAsking && html`<${Foretold} found=${found} />`}
    ${found && !done && !isAsking && found.conflicts.length > 0 && html`<${Choice} way=${way} onWay=${choose} canResolve=${!answers} />`}
    ${isAsking && html`<p role="status">An agent is at work: <a href=${href('run', team)}>its run</a>. What it answers is shown here, and nothing is merged before.</p>`}
    ${done && html`<${Outcome} done=${done} way=${way} />`}
    ${error !== null && html`<${Trouble} error=${error} />`}
    ${found && !done && !isAsking && way === 'resolve'
      ? html`<${Asking} workspace=${workspace} resolver=${resolver} onResolver=${name} isSent=${isSent} start=${start} close=${close} />`
      : html`<div class="row end"><${Copy} text=${commandOf(workspace.id, way, asked)}>Copy as command<//><button onClick=${close}>${done ? 'Close' : 'Leave it'}</button>
        ${found && !done && !isAsking && html`<button class="main" disabled=${isSent || !isAnything(found, way)} onClick=${start}>${isSent ? 'Requested…' : 'Merge'}</button>`}</div>`}
  </dialog>`;
}

/** Waits for the end of a run, by one request after another. @param {string} team @param {() => boolean} isGone */
async function ended(team, isGone) {
  while (!isGone()) {
    const told = await get('/wait', { names: team, timeout: WAIT_SECONDS });
    if (!told.live.length) return;
  }
}

/** Who resolves, as a request says it. @param {{agent: string, model: string}} resolver */
function bodyOf({ agent, model }) {
  return { ...(agent.trim() ? { agent: agent.trim() } : {}), ...(model.trim() ? { model: model.trim() } : {}) };
}

/** @param {Merged} found @param {Way} way */
function isAnything(found, way) {
  return found.changed.length > 0 || found.resolved.length > 0 || (way === 'markers' && found.conflicts.length > 0);
}

/** The command that does the same. @param {string} id @param {Way} way @param {{agent?: string, model?: string}} asked */
function commandOf(id, way, asked) {
  const agent = asked.agent ? ['--resolver', quoted(asked.agent)] : [];
  const model = asked.model ? ['-m', quoted(asked.model)] : [];
  const how = { leave: [], markers: ['--conflicts', 'markers'], resolve: ['--resolve', ...agent, ...model] };
  return ['pagents', 'merge', id, ...how[way]].join(' ');
}

/** @param {{found: Merged}} props */
function Foretold({ found }) {
  const { changed, conflicts, resolved } = found;
  return html`<p role="status">${changed.length || conflicts.length
      ? html`<b>${format.counted(changed.length, 'file')}</b> would change in <code>${oneLine(found.source, 160)}</code>${conflicts.length ? html`; <b>${format.counted(conflicts.length, 'conflict')}</b>.` : '.'}`
      : found.already_merged ? 'Everything is merged already.' : 'Nothing would change.'}</p>
    <${Paths} paths=${changed.filter((path) => !resolved.some((each) => each.path === path))} />
    ${resolved.length > 0 && html`<p>The agent resolved ${format.counted(resolved.length, 'file')}. It read what both sides wrote: read what it made of that.</p>`}
    ${resolved.map((each) => each.diff ? filesOf(each.diff).map((file) => html`<${FileView} key=${file.path} file=${file} isOpen=${true} />`) : html`<p class="note">${oneLine(each.path, 200)}: as your file is.</p>`)}
    ${conflicts.length > 0 && html`<ul class="outcome">${conflicts.slice(0, MOST_PATHS).map((each) => html`<li>conflict <code>${oneLine(each.path, 200)}</code> <span class="note">${oneLine(each.why, 200)}</span></li>`)}</ul>`}`;
}

/** @param {{paths: string[]}} props */
function Paths({ paths }) {
  return html`${paths.length > 0 && html`<ul class="outcome">${paths.slice(0, MOST_PATHS).map((path) => html`<li><code>${oneLine(path, 200)}</code></li>`)}${paths.length > MOST_PATHS && html`<li class="note">and ${paths.length - MOST_PATHS} more</li>`}</ul>`}`;
}

/** @param {{way: Way, onWay: (way: Way) => void, canResolve: boolean}} props */
function Choice({ way, onWay, canResolve }) {
  const ways = /** @type {Way[]} */ (canResolve ? ['leave', 'markers', 'resolve'] : ['leave', 'markers']);
  return html`<fieldset class="choice"><legend>Files in conflict</legend>
    ${ways.map((each) => html`<label class="check"><input type="radio" name="way" checked=${way === each} onChange=${() => onWay(each)} /> ${WAYS[each]}</label>`)}</fieldset>`;
}

/** @typedef {{agent: string, model: string}} Resolver */

/** @param {{workspace: Workspace, resolver: Resolver, onResolver: (resolver: Resolver) => void, isSent: boolean, start: () => void, close: () => void}} props */
function Asking({ workspace, resolver, onResolver, isSent, start, close }) {
  const [told, show] = useState(/** @type {Priced | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const body = bodyOf(resolver);
  const asked = JSON.stringify(body);
  useEffect(() => {
    show(null);
    fail(null);
    let isGone = false;
    const timer = setTimeout(() => post(runPath(workspace.session_key, '/resolve'), { ...body, dry_run: true }).then((found) => isGone || show(found), (refused) => isGone || fail(refused)), told ? PAUSE_MILLISECONDS : 0);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [asked]);
  return html`<div class="field-row"><label class="field">Agent <input value=${resolver.agent} placeholder="merge_resolver" spellcheck=${false} onInput=${(/** @type {any} */ event) => onResolver({ ...resolver, agent: event.target.value })} /></label>
      <label class="field">Model <input value=${resolver.model} placeholder="the agent's" spellcheck=${false} onInput=${(/** @type {any} */ event) => onResolver({ ...resolver, model: event.target.value })} /></label></div>
    <div class="price" role="status">${told ? priceOf(told) : error === null ? 'Finding out what it would cost…' : 'It cannot be resolved so.'}</div>
    ${error !== null && html`<${Trouble} error=${error} />`}
    <div class="row end"><${Copy} text=${commandOf(workspace.id, 'resolve', body)}>Copy as command<//><button onClick=${close}>Leave it</button>
      <button class="main" disabled=${isSent || !told?.price} onClick=${start}>${isSent ? 'Requested…' : 'Resolve'}</button></div>`;
}

/** @param {Priced} told */
function priceOf({ price, left_out }) {
  if (!price) return 'No agent can be asked about these files: they are not text, or too large.';
  const left = left_out.length ? ` ${format.counted(left_out.length, 'file', 'files')} more cannot be asked about.` : '';
  const most = price.first_calls_at_most ? html`First calls cost at most <b>${format.dollars(format.usd(price.first_calls_at_most))}</b>` : 'What that costs is not known';
  const [task] = price.tasks;
  return html`<b>${format.counted(price.tasks.length, 'session')}</b> would start, one for each file in conflict. ${most}, on ${format.model(oneLine(task.model, 60))}${task.is_simulated ? ', simulated' : ''}.${left}`;
}

/** @param {{done: Merged, way: Way}} props */
function Outcome({ done, way }) {
  const left = way === 'markers' ? 0 : done.conflicts.length;
  const marked = way === 'markers' ? ` ${format.counted(done.conflicts.length, 'file has', 'files have')} conflict marks or were left: look before you use them.` : '';
  return html`<p role="status"><b>${format.counted(done.changed.length, 'file')}</b> changed in <code>${oneLine(done.source, 160)}</code>${left ? html`; ${format.counted(left, 'file was', 'files were')} left` : ''}.${done.conflicts.length ? marked : ''}</p>
    <${Paths} paths=${done.changed} />`;
}
