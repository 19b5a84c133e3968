// @ts-check
/** Router: which page is shown, with its filters, as the address has it. */
import { signal } from './view.js';

/** @typedef {{page: string, name: string, tab: string, query: Record<string, string>}} Route */

/** @type {import('./view').Signal<Route>} */
export const route = signal(parse(location.hash));

addEventListener('hashchange', read);

/** Take the route from the address. */
export function read() {
  route.value = parse(location.hash);
}

/** The route of an address such as `#/run/agent:a1f0/results?only=failed`.
 * @param {string} hash @returns {Route} */
export function parse(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, name, tab] = path.split('/').map(decode);
  return { page: page || 'runs', name: name ?? '', tab: tab ?? '', query: Object.fromEntries(new URLSearchParams(query)) };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} page @param {string} [name] @param {string} [tab] @param {Record<string, string | undefined>} [query] */
export function href(page, name = '', tab = '', query = {}) {
  const path = [page, name, tab].filter(Boolean).map(encodeURIComponent).join('/');
  const pairs = Object.entries(query).filter((pair) => pair[1]);
  const text = new URLSearchParams(/** @type {[string, string][]} */ (pairs)).toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

/** Show another address. @param {string} address */
export function go(address) {
  location.hash = address;
}

/** Change the filters of the page that is shown, without a step back for each.
 * @param {Record<string, string | undefined>} query */
export function refine(query) {
  const { page, name, tab } = route.value;
  history.replaceState(null, '', href(page, name, tab, { ...route.value.query, ...query }));
  route.value = parse(location.hash);
}
