// @ts-check
/** Text: what others wrote, made safe to look at, and cut before it is too much for a page. */

export const FOLD_BYTES = 20_000;
const LONGEST_LINE = 2_000;
// Escape sequences; controls but tab and line feed; marks that turn text around or have no width.
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Text without escape sequences, control characters and marks that hide or turn it.
 * @param {string} text */
export function clean(text) {
  return text.replace(ESCAPES, '').replace(/\r\n?/g, '\n').replace(HIDDEN, '');
}

/** Clean text in one line. @param {string} text @param {number} [most] */
export function oneLine(text, most = 200) {
  const line = clean(text.slice(0, most * 4)).replace(/\s+/g, ' ').trim();
  return line.length > most || text.length > most * 4 ? `${line.slice(0, most - 1)}…` : line;
}

/** The part of a text that is shown before it is unfolded, with no line too long to lay out.
 * @param {string} text @param {boolean} isOpen
 * @returns {{text: string, left: number}} */
export function folded(text, isOpen) {
  const part = isOpen || text.length <= FOLD_BYTES ? text : text.slice(0, FOLD_BYTES);
  const lines = clean(part).split('\n');
  const shown = lines.map((line) => (line.length > LONGEST_LINE ? broken(line) : line)).join('\n');
  return { text: shown, left: text.length - part.length };
}

/** @param {string} line */
function broken(line) {
  const pieces = [];
  for (let start = 0; start < line.length; start += LONGEST_LINE) pieces.push(line.slice(start, start + LONGEST_LINE));
  return pieces.join('\n');
}
