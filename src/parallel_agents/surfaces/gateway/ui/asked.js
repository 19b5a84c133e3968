// @ts-check
/** Asked: an answer of the gateway on a page, asked for again when runs change. */
import { useEffect, useRef, useState } from './view.js';
import { connection, subscribe } from './live.js';

const SETTLE_MILLISECONDS = 1500;

/** @template T @typedef {{value: T | null, error: unknown, reload: () => void}} Asked */

/** What is asked for, kept up to date while the page is shown. An older answer stays until the next one is there.
 * @template T
 * @param {() => Promise<T>} ask @param {unknown[]} depends asks afresh when one of them changes
 * @param {{isLive?: boolean}} [how]
 * @returns {Asked<T>} */
export function useAsked(ask, depends, { isLive = true } = {}) {
  const [value, set] = useState(/** @type {T | null} */ (null));
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [round, again] = useState(0);
  const asking = useRef(ask);
  asking.current = ask;
  useEffect(() => set(null), depends);
  useEffect(() => {
    let isGone = false;
    let timer = 0;
    let isTold = false;
    const load = () => asking.current().then(
      (found) => { if (!isGone) { set(found); fail(null); } },
      (told) => { if (!isGone) fail(told); },
    );
    void load();
    const stop = isLive ? subscribe('runs', (frame) => {
      const isFirst = !isTold;
      isTold = true;
      if (isFirst && frame.kind === 'snapshot') return;
      timer ||= window.setTimeout(() => { timer = 0; void load(); }, SETTLE_MILLISECONDS);
    }) : () => {};
    return () => {
      isGone = true;
      clearTimeout(timer);
      stop();
    };
  }, [...depends, round]);
  const isConnected = connection.value.kind === 'live';
  // What failed while the gateway was away is asked for as soon as it is back.
  useEffect(() => {
    if (isConnected && error !== null) again((count) => count + 1);
  }, [isConnected]);
  return { value, error, reload: () => again((count) => count + 1) };
}

/** A value that is told at once, and whose changes are told every now and then, so that what is asked by it is not asked at each.
 * @param {string} value */
export function useSettled(value) {
  const [settled, settle] = useState(value);
  const latest = useRef(value);
  const timer = useRef(0);
  latest.current = value;
  useEffect(() => {
    if (value === settled) return;
    timer.current ||= window.setTimeout(() => {
      timer.current = 0;
      settle(latest.current);
    }, SETTLE_MILLISECONDS);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return settled;
}
