// What the pages beside the runs are computed by, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const { fieldsOf, lacking, textsOf, valuesOf } = await import(`${ui}schema.js`);
const { causesOf, selection } = await import(`${ui}letters.js`);
const { namedFirst, ranked } = await import(`${ui}ranking.js`);
const { decider, isSought } = await import(`${ui}decisions.js`);
const { everyDay } = await import(`${ui}days.js`);

const schema = {
  type: 'object',
  required: ['topic', 'count', 'place'],
  properties: {
    tone: { enum: ['dry', 'warm'], default: 'dry' },
    topic: { type: 'string', description: 'what about' },
    count: { type: 'integer' },
    share: { type: ['number', 'null'] },
    isLong: { type: 'boolean' },
    words: { type: 'array', items: { type: 'string' } },
    rows: { type: 'array', items: { type: 'object' } },
    place: { type: 'object', required: ['city'], properties: { city: { type: 'string' }, zip: { anyOf: [{ type: 'string' }, { type: 'null' }] } } },
    odd: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
  },
};

test('each kind of a schema has its field, what is required first', () => {
  assert.deepEqual(fieldsOf(schema).map((field) => [field.name, field.kind, field.isNeeded]), [
    ['topic', 'text', true], ['count', 'integer', true], ['place.city', 'text', true],
    ['tone', 'choice', false], ['share', 'number', false], ['isLong', 'boolean', false], ['words', 'lines', false], ['rows', 'json', false], ['place.zip', 'text', false], ['odd', 'json', false],
  ]);
});

test('texts become values of their kinds, and empty ones are left out', () => {
  const { values, faults } = valuesOf(fieldsOf(schema), { topic: ' Tea ', count: '3', share: '0.5', isLong: 'true', words: 'a\n\n b ', rows: '[{"x": 1}]', 'place.city': 'Ghent', 'place.zip': '' });
  assert.deepEqual({ ...faults }, {});
  assert.deepEqual(values, { topic: ' Tea ', count: 3, tone: 'dry', share: 0.5, isLong: true, words: ['a', 'b'], rows: [{ x: 1 }], place: { city: 'Ghent' } });
});

test('what is missing or of another kind is said by its field, before anything is sent', () => {
  const { faults } = valuesOf(fieldsOf(schema), { count: '3.5', rows: '[{', share: 'half' });
  assert.deepEqual(Object.keys(faults).sort(), ['count', 'place.city', 'rows', 'share', 'topic']);
});

test('a field that is called as a member of every object is a field', () => {
  const { values } = valuesOf(fieldsOf({ properties: JSON.parse('{"__proto__": {"type": "string"}, "constructor": {"type": "string"}}') }), { __proto__: null, constructor: 'x' });
  assert.equal(Object.getPrototypeOf(values), Object.prototype);
  assert.equal(Object.getOwnPropertyDescriptor(values, 'constructor')?.value, 'x');
});

test('one of several inputs is enough where a schema says so', () => {
  const either = { anyOf: [{ required: ['code'] }, { required: ['diff'] }] };
  assert.deepEqual([lacking(either, {}), lacking(either, { diff: 'x' }), lacking(null, {})], ['needs code or diff', '', '']);
});

const letter = (id, more = {}) => ({ id, session_key: `agent:a:${id}`, run_id: id, agent: 'a', label: id, status: 'failed', error: { code: 'PA-E1', message: id }, at: `2026-11-30T00:00:0${id}Z`, calls: 1, cost: { amount: '0.5', currency: 'USD' }, simulated_cost: null, text: '', ...more });

test('dead letters are grouped by cause, and an unknown cost is not zero', () => {
  const causes = causesOf([letter('1', { error: { code: 'PA-E2', message: 'm' }, cost: null, calls: 0 }), letter('2'), letter('3')]);
  assert.deepEqual(causes.map((cause) => [cause.code, cause.letters.length, cause.usd, cause.unpriced]), [['PA-E1', 2, 1, 0], ['PA-E2', 1, null, 1]]);
});

test('an action is about the letters that were shown', () => {
  assert.deepEqual(selection([letter('1')], { agent: 'a', code: undefined }), { names: ['agent:a:1'], agent: 'a' });
});

test('the palette ranks the beginning of a title before a description, and a whole title first', () => {
  const choice = (title, note = '') => ({ group: 'agents', title, note });
  assert.deepEqual(ranked([choice('demo', 'the content team'), choice('content_writer'), choice('content')], 'cont', 9).map((each) => each.title), ['content', 'content_writer', 'demo']);
  assert.deepEqual(ranked([choice('demo')], 'zzz', 9), []);
});

test('a session whose id is typed comes before what only contains the text', () => {
  const [demo, tea, other] = [{ group: 'teams', title: 'demo', note: 'a team' }, { group: 'sessions', title: 'content', note: '', id: 'tea' }, { group: 'sessions', title: 'tea', note: '', id: 'f60c4a90' }];
  assert.deepEqual(namedFirst([demo], [other, tea], ' tea'), [tea, demo, other]);
  assert.deepEqual(namedFirst([demo], [other, tea], 'te'), [demo, other, tea]);
});

test('who decided is told from where', () => {
  assert.deepEqual(decider('ana by gateway (operate token, 127.0.0.1)'), { who: 'ana', from: 'gateway (operate token, 127.0.0.1)' });
  assert.deepEqual(decider('Report by Bob'), { who: 'Report by Bob', from: '' });
  assert.deepEqual(decider('runtime'), { who: 'runtime', from: '' });
  assert.equal(isSought({ who: 'ana', what: 'kill', why: '', label: 'x', session_key: 's' }, 'KILL ana'), true);
});

test('a day without runs is a day', () => {
  const points = everyDay([{ name: '2026-11-30', usd: 2 }, { name: '2026-11-27', usd: 1 }, { name: null, usd: 9 }], '2026-12-01');
  assert.deepEqual(points.map((point) => point.usd), [1, 0, 0, 2, 0]);
});

test('a box that is required and not checked stands for false', () => {
  const schema = { required: ['isLong'], properties: { isLong: { type: 'boolean' }, isDry: { type: 'boolean' } } };
  assert.deepEqual(valuesOf(fieldsOf(schema), textsOf({})), { values: { isLong: false }, faults: Object.create(null) });
});

test('a field may be called what every object has', () => {
  const fields = fieldsOf({ required: ['constructor'], properties: { constructor: { type: 'string' }, toString: { type: 'string' } } });
  assert.deepEqual(valuesOf(fields, textsOf(null)).values, {});
  assert.deepEqual({ ...valuesOf(fields, textsOf({ toString: 3 })).faults }, { constructor: 'is required' });
});
