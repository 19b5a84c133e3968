// What the page of a comparison computes, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const { compared, money, more, moreMoney, percent } = await import(`${ui}compare_words.js`);

const side = (amount, simulated = null) => ({ cost: amount === null ? null : { amount, currency: 'USD' }, simulated_cost: simulated && { amount: simulated, currency: 'USD' } });

test('a figure is told once if both are the same, and with its difference if not', () => {
  assert.deepEqual([compared('2s', '2s'), compared('2s', '3s')], ['2s', '2s → 3s']);
  assert.deepEqual([more(1, 3, String), more(3, 1, String), more(null, 1, String), more(1, undefined, String)], ['+2', '−2', '', '']);
  assert.deepEqual([percent(100, 108), percent(100, 92), percent(0, 5), percent(100, null), percent(1000, 1001)], ['+8 %', '−8 %', '', '', '']);
});

test('a cost that is not known is a dash, and never nothing', () => {
  assert.equal(moreMoney(side('0.5'), side(null)), '—');
  assert.equal(moreMoney(side('0.5'), null), '—');
  assert.equal(money(side(null)), null);
  assert.deepEqual([moreMoney(side('0.5'), side('0.75')), moreMoney(side('0.75'), side('0.5')), moreMoney(side('1'), side('1'))], ['+$0.250', '−$0.250', '$0']);
  assert.equal(moreMoney(side('0', '0.5'), side('0', '0.75')), '+$0.250 sim');
});
