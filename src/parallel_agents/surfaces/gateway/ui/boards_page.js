// @ts-check
/** Boards page: the numbers that a person chose to see; a board is a file of tiles. */
import { html, useEffect } from './view.js';
import { get } from './api.js';
import { useAsked } from './asked.js';
import { href, route } from './router.js';
import { Copy, Trouble } from './parts.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {{name: string | null, value: number | null, text: string, sessions: number}} Value */
/** @typedef {{title: string, metric: string, filter: string, by: string | null, values: Value[], left: number, is_cut: boolean}} Tile */

const REFRESH_MILLISECONDS = 30_000;
const GOOD_SHARE = 0.9;

export function BoardsPage() {
  const chosen = route.value.name || 'overview';
  const names = useAsked(() => get('/boards', { limit: 200 }), [], { isLive: false });
  const board = useAsked(() => get(`/boards/${encodeURIComponent(chosen)}`), [chosen], { isLive: false });
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && board.reload(), REFRESH_MILLISECONDS);
    return () => clearInterval(timer);
  }, [chosen]);
  const found = board.value;
  return html`<section class="page">
    <div class="row title"><h1>${found ? oneLine(found.title, 80) : 'Boards'}</h1><span class="note">${found ? `as of ${format.clock(format.moment(found.as_of))}` : ''}</span><span class="space"></span><button onClick=${board.reload}>Refresh</button><${Copy} text=${`pagents board ${chosen}`}>Copy as command<//></div>
    ${names.value && html`<nav class="tabs" aria-label="Boards">${names.value.items.map((/** @type {{name: string}} */ each) => html`<a href=${href('boards', each.name)} aria-current=${each.name === chosen ? 'page' : undefined}>${oneLine(each.name, 40)}</a>`)}</nav>`}
    ${board.error !== null && html`<${Trouble} error=${board.error} retry=${board.reload} />`}
    ${!found && board.error === null && html`<p class="foot">Counting…</p>`}
    ${found && html`<div class="board">${found.tiles.map((/** @type {Tile} */ tile) => html`<${TileView} tile=${tile} />`)}</div>
      ${found.tiles.some((/** @type {Tile} */ tile) => tile.is_cut) && html`<p class="foot">Of more than 10,000 sessions, only the newest are counted.</p>`}
      <p class="foot">A board of your own is a file such as <code>boards/nightly.toml</code> in the home; <code>pagents docs telemetry</code> describes it.</p>`}
  </section>`;
}

/** @param {{tile: Tile}} props */
function TileView({ tile }) {
  const address = tile.filter ? href('runs', '', '', { filter: tile.filter }) : href('runs');
  if (!tile.by) {
    const [value] = tile.values;
    const isLow = tile.metric === 'success' && value.value !== null && value.value < GOOD_SHARE;
    return html`<article class="card board-tile"><h2>${oneLine(tile.title, 100)}</h2><div class="board-value ${isLow ? 'is-low' : ''}">${value.text === '-' ? '—' : value.text}</div><a class="note" href=${address}>${format.counted(value.sessions, 'session')}</a></article>`;
  }
  const most = Math.max(0, ...tile.values.map((value) => value.value ?? 0));
  return html`<article class="card board-tile is-wide"><h2>${oneLine(tile.title, 100)}</h2>
    ${tile.values.length ? html`<table class="plain-table board-table"><thead><tr><th>${tile.by}</th><th><span class="unseen">share</span></th><th class="num">value</th><th class="num">sessions</th></tr></thead><tbody>${tile.values.map((value) => html`<tr><td>${oneLine(value.name ?? '—', 60)}</td><td><svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width=${most ? ((value.value ?? 0) / most) * 100 : 0} height="8" /></svg></td><td class="num">${value.text === '-' ? '—' : value.text}</td><td class="num">${value.sessions.toLocaleString('en-US')}</td></tr>`)}</tbody></table>` : html`<p class="note">None.</p>`}
    ${tile.left > 0 && html`<p class="foot">${tile.left} more; <code>most</code> of the tile shows them.</p>`}</article>`;
}
