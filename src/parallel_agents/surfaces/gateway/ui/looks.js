// @ts-check
/** Looks: which theme is in force, for what is drawn and not styled. */
import { signal } from './view.js';

const system = matchMedia('(prefers-color-scheme: dark)');

/** @type {import('./view').Signal<string>} */
export const theme = signal(found());

function found() {
  return document.documentElement.dataset.theme || (system.matches ? 'dark' : 'light');
}

function notice() {
  theme.value = found();
}

system.addEventListener('change', notice);
new MutationObserver(notice).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
