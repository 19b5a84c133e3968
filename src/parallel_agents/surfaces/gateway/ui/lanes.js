// @ts-check
/** Lanes: what each session of a tree did when, as bars and marks; a function of the events alone. */
import { model, moment, seconds } from './format.js';
import { bodyOf } from './lane_events.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').EventDoc} EventDoc */
/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Lane} Lane */
/** @typedef {import('./types').Bar} Bar */
/** @typedef {{kind: 'group', name: string, count: number, keys: string[], isOpen: boolean, depth: number} | {kind: 'lane', row: Row, lane: Lane | null, depth: number}} Line */

/** @typedef {{seq: number, at: number, key: string, body: import('./types').Body}} LaneEvent */

const FOLD_FROM = 8;

/** Tell each event of a run's lanes, in their order. @param {import('./types').LanesDoc} told @param {(event: LaneEvent) => void} tell */
export function eachEvent(told, tell) {
  const from = moment(told.began_at) ?? 0;
  let [seq, after] = [0, 0];
  for (const [further, later, session, kind, ...facts] of told.events) {
    seq += further;
    after += later;
    tell({ seq, at: from + after / 1000, key: told.sessions[session], body: bodyOf(told.kinds[kind], facts) });
  }
  for (const event of told.whole ?? []) {
    const at = moment(event.at);
    if (at !== null) tell({ seq: event.seq, at, key: event.session_key, body: event.event });
  }
}

/** Lanes that grow by events in order; each event counts once. */
export class Lanes {
  constructor() {
    /** @type {Map<string, Lane>} */
    this.byKey = new Map();
    this.seq = -1;
    this.from = Infinity;
    this.to = -Infinity;
    /** @type {Map<string, number>} the model of each session's calls climbs these tiers */
    this.tiers = new Map();
    /** @type {Map<string, string>} */
    this.models = new Map();
  }

  /** @param {EventDoc[]} events in their order @returns {boolean} whether there was something new */
  add(events) {
    let isNew = false;
    for (const event of events) {
      if (event.seq <= this.seq) continue;
      this.seq = event.seq;
      isNew = this.#one(event) || isNew;
    }
    return isNew;
  }

  /** What the gateway says of all lanes at once. @param {import('./types').LanesDoc} told */
  addAll(told) {
    eachEvent(told, (event) => {
      if (event.seq > this.seq) this.take(event);
    });
    this.seq = Math.max(this.seq, told.seq);
  }

  /** One event, which comes after those before. @param {LaneEvent} event */
  take(event) {
    this.seq = event.seq;
    this.#step(event.key, event.at, event.body);
  }

  /** @param {EventDoc} event */
  #one(event) {
    const at = moment(event.at);
    if (at === null) return false;
    this.#step(event.session_key, at, event.event);
    return true;
  }

  /** @param {string} key @param {number} at @param {import('./types').Body} body */
  #step(key, at, body) {
    this.from = Math.min(this.from, at);
    this.to = Math.max(this.to, at);
    let lane = this.byKey.get(key);
    if (!lane) {
      lane = { key, bars: [], open: [], marks: [], from: at, to: null, isGroup: false, score: null };
      this.byKey.set(key, lane);
    }
    step(lane, body, at, (name) => this.#tierOf(key, name));
  }

  /** The tier of a session's model: the first is S; each climb is one up, to L. @param {string} key @param {string} name */
  #tierOf(key, name) {
    const before = this.models.get(key);
    const tier = this.tiers.get(key) ?? 0;
    if (name && before && before !== name) this.tiers.set(key, Math.min(2, tier + 1));
    if (name) this.models.set(key, name);
    return this.tiers.get(key) ?? tier;
  }
}

/** @param {Lane} lane @param {import('./types').Body} body @param {number} at @param {(model: string) => number} tierOf */
function step(lane, body, at, tierOf) {
  switch (body.kind) {
    case 'queued':
      lane.to = null;
      lane.isGroup = Boolean(body.team ?? body.flow);
      open(lane, 'slot', at, 'waits for a slot');
      break;
    case 'started':
      close(lane, at);
      if (lane.isGroup) open(lane, 'children', at, 'its tasks');
      else open(lane, 'model', at, 'model call', tierOf(''));
      break;
    case 'replied': {
      const bar = lastOpen(lane, 'model') ?? open(lane, 'model', at - body.seconds, '', 0);
      bar.from = Math.max(bar.from, Math.min(at, at - (body.cached ? 0 : body.seconds)), 0);
      bar.text = `${model(body.model)} ${seconds(body.seconds)}`;
      bar.tier = tierOf(body.model);
      close(lane, at);
      break;
    }
    case 'retrying':
      fail(lane, at, body.error.message);
      lane.bars.push({ kind: 'backoff', from: at, to: at + body.wait_seconds, text: `try ${body.attempt} failed, again in ${seconds(body.wait_seconds)}: ${oneLine(body.error.message)}`, tier: 0, failed: false });
      open(lane, 'model', at + body.wait_seconds, 'model call', tierOf(''));
      break;
    case 'waiting':
      guessed(lane);
      close(lane, at);
      lane.bars.push({ kind: 'limit', from: at, to: at + body.seconds, text: `waits for ${body.reason}`, tier: 0, failed: false });
      open(lane, 'model', at + body.seconds, 'model call', tierOf(''));
      break;
    case 'unanswered':
      fail(lane, at, 'no reply');
      break;
    case 'tool_started':
      if (!lastOpen(lane, 'tool')) {
        guessed(lane);
        close(lane, at);
      }
      open(lane, 'tool', at, body.call.name);
      break;
    case 'tool_finished': {
      const bar = lane.open.find((each) => each.kind === 'tool' && each.text === body.result.name);
      if (bar) {
        lane.open.splice(lane.open.indexOf(bar), 1);
        bar.to = at;
        bar.failed = body.result.is_error;
        bar.text = `${body.result.name} ${seconds(body.seconds)}${body.result.is_error ? ', failed' : ''}`;
        if (body.parked_seconds > 0) bar.kind = 'children';
      }
      if (!lane.open.length) open(lane, 'model', at, 'model call', tierOf(''));
      break;
    }
    case 'asked':
      guessed(lane);
      close(lane, at);
      open(lane, 'you', at, `asks: ${oneLine(`${body.question.tool} ${body.question.text}`)}`);
      break;
    case 'answered':
      close(lane, at);
      break;
    case 'attempted':
      fail(lane, at, body.error.message);
      if (body.model) tierOf(body.model);
      lane.marks.push({ at, glyph: body.model ? '⇡' : '┊', text: `attempt ${body.number}${body.model ? ` on ${model(body.model)}` : ''}: ${oneLine(body.error.message)}` });
      open(lane, 'model', at, 'model call', tierOf(''));
      break;
    case 'steered':
      lane.marks.push({ at, glyph: '✎', text: `${oneLine(body.by)}: ${oneLine(body.text)}` });
      break;
    case 'gated':
      if (body.verdict.score != null) {
        lane.score = Number(body.verdict.score);
        lane.marks.push({ at, glyph: lane.score.toFixed(1), text: oneLine(body.verdict.critique ?? '') });
      } else if (!body.verdict.is_accepted) lane.marks.push({ at, glyph: '✗', text: `${body.verdict.gate} rejects: ${oneLine(body.verdict.critique ?? '')}` });
      if (!lane.open.length) open(lane, 'model', at, 'checks the answer', tierOf(''));
      break;
    case 'finished':
      close(lane, at);
      lane.bars = lane.bars.filter((bar) => (bar.to ?? at) > bar.from || bar.kind !== 'model');
      if (body.outcome.error) lane.marks.push({ at, glyph: '✖', text: `${body.outcome.error.code} ${oneLine(body.outcome.error.message)}` });
      lane.to = at;
      break;
    default:
  }
}

/** @param {Lane} lane @param {Bar['kind']} kind @param {number} from @param {string} text @param {number} [tier] */
function open(lane, kind, from, text, tier = 0) {
  /** @type {Bar} */
  const bar = { kind, from, to: null, text, tier, failed: false };
  lane.bars.push(bar);
  lane.open.push(bar);
  return bar;
}

/** @param {Lane} lane @param {Bar['kind']} kind */
function lastOpen(lane, kind) {
  return lane.open.findLast((bar) => bar.kind === kind);
}

/** @param {Lane} lane @param {number} at */
function close(lane, at) {
  for (const bar of lane.open) bar.to = Math.max(at, bar.from);
  lane.open.length = 0;
}

/** A call that was drawn because one was to be expected, and was not made: something else came first. @param {Lane} lane */
function guessed(lane) {
  const bar = lastOpen(lane, 'model');
  if (!bar) return;
  lane.open.splice(lane.open.indexOf(bar), 1);
  lane.bars.splice(lane.bars.indexOf(bar), 1);
}

/** @param {Lane} lane @param {number} at @param {string} why */
function fail(lane, at, why) {
  const bar = lastOpen(lane, 'model');
  if (bar) {
    bar.failed = true;
    bar.text = oneLine(why);
  }
  close(lane, at);
}

/** The lines to draw: the tree, oldest first, with many of one agent folded, and problems first if asked for.
 * @param {Row[]} rows @param {Map<string, Lane>} lanes
 * @param {{problemsFirst: boolean, isOpen: (group: string) => boolean, isBad: (row: Row) => boolean}} how @returns {Line[]} */
export function linesOf(rows, lanes, how) {
  /** @type {Map<string, Row[]>} */
  const below = new Map();
  const keys = new Set(rows.map((row) => row.session_key));
  const sorted = [...rows].sort((a, b) => inOrder(a.created_at ?? '', b.created_at ?? ''));
  for (const row of sorted) putBelow(below, row.parent && keys.has(row.parent) ? row.parent : '', row);
  /** @type {Line[]} */
  const lines = [];
  const put = (/** @type {string} */ parent, /** @type {number} */ depth) => {
    for (const group of groupsOf(below.get(parent) ?? [])) {
      const isFolded = group.length >= FOLD_FROM;
      const name = `${parent}/${group[0].agent}`;
      const isOpen = !isFolded || how.isOpen(name);
      if (isFolded) lines.push({ kind: 'group', name, count: group.length, keys: group.map((row) => row.session_key), isOpen, depth });
      const members = how.problemsFirst ? [...group].sort((a, b) => Number(how.isBad(b)) - Number(how.isBad(a))) : group;
      for (const row of members) {
        if (!isOpen && !how.isBad(row)) continue;
        lines.push({ kind: 'lane', row, lane: lanes.get(row.session_key) ?? null, depth: depth + Number(isFolded) });
        put(row.session_key, depth + 1 + Number(isFolded));
      }
    }
  };
  put('', 0);
  return lines;
}

/** Rows of one agent that were spawned by the same session. @param {Row[]} rows */
function groupsOf(rows) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const row of rows) putBelow(groups, row.agent, row);
  return [...groups.values()];
}

/** @param {Map<string, Row[]>} groups @param {string} name @param {Row} row */
function putBelow(groups, name, row) {
  const group = groups.get(name);
  if (group) group.push(row);
  else groups.set(name, [row]);
}

/** Which of two moments in ISO 8601 is earlier. @param {string} a @param {string} b */
function inOrder(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Round times for an axis. @param {number} span seconds @param {number} most */
export function stepOf(span, most) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800];
  return steps.find((each) => span / each <= most) ?? 604800;
}
