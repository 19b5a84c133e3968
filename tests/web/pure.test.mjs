// What pages are computed by, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const rows = await import(`${ui}rows.js`);
const { Lanes, linesOf } = await import(`${ui}lanes.js`);
const text = await import(`${ui}text.js`);
const format = await import(`${ui}format.js`);
const { entriesOf } = await import(`${ui}transcript.js`);
const words = await import(`${ui}words.js`);
const forks = await import(`${ui}forks.js`);

const row = (key, more = {}) => ({ session_key: key, agent: 'a', label: '', id: key, status: 'done', created_at: key, counts: {}, parent: null, ...more });
const event = (seq, kind, body = {}, session = 's') => ({ seq, at: new Date(1e12 + seq * 1000).toISOString(), session_key: session, run_id: 'r', key: `k${seq}`, event: { kind, ...body } });

test('a frame that is applied twice changes nothing, and an older one is left out', () => {
  const first = rows.applied(rows.emptyTable(), { kind: 'snapshot', seq: 5, items: [row('a')], total: 1 });
  const again = rows.applied(first, { kind: 'delta', seq: 5, items: [row('a')] });
  const older = rows.applied(again, { kind: 'delta', seq: 4, items: [row('b')] });
  assert.deepEqual([again.rows.size, again.total, older], [1, 1, again]);
});

test('what needs a person is a group of its own', () => {
  const found = rows.grouped([row('a'), row('b', { status: 'running', needs: { budget: 9, stuck: 1 }, asks: 'asks you: may it?' }), row('c', { status: 'running' }), row('d', { status: 'running', state: 'stopped', is_stopped: true })]);
  assert.deepEqual([found.needs.length, found.stopped.length, found.live.length, found.ended.length], [1, 1, 1, 1]);
  assert.equal(words.attention(found.needs[0]), '10 need you: may it?');
});

test('a team keeps the counts of its end, and what began since is told apart, in the words of the list', () => {
  const team = row('a', { kind: 'team', counts: { done: 3, 'timed out': 1 }, later_counts: { done: 1, running: 2 } });
  assert.equal(`${words.countsOf(team)}; ${words.laterOf(team)}`, '3/4 done, 1 timed out; since then 1 done, 2 running');
  assert.deepEqual([words.countsOf(row('b', { kind: 'flow', counts: { running: 1 } })), words.laterOf(row('b'))], ['0 done, 1 running', '']);
});

test('only rows near the window are drawn', () => {
  assert.deepEqual(rows.windowOf(10_000, 34_000, 900, 34), { first: 990, end: 1037 });
});

test('a lane shows the failed try, the back-off and the reply, however often it is told', () => {
  const lanes = new Lanes();
  const events = [event(1, 'queued', { text: 't' }), event(2, 'started'), event(3, 'retrying', { attempt: 1, wait_seconds: 2, error: { message: 'slow down' } }), event(6, 'replied', { model: 'a/b', seconds: 1, message: { parts: [] } }), event(7, 'finished', { outcome: { status: 'done', error: null } })];
  lanes.add(events);
  assert.equal(lanes.add(events), false);
  assert.deepEqual(lanes.byKey.get('s').bars.map((bar) => [bar.kind, bar.failed]), [['slot', false], ['model', true], ['backoff', false], ['model', false]]);
});

test('a climb to another model is one tier up', () => {
  const lanes = new Lanes();
  lanes.add([event(1, 'started'), event(2, 'replied', { model: 'x/small', seconds: 1 }), event(3, 'attempted', { number: 2, model: 'x/large', error: { message: 'no' } }), event(5, 'replied', { model: 'x/large', seconds: 1 })]);
  assert.deepEqual(lanes.byKey.get('s').bars.filter((bar) => bar.kind === 'model').map((bar) => bar.tier), [0, 1]);
});

test('many of one agent are one line until they are opened, but for problems', () => {
  const many = Array.from({ length: 1000 }, (_, n) => row(`k${n}`, { status: n === 7 ? 'failed' : 'done' }));
  const lines = linesOf(many, new Map(), { problemsFirst: false, isOpen: () => false, isBad: rows.isProblem });
  assert.deepEqual(lines.map((line) => line.kind), ['group', 'lane']);
});

test('text from outside loses what would turn, hide or drive it, and long lines are broken', () => {
  assert.equal(text.clean('\u001b[31mred\u202e\u200b\u0007\r\nx'), 'red\nx');
  assert.ok(text.folded('x'.repeat(5_000_000), true).text.split('\n').every((line) => line.length <= 2000));
  assert.equal(text.folded('x'.repeat(30_000), false).left, 10_000);
});

test('values read as on the command line', () => {
  assert.deepEqual([format.seconds(7.21), format.seconds(134), format.seconds(3900), format.seconds(null)], ['7.2s', '2m14s', '1h05m', '—']);
  assert.deepEqual([format.dollars(0.0002), format.dollars(0), format.dollars(null), format.dollars(0.42)], ['<$0.001', '$0', '—', '$0.420']);
  assert.deepEqual([format.atLeast(0.0002), format.atLeast(0.42)], ['> $0', '≥ $0.420']);
  const unpriced = { cost: { amount: '0', currency: 'USD' }, simulated_cost: null, calls: 0, whole_cost: null, whole_simulated_cost: null, whole_calls: 2 };
  assert.deepEqual([format.agoTold(99, 100), format.agoTold(0, 400), format.agoTold(null, 9)], ['now', '6m ago', '—']);
  assert.deepEqual(['agent:poet:subagent:59ac8076-feca-42fa-98d0-eb03330b9aaa', 'flow:plan:7bca5319', 'mine:1'].map(format.keyed), ['poet 59ac8076', 'plan 7bca5319', 'mine:1']);
  assert.equal(format.wholeCost(unpriced), '—');
});

test('a message says whether it was delivered', () => {
  const steered = event(3, 'steered', { text: 'hurry', mode: 'next', by: 'ana' });
  const delivered = event(5, 'delivered', { steer: 'k3', text: 'hurry', turn: 2 });
  assert.match(entriesOf([steered])[0].note, /not delivered yet/);
  assert.match(entriesOf([steered, delivered])[0].note, /delivered before turn 2 after 2.0s/);
});

test('a message is forked at its turn, and a task at the turn before it', () => {
  const turns = [{ turn: 1, seq: 3, run_id: 'r', model: 'm/1', is_whole: true }, { turn: 2, seq: 9, run_id: 'q', model: 'm/2', is_whole: false }];
  const entry = (kind, seq, run_id) => ({ kind, seq, raw: { run_id } });
  assert.deepEqual(forks.placeOf(turns, null, entry('replied', 3, 'r')), { after: 1, again: 1, model: 'm/1' });
  assert.deepEqual(forks.placeOf(turns, null, entry('queued', 7, 'q')), { after: 1, again: 2, model: 'm/2' });
  assert.deepEqual(forks.placeOf(turns, 3, entry('queued', 10, 'z')), { after: 2, again: 3, model: '' });
  assert.deepEqual(forks.placeOf(turns, null, null), { after: 1, again: 2, model: 'm/2' });
  assert.equal(forks.commandFor('1f', { at: 1, text: "it's", model: 'a/b' }), "pagents fork 1f 'it'\\''s' --at 1 -m a/b");
});
