// @ts-check
/** Timeline view: what part of a timeline is shown and how, as the address has it. */
import { useEffect, useRef, useState } from './view.js';
import { refine, route } from './router.js';

/** What is shown: times are in seconds since the run began, and null for all of it or now.
 * @typedef {{from: number | null, to: number | null, problemsFirst: boolean, by: string, isSqueezed: boolean, isCritical: boolean, open: string[], at: number | null}} View */

/** What bars are coloured by. */
export const COLOURS = ['kind', 'tier', 'cost', 'score'];
const SETTLE_MILLISECONDS = 250;

/** @param {Record<string, string>} query @returns {View} */
export function viewOf(query) {
  const [from, to] = [secondsOf(query.from), secondsOf(query.to)];
  const isSpan = from !== null && to !== null && to > from;
  return {
    from: isSpan ? from : null,
    to: isSpan ? to : null,
    problemsFirst: query.first === 'problems',
    by: COLOURS.includes(query.by) ? query.by : COLOURS[0],
    isSqueezed: query.gaps === 'short',
    isCritical: query.path === 'critical',
    open: query.open ? query.open.split('|') : [],
    at: secondsOf(query.at),
  };
}

/** @param {View} view @returns {Record<string, string | undefined>} */
export function queryOf(view) {
  return {
    from: textOf(view.from),
    to: textOf(view.to),
    first: view.problemsFirst ? 'problems' : undefined,
    by: view.by === COLOURS[0] ? undefined : view.by,
    gaps: view.isSqueezed ? 'short' : undefined,
    path: view.isCritical ? 'critical' : undefined,
    open: view.open.join('|') || undefined,
    at: textOf(view.at),
  };
}

/** @param {string | undefined} text */
function secondsOf(text) {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value : null;
}

/** @param {number | null} value */
function textOf(value) {
  return value === null ? undefined : String(Math.round(value * 1000) / 1000);
}

/** The view of the address, and how to change it. What moves gradually is written once it rests: browsers take few addresses a second. */
export function useTimelineView() {
  const asked = viewOf(route.value.query);
  const text = JSON.stringify(asked);
  const [view, show] = useState(asked);
  const known = useRef(text);
  const latest = useRef(asked);
  const timer = useRef(0);
  useEffect(() => {
    const found = viewOf(route.value.query); // The address may be further than what was drawn last.
    if (JSON.stringify(found) === known.current) return;
    known.current = JSON.stringify(found);
    latest.current = found;
    show(found);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const write = () => {
    const query = queryOf(latest.current);
    known.current = JSON.stringify(viewOf(/** @type {Record<string, string>} */ (query)));
    refine(query);
  };
  /** @param {Partial<View>} more @param {{isGradual?: boolean}} [how] */
  const change = (more, { isGradual = false } = {}) => {
    latest.current = { ...latest.current, ...more };
    show(latest.current);
    clearTimeout(timer.current);
    if (isGradual) timer.current = window.setTimeout(write, SETTLE_MILLISECONDS);
    else write();
  };
  return { view, change };
}
