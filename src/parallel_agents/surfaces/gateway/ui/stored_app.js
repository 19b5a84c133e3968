// @ts-check
/** Stored app: the pages of a run, a session and its cost in an exported file, of what the file has. */
import { html, render, useEffect, useState } from './view.js';
import { countSessions, get, load } from './stored_api.js';
import { noteTime } from './stored_live.js';
import { href, refine, route } from './router.js';
import { Choice, Table, Totals } from './cost_page.js';
import { RunPage } from './run_page.js';
import { SessionPage } from './session_page.js';
import { Trouble } from './parts.js';
import { oneLine } from './text.js';

const KINDS = [['agent', 'Agent'], ['model', 'Model'], ['day', 'Day'], ['tag', 'Tag']];

/** @param {{head: import('./stored_api').Head, onPlain: () => void}} props */
function StoredPage({ head, onPlain }) {
  const { page, name } = route.value;
  const top = head.top.session_key;
  const isGroup = head.top.kind !== 'agent';
  const links = [['run', 'Run', href('run', top)], ['cost', 'Cost', href('cost')]];
  const shown = page === 'session' && name ? 'session' : page === 'cost' ? 'cost' : 'run';
  const at = name && page === 'run' ? name : top;
  return html`<header class="top"><span class="brand">pagents</span>
      <nav class="rail" aria-label="Pages">${links.map(([each, text, address]) => html`<a href=${address} aria-current=${shown === each ? 'page' : undefined}>${text}</a>`)}</nav>
      <span class="space"></span>${countSessions() < head.total && html`<span class="figure" title="The others have not failed">${countSessions()} of ${head.total} sessions</span>`}<span class="figure"><span class="label">exported</span> ${oneLine(head.as_of, 40)}</span>
      <button class="quiet" onClick=${onPlain}>As text</button></header>
    <main tabindex="-1">${shown === 'session' ? html`<${SessionPage} key=${name} name=${name} />` : shown === 'cost' ? html`<${StoredCost} />`
      : isGroup || page === 'run' ? html`<${RunPage} key=${at} name=${at} />` : html`<${SessionPage} key=${top} name=${top} />`}</main>`;
}

function StoredCost() {
  const by = KINDS.some(([name]) => name === route.value.query.by) ? route.value.query.by : 'agent';
  const [costs, show] = useState(/** @type {any} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    get('/cost', { by }).then(show, fail);
  }, [by]);
  return html`<section class="page narrow"><div class="row title"><h1>Cost</h1></div>
    ${error !== null && html`<${Trouble} error=${error} />`}
    ${costs && html`<${Totals} costs=${costs} />
      <div class="row by-line"><${Choice} label="By" options=${KINDS} chosen=${by} onChoose=${(/** @type {string} */ name) => refine({ by: name })} /></div>
      <${Table} costs=${costs} by=${by} />`}</section>`;
}

/** Show the pages instead of the text, which stays if they cannot be. */
async function begin() {
  const root = /** @type {HTMLElement} */ (document.getElementById('app'));
  const plain = /** @type {HTMLElement} */ (document.getElementById('plain'));
  const back = /** @type {HTMLElement} */ (document.getElementById('pages'));
  let head;
  try {
    head = await load();
  } catch (error) {
    const told = document.createElement('p');
    told.className = 'error';
    told.textContent = `${error instanceof Error ? error.message : error}. What there is as text follows.`;
    plain.prepend(told);
    return;
  }
  noteTime(head.as_of);
  const turn = (/** @type {boolean} */ isPlain) => {
    root.hidden = isPlain;
    plain.hidden = !isPlain;
    back.hidden = !isPlain;
    for (const style of document.querySelectorAll('style')) style.media = (style.id === 'plain-style') === isPlain ? 'all' : 'not all';
  };
  back.addEventListener('click', () => turn(false));
  render(html`<${StoredPage} head=${head} onPlain=${() => turn(true)} />`, root);
  turn(/^#s\d+$/.test(location.hash));
}

void begin();
