// @ts-check
/** Audit page: who decided what and why, from where, newest first. */
import { html, useEffect, useLayoutEffect, useState } from './view.js';
import { get } from './api.js';
import { noteTime, now } from './live.js';
import { href, refine, route } from './router.js';
import { bind } from './keys.js';
import { useAsked } from './asked.js';
import { Copy, Time, Trouble } from './parts.js';
import { decider, isSought } from './decisions.js';
import { clean, oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Decision} Decision */

const PAGE = 200;

export function AuditPage() {
  const { query } = route.value;
  const { since, find = '' } = query;
  const within = query.in ?? '';
  const { value, error, reload } = useAsked(async () => {
    const page = await get('/audit', { in: within, since, limit: PAGE });
    noteTime(page.as_of);
    return page;
  }, [within, since]);
  const [older, add] = useState(/** @type {{items: Decision[], left: number | null}} */ ({ items: [], left: null }));
  const [failure, fail] = useState(/** @type {unknown} */ (null));
  useEffect(() => add({ items: [], left: null }), [within, since]);
  const shown = merged(older.items, value?.items ?? []);
  const left = older.left ?? value?.earlier_events ?? 0;
  const sought = shown.filter((each) => isSought(each, find)).reverse();
  const more = () => get('/audit', { in: within, since, limit: PAGE, before: shown[0].seq }).then((page) => add({ items: merged(page.items, older.items.length ? older.items : shown), left: page.items.length ? page.earlier_events : 0 }), fail);
  useLayoutEffect(() => bind('Audit', [
    { keys: '/', does: 'find', run: () => document.getElementById('audit-find')?.focus() },
    { keys: 'm', does: 'earlier decisions', run: () => void (left > 0 && shown.length && more()) },
  ]));
  return html`<section class="page">
    <div class="row title"><h1>Audit</h1><${Chain} /><span class="space"></span><${Copy} text=${() => sought.map((each) => JSON.stringify(each)).join('\n')}>Copy as JSON lines<//><${Copy} text=${`pagents audit ${within}`.trim()}>Copy as command<//></div>
    <div class="filters" role="search"><label class="grow">Find <input id="audit-find" type="search" placeholder="a person, a decision, a reason" value=${find} onInput=${(/** @type {any} */ event) => refine({ find: event.target.value || undefined })} /></label>
      <label>Within <input value=${within} spellcheck=${false} placeholder="all runs" onChange=${(/** @type {any} */ event) => refine({ in: event.target.value.trim() || undefined })} /></label>
      <label>Decided <select onChange=${(/** @type {any} */ event) => refine({ since: event.target.value || undefined })}>${[['', 'at any time'], ['1h', 'in the last hour'], ['24h', 'in the last day'], ['7d', 'in the last week']].map(([name, text]) => html`<option value=${name} selected=${name === (since ?? '')}>${text}</option>`)}</select></label></div>
    ${[error, failure].filter((each) => each !== null).map((each) => html`<${Trouble} error=${each} retry=${reload} />`)}
    ${!value && error === null && html`<p class="note">Reading…</p>`}
    ${value && !sought.length && html`<div class="card empty"><h2>${shown.length ? 'Nothing matches' : 'No decisions yet'}</h2><p>${shown.length ? `None of the ${shown.length} decisions read so far has ${oneLine(find, 60)}.` : 'Who started, steered, answered or killed what, and which rule retried, escalated or refused, is written here and cannot be changed.'}</p></div>`}
    ${sought.length > 0 && html`<div class="table-box"><table class="audit"><thead><tr><th>When</th><th>Who</th><th>Decision</th><th>Of</th><th>Why</th></tr></thead>
      <tbody>${sought.map((each) => html`<${Line} key=${`${each.seq}.${each.what}`} decision=${each} />`)}</tbody></table></div>`}
    <p class="foot" role="status">${shown.length > 0 && `${format.counted(sought.length, 'decision')}${find ? ` of ${shown.length} read` : ''}`} ${left > 0 && shown.length > 0 && html`<button class="quiet" onClick=${more}>Earlier ones, in ${format.counted(left, 'event')} before</button>`}</p>
  </section>`;
}

/** Whether the journal is as it was written: looked at when asked, since a long one takes a while. */
function Chain() {
  const [isAsked, ask] = useState(false);
  const [said, say] = useState('');
  const [fault, find] = useState('');
  const verify = async () => {
    ask(true);
    find('');
    for (;;) {
      const found = (await get('/client/verify')).value;
      if (!found) continue;
      const { chain, rows } = found;
      ask(false);
      say(`✔ chain verified to #${(chain.before + chain.events + (chain.pruned?.[0] ?? 0)).toLocaleString('en-US')}`);
      find(chain.fault || (rows.faults.length ? `${format.counted(rows.faults.length, 'run')} of the lists contradict their events` : ''));
      return;
    }
  };
  if (fault) return html`<span class="need" role="status">✖ ${oneLine(fault, 200)} <code>pagents audit --verify</code></span>`;
  return html`${said && html`<span class="is-done" role="status">${said}</span>`}<button class="quiet" disabled=${isAsked} title="Compare all events with the chain of hashes, from where the last check ended" onClick=${() => verify().catch((error) => { ask(false); find(error.message); })}>${isAsked ? 'Verifying…' : said ? 'Again' : 'Verify the chain'}</button>`;
}

/** The same decisions once, in their order. @param {Decision[]} one @param {Decision[]} other */
function merged(one, other) {
  const found = new Map([...one, ...other].map((each) => [`${each.seq}.${each.what}`, each]));
  return [...found.values()].sort((a, b) => a.seq - b.seq);
}

/** @param {{decision: Decision}} props */
function Line({ decision }) {
  const { who, from } = decider(decision.who);
  const at = format.moment(decision.at);
  return html`<tr><td class="when"><${Time} iso=${decision.at}>${format.day(at, now())} ${format.clock(at)}<//><span class="count"> #${decision.seq}</span></td>
    <td class="who"><b>${oneLine(who, 60)}</b>${from && html`<div class="note">${oneLine(from, 80)}</div>`}</td><td>${oneLine(decision.what, 60)}</td>
    <td class="of"><a href=${href('session', decision.session_key)} title=${decision.session_key}>${oneLine(decision.label || format.keyed(decision.session_key), 40)}</a></td><td class="why" title=${decision.why.length > 240 ? clean(decision.why.slice(0, 4000)) : undefined}>${oneLine(decision.why, 240)}</td></tr>`;
}
