// @ts-check
/** Session page: one agent: what was said, what was sent, and what to tell it. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { get, Gone, isStored, runPath } from './api.js';
import { noteTime, subscribe } from './live.js';
import { href, route } from './router.js';
import { bind } from './keys.js';
import { clockNow } from './shell.js';
import { AsksHere } from './answers.js';
import { attemptsIn } from './attempts.js';
import { BudgetBars } from './budget.js';
import { FailureBox, FailurePanel } from './failure_panel.js';
import { Fork, ForkSign } from './fork.js';
import { toldOf } from './forks.js';
import { Kill } from './kill.js';
import { PauseButton } from './pause.js';
import { CompareWith } from './compare_mark.js';
import { Markdown } from './markdown.js';
import { Act, Copy, Plain, State, Tabs, Tags, Trouble } from './parts.js';
import { Say } from './say.js';
import { endsText, lastOf, NOTHING, withPiece } from './live_text.js';
import { asMarkdown, entriesOf } from './transcript.js';
import { Attempts, Finder, useAttempt, useFinding } from './transcript_tools.js';
import { duration, titleOf } from './rows.js';
import { doingOf, isLive, noLonger, stateOf } from './words.js';
import { FOLD_BYTES, folded, oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').EventDoc} EventDoc */
/** @typedef {import('./types').Entry} Entry */

const PAGE = 200;
const NEAR_END = 80;

/** A session with its events, kept up to date. @param {string} name */
export function useSession(name) {
  const [row, setRow] = useState(/** @type {Row | null} */ (null));
  const [events, setEvents] = useState(/** @type {EventDoc[]} */ ([]));
  const [earlier, setEarlier] = useState(0);
  const [written, setWritten] = useState(NOTHING);
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    let isGone = false;
    let stop = () => {};
    const read = async () => {
      const [found, page] = await Promise.all([get(runPath(name)), get(runPath(name, '/history'), { limit: PAGE })]);
      if (isGone) return;
      noteTime(page.as_of);
      setRow(found);
      setEvents(page.items);
      setEarlier(page.earlier ?? 0);
      stop = subscribe(`session:${found.session_key}`, (frame) => {
        if (frame.kind === 'snapshot' && frame.total === 0) return fail(new Gone());
        const mine = (frame.items ?? []).find((item) => item.session_key === found.session_key);
        if (mine) setRow((before) => ({ ...before, ...mine }));
        const own = (frame.events ?? []).filter((event) => event.session_key === found.session_key);
        if (own.some(endsText)) setWritten(NOTHING);
        const piece = frame.text;
        if (piece) setWritten((before) => withPiece(before, piece));
        if (frame.events?.length) setEvents((before) => merged(before, frame.events ?? []));
      }, page.items.at(-1)?.seq ?? 0);
    };
    read().catch((found) => !isGone && fail(found));
    return () => {
      isGone = true;
      stop();
    };
  }, [name]);
  const more = () => get(runPath(name, '/history'), { before: events[0].seq, limit: PAGE }).then((page) => {
    setEvents((before) => merged(page.items, before));
    setEarlier(page.earlier ?? 0);
  }, fail);
  return { row, events, earlier, error, more, written };
}

/** Events in order, each once. @param {EventDoc[]} before @param {EventDoc[]} after */
export function merged(before, after) {
  const last = before.at(-1)?.seq ?? -1;
  if (after.every((event) => event.seq > last)) return [...before, ...after];
  const found = new Map([...before, ...after].map((event) => [event.seq, event]));
  return [...found.values()].sort((a, b) => a.seq - b.seq);
}

/** @param {{name: string}} props */
export function SessionPage({ name }) {
  const { tab } = route.value;
  const session = useSession(name);
  const [killing, kill] = useState(false);
  const [forking, fork] = useState(false);
  const { row } = session;
  useLayoutEffect(() => bind('Session', [
    ...(isStored ? [] : [
      { keys: 's', does: 'write to it', run: () => document.getElementById('say')?.focus() },
      { keys: 'x', does: 'kill, after a preview', changes: true, run: () => kill(true) },
      { keys: 'f', does: 'fork it where it ends', changes: true, run: () => fork(true) },
    ]),
  ]), []);
  if (session.error !== null) return html`<section class="page"><h1>Session</h1><${Trouble} error=${session.error} /></section>`;
  if (!row) return html`<section class="page"><p class="foot">Reading…</p></section>`;
  return html`<section class="page narrow">
    <${SessionHead} row=${row} attempts=${attemptsOf(session.events, row)} onKill=${() => kill(true)} onFork=${() => fork(true)} />
    <${AsksHere} name=${row.session_key} />
    <${FailurePanel} row=${row} />
    <${Tabs} chosen=${tab || 'transcript'} tabs=${[['transcript', href('session', name), 'Transcript'], ['prompt', href('session', name, 'prompt'), 'Prompt'], ['raw', href('session', name, 'raw'), 'Raw']]} />
    ${tab === 'prompt' ? html`<${Prompts} row=${row} />` : tab === 'raw' ? html`<${Raw} session=${session} row=${row} />` : html`<${Transcript} session=${session} row=${row} />`}
    ${killing && html`<${Kill} name=${row.session_key} title=${titleOf(row)} onClose=${() => kill(false)} />`}
    ${forking && row.kind === 'agent' && html`<${Fork} key=${row.session_key} row=${row} entry=${null} onClose=${() => fork(false)} />`}
  </section>`;
}

/** How many attempts its current run took so far. @param {EventDoc[]} events @param {Row} row */
function attemptsOf(events, row) {
  return events.reduce((most, event) => (event.run_id === row.run_id && event.event.kind === 'attempted' ? Math.max(most, event.event.number) : most), 1);
}

/** @param {{row: Row, attempts: number, onKill: () => void, onFork: () => void}} props */
function SessionHead({ row, attempts, onKill, onFork }) {
  const now = clockNow();
  return html`<header class="head">
    <div class="row">
      ${row.parent && html`<a class="crumb" href=${href('run', row.parent)}>${oneLine(row.parent, 40)}</a><span class="crumb">›</span>`}
      ${row.forked_from && html`<a class="crumb" href=${href('session', row.forked_from.session_key)} title="The session that this one is forked from"><${ForkSign} /> ${toldOf(row.forked_from)}</a><span class="crumb">›</span>`}
      <h1>${oneLine(titleOf(row), 80)}</h1><${Copy} text=${row.session_key} title="Copy the whole name">${row.id}<//>
      <${State} state=${stateOf(row)} more=${noLonger(row)} /><${Tags} tags=${row.tags} /><span class="space"></span>
      <a class="button" href=${href('run', row.session_key)}>Timeline</a>
      ${!isStored && html`<${CompareWith} row=${row} attempts=${attempts} />`}
      <${Copy} text=${`pagents history ${row.id}`}>Copy as command<//>
      ${!isStored && row.kind === 'agent' && html`<${Act} onClick=${onFork}><${ForkSign} /> Fork…<//>`}
      ${!isStored && html`<${PauseButton} row=${row} />`}
      ${!isStored && isLive(row) && html`<${Act} class="danger" onClick=${onKill}>Kill…<//>`}
    </div>
    <div class="row figures">
      <span><span class="label">agent</span> ${oneLine(row.agent, 60)}</span>
      ${row.model && html`<span><span class="label">model</span> ${format.model(row.model)}</span>`}
      <span><span class="label">time</span> ${format.seconds(duration(row, now))}</span>
      <span><span class="label">calls</span> ${row.whole_calls ?? row.calls}</span>
      <span><span class="label">tokens</span> ${format.tokens(row.whole_tokens ?? row.tokens)}</span>
      <span><span class="label">cost</span> ${format.wholeCost(row)}</span>
      ${row.budget && html`<${BudgetBars} budget=${row.budget} />`}
      ${doingOf(row) && html`<span class="doing">${oneLine(doingOf(row), 160)}</span>`}
      ${row.lacks && !row.doing && html`<span class="doing">nobody can continue it here: ${oneLine(row.lacks, 160)}</span>`}
    </div>
  </header>`;
}

/** @param {{session: ReturnType<typeof useSession>, row: Row, isSmall?: boolean}} props */
export function Transcript({ session, row, isSmall = false }) {
  const own = session.events.filter((event) => event.session_key === row.session_key);
  const whole = entriesOf(own);
  const attempts = isSmall ? [] : attemptsIn(whole, row.run_id);
  const { chosen, choose } = useAttempt(attempts);
  const entries = chosen ? chosen.entries : whole;
  const finding = useFinding(isSmall ? [] : entries, isSmall);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const wasAtEnd = useRef(true);
  const [unseen, count] = useState(0);
  const [forked, fork] = useState(/** @type {Entry | null} */ (null));
  const known = useRef(entries.length);
  useEffect(() => {
    const look = () => {
      wasAtEnd.current = isAtEnd(box.current);
      if (wasAtEnd.current) count(0);
    };
    const target = box.current?.closest('.pane') ?? window;
    target.addEventListener('scroll', look, { passive: true });
    return () => target.removeEventListener('scroll', look);
  }, []);
  useLayoutEffect(() => {
    const added = entries.length - known.current;
    known.current = entries.length;
    if (added <= 0) return;
    if (wasAtEnd.current && isLive(row)) toEnd(box.current);
    else if (!wasAtEnd.current) count((before) => before + added);
  }, [entries.length]);
  const isWriting = isLive(row) && !row.is_stopped && session.written.text.length > 0;
  useLayoutEffect(() => {
    if (isWriting && wasAtEnd.current) toEnd(box.current);
  }, [session.written]);
  return html`<div class="transcript" ref=${box}>
    ${!isSmall && html`<${Attempts} attempts=${attempts} chosen=${chosen} onChoose=${choose} /><${Finder} finding=${finding} entries=${entries} />`}
    ${session.earlier > 0 && html`<button class="more" onClick=${session.more}>${format.counted(session.earlier, 'earlier event')}: show more</button>`}
    ${entries.map((entry) => html`<${EntryView} key=${entry.seq} entry=${entry} isFound=${finding.keys.has(entry.seq)} isAt=${finding.seq === entry.seq} onFork=${!isStored && row.kind === 'agent' && canFork(entry) ? fork : null} />`)}
    ${!entries.length && html`<p class="foot">Nothing was said yet.</p>`}
    ${isWriting && html`<${Writing} text=${session.written.text} model=${row.model} />`}
    ${!isStored && isLive(row) && !row.is_stopped && !isWriting && html`<p class="now" role="status"><span class="pulse" aria-hidden="true"></span>${oneLine(doingOf(row) || 'works', 200)}</p>`}
    ${unseen > 0 && html`<button class="unseen-below" onClick=${() => { toEnd(box.current); count(0); }}>${unseen} new ↓</button>`}
    ${!isSmall && entries.length > 0 && html`<div class="row end"><${Copy} text=${() => asMarkdown(entries)}>Copy as Markdown<//></div>`}
    ${!isStored && row.kind === 'agent' && html`<${Say} row=${row} />`}
    ${forked && html`<${Fork} key=${forked.seq} row=${row} entry=${forked} onClose=${() => fork(null)} />`}
  </div>`;
}

/** What the model is writing: text only, of which the end is shown. @param {{text: string, model: string}} props */
function Writing({ text, model }) {
  const last = lastOf(text);
  return html`<article class="entry is-writing" aria-busy="true"><header><b>${format.model(model) || 'model'}</b> <span class="note">is writing${last.left ? `; ${format.size(last.left)} before this` : ''}</span></header><pre class="written">${folded(last.text, true).text}<span class="caret" aria-hidden="true">▍</span></pre></article>`;
}

/** @param {HTMLElement | null} box */
function scrolled(box) {
  return /** @type {HTMLElement} */ (box?.closest('.pane') ?? document.documentElement);
}

/** @param {HTMLElement | null} box */
function isAtEnd(box) {
  const target = scrolled(box);
  return target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END;
}

/** @param {HTMLElement | null} box */
function toEnd(box) {
  const target = scrolled(box);
  target.scrollTop = target.scrollHeight;
}

/** Whether the conversation can be taken up at a message. @param {Entry} entry */
function canFork(entry) {
  return entry.kind === 'queued' || (entry.kind === 'replied' && !entry.raw.event.is_summary) || (entry.kind === 'tool_finished' && entry.raw.event.number > 0);
}

/** @param {{entry: Entry, isFound: boolean, isAt: boolean, onFork: ((entry: Entry) => void) | null}} props `isFound` unfolds it */
function EntryView({ entry, isFound, isAt, onFork }) {
  const isSaid = entry.kind === 'replied' || entry.kind === 'queued' || entry.kind === 'steered';
  const isLong = entry.text.length > FOLD_BYTES;
  if (entry.kind === 'attempted') {
    return html`<div class="attempt" id=${`entry-${entry.seq}`} role="separator"><b>${entry.title}</b> ${oneLine(entry.text, 200)} <code>${entry.note}</code></div>`;
  }
  return html`<article id=${`entry-${entry.seq}`} class="entry is-${entry.kind} ${entry.isError ? 'is-error' : ''} ${isFound ? 'is-found' : ''} ${isAt ? 'is-at' : ''}">
    <header><time>${format.clock(entry.at)}</time> <b>${oneLine(entry.title, 160)}</b> <span class="note">${oneLine(entry.note, 160)}</span></header>
    ${entry.copied && entry.copied.length > 0 && html`<${Copied} messages=${entry.copied} />`}
    ${entry.thinking && html`<details open=${isFound}><summary>Thinking, ${format.size(entry.thinking.length)}</summary><${Plain} text=${entry.thinking} /></details>`}
    ${entry.text && (isSaid && !isLong && !looksLikeJson(entry.text) ? html`<${Markdown} text=${entry.text} />` : html`<${Body} entry=${entry} isOpen=${isFound} />`)}
    ${entry.calls?.map((call) => html`<details class="call" open=${isFound}><summary>calls <b>${oneLine(call.name, 80)}</b> <code>${oneLine(call.arguments, 120)}</code></summary><${Plain} text=${call.arguments} /></details>`)}
    ${entry.failure && html`<${FailureBox} failure=${entry.failure} />`}
    ${(entry.text || onFork) && html`<div class="entry-tools">${onFork && html`<button class="quiet" title="Take up the conversation here, in a session of its own" onClick=${() => onFork(entry)}><${ForkSign} /> ${entry.kind === 'tool_finished' ? 'Edit in a fork' : 'Fork here'}</button>`}${entry.text && html`<${Copy} text=${entry.text} />`}</div>`}
  </article>`;
}

/** What was taken over from another session. @param {{messages: {role: string, text: string}[]}} props */
function Copied({ messages }) {
  return html`<details class="copied"><summary>${format.counted(messages.length, 'message')} copied</summary>${messages.map((message) => html`<p class="note">${message.role}</p><${Plain} text=${message.text} />`)}</details>`;
}

/** @param {string} text */
function looksLikeJson(text) {
  return /^\s*[[{]/.test(text);
}

/** @param {{entry: Entry, isOpen: boolean}} props */
function Body({ entry, isOpen }) {
  if (entry.kind === 'replied' && looksLikeJson(entry.text)) {
    try {
      return html`<${Plain} text=${JSON.stringify(JSON.parse(entry.text), null, 2)} />`;
    } catch {
      return html`<${Plain} text=${entry.text} />`;
    }
  }
  if (entry.kind !== 'tool_finished' || entry.text.length < 400) return html`<${Plain} text=${entry.text} />`;
  return html`<details open=${isOpen}><summary>${oneLine(entry.text, 120)} <span class="note">${format.size(entry.text.length)}</span></summary><${Plain} text=${entry.text} /></details>`;
}

/** @param {{row: Row}} props */
function Prompts({ row }) {
  const [page, show] = useState(/** @type {any} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    get(runPath(row.session_key, '/prompts'), { limit: 50 }).then(show, fail);
  }, [row.calls]);
  if (error !== null) return html`<${Trouble} error=${error} />`;
  if (!page) return html`<p class="foot">Reading…</p>`;
  return html`<div class="transcript">
    ${!page.items.length && html`<p class="foot">No model has answered a request of this session yet.</p>`}
    ${page.items.map((/** @type {any} */ sent, /** @type {number} */ n) => html`<article class="entry"><header><time>${format.clock(format.moment(sent.at))}</time> <b>turn ${sent.turn}</b> <span class="note">${format.model(sent.model)}, as it was sent</span></header>
      <details open=${n === page.items.length - 1}><summary>${oneLine(JSON.stringify(sent.body ?? sent.request), 120)}</summary><${Plain} text=${JSON.stringify(sent.body ?? sent.request, null, 2)} /></details></article>`)}
    ${page.next && html`<p class="foot">${page.items.length} of more requests; <code>pagents history ${row.id} --prompts</code> has all.</p>`}
  </div>`;
}

/** @param {{session: ReturnType<typeof useSession>, row: Row}} props */
function Raw({ session, row }) {
  const own = session.events.filter((event) => event.session_key === row.session_key);
  return html`<div class="transcript">${session.earlier > 0 && html`<button class="more" onClick=${session.more}>${format.counted(session.earlier, 'earlier event')}: show more</button>`}
    ${own.map((event) => html`<details class="raw" key=${event.seq}><summary><span class="num">#${event.seq}</span> <b>${event.event.kind}</b> <code>${event.key}</code></summary><${Plain} text=${JSON.stringify(event, null, 2)} /></details>`)}
    <div class="row end"><${Copy} text=${() => own.map((event) => JSON.stringify(event)).join('\n')}>Copy as JSON lines<//></div></div>`;
}
