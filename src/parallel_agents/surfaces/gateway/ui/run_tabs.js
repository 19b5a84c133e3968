// @ts-check
/** Run tabs: what a run came to, its files, and what happened, each of which a tab shows. */
import { html, useEffect, useState } from './view.js';
import { get, runPath } from './api.js';
import { href } from './router.js';
import { FailureBox } from './failure_panel.js';
import { Markdown } from './markdown.js';
import { Copy, Plain, State, Trouble } from './parts.js';
import { oneLine } from './text.js';
import { word } from './words.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Result} Result */

/** @param {string} path @param {unknown} [trigger] */
export function usePage(path, trigger) {
  const [page, show] = useState(/** @type {any} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    get(path, { limit: 200 }).then(show, fail);
  }, [path, trigger]);
  return { page, error };
}

/** @param {{top: Row, state: string}} props with `state`, only the results of that state */
export function Results({ top, state }) {
  const { page, error } = usePage(runPath(top.session_key, '/results'), `${top.status} ${JSON.stringify(top.counts ?? {})}`);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  if (!page.items.length) return html`<div class="card empty"><h2>No results yet</h2><p>Each result appears here as soon as its run has ended.</p></div>`;
  const items = state ? page.items.filter((/** @type {Result} */ result) => result.status === state) : page.items;
  return html`<div class="results">${!items.length && html`<p class="foot">None of ${format.counted(page.items.length, 'result')} is ${word(state)}.</p>`}${items.map((/** @type {Result} */ result) => html`<article class="card" key=${result.run_id}>
    <header class="row"><${State} state=${result.status} quiet /><a href=${href('session', result.session_key)}><b>${oneLine(result.label || result.agent, 60)}</b></a><span class="space"></span>${result.score !== null && html`<span title="score">${result.score} of 10</span>`}<span class="note">${format.seconds(result.seconds)} · ${format.cost(result.cost, result.simulated_cost, 1, result.known_cost)}</span></header>
    ${result.error ? html`<${FailureBox} failure=${result.error} />` : typeof result.output === 'string' ? html`<${Markdown} text=${result.output} />` : html`<${Plain} text=${JSON.stringify(result.output, null, 2) ?? ''} />`}
    ${result.notices.map((notice) => html`<p class="note">${oneLine(notice, 300)}</p>`)}
    <div class="row end"><${Copy} text=${() => (typeof result.output === 'string' ? result.output : JSON.stringify(result.output, null, 2))} /></div></article>`)}</div>
    ${page.next && html`<p class="foot">${page.items.length} of ${page.counts.total} results; <code>pagents show ${top.id}</code> has all.</p>`}
    ${notShown(page.not_shown ?? {}) && html`<p class="foot">${notShown(page.not_shown)} not shown; the timeline has them.</p>`}`;
}

/** What no longer counts, as the subject of a sentence; empty if all does. @param {{tries?: number, answers?: number}} left */
export function notShown({ tries = 0, answers = 0 }) {
  const parts = [...(tries ? [format.counted(tries, 'former try', 'former tries')] : []), ...(answers ? [format.counted(answers, 'former answer')] : [])];
  return parts.length ? `${parts.join(' and ')} ${tries + answers === 1 ? 'is' : 'are'}` : '';
}

/** @param {{top: Row}} props */
export function Files({ top }) {
  const { page, error } = usePage(runPath(top.session_key, '/artifacts'));
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  if (!page.items.length) return html`<div class="card empty"><h2>No files</h2><p>Files that sessions share appear here. What a session changed in its copy of a folder: <code>pagents diff ${top.id}</code>.</p></div>`;
  return html`<div class="table-box"><table><thead><tr><th>Name</th><th>Type</th><th class="num">Size</th><th>From</th></tr></thead><tbody>${page.items.map((/** @type {any} */ file) => html`<tr><td>${oneLine(file.name, 120)}</td><td>${file.media_type}</td><td class="num">${format.size(file.bytes)}</td><td>${file.session_key ? html`<a href=${href('session', file.session_key)}>${oneLine(file.session_key, 60)}</a>` : file.session_key === null ? 'a person or program' : ''}</td></tr>`)}</tbody></table></div>`;
}

/** @param {{top: Row, version: number}} props */
export function Events({ top, version }) {
  const { page, error } = usePage(runPath(top.session_key, '/history'), Math.floor(version / 5));
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  return html`<p class="foot">The last ${page.items.length} of ${format.counted(page.counts.total ?? 0, 'event')}</p><div>${[...page.items].reverse().map((/** @type {any} */ event) => html`<details class="raw" key=${event.seq}><summary><span class="num">#${event.seq}</span> <time>${format.clock(format.moment(event.at))}</time> <b>${event.event.kind}</b> <span class="note">${oneLine(event.session_key, 60)}</span></summary><${Plain} text=${JSON.stringify(event, null, 2)} /></details>`)}</div>`;
}
