// @ts-check
/** Lane events: the bodies of events as the gateway tells them in short, with what lanes are drawn by. */

/** @typedef {import('./types').Body} Body */

/** @param {string} kind @param {any[]} facts in the order of the gateway @returns {Body} */
export function bodyOf(kind, facts) {
  const [a, b, c, d] = facts;
  switch (kind) {
    case 'queued':
      return { kind, team: a ? true : null };
    case 'replied':
      return { kind, model: a, seconds: b, cached: c };
    case 'retrying':
      return { kind, attempt: a, wait_seconds: b, error: { message: c } };
    case 'waiting':
      return { kind, reason: a, seconds: b };
    case 'tool_started':
      return { kind, call: { name: a } };
    case 'tool_finished':
      return { kind, result: { name: a, is_error: b }, seconds: c, parked_seconds: d };
    case 'asked':
      return { kind, question: { tool: a, text: b } };
    case 'attempted':
      return { kind, number: a, model: b, error: { message: c } };
    case 'steered':
      return { kind, by: a, text: b };
    case 'gated':
      return { kind, verdict: { gate: a, is_accepted: b, score: c, critique: d } };
    case 'finished':
      return { kind, outcome: { error: a ? { code: a, message: b } : null } };
    default:
      return { kind };
  }
}
