// @ts-check
/** Run page: a team or session with everything that it spawned: when, what came out, and what happened. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { follow as nextPage, get, Gone, isStored, runPath } from './api.js';
import { noteTime, subscribe } from './live.js';
import { go, href, refine, route } from './router.js';
import { bind } from './keys.js';
import { clockNow } from './shell.js';
import { BudgetBars } from './budget.js';
import { Changes } from './changes.js';
import { ForkSign } from './fork.js';
import { toldOf } from './forks.js';
import { CompareWith } from './compare_mark.js';
import { Kill } from './kill.js';
import { Lanes } from './lanes.js';
import { Markdown } from './markdown.js';
import { Copy, Plain, State, StateBar, Tabs, Tags, Trouble } from './parts.js';
import { FailureBox, Transcript, useSession } from './session_page.js';
import { Timeline } from './timeline.js';
import { applied, countStates, duration, emptyTable, titleOf } from './rows.js';
import { attention, countsOf, doingOf, glyph, isLive, laterOf, neededBy, STATES, stateOf, word } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Result} Result */

const PAGE = 500;
const MOST_PAGES = 40;
const WHOLE_MILLISECONDS = 2000;

/** A run with its tree and its lanes, kept up to date. @param {string} name */
function useRun(name) {
  const [top, setTop] = useState(/** @type {Row | null} */ (null));
  const [table, setTable] = useState(emptyTable);
  const lanes = useRef(new Lanes());
  const [version, count] = useState(0);
  const [left, leave] = useState(0);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    let isGone = false;
    let stop = () => {};
    let waiting = 0;
    const again = () => {
      waiting ||= window.setTimeout(() => get(runPath(name)).then((found) => {
        waiting = 0;
        if (!isGone) setTop(found);
      }, () => (waiting = 0)), WHOLE_MILLISECONDS);
    };
    const read = async () => {
      const found = await get(runPath(name));
      if (isGone) return;
      setTop(found);
      let page = await get(runPath(found.session_key, '/tree'), { limit: PAGE });
      const told = get(runPath(found.session_key, '/lanes')); // after what is shown first
      told.catch(() => {});
      noteTime(page.as_of);
      for (let n = 0; !isGone; n += 1) {
        const part = page;
        setTable((before) => applied(before, { kind: 'delta', seq: before.seq, items: part.items, total: part.counts.total }));
        if (!page.next || n >= MOST_PAGES) break;
        page = await nextPage(page.next);
      }
      const all = await told;
      if (isGone) return;
      lanes.current.addAll(all);
      leave(all.left);
      count((before) => before + 1);
      stop = subscribe(`session:${found.session_key}`, (frame) => {
        if (frame.kind === 'snapshot' && frame.total === 0) return fail(new Gone());
        setTable((before) => applied(before, { ...frame, kind: 'delta', total: undefined }));
        const mine = (frame.items ?? []).find((item) => item.session_key === found.session_key);
        if (mine) setTop((before) => ({ ...before, ...mine }));
        if (mine) again();
        if (frame.events && lanes.current.add(frame.events)) count((before) => before + 1);
      }, Math.max(0, lanes.current.seq));
    };
    read().catch((found) => !isGone && fail(found));
    return () => {
      isGone = true;
      clearTimeout(waiting);
      stop();
    };
  }, [name]);
  return { top, table, lanes: lanes.current, version, left, error };
}

/** @param {{name: string}} props */
export function RunPage({ name }) {
  const run = useRun(name);
  const { tab, query } = route.value;
  const [killing, kill] = useState(false);
  useLayoutEffect(() => bind('Run', [
    ...(isStored ? [] : [{ keys: 'x', does: 'kill, after a preview', changes: true, run: () => kill(true) }]),
    { keys: 'l', does: 'timeline', run: () => go(href('run', name)) },
    { keys: 'e', does: 'results', run: () => go(href('run', name, 'results')) },
  ]), []);
  if (run.error !== null) return html`<section class="page"><h1>Run</h1><${Trouble} error=${run.error} /></section>`;
  if (!run.top) return html`<section class="page"><p class="foot">Reading…</p></section>`;
  const top = run.top;
  const all = [...run.table.rows.values()];
  const rows = query.state ? all.filter((row) => stateOf(row) === query.state || row.session_key === top.session_key) : all;
  const chosen = tab || 'timeline';
  const selected = query.selected ?? '';
  return html`<section class="run-page ${selected ? '' : 'is-whole'}">
    <div class="run-main">
      <${RunHead} top=${top} rows=${all} state=${query.state ?? ''} onKill=${() => kill(true)} />
      <${Tabs} chosen=${chosen} tabs=${[['timeline', href('run', name), 'Timeline'], ['results', href('run', name, 'results'), 'Results'], ['files', href('run', name, 'files'), 'Files'], ...(isStored ? [] : [['changes', href('run', name, 'changes'), 'Changes']]), ['events', href('run', name, 'events'), 'Events']]} />
      ${run.left > 0 && html`<p class="foot">${format.counted(run.left, 'event')} are not drawn yet.</p>`}
      ${chosen === 'results' ? html`<${Results} top=${top} />` : chosen === 'changes' ? html`<${Changes} name=${top.session_key} id=${top.id} />` : chosen === 'files' ? html`<${Files} top=${top} />` : chosen === 'events' ? html`<${Events} top=${top} version=${run.version} />`
        : html`<${LiveTimeline} run=${run} rows=${rows} top=${top} selected=${selected} isTable=${query.as === 'table'} />`}
    </div>
    ${selected && html`<aside class="pane" aria-label="Session"><${Pane} key=${selected} name=${selected} /></aside>`}
    ${killing && html`<${Kill} name=${top.session_key} title=${titleOf(top)} onClose=${() => kill(false)} />`}
  </section>`;
}

/** @param {any} props */
function LiveTimeline({ run, rows, top, selected, isTable }) {
  return html`<${Timeline} rows=${rows} lanes=${run.lanes} version=${run.version} selected=${selected} isLive=${!isStored && isLive(top) && !top.is_stopped} clock=${clockNow} isTable=${isTable}
    onTable=${() => refine({ as: isTable ? undefined : 'table' })} onSelect=${(/** @type {string} */ key) => refine({ selected: key })} onOpen=${(/** @type {string} */ key) => go(href('session', key))} />`;
}

/** @param {{top: Row, rows: Row[], state: string, onKill: () => void}} props */
function RunHead({ top, rows, state, onKill }) {
  const now = clockNow();
  const below = rows.filter((row) => row.session_key !== top.session_key);
  const counts = countStates(below.length ? below : rows);
  return html`<header class="head">
    <div class="row"><a class="crumb" href=${href('runs')}>Runs</a><span class="crumb">›</span>${top.forked_from && html`<a class="crumb" href=${href('run', top.forked_from.session_key)} title="The session that this one is forked from"><${ForkSign} /> ${toldOf(top.forked_from)}</a><span class="crumb">›</span>`}<h1>${oneLine(titleOf(top), 80)}</h1><${Copy} text=${top.session_key} title="Copy the whole name">${top.id}<//><${State} state=${stateOf(top)} /><span class="num">${format.seconds(duration(top, now))}</span><${Tags} tags=${top.tags} /><span class="space"></span>
      <${Copy} text=${`pagents show ${top.id}`}>Copy as command<//>
      ${!isStored && html`<${CompareWith} row=${top} />`}
      ${!isStored && isLive(top) && html`<button class="danger" onClick=${onKill}>Kill…</button>`}</div>
    <div class="row figures"><div class="counts">${STATES.filter((each) => counts[each]).map((each) => html`<button aria-pressed=${state === each} title=${`Only ${word(each)}`} onClick=${() => refine({ state: state === each ? undefined : each })}><span class="state is-${each}">${glyph(each)} ${counts[each]} ${word(each)}</span></button>`)}<span class="wide"><${StateBar} counts=${counts} /></span></div>
      ${laterOf(top) && html`<span>${countsOf(top)}; ${laterOf(top)}</span>`}
      <span><span class="label">cost</span> ${format.wholeCost(top)}</span>
      ${top.budget && html`<${BudgetBars} budget=${top.budget} />`}
      ${neededBy(top) ? html`<a class="need" href=${href('needs')}>▲ ${oneLine(attention(top), 120)}</a>` : html`<span class="doing">${oneLine(doingOf(top), 160)}</span>`}</div>
  </header>`;
}

/** @param {{name: string}} props */
function Pane({ name }) {
  const session = useSession(name);
  const { row } = session;
  if (session.error !== null) return html`<${Trouble} error=${session.error} />`;
  if (!row) return html`<p class="foot">Reading…</p>`;
  return html`<div class="row"><b>${oneLine(titleOf(row), 60)}</b><${State} state=${stateOf(row)} /><span class="space"></span><a href=${href('session', name)}>Open</a><button class="quiet" aria-label="Close" onClick=${() => refine({ selected: undefined })}>✕</button></div>
    <${Transcript} session=${session} row=${row} isSmall />`;
}

/** @param {string} path @param {unknown} [trigger] */
function usePage(path, trigger) {
  const [page, show] = useState(/** @type {any} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    get(path, { limit: 200 }).then(show, fail);
  }, [path, trigger]);
  return { page, error };
}

/** @param {{top: Row}} props */
function Results({ top }) {
  const { page, error } = usePage(runPath(top.session_key, '/results'), `${top.status} ${JSON.stringify(top.counts ?? {})}`);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  if (!page.items.length) return html`<div class="card empty"><h2>No results yet</h2><p>Each result appears here as soon as its run has ended.</p></div>`;
  return html`<div class="results">${page.items.map((/** @type {Result} */ result) => html`<article class="card" key=${result.run_id}>
    <header class="row"><${State} state=${result.status} quiet /><a href=${href('session', result.session_key)}><b>${oneLine(result.label || result.agent, 60)}</b></a><span class="space"></span>${result.score !== null && html`<span title="score">${result.score} of 10</span>`}<span class="note">${format.seconds(result.seconds)} · ${format.cost(result.cost, result.simulated_cost)}</span></header>
    ${result.error ? html`<${FailureBox} failure=${result.error} />` : typeof result.output === 'string' ? html`<${Markdown} text=${result.output} />` : html`<${Plain} text=${JSON.stringify(result.output, null, 2) ?? ''} />`}
    ${result.notices.map((notice) => html`<p class="note">${oneLine(notice, 300)}</p>`)}
    <div class="row end"><${Copy} text=${() => (typeof result.output === 'string' ? result.output : JSON.stringify(result.output, null, 2))} /></div></article>`)}</div>
    ${page.next && html`<p class="foot">${page.items.length} of ${page.counts.total} results; <code>pagents show ${top.id}</code> has all.</p>`}`;
}

/** @param {{top: Row}} props */
function Files({ top }) {
  const { page, error } = usePage(runPath(top.session_key, '/artifacts'));
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  if (!page.items.length) return html`<div class="card empty"><h2>No files</h2><p>Files that sessions share appear here. What a session changed in its copy of a folder: <code>pagents diff ${top.id}</code>.</p></div>`;
  return html`<div class="table-box"><table><thead><tr><th>Name</th><th>Type</th><th class="num">Size</th><th>From</th></tr></thead><tbody>${page.items.map((/** @type {any} */ file) => html`<tr><td>${oneLine(file.name, 120)}</td><td>${file.media_type}</td><td class="num">${format.size(file.bytes)}</td><td>${file.session_key ? html`<a href=${href('session', file.session_key)}>${oneLine(file.session_key, 60)}</a>` : file.session_key === null ? 'a person or program' : ''}</td></tr>`)}</tbody></table></div>`;
}

/** @param {{top: Row, version: number}} props */
function Events({ top, version }) {
  const { page, error } = usePage(runPath(top.session_key, '/history'), Math.floor(version / 5));
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  return html`<p class="foot">The last ${page.items.length} of ${format.counted(page.counts.total ?? 0, 'event')}</p><div>${[...page.items].reverse().map((/** @type {any} */ event) => html`<details class="raw" key=${event.seq}><summary><span class="num">#${event.seq}</span> <time>${format.clock(format.moment(event.at))}</time> <b>${event.event.kind}</b> <span class="note">${oneLine(event.session_key, 60)}</span></summary><${Plain} text=${JSON.stringify(event, null, 2)} /></details>`)}</div>`;
}
