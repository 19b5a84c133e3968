// @ts-check
/** Health page: what runs and what of it needs a person, and how fast models may be called. */
import { html, useEffect, useLayoutEffect } from './view.js';
import { get } from './api.js';
import { noteTime } from './live.js';
import { href } from './router.js';
import { bind } from './keys.js';
import { useAsked } from './asked.js';
import { tick } from './shell.js';
import { Limits } from './limits.js';
import { Copy, Trouble } from './parts.js';
import { oneLine } from './text.js';

/** @typedef {import('./types').Sign} Sign */
/** @typedef {import('./types').Limit} Limit */

const EVERY_SECONDS = 5;
const GLYPHS = { problem: '▲', note: '●', ok: '✔' };
/** Where more is seen of what a sign is about.
 * @type {Record<string, [string, string]>} */
const PLACES = { letters: ['The dead letters', href('letters')], questions: ['The questions', href('needs')], dead_letters: ['The dead letters', href('letters')] };

export function HealthPage() {
  const { value, error, reload } = useAsked(async () => {
    const [health, limits, used] = await Promise.all([get('/health'), get('/limits', { limit: 200 }), get('/cost', { by: 'model', since: '7d' })]);
    noteTime(health.as_of);
    return { signs: /** @type {Sign[]} */ (health.signs), needsYou: /** @type {boolean} */ (health.needs_you), limits: /** @type {Limit[]} */ (limits.items), used: /** @type {string[]} */ (used.sums.map((/** @type {{name: string | null}} */ each) => each.name).filter(Boolean)), left: limits.next ? limits.counts.total - limits.items.length : 0 };
  }, []);
  useEffect(() => {
    if (tick.value && tick.value % EVERY_SECONDS === 0 && !document.hidden) reload();
  }, [tick.value]);
  useLayoutEffect(() => bind('Health', [{ keys: '.', does: 'look again', run: reload }]));
  const order = ['problem', 'note', 'ok'];
  const signs = [...(value?.signs ?? [])].sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
  return html`<section class="page narrow">
    <div class="row title"><h1>Health</h1>${value && html`<span class=${value.needsYou ? 'need' : 'is-done'}>${value.needsYou ? '▲ needs you' : '✔ well'}</span>`}<span class="space"></span><${Copy} text="pagents health">Copy as command<//></div>
    ${error !== null && html`<${Trouble} error=${error} retry=${reload} />`}
    ${!value && error === null && html`<p class="note">Looking…</p>`}
    ${value && html`<ul class="signs">${signs.map((sign) => html`<${SignLine} sign=${sign} />`)}</ul>
      <${Limits} limits=${value.limits} used=${value.used} onChange=${reload} />${value.left > 0 && html`<p class="foot">and ${value.left} more, which <code>pagents limits</code> shows</p>`}`}
  </section>`;
}

/** @param {{sign: Sign}} props */
export function SignLine({ sign }) {
  const session = sign.session_key;
  const place = PLACES[sign.about] ?? (session ? ['The session', href('session', session)] : undefined);
  return html`<li class="sign is-level-${sign.level}"><span class="glyph" aria-hidden="true">${GLYPHS[sign.level]}</span><div class="sign-line"><span class="unseen">${sign.level}: </span><b>${sign.about.replaceAll('_', ' ')}</b><span class="sign-text">${oneLine(sign.text, 400)}${place ? html` <a href=${place[1]}>${place[0]}</a>` : ''}${sign.hint && html`<span class="note">${oneLine(sign.hint, 300)}</span>`}</span></div></li>`;
}
