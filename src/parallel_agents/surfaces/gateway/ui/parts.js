// @ts-check
/** Parts: what several pages show: states, state bars, problems, texts that fold, and buttons that copy. */
import { html, useState } from './view.js';
import { whyReadOnly } from './access.js';
import { Problem } from './api.js';
import { href } from './router.js';
import { glyph, STATES, word } from './words.js';
import { folded } from './text.js';
import { clock, moment, size } from './format.js';

/** @param {{state: string, quiet?: boolean, more?: string}} props with `more`, what lists say after the state */
export function State({ state, quiet = false, more = '' }) {
  const told = more ? `${word(state)}, ${more}` : word(state);
  return html`<span class="state is-${state}"><span class="glyph" aria-hidden="true">${glyph(state)}</span>${quiet ? html`<span class="unseen">${told}</span>` : told}</span>`;
}

/** Counts as one bar; each part is as wide as its share. @param {{counts: Record<string, number>}} props */
export function StateBar({ counts }) {
  const countOf = (/** @type {string} */ state) => counts[word(state)] ?? counts[state] ?? 0; // documents count by words
  const found = STATES.filter(countOf);
  const total = found.reduce((sum, state) => sum + countOf(state), 0);
  const label = found.map((state) => `${countOf(state)} ${word(state)}`).join(', ');
  let at = 0;
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${label || 'nothing yet'}>
    <rect class="bar-empty" width="100" height="8" />
    ${found.reverse().map((state) => {
      const width = (countOf(state) / total) * 100;
      const x = at;
      at += width;
      return html`<rect class="fill-${state}" x=${x} width=${Math.max(width, 0.5)} height="8" />`;
    })}
  </svg>`;
}

/** An error in four lines: what, why, what to do, and its code. @param {{error: unknown, retry?: () => void}} props */
export function Trouble({ error, retry }) {
  const told = error instanceof Problem ? error : null;
  const hint = error instanceof Error && 'hint' in error ? error.hint : '';
  return html`<div class="trouble" role="alert">
    <strong>${error instanceof Error ? error.message : String(error)}</strong>
    ${told?.why && html`<div>${told.why}</div>`}
    ${hint && html`<div class="hint">${hint}</div>`}
    <div class="row">${told?.code && html`<code>${told.code}</code>`}${retry && html`<button onClick=${retry}>Try again</button>`}</div>
  </div>`;
}

/** A text as it is, folded while it is long. @param {{text: string, class?: string}} props */
export function Plain({ text, class: name = '' }) {
  const [isOpen, open] = useState(false);
  const part = folded(text, isOpen);
  return html`<div class="plain ${name}"><pre tabindex="0">${part.text}</pre>
    ${part.left > 0 && html`<button class="more" onClick=${() => open(true)}>Show all: ${size(part.left)} more</button>`}
  </div>`;
}

/** A button of what changes something; where things may only be read it is disabled, and says why.
 * @param {{children?: unknown, disabled?: boolean, title?: string, [attribute: string]: unknown}} props */
export function Act({ children, disabled = false, title, ...rest }) {
  const why = whyReadOnly();
  return html`<button ...${rest} disabled=${disabled || Boolean(why)} title=${why || title}>${children}</button>`;
}

/** When something was: how long ago or at what time, and the exact moment on hover. @param {{iso: string | null | undefined, children?: unknown}} props */
export function Time({ iso, children }) {
  return html`<time datetime=${iso ?? undefined} title=${iso ?? undefined}>${children ?? clock(moment(iso))}</time>`;
}

/** @param {{text: string | (() => string), children?: unknown, title?: string}} props */
export function Copy({ text, children = 'Copy', title = 'Copy to the clipboard' }) {
  const [said, say] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : text());
      say('Copied');
    } catch {
      say('The browser refuses to copy');
    }
    setTimeout(() => say(''), 1500);
  };
  return html`<button class="quiet" title=${title} onClick=${copy}>${said || children}</button>`;
}

/** Tabs whose address is part of the page's.
 * @param {{tabs: [string, string, string][], chosen: string}} props each has a name, an address and a text */
export function Tabs({ tabs, chosen }) {
  return html`<nav class="tabs" aria-label="Views">${tabs.map(
    ([name, address, text]) => html`<a href=${address} aria-current=${name === chosen ? 'page' : undefined}>${text}</a>`,
  )}</nav>`;
}

/** The tags of a run, each a link to the runs that have it. @param {{tags: string[] | undefined}} props */
export function Tags({ tags }) {
  return html`${(tags ?? []).map((tag) => html`<a class="tag" href=${href('runs', '', '', { filter: `tag:${tag}` })} title="All runs with this tag">${tag}</a>`)}`;
}
