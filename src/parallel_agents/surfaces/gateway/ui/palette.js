// @ts-check
/** Palette: one line that finds pages, sessions, agents and what can be done, on Ctrl-K. */
import { html, signal, useEffect, useLayoutEffect, useMemo, useState } from './view.js';
import { useModal } from './modal.js';
import { get } from './api.js';
import { go, href, route } from './router.js';
import { bind } from './keys.js';
import { FURTHER } from './rail.js';
import { actionsHere, PAGES } from './palette_actions.js';
import { glyph, stateOf, word } from './words.js';
import { titleOf } from './rows.js';
import { namedFirst, ranked } from './ranking.js';
import { clean, oneLine } from './text.js';

/** @typedef {import('./ranking.js').Choice} Choice */

const PAUSE_MILLISECONDS = 150;
const MOST = { sessions: 8, hits: 6, named: 14, unasked: 12 };
const STEP = 100;
const LEAST_LETTERS = 3;
export const isOpen = signal(false);

function toggle() {
  isOpen.value = !isOpen.value;
}

if (typeof document !== 'undefined') {
  document.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (isOpen.value || !document.querySelector('dialog[open]')) toggle();
  });
}

/** The palette while it is open, and the keys that go to the further pages. */
export function Palette() {
  useLayoutEffect(() => bind('Pages', [
    { keys: 'Ctrl k', does: 'find a page, session, agent or text', run: toggle },
    ...FURTHER.map(([page, title, keys]) => ({ keys, does: `go to: ${title.toLowerCase()}`, run: () => go(href(page)) })),
  ]), []);
  useEffect(() => document.querySelector('.rail [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' }), [route.value.page]);
  return isOpen.value ? html`<${Opened} />` : null;
}

/** The agents and teams, read once each time the palette opens. */
function useCatalog() {
  const [choices, set] = useState(/** @type {Choice[]} */ ([]));
  useEffect(() => {
    let isGone = false;
    for (const kind of ['agent', 'team']) {
      get(`/${kind}s`).then((page) => {
        if (!isGone) set((before) => [...before, ...page.items.map((/** @type {any} */ each) => ({ group: `${kind}s`, title: each.name, note: oneLine(each.description ?? '', 90), address: href('agents', kind, each.name) }))]);
      }, () => {});
    }
    return () => { isGone = true; };
  }, []);
  return choices;
}

/** The sessions with a text in them. @param {string} text @param {number} most */
function useSessions(text, most) {
  const [found, set] = useState(/** @type {{choices: Choice[], total: number}} */ ({ choices: [], total: 0 }));
  const words = text.replaceAll('"', ' ').trim();
  useEffect(() => {
    let isGone = false;
    const timer = setTimeout(() => get('/runs', { filter: words ? `"${words}"` : '', limit: most }).then((page) => {
      if (isGone) return;
      set({ total: page.counts.total ?? page.items.length, choices: page.items.map((/** @type {any} */ row) => ({ group: 'sessions', id: row.id, title: `${glyph(stateOf(row))} ${oneLine(titleOf(row), 60)}`, note: `${word(stateOf(row))} · ${row.agent} · ${row.id}`, address: href(row.kind === 'agent' ? 'session' : 'run', row.session_key) })) });
    }, () => { if (!isGone) set({ choices: [], total: 0 }); }), PAUSE_MILLISECONDS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [words, most]);
  return found;
}

/** The texts in transcripts with these words. @param {string} text @param {number} most */
function useHits(text, most) {
  const [found, set] = useState(/** @type {{choices: Choice[], total: number, behind: number}} */ ({ choices: [], total: 0, behind: 0 }));
  const words = text.trim();
  useEffect(() => {
    let isGone = false;
    const none = () => { if (!isGone) set({ choices: [], total: 0, behind: 0 }); };
    const timer = setTimeout(() => (words.length < LEAST_LETTERS ? none() : get('/search', { q: words, limit: most }).then((page) => {
      if (isGone) return;
      set({ total: page.counts.total ?? page.items.length, behind: page.not_indexed ?? 0, choices: page.items.map((/** @type {any} */ hit) => ({ group: 'transcripts', title: oneLine(hit.label || hit.agent, 40), note: hit.role, pieces: hit.snippet, address: href('session', hit.session_key) })) });
    }, none)), PAUSE_MILLISECONDS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [words, most]);
  return found;
}

/** What is said of a choice: for a hit its text, with the words marked. @param {{choice: Choice}} props */
function Note({ choice }) {
  if (!choice.pieces) return html`<span class="note">${choice.note}</span>`;
  return html`<span class="note hit">${choice.note} · ${choice.pieces.map((piece) => (piece.is_hit ? html`<mark>${clean(piece.text)}</mark>` : clean(piece.text)))}</span>`;
}

function Opened() {
  const dialog = useModal();
  const [text, type] = useState('');
  const [at, move] = useState(0);
  const [most, show] = useState(MOST);
  const catalog = useCatalog();
  const actions = useMemo(actionsHere, []);
  const sessions = useSessions(text, most.sessions);
  const hits = useHits(text, most.hits);
  const named = ranked([...actions, ...PAGES, ...catalog], text, Infinity);
  const namedShown = named.slice(0, text ? most.named : most.unasked);
  const further = (/** @type {keyof typeof MOST} */ kind, /** @type {string} */ group, /** @type {number} */ shown, /** @type {number} */ total) => (total > shown && shown > 0 ? [{ group, title: `${shown} of ${total.toLocaleString('en-US')}`, note: total - shown > STEP ? `show ${STEP} more` : 'show all', isMore: true, run: () => show({ ...most, [kind]: shown + STEP }) }] : []);
  const choices = [
    ...namedFirst([...namedShown, ...further(text ? 'named' : 'unasked', 'more', namedShown.length, named.length)], [...sessions.choices, ...further('sessions', 'sessions', sessions.choices.length, sessions.total)], text),
    ...hits.choices,
    ...further('hits', 'transcripts', hits.choices.length, hits.total),
  ];
  const current = Math.min(at, Math.max(0, choices.length - 1));
  useEffect(() => document.getElementById(`choice-${current}`)?.scrollIntoView({ block: 'nearest' }), [current]);
  const take = (/** @type {Choice | undefined} */ choice) => {
    if (!choice) return;
    if (choice.isMore) return void choice.run?.();
    isOpen.value = false;
    if (choice.run) choice.run();
    else if (choice.address) go(choice.address);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) move(Math.min(choices.length - 1, Math.max(0, current + step)));
    else if (event.key === 'Enter') take(choices[current]);
    else return;
    event.preventDefault();
  };
  return html`<dialog ref=${dialog} class="palette" aria-label="Find" onClose=${() => (isOpen.value = false)} onClick=${(/** @type {Event} */ event) => event.target === dialog.current && dialog.current?.close()}>
    <input role="combobox" aria-label="Find a page, an action, a session, an agent or text" aria-expanded="true" aria-controls="choices" aria-autocomplete="list" aria-activedescendant=${choices.length ? `choice-${current}` : undefined} autocomplete="off" spellcheck=${false} placeholder="Find a page, an action, a session, an agent or text"
      value=${text} onKeyDown=${press} onInput=${(/** @type {any} */ event) => { type(event.target.value); move(0); show(MOST); }} />
    <div id="choices" role="listbox" aria-label="Found">${choices.map((choice, n) => html`<div id=${`choice-${n}`} role="option" class="choice-line" aria-selected=${n === current ? 'true' : 'false'} onPointerMove=${() => move(n)} onClick=${() => take(choice)}>
      <span class="choice-group">${choice.group !== choices[n - 1]?.group ? choice.group : ''}</span><b>${choice.title}</b><${Note} choice=${choice} /></div>`)}</div>
    <p class="foot" role="status">${choices.length ? html`<kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> opens${hits.total ? `; ${hits.choices.length} of ${hits.total.toLocaleString('en-US')} places in transcripts` : ''}${hits.behind ? `; ${hits.behind.toLocaleString('en-US')} events are not searched yet` : ''}` : `No page, action, agent, session or transcript has “${oneLine(text, 60)}”.`}</p>
  </dialog>`;
}
