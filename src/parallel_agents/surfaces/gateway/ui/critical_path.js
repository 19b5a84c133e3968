// @ts-check
/** Critical path: the sessions that the end of a run waited for, one after another; the rest had time to spare. */

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./types').Lane} Lane */

const SLACK_SECONDS = 0.5;

/** From the end backwards: of what a session spawned, what ended last; then what ended last before that began.
 * @param {Row[]} rows @param {Map<string, Lane>} lanes @param {string} top @param {number} now @returns {Set<string>} */
export function criticalPath(rows, lanes, top, now) {
  /** @type {Map<string, Lane[]>} */
  const below = new Map();
  for (const row of rows) {
    const lane = lanes.get(row.session_key);
    if (!row.parent || !lane) continue;
    const found = below.get(row.parent);
    if (found) found.push(lane);
    else below.set(row.parent, [lane]);
  }
  const end = (/** @type {Lane} */ lane) => lane.to ?? now;
  for (const found of below.values()) found.sort((a, b) => end(b) - end(a));
  const path = new Set([top]);
  const follow = (/** @type {string} */ key) => {
    let until = Infinity;
    for (const lane of below.get(key) ?? []) {
      if (end(lane) > until + SLACK_SECONDS || path.has(lane.key)) continue;
      path.add(lane.key);
      follow(lane.key);
      until = lane.from;
    }
  };
  follow(top);
  return path;
}
