// @ts-check
/** Palette actions: what can be done on the page at hand, by the keys that it has, and everywhere. */
import { go, href, route } from './router.js';
import { bound, isHelpOpen, may } from './keys.js';
import { isWanted, permission, turnNotifying } from './notify.js';
import { FURTHER } from './rail.js';

/** @typedef {import('./ranking.js').Choice} Choice */

/** Keys that move a cursor, answer by number, or are not actions of their own in a list of actions. */
const MOVES = new Set(['j', 'k', 'Enter / o', 'Escape', 'Ctrl k', '?']);
/** The scopes of the shell, whose actions come after those of the page. */
const SHELL = new Set(['Everywhere', 'Pages']);

/** @type {Choice[]} */
export const PAGES = [['runs', 'Runs', 'g r'], ['needs', 'Needs you', 'g i'], ...FURTHER].map(([page, title, keys]) => ({ group: 'pages', title, note: keys, address: href(page) }));

/** @returns {Choice[]} */
export function actionsHere() {
  const scopes = bound();
  const page = scopes.filter(([scope]) => !SHELL.has(scope));
  const shell = scopes.filter(([scope]) => scope === 'Everywhere');
  const own = page.reverse().flatMap(([, actions]) => actions.flatMap(asChoice));
  const canKill = own.some((each) => each.title.startsWith('Kill'));
  return [...own, ...(canKill ? [] : [KILL]), ...commandsOf(), ...shell.flatMap(([, actions]) => actions.filter((each) => !each.keys.startsWith('g ')).flatMap(asChoice)), ...EVERYWHERE, ...notifying()];
}

/** @param {import('./keys.js').Action} action @returns {Choice[]} */
function asChoice(action) {
  if (MOVES.has(action.keys) || /^\d$/.test(action.keys) || !may(action)) return [];
  return [{ group: 'actions', title: `${action.does[0].toUpperCase()}${action.does.slice(1)}`, note: action.keys, run: action.run }];
}

/** The commands that do in a terminal what the page is about. @returns {Choice[]} */
function commandsOf() {
  const { page, name, query } = route.value;
  const short = name.slice(name.lastIndexOf(':') + 1).slice(0, 8);
  const commands = page === 'run' || page === 'session' ? [`pagents show ${short}`, `pagents export ${short} --html`, `pagents history ${short}`] : page === 'runs' ? [`pagents list ${query.filter ?? ''}`.trim()] : { needs: ['pagents inbox'], letters: ['pagents dlq list'], cost: ['pagents cost'], agents: ['pagents agents list'], health: ['pagents health'], audit: ['pagents audit'], boards: [`pagents board ${name || 'overview'}`] }[page] ?? [];
  return commands.map((command) => ({ group: 'actions', title: command.endsWith('--html') ? 'Export HTML: copy the command' : 'Copy command', note: command, run: () => void navigator.clipboard.writeText(command) }));
}

/** @type {Choice} */
const KILL = { group: 'actions', title: 'Kill or steer a run…', note: 'choose it among those that run', address: href('runs', '', '', { filter: 'state:running' }) };
/** @type {Choice[]} */
const EVERYWHERE = [
  { group: 'actions', title: 'Show what keys do', note: '?', run: () => (isHelpOpen.value = true) },
  { group: 'actions', title: 'Only what failed in the last day', note: '', address: href('runs', '', '', { filter: 'state:failed since:24h' }) },
  { group: 'actions', title: 'Retry failed…', note: 'dead letters, after the price', address: href('letters') },
  { group: 'actions', title: 'Cost by model', note: '', address: href('cost', '', '', { by: 'model' }) },
  { group: 'actions', title: 'New agent', note: 'pagents agents new', run: () => go(href('agents')) },
];

/** @returns {Choice[]} */
function notifying() {
  const found = permission();
  if (found === 'absent' || found === 'denied') return [];
  return [{ group: 'actions', title: isWanted.value && found === 'granted' ? 'Turn notifications off' : 'Notify me of questions and failures', note: '', run: () => void turnNotifying() }];
}
