// @ts-check
/** Decisions: who decided, and from where, of what the journal says. */

/** @typedef {import('./types').Decision} Decision */

/** Who decided, and by what they did so, such as `gateway (operate token, 127.0.0.1)`.
 * @param {string} who @returns {{who: string, from: string}} */
export function decider(who) {
  const found = /^(.+?) by (\S+ \(.+\))$/s.exec(who);
  return found ? { who: found[1], from: found[2] } : { who, from: '' };
}

/** Whether a decision has all the words that are sought. @param {Decision} decision @param {string} text */
export function isSought(decision, text) {
  const whole = `${decision.who} ${decision.what} ${decision.why} ${decision.label} ${decision.session_key}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => whole.includes(word));
}
