// What the page of a run is computed by, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const failures = await import(`${ui}failures.js`);
const gaps = await import(`${ui}gaps.js`);
const { criticalPath } = await import(`${ui}critical_path.js`);
const attempts = await import(`${ui}attempts.js`);
const { entriesOf } = await import(`${ui}transcript.js`);
const { Lanes } = await import(`${ui}lanes.js`);
const paint = await import(`${ui}lane_paint.js`);
const { duration, ofStep } = await import(`${ui}rows.js`);
const { noLonger } = await import(`${ui}words.js`);

const row = (key, more = {}) => ({ session_key: key, kind: 'agent', agent: 'a', label: key, id: key, status: 'done', depth: 1, parent: 'top', finished_at: null, ...more });
const event = (seq, kind, body = {}, session = 's') => ({ seq, at: new Date(1e12 + seq * 1000).toISOString(), session_key: session, run_id: 'r', key: `k${seq}`, event: { kind, ...body } });
const lane = (key, from, to, bars = [{ kind: 'model', from, to }]) => ({ key, from, to, bars, open: [], marks: [], isGroup: false, score: null });

test('a run that is done opens on its results, any other on its timeline, unless the address says otherwise', () => {
  const opened = (status, query = {}) => failures.opening(row('top', { status }), query);
  assert.deepEqual([opened('done'), opened('partial'), opened('running'), opened('done', { selected: 'x' }), opened('done', { from: '1' })], ['results', 'timeline', 'timeline', 'timeline', 'timeline']);
});

test('the time of a run is that of all runs that it continues, as lists have it', () => {
  const began = '2026-01-01T00:00:10Z';
  const at = Date.parse('2026-01-01T00:00:30Z') / 1000;
  const times = [{ finished_at: '2026-01-01T00:00:20Z', seconds: 12.5 }, { status: 'running', timed_from: '2026-01-01T00:00:05Z', seconds: null }, { status: 'running' }];
  assert.deepEqual(times.map((more) => duration(row('a', { started_at: began, ...more }), at)), [12.5, 25, 20]);
});

test('a row that counts no more says why', () => {
  assert.deepEqual([row('a'), row('a', { is_former_try: true }), row('a', { is_former_try: true, is_uncounted: true })].map(noLonger), ['', 'tried again', 'no longer counts']);
});

test('the first failure is the agent that failed first, and of those that failed at once the deepest', () => {
  const top = row('top', { kind: 'team', status: 'failed', depth: 0, parent: null, finished_at: '2026-01-01T00:00:01Z' });
  const rows = [top, row('late', { status: 'failed', finished_at: '2026-01-01T00:00:09Z' }), row('outer', { status: 'failed', finished_at: '2026-01-01T00:00:05Z' }), row('inner', { status: 'timed_out', depth: 2, finished_at: '2026-01-01T00:00:05Z' }), row('fine')];
  assert.equal(failures.firstFailure(rows, top).session_key, 'inner');
  assert.equal(failures.firstFailure([top], top).session_key, 'top');
  assert.equal(failures.firstFailure([row('fine')], row('fine')), null);
});

test('long stretches without work are gaps, which take little room and lead back to their times', () => {
  const whole = { from: 0, to: 1000 };
  const found = gaps.gapsOf([lane('a', 0, 50), lane('b', 40, 100), lane('c', 900, 1000)], whole, 1000);
  const scale = gaps.scaleOf(found, whole);
  assert.deepEqual(found, [{ from: 100, to: 900 }]);
  assert.ok(scale.place(1000) < 210);
  for (const at of [0, 60, 100, 500, 900, 950, 1000]) assert.ok(Math.abs(scale.time(scale.place(at)) - at) < 1e-6);
  assert.equal(gaps.scaleOf([], whole).place(7), 7);
});

test('the critical path is what the end waited for, one after another, and within each the same', () => {
  const rows = ['first', 'quick', 'slow', 'last'].map((key) => row(key)).concat(row('deep', { parent: 'slow' }), row('idle', { parent: 'slow' }));
  const lanes = new Map([lane('top', 0, 30), lane('first', 0, 10), lane('quick', 10, 12), lane('slow', 10, 20), lane('last', 20, 30), lane('deep', 11, 20), lane('idle', 12, 14)].map((each) => [each.key, each]));
  assert.deepEqual([...criticalPath(rows, lanes, 'top', 30)].sort(), ['deep', 'first', 'last', 'slow', 'top']);
});

test('each attempt says why there is another, and which model it is on', () => {
  const reply = (seq, model) => event(seq, 'replied', { model, message: { parts: [{ type: 'text', text: 'no' }] }, usage: {}, seconds: 1, tries: 1 });
  const entries = entriesOf([event(1, 'queued', { text: 't' }), reply(2, 'x/small'), event(3, 'attempted', { number: 2, model: 'x/large', error: { message: 'too short', code: 'PA-E212' } }), reply(4, 'x/large'), event(5, 'attempted', { number: 3, model: '', error: { message: 'again', code: 'PA-E212' } }), reply(6, 'x/large')]);
  const found = attempts.attemptsIn(entries, 'r');
  assert.deepEqual(found.map((each) => [each.number, each.entries.length]), [[1, 2], [2, 2], [3, 2]]);
  assert.deepEqual(found[1].changed, ['the one before failed: too short (PA-E212)', 'model small → large']);
  assert.equal(found[2].changed[1], 'the same model');
});

test('a text is found in what is folded, in either case', () => {
  const entries = entriesOf([event(1, 'queued', { text: 'Find Me' }), event(2, 'tool_finished', { result: { name: 't', content: 'nothing', is_error: false }, seconds: 1 })]);
  assert.deepEqual([attempts.found(entries, 'find me').length, attempts.found(entries, ' ').length, attempts.found(entries, 'absent').length], [1, 0, 0]);
});

test('a score colours a whole lane, and so does its share of the dearest', () => {
  const lanes = new Lanes();
  lanes.add([event(1, 'started'), event(2, 'gated', { verdict: { gate: 'g', is_accepted: true, score: 8.6 } })]);
  const cost = (amount) => row('x', { cost: { amount }, simulated_cost: null });
  const byCost = paint.paintOf('cost', [cost('0.9')]);
  assert.equal(paint.paintOf('score', []).shadeOf(row('x'), lanes.byKey.get('s')), 'done');
  assert.deepEqual(['0.9', '0.4', '0.1'].map((amount) => byCost.shadeOf(cost(amount), lanes.byKey.get('s'))), ['l', 'm', 's']);
});

test('a step has its sessions, their children, and nobody else', () => {
  const top = row('top', { parent: null });
  const rows = [top, row('a', { label: 'posts-1-round-2' }), row('b', { label: 'posters' }), row('c', { label: 'other', parent: 'a' })];
  assert.deepEqual(ofStep(rows, top, 'posts').map((each) => each.session_key), ['top', 'a', 'c']);
});
