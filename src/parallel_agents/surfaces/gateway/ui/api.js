// @ts-check
/** API: requests to the gateway that served this page, and to nobody else. */

const STORED = 'pagents.token';
const PREFIX = '/api/v1';
const PATIENCE = 30_000;
/** Whether what is shown is in a file, so that nothing can be done and nothing changes. */
export const isStored = false;

/** A refusal, in the words of the gateway. */
export class Problem extends Error {
  /** @param {number} status @param {{code?: string, title?: string, detail?: string, what?: string, why?: string, hint?: string}} told */
  constructor(status, told) {
    super(told.what ?? told.title ?? 'the gateway refused the request');
    this.status = status;
    this.code = told.code ?? '';
    this.why = told.why ?? '';
    this.hint = told.hint ?? '';
  }
}

/** The gateway cannot be reached, or takes too long. */
export class Unreachable extends Error {
  /** @param {unknown} error */
  constructor(error) {
    const isSlow = error instanceof DOMException && error.name === 'TimeoutError';
    super(isSlow ? `The gateway did not answer within ${PATIENCE / 1000} s` : 'The gateway cannot be reached');
    this.hint = isSlow ? 'What was asked for may still be done: look before you ask again.' : 'Is pagents serve still running? Its terminal or log says why it ended.';
  }
}

/** What a page shows was removed from the store. */
export class Gone extends Error {
  constructor() {
    super('It was removed from the store while it was open');
    this.hint = 'pagents store prune removes what ended; the audit says when, and who did it.';
  }
}

/** Take the token from the address, where the first link has it, and keep it for this origin; whether there was one. */
export function takeToken() {
  const found = /^#t=([^&]+)(.*)$/.exec(location.hash);
  if (!found) return false;
  keepToken(decodeURIComponent(found[1]));
  history.replaceState(null, '', `${location.pathname}${found[2].startsWith('&') ? `#${found[2].slice(1)}` : ''}`);
  return true;
}

let held = '';

/** @param {string} text */
export function keepToken(text) {
  held = text.trim();
  try {
    localStorage.setItem(STORED, held);
  } catch {
    // Without storage the token lasts as long as the tab.
  }
}

export function token() {
  if (held) return held;
  try {
    held = localStorage.getItem(STORED) ?? '';
  } catch {
    held = '';
  }
  return held;
}

/** @param {string} path @param {Record<string, string | number | boolean | undefined>} [query]
 * @returns {Promise<any>} */
export function get(path, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return ask('GET', text ? `${path}?${text}` : path);
}

/** The page that a list names as its next. @param {string} address @returns {Promise<any>} */
export function follow(address) {
  return ask('GET', address.startsWith(PREFIX) ? address.slice(PREFIX.length) : address);
}

/** @param {string} path @param {object} body @param {string} [key] names the request, so that it counts once
 * @returns {Promise<any>} */
export function post(path, body, key) {
  return ask('POST', path, body, key);
}

export function newKey() {
  return crypto.randomUUID();
}

let refusal = '';

/** Refuse changes without asking the gateway, while there is a reason. @param {string} why */
export function refuseChanges(why) {
  refusal = why;
}

/** @param {string} method @param {string} path @param {object} [body] @param {string} [key] */
export async function ask(method, path, body, key) {
  if (refusal && method !== 'GET') throw new Problem(403, { what: 'Nothing can be changed here', why: refusal });
  /** @type {Record<string, string>} */
  const headers = { Authorization: `Bearer ${token()}` };
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  let response;
  try {
    response = await fetch(PREFIX + path, {
      method,
      headers,
      body: body ? JSON.stringify(body) : undefined,
      credentials: 'omit',
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    throw new Unreachable(error);
  }
  if (response.ok) return response.json();
  throw new Problem(response.status, await response.json().catch(() => ({ title: response.statusText })));
}

/** A path of the API with a name in it. @param {string} name @param {string} [rest] */
export function runPath(name, rest = '') {
  return `/runs/${encodeURIComponent(name)}${rest}`;
}
