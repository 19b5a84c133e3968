// @ts-check
/** Budget: what a run may spend, and what of it is spent, as a bar with its numbers. */
import { html } from './view.js';
import * as format from './format.js';

/** @typedef {import('./types').Budget} Budget */

const AT_LIMIT = { finish: 'then it answers in one last call', stop: 'then it stops', ask: 'then it asks you' };

/** How much of each limit is spent and held, as shares of it. @param {Budget} budget
 * @returns {{text: string, spent: number, held: number}[]} */
export function partsOf(budget) {
  const found = [];
  const limit = format.usd(budget.limit);
  if (limit) {
    const spent = format.usd(budget.spent);
    found.push({ text: `${format.dollars(spent)} of ${format.limit(budget.limit)}`, spent: share(spent ?? 0, limit), held: share(format.usd(budget.reserved) ?? 0, limit) });
  }
  if (budget.limit_tokens) {
    found.push({ text: `${format.tokens(budget.spent_tokens)} of ${format.tokens(budget.limit_tokens)} tokens`, spent: share(budget.spent_tokens, budget.limit_tokens), held: share(budget.reserved_tokens, budget.limit_tokens) });
  }
  return found;
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return Math.min(1, Math.max(0, part / whole));
}

/** @param {{budget: Budget}} props */
export function BudgetBars({ budget }) {
  return html`${partsOf(budget).map((part, n) => html`<span class="budget" title=${`${AT_LIMIT[budget.on_limit] ?? ''}; the light part is held for calls in flight`}>
    ${n === 0 && html`<span class="label">budget</span> `}${part.text}
    <svg class="budget-bar ${part.spent >= 0.95 ? 'is-spent' : part.spent >= 0.8 ? 'is-near' : ''}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${`${Math.round(part.spent * 100)} % of the budget is spent`}>
      <rect class="bar-empty" width="100" height="8" /><rect class="budget-held" width=${Math.min(100, (part.spent + part.held) * 100)} height="8" /><rect class="budget-spent" width=${part.spent * 100} height="8" /><rect class="budget-mark" x="80" width="0.6" height="8" /></svg>
    <span class="num">${Math.round(part.spent * 100)} %</span></span>`)}`;
}
