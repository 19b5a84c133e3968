// What the parts that came third are computed by, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const { partsOf } = await import(`${ui}budget.js`);

test('a budget has a bar for each limit, never wider than its whole', () => {
  const budget = { limit: { amount: '2', currency: 'USD' }, spent: { amount: '0.5', currency: 'USD' }, reserved: null, limit_tokens: 100, spent_tokens: 150, reserved_tokens: 0, spent_percent: 150, on_limit: 'ask' };
  assert.deepEqual(partsOf(budget).map((part) => [part.text, part.spent]), [['$0.500 of $2.000', 0.25], ['150 of 100 tokens', 1]]);
  assert.deepEqual(partsOf({ ...budget, limit: null, limit_tokens: null }), []);
});
