// @ts-check
/** Shell: what is around every page: the rail, the top bar, the token, and what keys do. */
import { html, signal, useEffect, useLayoutEffect, useState } from './view.js';
import { useModal } from './modal.js';
import { get, keepToken } from './api.js';
import { connection, now, start, subscribe } from './live.js';
import { go, href, route } from './router.js';
import { bind, bound, isHelpOpen } from './keys.js';
import { FURTHER } from './rail.js';
import * as format from './format.js';

/** @typedef {import('./types').Question} Question */

/** @type {import('./view').Signal<Question[]>} */
export const questions = signal([]);
/** @type {import('./view').Signal<string>} */
const costToday = signal('—');
/** Ticks once a second, for times that pass. */
export const tick = signal(0);
const RAIL = [
  ['runs', 'Runs', 'g r'],
  ['needs', 'Needs you', 'g i'],
  ...FURTHER,
];
const REFRESH_MILLISECONDS = 4000;

/** Keep what the top bar shows up to date. */
export function follow() {
  let waiting = 0;
  const refresh = async () => {
    const midnight = new Date(new Date(now() * 1000).setHours(0, 0, 0, 0)).toISOString();
    const found = await get('/cost', { since: midnight }).catch(() => null);
    if (found) costToday.value = format.cost(found.sum.known_cost, found.sum.simulated_cost, found.sum.runs);
    waiting = 0;
  };
  subscribe('questions', (frame) => (questions.value = frame.items ?? []));
  subscribe('runs', () => (waiting ||= window.setTimeout(() => void refresh(), costToday.value === '—' ? 0 : REFRESH_MILLISECONDS)));
  setInterval(() => {
    if (!document.hidden) tick.value += 1;
  }, 1000);
}

/** @param {{children?: unknown}} props */
export function Shell({ children }) {
  const denied = connection.value.kind === 'denied';
  const waiting = questions.value.length;
  useLayoutEffect(() => bind('Everywhere', [
    { keys: '?', does: 'show what keys do', run: () => (isHelpOpen.value = true) },
    { keys: 'g r', does: 'go to the runs', run: () => go(href('runs')) },
    { keys: 'g i', does: 'go to what needs you', run: () => go(href('needs')) },
    { keys: 't', does: 'light, dark, or as the system', run: turnTheme },
    { keys: 'u / Escape', does: 'back', run: () => (isHelpOpen.value ? (isHelpOpen.value = false) : history.back()) },
  ]), []);
  useEffect(() => {
    document.title = waiting ? `▲${waiting} pagents` : 'pagents';
  }, [waiting]);
  return html`<a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="brand" href=${href('runs')}><img src="/favicon.svg" alt="" width="20" height="20" /> pagents</a>
      <nav class="rail" aria-label="Pages">${RAIL.map(([page, text]) => html`<a href=${href(page)} aria-current=${route.value.page === page ? 'page' : undefined}>${text}${page === 'needs' && waiting ? html` <b class="badge">${waiting}</b>` : ''}</a>`)}</nav>
      <span class="space"></span>
      <span class="figure" title="What calls cost since midnight"><span class="label">today</span> ${costToday.value}</span>
      <${Chip} />
      <button class="quiet" onClick=${turnTheme} title="Light, dark, or as the system (t)" aria-label="Theme">◐</button>
      <button class="quiet" onClick=${() => (isHelpOpen.value = true)} title="Keys (?)" aria-label="Keys">?</button>
    </header>
    <main id="main" tabindex="-1" class=${connection.value.kind === 'lost' ? 'is-old' : ''}>${denied ? html`<${AskToken} />` : children}</main>
    ${isHelpOpen.value && html`<${Help} />`}`;
}

function Chip() {
  const { kind, at, why } = connection.value;
  const words = {
    connecting: 'connecting',
    live: 'live',
    polling: 'live, every 2 s',
    lost: at ? `reconnecting, data as of ${format.clock(at)}` : 'cannot reach the gateway',
    denied: 'no access',
  };
  return html`<span class="chip is-${kind}" role="status" title=${why}><span class="dot"></span>${words[kind]}</span>`;
}

function AskToken() {
  const [text, type] = useState('');
  const enter = (/** @type {Event} */ event) => {
    event.preventDefault();
    keepToken(text);
    start();
  };
  return html`<form class="card ask-token" onSubmit=${enter}>
    <h1>This page needs the token of its gateway</h1>
    <p>${connection.value.why || 'Open the link that pagents serve printed, or paste the token here. The file gateway-token in the home has it.'}</p>
    <div class="row"><input aria-label="Token" type="password" autocomplete="off" value=${text} onInput=${(/** @type {any} */ event) => type(event.target.value)} /><button class="main">Use it</button></div>
    <p class="hint">It is kept by this browser, for this address only.</p>
  </form>`;
}

function Help() {
  const dialog = useModal();
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onClose=${() => (isHelpOpen.value = false)}>
    <h2 id="help-title">Keys</h2>
    ${bound().map(([scope, actions]) => html`<h3>${scope}</h3><dl>${actions.map((action) => html`<div><dt>${action.keys.split(' / ').map((keys) => html`<kbd>${keys === ' ' ? 'Space' : keys}</kbd> `)}</dt><dd>${action.does}</dd></div>`)}</dl>`)}
    <form method="dialog"><button class="main">Close</button></form>
  </dialog>`;
}

function turnTheme() {
  const root = document.documentElement;
  const next = { '': 'dark', dark: 'light', light: '' }[root.dataset.theme ?? ''] ?? '';
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  try {
    localStorage.setItem('pagents.theme', next);
  } catch {
    // Without storage the theme lasts as long as the tab.
  }
}

/** The gateway's time, which passes once a second. */
export function clockNow() {
  void tick.value;
  return now();
}
