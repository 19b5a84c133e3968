// @ts-check
/** File diff: one file of a patch, line by line. */
import { html, useState } from './view.js';
import * as format from './format.js';

/** @typedef {import('./patch.js').FileDiff} FileDiff */

const MOST_LINES = 400;

/** @param {{file: FileDiff, isOpen: boolean}} props */
export function FileView({ file, isOpen }) {
  const [most, more] = useState(MOST_LINES);
  return html`<details class="file-diff" open=${isOpen}>
    <summary><b>${file.was && `${file.was} → `}${file.path}</b> ${file.note && html`<span class="tag">${file.note}</span>`} <span class="plus">+${file.added}</span> <span class="minus">−${file.removed}</span></summary>
    ${file.lines.length > 0 && html`<div class="diff-box" tabindex="0" role="region" aria-label=${`What changed in ${file.path}`}><table class="diff"><tbody>${file.lines.slice(0, most).map((line) => html`<tr class=${SHAPES[line.sign]}><td class="line-number">${line.before ?? ''}</td><td class="line-number">${line.after ?? ''}</td><td class="line-sign">${line.sign === '@' ? '⋯' : line.sign === '-' ? '−' : line.sign}</td><td class="code">${line.text || ' '}</td></tr>`)}</tbody></table></div>`}
    ${file.lines.length > most && html`<button class="more" onClick=${() => more(most * 10)}>${format.counted(file.lines.length - most, 'line')} more</button>`}
  </details>`;
}

const SHAPES = { '+': 'is-plus', '-': 'is-minus', ' ': '', '@': 'is-place' };
