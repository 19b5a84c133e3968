// @ts-check
/** Zone: whether times are shown in the zone of this browser or in UTC. */
import { signal } from './view.js';

const STORED = 'pagents.zone';

export const isUtc = signal(stored());

function stored() {
  try {
    return localStorage.getItem(STORED) === 'utc';
  } catch {
    return false;
  }
}

export function turnZone() {
  isUtc.value = !isUtc.value;
  try {
    localStorage.setItem(STORED, isUtc.value ? 'utc' : '');
  } catch {
    // Without storage the zone lasts as long as the tab.
  }
}

/** The zone that is shown, such as `UTC` or `UTC+5:30`. @param {Date} [date] */
export function zoneName(date = new Date()) {
  const minutes = isUtc.value ? 0 : -date.getTimezoneOffset();
  if (!minutes) return 'UTC';
  const [hours, left] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${left ? `:${String(left).padStart(2, '0')}` : ''}`;
}

/** Year, month from 1, day, hour, minute and second of a moment in the zone that is shown. @param {number} at seconds since 1970 */
export function partsOf(at) {
  const date = new Date(at * 1000);
  if (isUtc.value) return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  return [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
}

/** When the day of a moment began, in the zone that is shown. @param {number} at */
export function midnightOf(at) {
  const date = new Date(at * 1000);
  return (isUtc.value ? date.setUTCHours(0, 0, 0, 0) : date.setHours(0, 0, 0, 0)) / 1000;
}
