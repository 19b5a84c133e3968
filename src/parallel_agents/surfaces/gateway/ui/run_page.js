// @ts-check
/** Run page: a team or session with everything that it spawned: when, what came out, and what happened. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { follow as nextPage, get, Gone, isStored, runPath } from './api.js';
import { noteTime, subscribe } from './live.js';
import { go, href, refine, route } from './router.js';
import { bind } from './keys.js';
import { clockNow } from './shell.js';
import { AsksHere } from './answers.js';
import { Changes } from './changes.js';
import { FailurePanel } from './failure_panel.js';
import { countFailed, endedBadly, firstFailure, opening } from './failures.js';
import { hasSteps, Steps } from './flow_steps.js';
import { RunGraph } from './graph.js';
import { Kill } from './kill.js';
import { Lanes } from './lanes.js';
import { State, Tabs, Trouble } from './parts.js';
import { askingIn, RunHead, showAsking } from './run_head.js';
import { Events, Files, Results } from './run_tabs.js';
import { Transcript, useSession } from './session_page.js';
import { Timeline } from './timeline.js';
import { applied, emptyTable, ofStep, titleOf } from './rows.js';
import { isLive, noLonger, stateOf } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */

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
  const [isWhole, complete] = useState(false);
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
      if (!isGone) complete(true);
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
  return { top, table, lanes: lanes.current, version, left, isWhole, error };
}

/** @param {{name: string}} props */
export function RunPage({ name }) {
  const run = useRun(name);
  const { tab, query } = route.value;
  const [killing, kill] = useState(false);
  const all = [...run.table.rows.values()];
  const asking = askingIn(all);
  useLayoutEffect(() => bind('Run', [
    ...(isStored ? [] : [{ keys: 'x', does: 'kill, after a preview', changes: true, run: () => kill(true) }]),
    ...(asking ? [{ keys: 'a', does: 'show the question, to answer it', run: () => showAsking(asking) }] : []),
    { keys: 'l', does: 'timeline', run: () => go(href('run', name, 'timeline')) },
    { keys: 'e', does: 'results', run: () => go(href('run', name, 'results')) },
  ]), [name, asking?.id]);
  if (run.error !== null) return html`<section class="page"><h1>Run</h1><${Trouble} error=${run.error} /></section>`;
  if (!run.top) return html`<section class="page"><p class="foot">Reading…</p></section>`;
  const top = run.top;
  const failed = run.isWhole && endedBadly(top) ? firstFailure(all, top) : null;
  const chosen = tab || opening(top, query);
  const selected = query.selected ?? (tab || !failed ? '' : failed.session_key);
  return html`<section class="run-page ${selected ? '' : 'is-whole'}">
    <div class="run-main">
      <${RunHead} top=${top} rows=${all} isWhole=${run.isWhole} state=${query.state ?? ''} onKill=${() => kill(true)} />
      ${failed && (chosen === 'timeline' || chosen === 'results') && html`<${FirstFailure} failed=${failed} rows=${all} />`}
      <${Tabs} chosen=${chosen} tabs=${tabsOf(top, name)} />
      ${run.left > 0 && html`<p class="foot">${format.counted(run.left, 'event')} are not drawn yet.</p>`}
      ${chosen === 'steps' ? html`<${Steps} top=${top} version=${run.version} />` : chosen === 'results' ? html`<${Results} top=${top} state=${query.state ?? ''} />` : chosen === 'changes' ? html`<${Changes} name=${top.session_key} id=${top.id} />` : chosen === 'files' ? html`<${Files} top=${top} />` : chosen === 'events' ? html`<${Events} top=${top} version=${run.version} />`
        : chosen === 'graph' ? html`<${RunGraph} top=${top} onStep=${(/** @type {string} */ id) => go(href('run', name, 'timeline', { step: id }))} />`
          : html`<${LiveTimeline} run=${run} rows=${shownRows(all, top, query)} top=${top} selected=${selected} query=${query} />`}
    </div>
    ${selected && html`<aside class="pane" aria-label="Session"><${Pane} key=${selected} name=${selected} isTold=${selected === failed?.session_key} /></aside>`}
    ${killing && html`<${Kill} name=${top.session_key} title=${titleOf(top)} onClose=${() => kill(false)} />`}
  </section>`;
}

/** @param {Row} top @param {string} name @returns {[string, string, string][]} */
function tabsOf(top, name) {
  const tab = (/** @type {string} */ each, /** @type {string} */ text) => /** @type {[string, string, string]} */ ([each, href('run', name, each), text]);
  return [tab('timeline', 'Timeline'), ...(top.has_plan ? [tab('graph', 'Graph')] : []), ...(hasSteps(top) ? [tab('steps', 'Steps')] : []), tab('results', 'Results'), tab('files', 'Files'), ...(isStored ? [] : [tab('changes', 'Changes')]), tab('events', 'Events')];
}

/** The rows of a state or of a step, as the address asks; the whole run has no state of its own there.
 * @param {Row[]} all @param {Row} top @param {Record<string, string>} query */
function shownRows(all, top, query) {
  const rows = query.step ? ofStep(all, top, query.step) : all;
  return query.state ? rows.filter((row) => stateOf(row) === query.state || row.session_key === top.session_key) : rows;
}

/** Where the first failure is, in the words of its error. @param {{failed: Row, rows: Row[]}} props */
function FirstFailure({ failed, rows }) {
  const count = countFailed(rows);
  return html`<${FailurePanel} key=${failed.run_id} row=${failed}>
    <button class="quiet" onClick=${() => refine({ selected: failed.session_key })}>${oneLine(titleOf(failed), 60)}</button><a href=${href('session', failed.session_key)}>Its transcript</a>
    ${count > 1 && html`<button class="quiet" onClick=${() => refine({ first: 'problems' })}>the first of ${count} failures</button>`}<//>`;
}

/** @param {any} props */
function LiveTimeline({ run, rows, top, selected, query }) {
  const isTable = query.as === 'table';
  return html`${query.step && html`<p class="note">Only the step <b>${oneLine(query.step, 60)}</b> <button class="quiet" onClick=${() => refine({ step: undefined })}>✕ show all</button></p>`}
    <${Timeline} name=${top.session_key} rows=${rows} lanes=${run.lanes} version=${run.version} selected=${selected} isLive=${!isStored && isLive(top) && !top.is_stopped} clock=${clockNow} isTable=${isTable}
    onTable=${() => refine({ as: isTable ? undefined : 'table' })} onSelect=${(/** @type {string} */ key) => refine({ selected: key })} onOpen=${(/** @type {string} */ key) => go(href('session', key))} />`;
}

/** @param {{name: string, isTold: boolean}} props `isTold` says that its error is shown beside it */
function Pane({ name, isTold }) {
  const session = useSession(name);
  const { row } = session;
  if (session.error !== null) return html`<${Trouble} error=${session.error} />`;
  if (!row) return html`<p class="foot">Reading…</p>`;
  return html`<div class="row"><b>${oneLine(titleOf(row), 60)}</b><${State} state=${stateOf(row)} more=${noLonger(row)} /><span class="space"></span><a href=${href('session', name)}>Open</a><button class="quiet" aria-label="Close" onClick=${() => close(name)}>✕</button></div>
    <${AsksHere} name=${row.session_key} />
    ${!isTold && html`<${FailurePanel} row=${row} />`}
    <${Transcript} session=${session} row=${row} isSmall />`;
}

/** Close the pane; a run that opened at a failure keeps its tab. @param {string} name */
function close(name) {
  if (route.value.query.selected === name || route.value.tab) return refine({ selected: undefined });
  return go(href('run', route.value.name, 'timeline', route.value.query));
}
