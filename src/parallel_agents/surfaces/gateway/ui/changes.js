// @ts-check
/** Changes: what sessions changed in their copies of a folder, file by file, and what is merged of them. */
import { html, useLayoutEffect, useState } from './view.js';
import { get, runPath } from './api.js';
import { useAsked } from './asked.js';
import { href } from './router.js';
import { bind } from './keys.js';
import { Act, Copy, State, Trouble } from './parts.js';
import { FileView } from './file_diff.js';
import { Merge } from './merge.js';
import { filesOf } from './patch.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {{id: string, session_key: string, label: string, agent: string, status: string, source: string}} Workspace */
/** @typedef {{changes: {files: number, added: number, removed: number} | null, patch: string, left_bytes: number, is_too_much: boolean, not_shown: string[]}} Patch */

const OPEN_FILES = 5;

/** The workspaces of a run, each with its patch. @param {{name: string, id: string}} props */
export function Changes({ name, id }) {
  const { value, error } = useAsked(() => get(runPath(name, '/changes'), { limit: 200 }), [name]);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!value) return html`<p class="foot">Reading…</p>`;
  if (!value.items.length) return html`<div class="card empty"><h2>No changes</h2><p>No session here works in a copy of a folder. Start one with <code>--workspace DIR</code>, and what it changes appears here, until <code>pagents merge ${id}</code> brings it back.</p></div>`;
  return html`<div class="changes">${value.items.map((/** @type {Workspace} */ each) => html`<${OfSession} key=${each.session_key} workspace=${each} isOpen=${value.items.length === 1} />`)}</div>
    ${value.next && html`<p class="foot">${value.items.length} of ${format.counted(value.counts.total, 'session')}</p>`}`;
}

/** @param {{workspace: Workspace, isOpen: boolean}} props */
function OfSession({ workspace, isOpen }) {
  const [isShown, show] = useState(isOpen);
  return html`<details class="card change" open=${isShown} onToggle=${(/** @type {any} */ event) => show(event.target.open)}>
    <summary><${State} state=${workspace.status} quiet /> <b>${oneLine(workspace.label || workspace.agent, 60)}</b> <code>${workspace.id}</code> <span class="note">copy of ${oneLine(workspace.source, 120)}</span></summary>
    ${isShown && html`<${PatchOf} workspace=${workspace} isOnly=${isOpen} />`}
  </details>`;
}

/** @param {{workspace: Workspace, isOnly: boolean}} props */
function PatchOf({ workspace, isOnly }) {
  const [merging, merge] = useState(false);
  const [isMerged, note] = useState(false);
  const isLive = workspace.status === 'running' || workspace.status === 'queued';
  useLayoutEffect(() => (isOnly && !isLive ? bind('Changes', [{ keys: 'm', does: 'merge, after a preview', changes: true, run: () => merge(true) }]) : undefined), [isOnly, isLive]);
  const { value: patch, error, reload } = useAsked(() => /** @type {Promise<Patch>} */ (get(runPath(workspace.session_key, '/patch'))), [workspace.session_key, workspace.status]);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!patch) return html`<p class="foot">Reading…</p>`;
  const files = filesOf(patch.patch);
  return html`<div class="row change-head">
      ${patch.changes?.files ? html`<span>${format.counted(patch.changes.files, 'file')} <span class="plus">+${patch.changes.added}</span> <span class="minus">−${patch.changes.removed}</span></span>` : html`<span>Nothing differs from the folder that it was made from.</span>`}
      <span class="space"></span><a href=${href('session', workspace.session_key)}>Session</a>
      <${Copy} text=${`pagents diff ${workspace.id}`}>Copy: pagents diff<//>
      ${isLive ? html`<span class="note">still at work</span>` : patch.changes?.files && !isMerged ? html`<${Act} onClick=${() => merge(true)}>Merge…<//>` : isMerged ? html`<span class="is-done">✔ merged</span>` : ''}
    </div>
    ${merging && html`<${Merge} workspace=${workspace} onMerged=${note} onClose=${() => { merge(false); reload(); }} />`}
    ${patch.is_too_much && html`<p class="foot">More than 100,000 lines differ; <code>pagents diff ${workspace.id}</code> shows them.</p>`}
    ${files.map((file, n) => html`<${FileView} key=${file.path} file=${file} isOpen=${n < OPEN_FILES} />`)}
    ${patch.left_bytes > 0 && html`<p class="foot">${format.size(patch.left_bytes)} more; <code>pagents diff ${workspace.id}</code> shows all.</p>`}
    ${patch.not_shown.map((path) => html`<p class="foot">Not shown, since git takes no file of this name: ${oneLine(path, 200)}</p>`)}`;
}
