// @ts-check
/** View: what pages are made of. Text always becomes text nodes; nothing here reads HTML. */
import { h, render } from './vendor/preact.js';
import htm from './vendor/htm.js';

/** @template T @typedef {import('./vendor/signals.js').Signal<T>} Signal */

export { render };
export { useEffect, useLayoutEffect, useRef, useState, useMemo } from './vendor/hooks.js';
export { batch, computed, effect, signal } from './vendor/signals.js';
export const html = htm.bind(h);
