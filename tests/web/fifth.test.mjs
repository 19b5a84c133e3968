// What the pages beside the runs compute, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

process.env.TZ = 'America/New_York';
const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const { isUtc, midnightOf, partsOf, zoneName } = await import(`${ui}zone.js`);
const { clock, day } = await import(`${ui}format.js`);
const { lacking, neededBy } = await import(`${ui}schema.js`);
const { summed } = await import(`${ui}rows.js`);
const { askerOf, endOf, lostText } = await import(`${ui}question_words.js`);

const AT = Date.parse('2026-01-15T03:04:05Z') / 1000;

test('times are those of the zone that is shown, their days too', () => {
  const local = [clock(AT), day(AT, AT + 7200), zoneName(new Date(AT * 1000)), midnightOf(AT)];
  isUtc.value = true;
  const utc = [clock(AT), day(AT, AT + 86400), zoneName(new Date(AT * 1000)), midnightOf(AT)];
  isUtc.value = false;

  assert.deepEqual(local, ['22:04:05', '14 Jan', 'UTC−5', Date.parse('2026-01-14T05:00:00Z') / 1000]);
  assert.deepEqual(utc, ['03:04:05', '15 Jan', 'UTC', Date.parse('2026-01-15T00:00:00Z') / 1000]);
  assert.deepEqual(partsOf(AT), [2026, 1, 14, 22, 4, 5]);
});

test('a team needs of its inputs what the agents of its tasks need', () => {
  const reviewer = { anyOf: [{ required: ['code'] }, { required: ['diff'] }] };
  const tasks = [{ agent: 'one', input: { code: '${source}', diff: '${patch}' } }, { agent: 'two', input: { code: '${source}' } }, { agent: 'free' }];
  const [needs, ...others] = neededBy(tasks, new Map([['one', reviewer], ['two', reviewer], ['free', null]]));

  assert.deepEqual(others, []);
  assert.equal(lacking(needs, { language: 'C' }), 'needs source or patch');
  assert.equal(lacking(needs, { patch: 'x' }), '');
});

test('what runs cost together leaves out what is not known, and counts it', () => {
  const usd = (amount) => ({ amount, currency: 'USD' });
  const rows = [{ whole_calls: 2, whole_cost: usd('0.5'), whole_simulated_cost: usd('0.25') }, { whole_calls: 1, whole_cost: null, whole_simulated_cost: null }, { calls: 1, cost: usd('1'), simulated_cost: null }];

  assert.deepEqual(summed(rows), { real: 1.5, simulated: 0.25, unknown: 1 });
});

test('a question says who asks, and what becomes of it if nobody answers', () => {
  assert.equal(askerOf({ session_key: 'agent:a:subagent:1', name: 'trip', label: 'writer' }), 'writer trip');
  assert.deepEqual([{ default: 'finish' }, { default: '', kind: 'approval' }, { default: '', kind: 'request' }].map(endOf), ['finish', 'denied', 'unanswered']);
});

test('an answer that came too late is told with the one that counts', () => {
  const question = { expires_at: '2026-01-15T03:04:05Z' };

  assert.equal(lostText({ question, said: 'red', why: "ana answered 'blue'" }, AT - 9), "was answered before: ana answered 'blue'; yours, “red”, was not taken");
  assert.equal(lostText({ question, said: '', why: 'nobody answered' }, AT), 'its time was over: nobody answered; yours was not taken');
  assert.equal(lostText({ question, said: 'red', why: '' }, AT), 'waits no more; what you typed, “red”, was not sent');
});
