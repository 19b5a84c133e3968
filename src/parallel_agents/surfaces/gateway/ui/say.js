// @ts-check
/** Say: what a session is told, at once or as its next run; a draft stays until it is sent. */
import { html, useRef, useState } from './view.js';
import { newKey, post, runPath } from './api.js';
import { Trouble } from './parts.js';
import { isLive } from './words.js';

/** @typedef {import('./types').Row} Row */

/** @param {{row: Row}} props */
export function Say({ row }) {
  const live = isLive(row);
  const stored = `pagents.draft.${row.session_key}`;
  const [text, type] = useState(() => sessionStorage.getItem(stored) ?? '');
  const [mode, choose] = useState('next');
  const [receipt, receive] = useState('');
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const key = useRef(newKey());
  const write = (/** @type {string} */ value) => {
    type(value);
    sessionStorage.setItem(stored, value);
  };
  const say = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.trim()) return;
    receive('Requested…');
    fail(null);
    try {
      if (live) await post(runPath(row.session_key, '/steer'), { text, mode }, key.current);
      else await post(runPath(row.session_key, '/messages'), { text }, key.current);
      receive(live ? 'Stored. The transcript says when it is delivered.' : 'Stored as the next run.');
      key.current = newKey();
      write('');
    } catch (found) {
      receive('');
      fail(found);
    }
  };
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void say(event);
  };
  return html`<form class="say" onSubmit=${say}>
    <textarea id="say" rows="2" aria-label=${live ? 'Steer' : 'Send'} value=${text} onKeyDown=${onKey} onInput=${(/** @type {any} */ event) => write(event.target.value)}
      placeholder=${live ? 'Steer it: what should it know or do otherwise?' : 'Send: what should its next run do?'}></textarea>
    <div class="row">
      ${live && html`<select aria-label="When" value=${mode} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
        <option value="next">before its next model call</option><option value="now">now, interrupting the call</option><option value="after">after this run, as the next</option></select>`}
      <button class="main" disabled=${!text.trim()}>${live ? 'Steer' : 'Send'}</button><kbd>Ctrl ↵</kbd>
      <span class="note" role="status">${receipt}</span>
    </div>
    ${error !== null && html`<${Trouble} error=${error} />`}
  </form>`;
}
