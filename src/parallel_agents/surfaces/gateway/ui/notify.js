// @ts-check
/** Notify: the browser tells, once for each, what begins to need a person or fails while nobody looks at the page. */
import { keyed, moment } from './format.js';
import { now } from './live.js';
import { signal } from './view.js';
import { href } from './router.js';
import { isBad, isLive, word } from './words.js';
import { titleOf } from './rows.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').Question} Question */
/** @typedef {import('./types').Row} Row */

const STORED = 'pagents.notify';
const MOST_AT_ONCE = 3;
/** Whether a person wants to be told by this browser. */
export const isWanted = signal(stored());
/** @type {Set<string> | null} those that were there before, of which nobody is told */
let known = null;
/** The runs whose end nobody needs to be told of again, and when the page began to look, by the gateway's clock.
 * @type {Set<string>} */
const over = new Set();
let began = 0;

function stored() {
  try {
    return localStorage.getItem(STORED) === 'on';
  } catch {
    return false;
  }
}

/** What the browser lets us do: `default` is not asked yet. @returns {'absent' | NotificationPermission} */
export function permission() {
  return typeof Notification === 'undefined' ? 'absent' : Notification.permission;
}

/** Begin or end to tell; called by a click, since a page that asks by itself is refused by people. */
export async function turnNotifying() {
  const isOn = isWanted.value && permission() === 'granted';
  isWanted.value = !isOn && permission() !== 'absent' && (await Notification.requestPermission()) === 'granted';
  try {
    localStorage.setItem(STORED, isWanted.value ? 'on' : '');
  } catch {
    // Without storage the choice lasts as long as the tab.
  }
}

/** Tell of the questions that were not there before. @param {Question[]} questions */
export function noteQuestions(questions) {
  const fresh = known === null ? [] : questions.filter((each) => !known?.has(each.id));
  known = new Set(questions.map((each) => each.id));
  if (fresh.length > MOST_AT_ONCE) tell(`${fresh.length} questions need you`, '', href('needs'), `many-${fresh[0].id}`);
  else for (const each of fresh) tell(`▲ ${each.kind}: ${oneLine(each.tool || keyed(each.session_key), 60)}`, oneLine(each.text, 200), href('needs'), each.id);
}

/** Tell of the runs that fail from now on. @param {Row[]} rows */
export function noteRuns(rows) {
  began ||= now();
  const failed = rows.filter((row) => isBad(row.status) && !over.has(row.run_id) && (moment(row.finished_at) ?? 0) >= began);
  for (const row of rows) if (!isLive(row)) over.add(row.run_id);
  for (const row of failed.slice(0, MOST_AT_ONCE)) tell(`✖ ${oneLine(titleOf(row), 60)} ${word(row.status)}`, row.error_code, href('run', row.session_key), row.run_id);
}

/** The same tag in several tabs is one notification. @param {string} title @param {string} body @param {string} address @param {string} tag */
function tell(title, body, address, tag) {
  if (!isWanted.value || permission() !== 'granted' || document.hasFocus()) return;
  const told = new Notification(title, { body, tag, icon: '/favicon.svg' });
  told.onclick = () => {
    focus();
    location.hash = address;
    told.close();
  };
}
