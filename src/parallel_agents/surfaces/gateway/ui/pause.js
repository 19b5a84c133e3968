// @ts-check
/** Pause: a run and all below it start nothing, until the same button lets them go on. */
import { html, useEffect, useState } from './view.js';
import { post, runPath } from './api.js';
import { Act, Trouble } from './parts.js';
import { isLive } from './words.js';

/** @param {{row: import('./types').Row}} props */
export function PauseButton({ row }) {
  const [isAsked, ask] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const isPaused = Boolean(row.paused_by);
  useEffect(() => ask(false), [isPaused]);
  if (!isLive(row)) return null;
  const change = () => {
    ask(true);
    fail(null);
    post(runPath(row.session_key, isPaused ? '/unpause' : '/pause'), {}).catch((told) => {
      ask(false);
      fail(told);
    });
  };
  return html`<${Act} disabled=${isAsked} title=${isPaused ? `Paused by ${row.paused_by}` : 'Calls in flight end; nothing else begins'} onClick=${change}>${isPaused ? '▶ Unpause' : '‖ Pause'}<//>
    ${error !== null && html`<${Trouble} error=${error} />`}`;
}
