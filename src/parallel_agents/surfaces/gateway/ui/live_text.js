// @ts-check
/** Live text: what a model is writing at this moment, before it is a reply. */

/** @typedef {{run_id: string, number: number, start: number, text: string}} Piece */
/** @typedef {{run: string, number: number, text: string}} Written */

/** @type {Written} */
export const NOTHING = { run: '', number: 0, text: '' };
const MOST_SHOWN = 20_000;

/** What is written once a piece of it has come; the same piece twice changes nothing.
 * @param {Written} before @param {Piece} piece @returns {Written} */
export function withPiece(before, piece) {
  const isSame = before.run === piece.run_id && before.number === piece.number;
  if (!isSame && piece.start > 0) return before;
  return { run: piece.run_id, number: piece.number, text: (isSame ? before.text.slice(0, piece.start) : '') + piece.text };
}

/** Whether an event says that what was written is a reply now, or will never be one.
 * @param {import('./types').EventDoc} event */
export function endsText(event) {
  return ['replied', 'retrying', 'attempted', 'unanswered', 'finished'].includes(event.event.kind);
}

/** The end of a text that is long. @param {string} text @returns {{text: string, left: number}} */
export function lastOf(text) {
  const left = Math.max(0, text.length - MOST_SHOWN);
  return { text: left ? text.slice(left) : text, left };
}
