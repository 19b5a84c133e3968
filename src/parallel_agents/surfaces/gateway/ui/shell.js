// @ts-check
/** Shell: what is around every page: the rail, the top bar, the token, and what keys do. */
import { html, signal, useEffect, useLayoutEffect, useState } from './view.js';
import { useModal } from './modal.js';
import { access, lookAtAccess, whyReadOnly } from './access.js';
import { get, keepToken } from './api.js';
import { connection, now, start, subscribe } from './live.js';
import { go, href, route } from './router.js';
import { bind, bound, isHelpOpen } from './keys.js';
import { partsOf } from './budget.js';
import { FURTHER } from './rail.js';
import { noteQuestions, noteRuns } from './notify.js';
import { keepTitle, noteRoots } from './title.js';
import { midnightOf, turnZone, zoneName } from './zone.js';
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
const LOOK_SECONDS = 20;

/** Keep what the top bar, the tab's title and notifications tell up to date. */
export function follow() {
  let waiting = 0;
  const refresh = async () => {
    const midnight = new Date(midnightOf(now()) * 1000).toISOString();
    const [found] = await Promise.all([get('/cost', { since: midnight }).catch(() => null), lookAtAccess()]);
    if (found) costToday.value = format.cost(found.sum.cost, found.sum.simulated_cost, found.sum.runs, found.sum.known_cost);
    waiting = 0;
  };
  subscribe('questions', (frame) => {
    questions.value = frame.items ?? [];
    noteQuestions(questions.value);
  });
  subscribe('runs', (frame) => {
    noteRoots(frame);
    noteRuns(frame.items ?? []);
    waiting ||= window.setTimeout(() => void refresh(), costToday.value === '—' ? 0 : REFRESH_MILLISECONDS);
  });
  setInterval(() => {
    if (document.hidden) return;
    tick.value += 1;
    if (tick.value % LOOK_SECONDS === 0 && connection.value.kind !== 'denied') void lookAtAccess();
  }, 1000);
  keepTitle(() => questions.value.length);
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
    { keys: 'u', does: 'times in UTC, or in your zone', run: turnZone },
    { keys: 'Escape', does: 'back', run: () => (isHelpOpen.value ? (isHelpOpen.value = false) : history.back()) },
  ]), []);
  return html`<a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="brand" href=${href('runs')}><img src="/favicon.svg" alt="" width="20" height="20" /> pagents</a>
      <nav class="rail" aria-label="Pages">${RAIL.map(([page, text]) => html`<a href=${href(page)} aria-current=${route.value.page === page ? 'page' : undefined}>${text}${page === 'needs' && waiting ? html` <b class="badge">${waiting}</b>` : ''}</a>`)}</nav>
      <span class="space"></span>
      <${Today} />
      <${Chip} />
      <button class="quiet zone" onClick=${turnZone} title="Times are in this zone; a click shows them in UTC, or in yours again (u)">${zoneName()}</button>
      <button class="quiet" onClick=${turnTheme} title="Light, dark, or as the system (t)" aria-label="Theme">◐</button>
      <button class="quiet" onClick=${() => (isHelpOpen.value = true)} title="Keys (?)" aria-label="Keys">?</button>
    </header>
    <main id="main" tabindex="-1" class=${connection.value.kind === 'lost' ? 'is-old' : ''}>${denied ? html`<${AskToken} />` : html`${whyReadOnly() && html`<p class="note read-only">${whyReadOnly()}</p>`}${children}`}</main>
    ${isHelpOpen.value && html`<${Help} />`}`;
}

/** What calls cost today, and what of the day's budget is spent, where there is one: its day is that of UTC. */
function Today() {
  const part = access.value.day && partsOf(access.value.day)[0];
  return html`<span class="figure" title=${`What calls cost since midnight in ${zoneName()}`}><span class="label">today</span> ${costToday.value}</span>
    ${part && html`<span class="figure of-day" title="The budget of this UTC day; simulated calls and calls whose answer was lost are charged to it, too"><span class="label">budget</span> ${part.text}</span>`}`;
}

function Chip() {
  const { kind, at, why } = connection.value;
  const { milliseconds } = access.value;
  const readOnly = whyReadOnly();
  const fresh = readOnly ? 'read-only' : 'live';
  const words = {
    connecting: 'connecting',
    live: fresh,
    polling: `${fresh}, every 2 s`,
    lost: at ? `reconnecting, data as of ${format.clock(at)}` : 'cannot reach the gateway',
    denied: 'no access',
  };
  return html`<span class="chip is-${kind}" role="status" title=${[readOnly, why, milliseconds === null ? '' : `The gateway's last answer took ${milliseconds} ms.`].filter(Boolean).join(' ')}><span class="dot"></span>${words[kind]}${kind === 'live' && milliseconds !== null ? html`<span class="num latency" aria-hidden="true">${milliseconds} ms</span>` : ''}</span>`;
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

export function turnTheme() {
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
