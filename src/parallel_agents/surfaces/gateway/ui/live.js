// @ts-check
/** Live: one socket a tab tells topics what changed; without it, the same is asked for by and by. */
import { get, Problem, runPath, token } from './api.js';
import { signal } from './view.js';

/** @typedef {{topic: string, kind: 'snapshot' | 'delta', seq: number, items?: any[], events?: import('./types').EventDoc[], text?: import('./live_text.js').Piece, signs?: import('./types').Sign[], total?: number}} Frame */
/** @typedef {(frame: Frame) => void} Listener */
/** `denied` is a missing or wrong token, which is not tried again.
 * @typedef {{kind: 'connecting' | 'live' | 'polling' | 'lost' | 'denied', at: number, why: string}} Connection */
/** @typedef {{seq: number | undefined, listeners: Set<Listener>}} Topic */

const POLL_MILLISECONDS = 2000;
const FIRST_WAIT_MILLISECONDS = 500;
const MOST_WAIT_MILLISECONDS = 15_000;
const MOST_EVENTS = 500;
const SILENCE_MILLISECONDS = 45_000;

/** @type {import('./view').Signal<Connection>} */
export const connection = signal({ kind: 'connecting', at: 0, why: '' });
/** How far this browser's clock is ahead of the gateway's, in seconds. */
let ahead = 0;
/** @type {Map<string, Topic>} */
const topics = new Map();
/** @type {WebSocket | null} */
let socket = null;
let failures = 0;
/** When the socket last said something, by this browser's clock. */
let heard = 0;
/** @type {number | undefined} */
let waiting;

/** Seconds since 1970 on the gateway's clock; while it is lost, when it last answered. */
export function now() {
  const { kind, at } = connection.value;
  return kind === 'lost' && at ? at : Date.now() / 1000 - ahead;
}

/** Note what time it is for the gateway. @param {string | null} iso */
export function noteTime(iso) {
  const at = iso ? Date.parse(iso) / 1000 : NaN;
  if (Number.isFinite(at)) ahead = Date.now() / 1000 - at;
}

/** Be told what a topic tells from now on, or from an event on. Frames that say nothing new are left out.
 * @param {string} name @param {Listener} listener @param {number} [after] @returns {() => void} */
export function subscribe(name, listener, after) {
  const topic = topics.get(name) ?? { seq: after, listeners: new Set() };
  const isNew = !topics.has(name);
  topic.listeners.add(listener);
  topics.set(name, topic);
  if (isNew) ask(name, topic);
  else if (after === undefined) resubscribe(name, topic);
  return () => {
    topic.listeners.delete(listener);
    if (topic.listeners.size) return;
    topics.delete(name);
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ unsubscribe: name }));
  };
}

/** @param {string} name @param {Topic} topic */
function resubscribe(name, topic) {
  topic.seq = undefined;
  ask(name, topic);
}

/** @param {string} name @param {Topic} topic */
function ask(name, topic) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify(topic.seq === undefined ? { subscribe: name } : { subscribe: name, after: topic.seq }));
}

if (typeof document !== 'undefined') setInterval(watch, 5000);

/** Begin to follow; again after the token was replaced. */
export function start() {
  clearTimeout(waiting);
  const before = socket;
  socket = null;
  before?.close();
  if (!token()) {
    connection.value = { kind: 'denied', at: 0, why: '' };
    return;
  }
  connection.value = { ...connection.value, kind: 'connecting', why: '' };
  connect();
}

function connect() {
  const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`;
  const mine = new WebSocket(address, ['pagents.v1', `bearer.${token()}`]);
  socket = mine;
  heard = Date.now();
  mine.onopen = () => {
    failures = 0;
    set('live', '');
    for (const [name, topic] of topics) ask(name, topic);
  };
  mine.onmessage = (message) => {
    heard = Date.now();
    set('live', '');
    const frame = JSON.parse(message.data);
    if (frame.as_of) noteTime(frame.as_of);
    if (frame.topic) tell(frame);
  };
  mine.onclose = () => {
    if (socket !== mine) return;
    socket = null;
    failures += 1;
    void fallBack();
  };
}

/** A connection can break without a word, as when the machine sleeps: after three silent heartbeats a new one is made. */
function watch() {
  if (socket && Date.now() - heard > SILENCE_MILLISECONDS) start();
}

/** @param {Connection['kind']} kind @param {string} why */
function set(kind, why) {
  const isFresh = kind === 'live' || kind === 'polling';
  const before = connection.value;
  const at = isFresh ? Math.floor(Date.now() / 1000 - ahead) : before.at;
  if (before.kind !== kind || before.why !== why || before.at !== at) connection.value = { kind, at, why };
}

/** @param {Frame} frame */
function tell(frame) {
  const topic = topics.get(frame.topic);
  if (!topic || (frame.kind === 'delta' && topic.seq !== undefined && frame.seq < topic.seq)) return;
  topic.seq = frame.seq;
  for (const listener of [...topic.listeners]) listener(frame);
}

/** Without a socket: find out why, and ask instead until it can be opened again. */
async function fallBack() {
  let wait = Math.min(MOST_WAIT_MILLISECONDS, FIRST_WAIT_MILLISECONDS * 2 ** Math.min(failures, 5));
  try {
    await Promise.all([...topics].map(([name, topic]) => poll(name, topic)));
    if (!topics.size) await get('/runs', { limit: 1 });
    set('polling', 'This connection takes no WebSocket, so that changes are asked for every few seconds');
    wait = POLL_MILLISECONDS;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      set('denied', `${error.message}. ${error.hint}`);
      return;
    }
    set('lost', error instanceof Error ? error.message : '');
  }
  waiting = window.setTimeout(failures % 5 && connection.value.kind === 'polling' ? again : connect, wait);
}

function again() {
  failures += 1;
  void fallBack();
}

/** @param {string} name @param {Topic} topic */
async function poll(name, topic) {
  if (name === 'runs' || name === 'questions') {
    const page = await get(`/${name}`, { limit: MOST_EVENTS });
    noteTime(page.as_of);
    tell({ topic: name, kind: 'snapshot', seq: topic.seq ?? 0, items: page.items, total: page.counts.total });
    return;
  }
  if (name === 'health') {
    const found = await get('/health');
    noteTime(found.as_of);
    tell({ topic: name, kind: 'snapshot', seq: topic.seq ?? 0, signs: found.signs });
    return;
  }
  const key = name.slice(name.indexOf(':') + 1);
  const [tree, page] = await Promise.all([
    get(runPath(key, '/tree'), { limit: MOST_EVENTS }),
    get('/events', { in: key, after: topic.seq, limit: MOST_EVENTS }),
  ]);
  noteTime(page.as_of);
  const last = page.next ? page.items.at(-1).seq : page.seq;
  tell({ topic: name, kind: 'delta', seq: last, items: tree.items, events: page.items });
}
