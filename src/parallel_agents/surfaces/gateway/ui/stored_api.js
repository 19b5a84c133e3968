// @ts-check
/** Stored API: answers, of what is in an exported file, what pages would ask a gateway. */
import { Problem } from './api.js';
import { eachDocument } from './stored_columns.js';

export { Gone, newKey, Problem, runPath } from './api.js';
export const isStored = true;

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').EventDoc} EventDoc */
/** @typedef {{as_of: string, top: Row, total: number, artifacts: any[], graph: any, costs: Record<string, import('./types').Costs>}} Head */
/** @typedef {{row: Row, result: any, events: EventDoc[]}} Session */

/** @type {Head | null} */
let head = null;
/** @type {Map<string, Session>} */
const sessions = new Map();

/** Read what is in the file. @returns {Promise<Head>} */
export async function load() {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error('This browser is too old for the pages of this file and its whole transcripts: it has no DecompressionStream, as Chrome has since 80, Safari since 16.4 and Firefox since 113');
  }
  /** @type {Session | null} */
  let session = null;
  let [seq, at] = [0, 0];
  eachDocument(await unpacked(), (each) => {
    if (each.costs) head = each;
    else if (each.row) {
      session = each;
      each.events = [];
      sessions.set(each.row.session_key, each);
    } else if (session) {
      seq += each.seq;
      at += each.at;
      session.events.push({ seq, at: new Date(at).toISOString(), session_key: session.row.session_key, run_id: each.run_id, key: each.key, event: each.event });
    }
  });
  return /** @type {Head} */ (head);
}

/** How many sessions are in the file. */
export function countSessions() {
  return sessions.size;
}

/** The text of all blocks, which are one stream. */
function unpacked() {
  const blocks = [...document.querySelectorAll('script[type="application/gzip"]')];
  const bytes = blocks.map((block) => Uint8Array.from(atob(block.textContent ?? ''), (letter) => letter.charCodeAt(0)));
  for (const block of blocks) block.remove();
  return new Response(new Blob(bytes).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}

/** @param {string} path @param {Record<string, string | number | boolean | undefined>} [query] @returns {Promise<any>} */
export async function get(path, query = {}) {
  if (!head) throw absent('what is in this file was not read', '');
  if (path === '/cost' && query.in && query.in !== head.top.session_key) throw absent('the costs of a part are not in this file', '');
  if (path === '/cost') return head.costs[String(query.by ?? 'agent')];
  const [, kind, name, part] = path.split('/').map(decodeURIComponent);
  if (kind !== 'runs' || !name) throw absent(`${path} is not in this file`, '');
  const row = name === head.top.session_key ? head.top : sessions.get(name)?.row;
  if (!row) throw absent(`${name} is not in this file`, `pagents show ${name}`);
  if (!part) return row;
  if (part === 'prompts') throw absent('requests are not in this file', `pagents history ${row.id} --prompts`);
  const below = within(row.session_key);
  if (part === 'tree') return page(below.map((each) => each.row));
  if (part === 'history') return page(eventsOf(below));
  if (part === 'lanes') return { began_at: null, seq: 0, sessions: [], kinds: [], events: [], left: 0, whole: eventsOf(below) };
  if (part === 'graph' && row === head.top) return head.graph;
  if (part === 'results') return page(resultsOf(row, below));
  if (part === 'artifacts') return page(row === head.top ? head.artifacts.map(withOrigin) : below.flatMap((each) => each.result?.artifacts ?? []).map(withOrigin));
  throw absent(`${path} is not in this file`, '');
}

/** Nothing has a next page here. @returns {Promise<any>} */
export async function follow() {
  throw absent('there is no further page', '');
}

/** Nothing can be done here. @returns {Promise<any>} */
export async function post() {
  throw absent('this page is a file', 'do it where the run is');
}

export const ask = post;

export function keepToken() {}

export function refuseChanges() {}

/** @param {string} what @param {string} hint */
function absent(what, hint) {
  return new Problem(404, { what, hint });
}

/** @param {unknown[]} items */
function page(items) {
  return { as_of: head?.as_of ?? null, truncated: false, counts: { items: items.length, total: items.length }, next: null, items, earlier: 0 };
}

/** A session with all below it that are in the file. @param {string} key @returns {Session[]} */
function within(key) {
  const found = new Set([key]);
  const all = [...sessions.values()];
  if (key === head?.top.session_key) return all;
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { row } of all) if (row.parent && found.has(row.parent)) found.add(row.session_key);
  }
  return all.filter((each) => found.has(each.row.session_key));
}

/** @param {Session[]} below */
function eventsOf(below) {
  return below.flatMap((each) => each.events).sort((a, b) => a.seq - b.seq);
}

/** The results of the tasks of a group, or else its own. @param {Row} row @param {Session[]} below */
function resultsOf(row, below) {
  const own = below.filter((each) => each.row.parent === row.session_key);
  const shown = row.kind === 'agent' || !own.length ? below.filter((each) => each.row.session_key === row.session_key) : own;
  return shown.map((each) => each.result).filter(Boolean);
}

/** @param {any} file */
function withOrigin(file) {
  const from = [...sessions.values()].find((each) => each.result?.artifacts.some((/** @type {any} */ other) => other.id === file.id && other.name === file.name));
  return { ...file, session_key: from?.row.session_key };
}
