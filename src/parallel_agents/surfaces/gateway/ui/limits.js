// @ts-check
/** Limits: how fast models may be called and what holds calls back, changed while runs continue. */
import { html, useState } from './view.js';
import { clockNow } from './shell.js';
import { ask } from './api.js';
import { Act, Trouble } from './parts.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Limit} Limit */

/** @param {{limits: Limit[], used: string[], onChange: () => void}} props `used` are the models of the last week */
export function Limits({ limits, used, onChange }) {
  const [error, fail] = useState(/** @type {unknown} */ (null));
  const [said, say] = useState('');
  const put = (/** @type {string} */ model, /** @type {object | null} */ limit) => ask(limit ? 'PUT' : 'DELETE', `/limits/${encodeURIComponent(model)}`, limit ?? undefined).then(
    () => { fail(null); say(limit ? `Set for ${model}; all processes hold to it from now on.` : `What was set and learned for ${model} is forgotten.`); onChange(); },
    (told) => { say(''); fail(told); },
  );
  return html`<h2 class="group-title">Limits</h2>
    ${error !== null && html`<${Trouble} error=${error} />`}
    <p class="note" role="status">${said || 'What you set counts for all processes of this home at once; calls in flight are not interrupted.'}</p>
    ${limits.length > 0 ? html`<div class="limits">${limits.map((limit) => html`<${Line} key=${limit.model} limit=${limit} put=${put} />`)}</div>` : html`<p class="card note">No model has a limit or was refused a call.</p>`}
    <${AtRest} names=${used.filter((name) => !limits.some((limit) => limit.model === name))} />
    <${Add} put=${put} used=${used} />`;
}

/** The models that were used of late and that nothing limits or holds back. @param {{names: string[]}} props */
function AtRest({ names }) {
  if (!names.length) return html``;
  return html`<p class="note">Without a limit, breaker closed: ${names.map((name, n) => html`${n ? ', ' : ''}<b>${oneLine(name, 60)}</b>`)}.</p>`;
}

/** @param {{limit: Limit, put: (model: string, limit: object | null) => Promise<void>}} props */
function Line({ limit, put }) {
  const now = clockNow();
  const [isOpen, open] = useState(false);
  const isAgent = limit.model.startsWith('agent:');
  const closed = format.moment(limit.closed_until);
  const opens = format.moment(limit.breaker_open_until);
  return html`<article class="card limit"><header class="row"><b>${oneLine(limit.model, 80)}</b>
      <span class="note">${isAgent ? `${format.counted(limit.failures, 'failure')} of late${limit.breaker === 'closed' ? ', not paused' : ''}` : limit.source ? (limit.source === 'set' ? 'set here' : 'from the configuration') : 'no limit is set'}</span><span class="space"></span>
      ${!isAgent && html`<${Act} class="quiet" aria-expanded=${isOpen ? 'true' : 'false'} onClick=${() => open(!isOpen)}>Change…<//>`}
      <${Act} class="quiet" onClick=${() => void put(limit.model, null)}>${isAgent ? (limit.breaker === 'closed' ? 'Forget them' : 'Let it run again') : 'Reset'}<//></header>
    ${!isAgent && html`<div class="meters"><${Meter} name="requests a minute" used=${limit.requests} most=${limit.requests_per_minute} /><${Meter} name="tokens a minute" used=${limit.tokens} most=${limit.tokens_per_minute} />
      <span class="meter">▶ ${limit.in_flight} in flight${limit.window === null ? '' : ` of ${limit.window}`}${limit.waiting ? `, ◌ ${limit.waiting} waiting` : ''}${limit.breaker === 'closed' ? html` <span class="note breaker">breaker closed</span>` : ''}</span></div>`}
    ${closed !== null && closed > now && html`<p class="need">▲ refused; calls again in ${format.seconds(closed - now)}</p>`}
    ${limit.breaker !== 'closed' && html`<p class="need">▲ paused after ${format.counted(limit.failures, 'failure')}${opens !== null && opens > now ? `, tried again in ${format.seconds(opens - now)}` : ''}</p>`}
    ${isOpen && html`<${Change} limit=${limit} put=${async (/** @type {object} */ given) => { await put(limit.model, given); open(false); }} />`}</article>`;
}

/** @param {{name: string, used: number, most: number | null}} props */
function Meter({ name, used, most }) {
  const share = most ? Math.min(1, used / most) : 0;
  return html`<span class="meter"><span class="num">${format.tokens(used)}${most === null ? '' : ` / ${format.tokens(most)}`}</span> <span class="note">${name}${most === null ? ', unlimited' : ''}</span>
    ${most !== null && html`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-empty" width="100" height="8" /><rect class=${share > 0.9 ? 'fill-partial' : ''} width=${share * 100} height="8" /></svg>`}</span>`;
}

/** @param {{limit: Pick<Limit, 'requests_per_minute' | 'tokens_per_minute'>, put: (given: object) => Promise<void>}} props */
function Change({ limit, put }) {
  const [requests, typeRequests] = useState(String(limit.requests_per_minute ?? ''));
  const [tokens, typeTokens] = useState(String(limit.tokens_per_minute ?? ''));
  const found = { requests_per_minute: whole(requests), tokens_per_minute: whole(tokens) };
  const isWrong = Number.isNaN(found.requests_per_minute) || Number.isNaN(found.tokens_per_minute);
  const given = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  const set = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isWrong && Object.keys(given).length) void put(given);
  };
  return html`<form class="filters" onSubmit=${set}><label>Requests a minute <input inputmode="numeric" value=${requests} placeholder="as it is" onInput=${(/** @type {any} */ event) => typeRequests(event.target.value)} /></label>
    <label>Tokens a minute <input inputmode="numeric" value=${tokens} placeholder="as it is" onInput=${(/** @type {any} */ event) => typeTokens(event.target.value)} /></label>
    <${Act} class="main" disabled=${isWrong || !Object.keys(given).length}>Set<//>${isWrong && html`<span class="fault">whole numbers above zero</span>`}</form>`;
}

/** A whole number above zero; undefined if there is none, not a number if it is something else. @param {string} text */
function whole(text) {
  const trimmed = text.replaceAll(',', '').trim();
  if (!trimmed) return undefined;
  return /^[1-9]\d{0,11}$/.test(trimmed) ? Number(trimmed) : NaN;
}

/** @param {{put: (model: string, limit: object | null) => Promise<void>, used: string[]}} props */
function Add({ put, used }) {
  const [model, name] = useState('');
  return html`<details class="card"><summary>Set a limit for another model</summary>
    <label class="field">Model <input value=${model} placeholder="provider/model" list="models-used" spellcheck=${false} onInput=${(/** @type {any} */ event) => name(event.target.value)} /></label><datalist id="models-used">${used.map((each) => html`<option value=${each} />`)}</datalist>
    ${model.includes('/') && html`<${Change} limit=${{ requests_per_minute: null, tokens_per_minute: null }} put=${(/** @type {object} */ given) => put(model.trim(), given)} />`}</details>`;
}
