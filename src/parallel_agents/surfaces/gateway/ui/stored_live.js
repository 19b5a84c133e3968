// @ts-check
/** Stored live: in a file nothing happens, and it is always the time of the export. */
import { signal } from './view.js';

export const connection = signal({ kind: 'live', at: 0, why: '' });
let at = 0;

/** Seconds since 1970 when the file was written. */
export function now() {
  return at;
}

/** @param {string | null} iso */
export function noteTime(iso) {
  if (iso) at = Date.parse(iso) / 1000;
}

export function subscribe() {
  return () => {};
}

export function start() {}
