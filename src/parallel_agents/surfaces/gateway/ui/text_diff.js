// @ts-check
/** Text diff: how two texts differ, by words, by lines, or both as they are. */
import { html } from './view.js';
import { Plain } from './parts.js';
import { clean } from './text.js';
import { counted } from './format.js';

/** @typedef {{change: 'same' | 'gone' | 'new', text: string, left: number}} Piece */
/** @typedef {{before: string, after: string, before_characters: number, after_characters: number, words: Piece[], lines: Piece[], added: number, removed: number, is_coarse: boolean}} Diff */

/** The ways to look at a difference. @type {[string, string][]} */
export const WAYS = [['words', 'Words'], ['lines', 'Lines'], ['raw', 'Raw']];
const SIGNS = { same: ' ', gone: '−', new: '+' };

/** @param {{diff: Diff, way: string}} props */
export function TextDiff({ diff, way }) {
  if (way === 'raw') return html`<${Sides} before=${diff.before} after=${diff.after} left=${[diff.before_characters - diff.before.length, diff.after_characters - diff.after.length]} />`;
  const isSame = diff.words.every((piece) => piece.change === 'same');
  if (isSame) return html`<p class="note">Both say the same.</p>`;
  if (!diff.added && !diff.removed) return html`<p class="note">Only the line ends differ.</p>`;
  return way === 'lines' ? html`<${Lines} lines=${diff.lines} />` : html`<${Words} words=${diff.words} />`;
}

/** @param {{words: Piece[]}} props */
function Words({ words }) {
  return html`<div class="words" tabindex="0" role="group" aria-label="Difference by words">${words.map((piece) => html`${wordOf(piece)}${piece.left ? html`<span class="left"> … ${counted(piece.left, 'character')} … </span>` : ''}`)}</div>`;
}

/** @param {Piece} piece */
function wordOf({ change, text }) {
  if (change === 'same') return clean(text);
  return change === 'gone' ? html`<del>${clean(text)}</del>` : html`<ins>${clean(text)}</ins>`;
}

/** @param {{lines: Piece[]}} props */
function Lines({ lines }) {
  return html`<div class="diff-box" tabindex="0" role="group" aria-label="Difference by lines"><table class="diff"><tbody>${lines.map(({ change, text, left }) => (!text && left
    ? html`<tr class="is-place"><td class="line-sign"></td><td>… ${counted(left, 'line')}</td></tr>`
    : html`<tr class=${{ same: '', gone: 'is-minus', new: 'is-plus' }[change]}><td class="line-sign">${SIGNS[change]}</td><td>${clean(text)}${left ? ` … ${counted(left, 'more character')}` : ''}</td></tr>`))}</tbody></table></div>`;
}

/** Both texts as they are, beside each other; null for a side that has none.
 * @param {{before: string | null, after: string | null, left?: number[]}} props */
export function Sides({ before, after, left = [0, 0] }) {
  return html`<div class="sides">${[['A', before, left[0]], ['B', after, left[1]]].map(([name, text, more]) => html`<section><h3>${name}</h3>${text === null ? html`<p class="note">Nothing: it did not come this far.</p>` : text === '' ? html`<p class="note">It is empty.</p>` : html`<${Plain} text=${text} />`}${Number(more) > 0 && html`<p class="note">${counted(Number(more), 'more character')}</p>`}</section>`)}</div>`;
}
