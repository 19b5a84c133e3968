// @ts-check
/** Stored shell: around the pages of an exported file nothing waits and no time passes. */
import { now } from './stored_live.js';
import { signal } from './view.js';

/** @type {import('./view').Signal<import('./types').Question[]>} */
export const questions = signal([]);
export const tick = signal(0);

export function clockNow() {
  return now();
}
