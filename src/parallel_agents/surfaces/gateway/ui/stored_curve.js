// @ts-check
/** Stored curve: a file has the costs of one run, of which a curve by day says nothing. */
import { html } from './view.js';

export function Curve() {
  return html``;
}
