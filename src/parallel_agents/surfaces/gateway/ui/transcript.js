// @ts-check
/** Transcript: the events of one session as entries to read, by attempts. */
import { copiedOf, toldOf } from './forks.js';
import { clock, cost, model, moment, seconds, tokens } from './format.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').EventDoc} EventDoc */
/** @typedef {import('./types').Entry} Entry */
/** @typedef {{title: string, text?: string, note?: string, thinking?: string, copied?: Entry['copied'], calls?: Entry['calls'], failure?: Entry['failure'], isError?: boolean}} Told */

/** Events that say nothing of their own to a reader. */
const SILENT = new Set(['started', 'tool_started', 'delivered', 'ruled', 'step_started', 'batched', 'rows_changed']);

/** The entries of a session. Steers say what became of them. @param {EventDoc[]} events @returns {Entry[]} */
export function entriesOf(events) {
  /** @type {Entry[]} */
  const entries = [];
  /** @type {Map<string, EventDoc>} */
  const delivered = new Map();
  for (const each of events) if (each.event.kind === 'delivered') delivered.set(each.event.steer, each);
  let attempt = 1;
  for (const each of events) {
    const body = each.event;
    if (body.kind === 'queued') attempt = 1;
    if (body.kind === 'attempted') attempt = body.number;
    if (SILENT.has(body.kind)) continue;
    const told = tell(each, delivered);
    entries.push({ seq: each.seq, at: moment(each.at), kind: body.kind, attempt, raw: each, ...told, text: told.text ?? '', note: told.note ?? '' });
  }
  return entries;
}

/** @param {EventDoc} each @param {Map<string, EventDoc>} delivered @returns {Told} */
function tell(each, delivered) {
  const body = each.event;
  switch (body.kind) {
    case 'queued':
      return { title: 'task', text: taskOf(body), note: [body.by ? `by ${oneLine(body.by)}` : '', body.forked_from ? `forked from ${toldOf(body.forked_from)}` : ''].filter(Boolean).join(' · '), copied: copiedOf(body) };
    case 'replied':
      return replied(body);
    case 'tool_finished':
      return { title: `tool ${body.result.name}`, text: body.result.content, note: seconds(body.seconds), isError: body.result.is_error };
    case 'retrying':
      return { title: `try ${body.attempt} failed`, text: body.error.message, note: `again in ${seconds(body.wait_seconds)} · ${body.error.code}`, isError: true };
    case 'attempted':
      return { title: `attempt ${body.number}${body.model ? ` on ${model(body.model)}` : ''}`, text: body.error.message, note: body.error.code, failure: body.error };
    case 'waiting':
      return { title: `waits for ${body.reason}`, note: seconds(body.seconds) };
    case 'unanswered':
      return { title: `a call of ${model(body.model)} brought no reply, and may have been billed`, isError: true };
    case 'steered': {
      const receipt = delivered.get(each.key) ?? [...delivered.values()].find((found) => found.event.text === body.text && found.seq > each.seq);
      const took = receipt && moment(receipt.at) !== null ? ` after ${seconds((moment(receipt.at) ?? 0) - (moment(each.at) ?? 0))}` : '';
      return { title: `message from ${oneLine(body.by)}`, text: body.text, note: receipt ? `delivered before turn ${receipt.event.turn}${took}` : `stored, not delivered yet (${body.mode})` };
    }
    case 'asked':
      return { title: 'asks a person', text: [body.question.tool, body.question.text].filter(Boolean).join(' '), note: body.question.rule };
    case 'answered': {
      const { allow, text } = body.answer;
      if (body.by === 'time limit') return { title: 'Nobody answered in time', text: allow ? text : '', isError: !allow };
      return { title: `${oneLine(body.by)} answered`, text, note: allow ? (text ? '' : 'allow') : 'deny', isError: !allow };
    }
    case 'gated':
      return { title: `gate ${body.verdict.gate} ${body.verdict.is_accepted ? 'accepts' : 'rejects'}`, text: body.verdict.critique ?? '', note: body.verdict.score == null ? '' : `${body.verdict.score} of 10`, isError: !body.verdict.is_accepted };
    case 'finished':
      return finished(body);
    case 'step_finished':
      return { title: `step ${body.name}`, text: body.error ? body.error.message : JSON.stringify(body.output, null, 1), note: seconds(body.seconds), failure: body.error };
    case 'unreadable':
      return { title: 'unreadable event', text: body.why, isError: true };
    default:
      return { title: body.kind.replaceAll('_', ' '), text: typeof body.text === 'string' ? body.text : '' };
  }
}

/** @param {import('./types').Body} body @returns {string} */
function taskOf(body) {
  const input = Object.keys(body.input ?? {}).length ? `\n\nInput:\n${JSON.stringify(body.input, null, 2)}` : '';
  return `${body.text}${input}`;
}

/** @param {import('./types').Body} body @returns {Told} */
function replied(body) {
  /** @type {any[]} */
  const parts = body.message.parts ?? [];
  const joined = (/** @type {string} */ type) => parts.filter((part) => part.type === type).map((part) => part.text).join('');
  const usage = body.usage ?? {};
  const given = (usage.input_tokens ?? 0) + (usage.cache_read_tokens ?? 0) + (usage.cache_write_tokens ?? 0);
  const money = body.cost_nanousd == null ? null : { amount: String(body.cost_nanousd / 1e9), currency: 'USD' };
  const price = body.model.startsWith('sim/') ? cost(null, money) : cost(money, null);
  const tries = body.tries > 1 ? ` · ${body.tries} tries` : '';
  return {
    title: `${model(body.model)}${body.is_summary ? ' (summary)' : ''}`,
    text: joined('text'),
    thinking: joined('thinking'),
    calls: parts.filter((part) => part.type === 'tool_call').map((part) => ({ name: part.name, arguments: JSON.stringify(part.arguments, null, 1) })),
    note: body.cached ? 'cached' : `${tokens(given)}→${tokens(usage.output_tokens ?? 0)} tok · ${seconds(body.seconds)} · ${price}${tries}`,
  };
}

/** @param {import('./types').Body} body @returns {Told} */
function finished(body) {
  const { status, error } = body.outcome;
  const by = body.by ? ` by ${oneLine(body.by)}` : '';
  return { title: `${status.replaceAll('_', ' ')}${by}`, text: '', failure: error, isError: Boolean(error) };
}

/** Entries as Markdown, to paste elsewhere. @param {Entry[]} entries */
export function asMarkdown(entries) {
  return entries.map((entry) => `**${clock(entry.at)} ${entry.title}**${entry.note ? ` (${entry.note})` : ''}\n\n${entry.text}`.trim()).join('\n\n');
}
