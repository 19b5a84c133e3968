// @ts-check
/** Runs page: everything that nothing spawned, in groups, or what a filter asks for. */
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from './view.js';
import { follow as nextPage, get, newKey, post } from './api.js';
import { useAsked } from './asked.js';
import { noteTime, subscribe } from './live.js';
import { go, href, refine, route } from './router.js';
import { bind } from './keys.js';
import { clockNow } from './shell.js';
import { Kill } from './kill.js';
import { mark, MarkButton, MarkLine } from './compare_mark.js';
import { Act, Copy, State, StateBar, Trouble } from './parts.js';
import { applied, countStates, duration, emptyTable, grouped, newestFirst, summed, titleOf, windowOf } from './rows.js';
import { attention, countsOf, doingOf, doneOf, glyph, isLive, laterOf, STATES, stateOf, word } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {{kind: 'group', name: string, count: number, states: Record<string, number>} | {kind: 'row', row: Row}} Line */

const ROW_HEIGHT = 34;
const PAGE = 200;
const SETTLE_MILLISECONDS = 800;
const DEMO = { team: 'demo', model: 'sim/calm', input: { topic: 'Tea', code: 'def mean(values):\n    return sum(values) / len(values)' } };
const GROUPS = /** @type {const} */ ([['needs', 'Needs you'], ['stopped', 'Stopped'], ['live', 'Running'], ['ended', 'Ended']]);

export function RunsPage() {
  const filter = route.value.query.filter ?? '';
  const list = useRuns(filter);
  const [isFrozen, freeze] = useState(false);
  const [cursor, move] = useState('');
  const [killing, kill] = useState(/** @type {Row | null} */ (null));
  const held = useRef(/** @type {Line[]} */ ([]));
  const fresh = useMemo(() => linesOf(list.table.rows.values()), [list.table]);
  const lines = isFrozen && held.current.length ? refreshed(held.current, list.table.rows) : fresh;
  held.current = lines;
  const changes = isFrozen ? fresh.length - lines.length + moved(fresh, lines) : 0;
  const rows = lines.flatMap((line) => (line.kind === 'row' ? [line.row] : []));
  const at = rows.findIndex((row) => row.session_key === cursor);
  const step = (/** @type {number} */ by) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (row) move(row.session_key);
  };
  useLayoutEffect(() => bind('Runs', [
    { keys: '/', does: 'filter', run: () => document.getElementById('filter')?.focus() },
    { keys: 'j', does: 'next', run: () => step(1) },
    { keys: 'k', does: 'previous', run: () => step(-1) },
    { keys: 'Enter / o', does: 'open', run: () => rows[at] && go(addressOf(rows[at])) },
    { keys: 'd', does: 'mark to compare; a second one compares', run: () => rows[at] && mark(rows[at]) },
    { keys: 'x', does: 'kill, after a preview', changes: true, run: () => rows[at] && kill(rows[at]) },
    { keys: '.', does: 'apply what changed', run: () => { held.current = []; freeze(false); } },
  ]));
  return html`<section class="page">
    <h1 class="unseen">Runs</h1>
    <${FilterLine} filter=${filter} />
    ${list.error !== null && html`<${Trouble} error=${list.error} retry=${list.reload} />`}
    ${!rows.length && list.isRead && list.error === null && html`<${Empty} filter=${filter} />`}
    <div onPointerEnter=${() => freeze(true)} onPointerLeave=${() => { held.current = []; freeze(false); }}>
      ${rows.length > 0 && html`<${Rows} lines=${lines} cursor=${cursor} onKill=${kill} />`}
    </div>
    <${MarkLine} />
    <p class="foot" role="status">${foot(rows.length, list)}<${Sum} filter=${filter} rows=${list.table.rows} total=${list.table.total} />${changes > 0 ? html` · <b>${format.counted(changes, 'change')}</b>, press <kbd>.</kbd> to apply` : ''}
      ${list.next && html` · <button class="quiet" onClick=${list.more}>Load more</button>`}</p>
    ${killing && html`<${Kill} name=${killing.session_key} title=${titleOf(killing)} onClose=${() => kill(null)} />`}
  </section>`;
}

/** @param {number} shown @param {{table: {total: number | null}, isRead: boolean}} list */
function foot(shown, list) {
  if (!list.isRead) return 'Reading…';
  const total = list.table.total;
  return total === null || total <= shown ? format.counted(shown, 'run') : `${shown} of ${format.counted(total, 'run')}`;
}

/** What the runs cost: all of them, or those of a filter that are shown, of how many.
 * @param {{filter: string, rows: Map<string, Row>, total: number | null}} props */
function Sum({ filter, rows, total }) {
  const isPart = Boolean(filter) || (total !== null && total <= rows.size);
  const { value } = useAsked(() => (isPart ? Promise.resolve(null) : get('/cost', { by: 'model' })), [isPart]);
  if (!rows.size) return html``;
  if (!isPart) return value && html` · all together ${format.cost(value.sum.cost, value.sum.simulated_cost, value.sum.runs, value.sum.known_cost)}${value.sum.unpriced_calls ? `, and ${format.counted(value.sum.unpriced_calls, 'call')} of unknown price` : ''}`;
  const { real, simulated, unknown } = summed(rows.values());
  const text = format.cost({ amount: String(real), currency: 'USD' }, simulated ? { amount: String(simulated), currency: 'USD' } : null, [...rows.values()].filter((row) => (row.whole_calls ?? row.calls) && (row.whole_cost ?? row.cost)).length);
  return html` · together ${text}${unknown ? `, and ${format.counted(unknown, 'run')} of unknown cost` : ''}${total !== null && total > rows.size ? ', of those shown' : ''}`;
}

/** The rows of a filter, kept up to date. @param {string} filter */
function useRuns(filter) {
  const [table, set] = useState(emptyTable);
  const [isRead, read] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [next, point] = useState(/** @type {string | null} */ (null));
  const [round, again] = useState(0);
  const isMore = useRef(false);
  const load = async (/** @type {string | null} */ address) => {
    const page = await (address ? nextPage(address) : get('/runs', { filter, limit: PAGE }));
    noteTime(page.as_of);
    set((before) => applied(before, { kind: address ? 'delta' : 'snapshot', seq: before.seq, items: page.items, total: page.counts.total ?? undefined }));
    point(page.next);
    read(true);
    fail(null);
  };
  useEffect(() => {
    set(emptyTable());
    read(false);
    fail(null);
    isMore.current = false;
    let timer = 0;
    let isGone = false;
    const soon = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        if (!isGone && !isMore.current) load(null).catch((found) => { read(true); fail(found); });
      }, SETTLE_MILLISECONDS);
    };
    if (filter) load(null).catch((found) => { read(true); fail(found); });
    const stop = subscribe('runs', (frame) => {
      if (filter) return soon();
      set((before) => applied(before, frame));
      read(true);
    });
    return () => {
      isGone = true;
      clearTimeout(timer);
      stop();
    };
  }, [filter, round]);
  const oldest = newestFirst(table.rows.values()).at(-1)?.session_key ?? '';
  const beyond = (table.total ?? 0) > table.rows.size ? `/runs?limit=${PAGE}&after=${encodeURIComponent(oldest)}` : null;
  const more = () => {
    isMore.current = true;
    const address = filter ? next : beyond;
    if (address) load(address).catch(fail);
  };
  return { table, isRead, error, next: filter ? next : beyond, more, reload: () => again((count) => count + 1) };
}

/** @param {Iterable<Row>} rows @returns {Line[]} */
function linesOf(rows) {
  const groups = grouped(rows);
  /** @type {Line[]} */
  const lines = [];
  for (const [name, title] of GROUPS) {
    if (!groups[name].length) continue;
    lines.push({ kind: 'group', name: title, count: groups[name].length, states: countStates(groups[name]) });
    for (const row of groups[name]) lines.push({ kind: 'row', row });
  }
  return lines;
}

/** The same lines in the same places, with what is known of each row now.
 * @param {Line[]} lines @param {Map<string, Row>} rows @returns {Line[]} */
function refreshed(lines, rows) {
  return lines.map((line) => (line.kind === 'row' ? { kind: 'row', row: rows.get(line.row.session_key) ?? line.row } : line));
}

/** @param {Line[]} fresh @param {Line[]} lines */
function moved(fresh, lines) {
  const name = (/** @type {Line} */ line) => (line.kind === 'row' ? line.row.session_key : line.name);
  return lines.some((line, n) => fresh[n] && name(fresh[n]) !== name(line)) ? 1 : 0;
}

/** @param {Row} row */
export function addressOf(row) {
  return href(row.kind === 'agent' && !row.counts?.done && !Object.keys(row.counts ?? {}).length ? 'session' : 'run', row.session_key);
}

/** @param {{filter: string}} props */
function FilterLine({ filter }) {
  const [text, type] = useState(filter);
  useEffect(() => type(filter), [filter]);
  const apply = (/** @type {Event} */ event) => {
    event.preventDefault();
    refine({ filter: text.trim() || undefined });
  };
  return html`<form class="filter" role="search" onSubmit=${apply}>
    <input id="filter" type="search" aria-label="Filter" value=${text} spellcheck=${false} placeholder='state:failed agent:researcher since:2h "rate limit"'
      onInput=${(/** @type {any} */ event) => type(event.target.value)} />
    <button>Filter</button>
    ${filter && html`<button type="button" class="quiet" onClick=${() => refine({ filter: undefined })}>Clear</button>`}
    <${Copy} text=${`pagents list ${filter}`.trim()} title="Copy this list as a command">Copy as command<//>
  </form>`;
}

/** Starts the built-in team on a simulated model. */
function TryIt() {
  const [isSent, send] = useState(false);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const start = () => {
    send(true);
    fail(null);
    post('/runs', DEMO, newKey()).then((begun) => go(href('run', begun.session_key)), (found) => { send(false); fail(found); });
  };
  return html`<p><${Act} class="main" disabled=${isSent} onClick=${start}>${isSent ? 'Requested…' : 'Try it: ten agents at work'}<//></p>
    <p class="note">Simulated: the team <code>demo</code> on <code>${DEMO.model}</code>. No model is called, nothing is paid, and nothing leaves this machine.</p>
    ${error !== null && html`<${Trouble} error=${error} />`}`;
}

/** @param {{filter: string}} props */
function Empty({ filter }) {
  if (filter) {
    return html`<div class="card empty"><h2>Nothing matches</h2><p><code>${filter}</code> asks for nothing that is there. Fields: state, agent, workflow, kind, label, model, tag, cost, since, in, text.</p>
      <button onClick=${() => refine({ filter: undefined })}>Show all runs</button></div>`;
  }
  return html`<div class="card empty"><h2>No runs yet</h2><p>Every run of this home appears here, however it was started.</p><${TryIt} /><p>Or begin with:</p>
    ${['pagents do "Compare three note-taking apps"', 'pagents spawn researcher "What is new in SQLite?"', 'pagents run --team content -i topic=Tea -i platform=blog'].map((command) => html`<div class="row command"><code>${command}</code><${Copy} text=${command} /></div>`)}
    <p class="hint"><code>pagents doctor</code> says which models work here; the embedded one needs no key.</p></div>`;
}

/** @param {{lines: Line[], cursor: string, onKill: (row: Row) => void}} props */
function Rows({ lines, cursor, onKill }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [seen, look] = useState({ top: 0, height: 900 });
  useEffect(() => {
    const main = box.current;
    if (!main) return undefined;
    const measure = () => look({ top: Math.max(0, -main.getBoundingClientRect().top), height: innerHeight });
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, []);
  useEffect(() => {
    const at = lines.findIndex((line) => line.kind === 'row' && line.row.session_key === cursor);
    if (at < 0 || !box.current) return;
    const y = box.current.getBoundingClientRect().top + at * ROW_HEIGHT;
    if (y < 120) scrollBy(0, y - 120);
    else if (y > innerHeight - 60) scrollBy(0, y - innerHeight + 60);
  }, [cursor]);
  const { first, end } = windowOf(lines.length, seen.top, seen.height, ROW_HEIGHT);
  return html`<div class="list" ref=${box} role="list" aria-label="Runs" style=${{ height: `${lines.length * ROW_HEIGHT}px` }}>
    ${lines.slice(first, end).map((line, n) => line.kind === 'group'
      ? html`<div class="group" key=${line.name} role="listitem" style=${{ top: `${(first + n) * ROW_HEIGHT}px` }}><h2>${line.name} <span class="count">${line.count}</span> <span class="group-states">${STATES.filter((state) => line.states[state]).map((state) => html`<a class="state is-${state}" href=${href('runs', '', '', { filter: `${route.value.query.filter ?? ''} state:${state}`.trim() })} title=${`Only ${word(state)}`}><span class="glyph" aria-hidden="true">${glyph(state)}</span> ${line.states[state]}<span class="unseen"> ${word(state)}</span></a>`)}</span></h2></div>`
      : html`<${RowLine} key=${line.row.session_key} row=${line.row} top=${(first + n) * ROW_HEIGHT} isCurrent=${line.row.session_key === cursor} onKill=${onKill} />`)}
  </div>`;
}

/** @param {{row: Row, top: number, isCurrent: boolean, onKill: (row: Row) => void}} props */
function RowLine({ row, top, isCurrent, onKill }) {
  const now = clockNow();
  const counts = row.counts ?? {};
  const why = attention(row);
  const doing = [why ? `${stateOf(row) === 'stopped' ? '■' : '▲'} ${why}` : doingOf(row) || row.error_code, laterOf(row)].filter(Boolean).join('; ');
  return html`<div role="listitem" class="run-row ${isCurrent ? 'is-current' : ''}" style=${{ top: `${top}px` }}>
    <a class="run-name" href=${addressOf(row)} title=${row.session_key}><${State} state=${stateOf(row)} quiet /><b>${oneLine(titleOf(row), 60)}</b><code>${row.id}</code></a>
    <span class="run-bar">${Object.keys(counts).length ? html`<${StateBar} counts=${counts} /><span class="num" title=${countsOf(row)}>${doneOf(row)}</span>` : html`<span class="quiet-text">${format.model(row.model)}</span>`}</span>
    <span class="run-doing ${why ? 'is-needed' : ''}" title=${doing}>${oneLine(doing, 140)}</span>
    <span class="num">${format.seconds(duration(row, now))}</span>
    <span class="num">${format.wholeCost(row)}</span>
    <span class="num quiet-text" title=${row.created_at ?? ''}>${format.ago(format.moment(row.finished_at) ?? format.moment(row.created_at), now)}</span>
    <${MarkButton} row=${row} />
    ${isLive(row) ? html`<${Act} class="quiet kill" aria-label=${`Kill ${titleOf(row)}`} onClick=${() => onKill(row)}>■<//>` : html`<span></span>`}
  </div>`;
}
