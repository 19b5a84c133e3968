// @ts-check
/** Kill: what would end is shown first; then it ends, and what ended is shown. */
import { html, useEffect, useState } from './view.js';
import { useModal } from './modal.js';
import { post, runPath } from './api.js';
import { whyReadOnly } from './access.js';
import { Copy, Trouble } from './parts.js';
import { counted } from './format.js';

/** @typedef {{dry_run: boolean, runs: string[], already_over: number}} Killed */

/** @param {{name: string, title: string, onClose: () => void}} props */
export function Kill({ name, title, onClose }) {
  const dialog = useModal();
  const [preview, show] = useState(/** @type {Killed | null} */ (null));
  const [done, finish] = useState(/** @type {Killed | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [isAsked, ask] = useState(false);
  const readOnly = whyReadOnly();
  useEffect(() => { if (!readOnly) post(runPath(name, '/kill'), { dry_run: true }).then(show, fail); }, []);
  const kill = () => {
    ask(true);
    post(runPath(name, '/kill'), {}).then(finish, fail);
  };
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="kill-title">
    <h2 id="kill-title">Kill ${title}?</h2>
    ${error !== null && html`<${Trouble} error=${error} />`}
    ${readOnly && html`<p>${readOnly}</p>`}
    ${!readOnly && !preview && error === null && html`<p>Looking what would end…</p>`}
    ${preview && !done && html`<p>${preview.runs.length ? html`<b>${counted(preview.runs.length, 'run')}</b> would end now.` : 'Nothing would end: it is over.'} ${preview.already_over ? `${counted(preview.already_over, 'run')} ended before and keep their results.` : ''}</p>`}
    ${done && html`<p role="status">Killed ${counted(done.runs.length, 'run')}; results that were there are kept.</p>`}
    <div class="row end">
      <${Copy} text=${`pagents kill ${name}`}>Copy as command<//>
      <button onClick=${() => dialog.current?.close()}>${done ? 'Close' : 'Leave it'}</button>
      ${preview && preview.runs.length > 0 && !done && html`<button class="danger" disabled=${isAsked} onClick=${kill}>${isAsked ? 'Requested…' : `Kill ${preview.runs.length}`}</button>`}
    </div>
  </dialog>`;
}
