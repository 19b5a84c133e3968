// @ts-check
/** Failure panel: what happened, why and what to do, before all that led to it. */
import { html, useEffect, useState } from './view.js';
import { get, runPath } from './api.js';
import { endedBadly } from './failures.js';
import { Trouble } from './parts.js';
import { RetryOne } from './retry.js';
import { oneLine } from './text.js';
import { word } from './words.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Failure} Failure */

/** @param {{failure: Failure}} props */
export function FailureBox({ failure }) {
  return html`<div class="trouble"><strong>${oneLine(failure.message, 400)}</strong>${failure.why && html`<div>${oneLine(failure.why, 1000)}</div>`}${failure.hint && html`<div class="hint">${oneLine(failure.hint, 400)}</div>`}<code>${failure.code}</code></div>`;
}

/** The error of a session that ended badly; nothing for others. @param {{row: Row, children?: unknown}} props */
export function FailurePanel({ row, children }) {
  const [failure, show] = useState(/** @type {Failure | null | undefined} */ (undefined));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const isShown = endedBadly(row);
  useEffect(() => {
    show(undefined);
    fail(null);
    if (!isShown) return undefined;
    let isGone = false;
    get(runPath(row.session_key, '/results')).then((page) => {
      const own = page.items.find((/** @type {import('./types').Result} */ each) => each.run_id === row.run_id);
      if (!isGone) show(own?.error ?? null);
    }, (found) => isGone || fail(found));
    return () => {
      isGone = true;
    };
  }, [row.session_key, row.run_id, isShown]);
  if (!isShown) return null;
  return html`<section class="failure" role="region" aria-label="What failed">
    <div class="trouble"><strong class="failure-what">${failure ? oneLine(failure.message, 600) : failure === null ? `It ended: ${word(row.status)}` : word(row.status)}</strong>
      ${failure?.why && html`<div>${oneLine(failure.why, 1000)}</div>`}${failure?.hint && html`<div class="hint">${oneLine(failure.hint, 600)}</div>`}
      <div class="row"><code>${failure?.code || row.error_code}</code>${children}</div>
      <${RetryOne} name=${row.session_key} state=${`${row.run_id} ${row.status}`} /></div>
    ${error !== null && html`<${Trouble} error=${error} />`}
  </section>`;
}
