// What the parts that came third are computed by, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const { endsText, lastOf, NOTHING, withPiece } = await import(`${ui}live_text.js`);
const { partsOf } = await import(`${ui}budget.js`);

test('a budget has a bar for each limit, never wider than its whole', () => {
  const budget = { limit: { amount: '2', currency: 'USD' }, spent: { amount: '0.5', currency: 'USD' }, reserved: null, limit_tokens: 100, spent_tokens: 150, reserved_tokens: 0, spent_percent: 150, on_limit: 'ask' };
  assert.deepEqual(partsOf(budget).map((part) => [part.text, part.spent]), [['$0.500 of $2.000', 0.25], ['150 of 100 tokens', 1]]);
  assert.deepEqual(partsOf({ ...budget, limit: null, limit_tokens: null }), []);
});

test('text that is being written grows by its pieces, and the same piece twice changes nothing', () => {
  const piece = (number, start, text) => ({ run_id: 'r', number, start, text });
  const first = withPiece(NOTHING, piece(1, 0, 'Dear '));
  const second = withPiece(first, piece(1, 5, 'Ana'));
  assert.deepEqual([first.text, second.text, withPiece(second, piece(1, 5, 'Ana')).text], ['Dear ', 'Dear Ana', 'Dear Ana']);
  assert.equal(withPiece(second, piece(2, 4, 'x')), second);
  assert.equal(withPiece(second, piece(2, 0, 'Hello')).text, 'Hello');
  assert.equal(endsText({ event: { kind: 'replied' } }), true);
  assert.deepEqual(lastOf('x'.repeat(20_001)).left, 1);
});
