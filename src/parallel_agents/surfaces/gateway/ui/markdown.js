// @ts-check
/** Markdown: the subset that models write, as vnodes; whatever else there is stays text. */
import { html } from './view.js';
import { clean, FOLD_BYTES } from './text.js';

/** @typedef {{kind: 'code' | 'heading' | 'list' | 'quote' | 'text', lines: string[], level: number}} Block */

const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(\*[^*\s][^*\n]*\*)|\[([^\]\n]{1,300})\]\((https?:\/\/[^\s()]{1,2000})\)/g;
const MOST_BLOCKS = 2000;

/** The blocks of a text, one after the other. @param {string} text @returns {Block[]} */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  let isCode = false;
  for (const line of clean(text).split('\n')) {
    const last = blocks.at(-1);
    if (/^\s*```/.test(line)) {
      isCode = !isCode;
      if (isCode) blocks.push({ kind: 'code', lines: [], level: 0 });
      continue;
    }
    if (isCode && last) {
      last.lines.push(line);
      continue;
    }
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    const item = /^\s*(?:[-*+]|\d{1,3}[.)]) (.*)$/.exec(line);
    if (heading) blocks.push({ kind: 'heading', lines: [heading[2]], level: heading[1].length });
    else if (item) add(blocks, 'list', item[1]);
    else if (line.startsWith('> ')) add(blocks, 'quote', line.slice(2));
    else if (line.trim()) add(blocks, 'text', line);
    else blocks.push({ kind: 'text', lines: [], level: 0 });
  }
  return blocks.filter((block) => block.lines.length).slice(0, MOST_BLOCKS);
}

/** @param {Block[]} blocks @param {Block['kind']} kind @param {string} line */
function add(blocks, kind, line) {
  const last = blocks.at(-1);
  if (last?.kind === kind && last.lines.length) last.lines.push(line);
  else blocks.push({ kind, lines: [line], level: 0 });
}

/** @param {{text: string}} props a text that is not too long to fold */
export function Markdown({ text }) {
  if (text.length > FOLD_BYTES) return html`<pre>${clean(text.slice(0, FOLD_BYTES))}</pre>`;
  return html`<div class="markdown">${blocksOf(text).map(block)}</div>`;
}

/** @param {Block} found */
function block(found) {
  if (found.kind === 'code') return html`<pre class="code">${found.lines.join('\n')}</pre>`;
  if (found.kind === 'heading') return html`<p class="heading level-${Math.min(found.level, 3)}">${inline(found.lines[0])}</p>`;
  if (found.kind === 'list') return html`<ul>${found.lines.map((line) => html`<li>${inline(line)}</li>`)}</ul>`;
  const lines = found.lines.map((line, n) => html`${n ? html`<br />` : ''}${inline(line)}`);
  return found.kind === 'quote' ? html`<blockquote>${lines}</blockquote>` : html`<p>${lines}</p>`;
}

/** @param {string} line */
function inline(line) {
  const parts = [];
  let end = 0;
  for (const found of line.matchAll(INLINE)) {
    parts.push(line.slice(end, found.index));
    end = found.index + found[0].length;
    if (found[1]) parts.push(html`<code>${found[1].slice(1, -1)}</code>`);
    else if (found[2]) parts.push(html`<strong>${found[2].slice(2, -2)}</strong>`);
    else if (found[3]) parts.push(html`<em>${found[3].slice(1, -1)}</em>`);
    else parts.push(html`<a href=${found[5]} rel="noopener noreferrer" target="_blank" title=${found[5]}>${found[4]}</a>`);
  }
  parts.push(line.slice(end));
  return parts;
}
