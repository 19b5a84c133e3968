// @ts-check
/** Stored absent: what can only be done at a gateway is nowhere in a file. */
import { html } from './view.js';

function nothing() {
  return html``;
}

export { nothing as AsksHere, nothing as Changes, nothing as CompareWith, nothing as Fork, nothing as ForkSign, nothing as hasSteps, nothing as Kill, nothing as NeedChip, nothing as PauseButton, nothing as RetryFailed, nothing as RetryOne, nothing as Say, nothing as Steps };
