// @ts-check
/** Gaps: long stretches in which no model and no tool works, and a scale of time that shortens them. */

/** @typedef {{from: number, to: number}} Span */
/** @typedef {{gaps: Span[], place: (at: number) => number, time: (place: number) => number}} Scale */

const LEAST_SECONDS = 20;
const LEAST_SHARE = 0.06;
const SHOWN_SHARE = 0.03;
const WORK = new Set(['model', 'tool']);

/** @type {Scale} */
export const LINEAR = { gaps: [], place: (at) => at, time: (place) => place };

/** @param {Iterable<import('./types').Lane>} lanes @param {Span} whole @param {number} now @returns {Span[]} */
export function gapsOf(lanes, whole, now) {
  const least = Math.max(LEAST_SECONDS, (whole.to - whole.from) * LEAST_SHARE);
  /** @type {Span[]} */
  const busy = [];
  for (const lane of lanes) for (const bar of lane.bars) if (WORK.has(bar.kind)) busy.push({ from: bar.from, to: bar.to ?? now });
  busy.sort((a, b) => a.from - b.from);
  /** @type {Span[]} */
  const gaps = [];
  let at = whole.from;
  for (const each of [...busy, { from: whole.to, to: whole.to }]) {
    if (each.from - at >= least) gaps.push({ from: at, to: each.from });
    at = Math.max(at, each.to);
  }
  return gaps;
}

/** A scale on which each gap takes little room. @param {Span[]} gaps @param {Span} whole @returns {Scale} */
export function scaleOf(gaps, whole) {
  if (!gaps.length) return LINEAR;
  const idle = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const shown = Math.max(1, (whole.to - whole.from - idle) * SHOWN_SHARE);
  let lost = 0;
  const cuts = gaps.map((gap) => {
    const width = Math.min(gap.to - gap.from, shown);
    const cut = { ...gap, at: gap.from - lost, width };
    lost += gap.to - gap.from - width;
    return cut;
  });
  const place = (/** @type {number} */ at) => {
    const cut = cuts.findLast((each) => each.from <= at);
    if (!cut) return at;
    if (at >= cut.to) return cut.at + cut.width + (at - cut.to);
    return cut.at + ((at - cut.from) / (cut.to - cut.from)) * cut.width;
  };
  const time = (/** @type {number} */ spot) => {
    const cut = cuts.findLast((each) => each.at <= spot);
    if (!cut) return spot;
    if (spot >= cut.at + cut.width) return cut.to + (spot - cut.at - cut.width);
    return cut.from + ((spot - cut.at) / cut.width) * (cut.to - cut.from);
  };
  return { gaps, place, time };
}
