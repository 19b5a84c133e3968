// @ts-check
/** Forks: at which turn of a session a message is, and the command that forks it there. */
import { oneLine } from './text.js';

/** @typedef {import('./types').Entry} Entry */
/** @typedef {import('./types').TurnDoc} TurnDoc */

/** Where something can be said next, and which turn can be answered anew; null for none.
 * A task is replaced: what is said instead comes after the turn before it. A result is replaced in the turn that calls.
 * @param {TurnDoc[]} turns @param {number | null} next the turn that nobody has answered yet
 * @param {Entry | null} entry null for where the conversation ends
 * @returns {{after: number | null, again: number | null, model: string}} */
export function placeOf(turns, next, entry) {
  const last = turns.at(-1);
  if (!entry) {
    const whole = turns.filter((turn) => turn.is_whole).at(-1);
    return { after: whole?.turn ?? null, again: next ?? last?.turn ?? null, model: last?.model ?? '' };
  }
  if (entry.kind === 'queued') {
    const first = turns.find((turn) => turn.run_id === entry.raw.run_id);
    return { after: first ? first.turn - 1 : turns.length, again: first ? first.turn : next, model: first?.model ?? '' };
  }
  if (entry.kind === 'tool_finished') {
    const { run_id, event } = entry.raw;
    const calling = turns.find((turn) => turn.run_id === run_id && turn.run_turn === event.turn);
    return { after: calling?.is_whole ? calling.turn : null, again: null, model: calling?.model ?? '' };
  }
  const own = turns.find((turn) => turn.seq === entry.seq);
  return { after: own?.turn ?? null, again: own?.turn ?? null, model: own?.model ?? '' };
}

/** The command that does the same. @param {string} id @param {{at?: number, text?: string, result?: string, call?: number, model?: string}} body */
export function commandFor(id, body) {
  const said = body.text === undefined ? [] : [quoted(body.text)];
  const at = body.at === undefined ? [] : ['--at', String(body.at)];
  const model = body.model === undefined ? [] : ['-m', quoted(body.model)];
  const result = body.result === undefined ? [] : ['--result', quoted(body.result), '--call', String(body.call)];
  return ['pagents', 'fork', id, ...said, ...at, ...result, ...model].join(' ');
}

/** A word of a shell. @param {string} text */
export function quoted(text) {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Whose conversation a session began with, in words. @param {import('./types').ForkedFrom} link */
export function toldOf(link) {
  const where = link.is_asked_again ? `turn ${link.turn} asked again` : `after turn ${link.turn}`;
  const edited = link.edited ? `, with another result of call ${link.edited.call} (${oneLine(link.edited.tool, 60)})` : '';
  return `${oneLine(link.label || link.id, 60)}, ${where}${edited}`;
}

/** The messages that a session took over, before its task and on it.
 * @param {import('./types').Body} body @returns {{role: string, text: string}[]} */
export function copiedOf(body) {
  /** @type {any[]} */
  const messages = [...(body.context ?? []), ...(body.taken ?? [])];
  return messages.map((message) => ({ role: message.role, text: (message.parts ?? []).map(partOf).filter(Boolean).join('\n') }));
}

/** @param {any} part @returns {string} */
function partOf(part) {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'tool_call':
      return `calls ${part.name} ${JSON.stringify(part.arguments)}`;
    case 'tool_result':
      return `${part.name}: ${part.content}`;
    case 'file':
      return `file ${part.name || part.path}`;
    default:
      return '';
  }
}
