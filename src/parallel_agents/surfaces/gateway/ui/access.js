// @ts-check
/** Access: what the token may do, what the day may cost, and how long the gateway takes to answer. */
import { get, refuseChanges } from './api.js';
import { signal } from './view.js';

/** @typedef {{hint: string, day: import('./types').Budget | null, milliseconds: number | null}} Access */

/** `hint` says how to do more than to read; it is empty for whoever may do all.
 * @type {import('./view').Signal<Access>} */
export const access = signal({ hint: '', day: null, milliseconds: null });

/** Ask the gateway. What it does not say stays as it was. */
export async function lookAtAccess() {
  const began = performance.now();
  try {
    const found = await get('/access');
    access.value = { hint: found.hint, day: found.day, milliseconds: Math.round(performance.now() - began) };
    refuseChanges(whyReadOnly());
  } catch {
    access.value = { ...access.value, milliseconds: null };
  }
}

/** Why nothing may be changed here; empty where it may. */
export function whyReadOnly() {
  return access.value.hint && `This link only reads: ${access.value.hint}.`;
}
