// What the parts that came third are computed by, without a browser: `node --test tests/web`.
import assert from 'node:assert/strict';
import test from 'node:test';

const ui = '../../src/parallel_agents/surfaces/gateway/ui/';
const { endsText, lastOf, NOTHING, withPiece } = await import(`${ui}live_text.js`);
const { Lanes } = await import(`${ui}lanes.js`);
const { filesOf } = await import(`${ui}patch.js`);
const { BOX, layout } = await import(`${ui}graph_layout.js`);
const { eachDocument } = await import(`${ui}stored_columns.js`);
const { partsOf } = await import(`${ui}budget.js`);

test('a budget has a bar for each limit, never wider than its whole', () => {
  const budget = { limit: { amount: '2', currency: 'USD' }, spent: { amount: '0.5', currency: 'USD' }, reserved: null, limit_tokens: 100, spent_tokens: 150, reserved_tokens: 0, spent_percent: 150, on_limit: 'ask' };
  assert.deepEqual(partsOf(budget).map((part) => [part.text, part.spent]), [['$0.500 of $2.00', 0.25], ['150 of 100 tokens', 1]]);
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

test('lanes of short events are those of whole ones', () => {
  const event = (seq, kind, body) => ({ seq, at: new Date(1e12 + seq * 1000).toISOString(), session_key: 's', run_id: 'r', key: '', event: { kind, ...body } });
  const whole = new Lanes();
  whole.add([event(1, 'queued', { text: 't' }), event(2, 'started'), event(3, 'retrying', { attempt: 1, wait_seconds: 2, error: { message: 'slow down' } }), event(6, 'replied', { model: 'a/b', seconds: 1, message: { parts: [] } }), event(7, 'tool_started', { call: { name: 'find' } }), event(8, 'tool_finished', { result: { name: 'find', is_error: true, content: '' }, seconds: 1, parked_seconds: 0 }), event(9, 'finished', { outcome: { status: 'failed', error: { code: 'E', message: 'no' } } })]);
  const short = new Lanes();
  const kinds = ['queued', 'started', 'retrying', 'replied', 'tool_started', 'tool_finished', 'finished'];
  const told = { began_at: new Date(1e12 + 1000).toISOString(), seq: 9, sessions: ['s'], kinds, left: 0, events: [[1, 0, 0, 0, false], [1, 1000, 0, 1], [1, 1000, 0, 2, 1, 2, 'slow down'], [3, 3000, 0, 3, 'a/b', 1, false], [1, 1000, 0, 4, 'find'], [1, 1000, 0, 5, 'find', true, 1, 0], [1, 1000, 0, 6, 'E', 'no']] };
  short.addAll(told);
  short.addAll(told);
  assert.deepEqual(short.byKey.get('s'), whole.byKey.get('s'));
  assert.deepEqual([short.from, short.to, short.seq], [whole.from, whole.to, 9]);
});

test('results of calls that were not made begin one call of the model, and time counts once', () => {
  const event = (seq, at, kind, body) => ({ seq, at: new Date(1e12 + at * 1000).toISOString(), session_key: 's', run_id: 'r', key: '', event: { kind, ...body } });
  const reply = { model: 'a/b', seconds: 4, message: { parts: [] } };
  const refused = { result: { name: 'find', is_error: true, content: '' }, seconds: 0, parked_seconds: 0 };
  const lanes = new Lanes();
  lanes.add([event(1, 0, 'queued', { text: 't' }), event(2, 0, 'started'), event(3, 4, 'replied', reply), event(4, 4, 'tool_finished', refused), event(5, 4, 'tool_finished', refused), event(6, 8, 'replied', reply), event(7, 8, 'tool_finished', refused), event(8, 10, 'tool_started', { call: { name: 'look' } })]);
  const spent = lanes.byKey.get('s').bars.filter((bar) => bar.kind === 'model').reduce((sum, bar) => sum + bar.to - bar.from, 0);
  assert.equal(spent, 8);
});

test('a patch is read as files with numbered lines, whatever its lines look like', () => {
  const patch = ['diff --git a/x.py b/x.py', 'index 1..2 100644', '--- a/x.py', '+++ b/x.py', '@@ -1,2 +1,3 @@ def f():', ' same', '-diff --git a/no b/no', '+\u001b[31mred', '++++ b/evil', '\\ No newline at end of file', 'diff --git a/old b/new', 'similarity index 90%', 'rename from old', 'rename to new', 'diff --git a/pic b/pic', 'new file mode 100644', 'Binary files /dev/null and b/pic differ', ''].join('\n');
  const files = filesOf(patch);
  assert.deepEqual(files.map((file) => [file.path, file.was, file.note, file.added, file.removed]), [['x.py', '', '', 2, 1], ['new', 'old', '', 0, 0], ['pic', '', 'new, not text', 0, 0]]);
  assert.deepEqual(files[0].lines.map((line) => [line.sign, line.text, line.before, line.after]), [['@', 'def f():', null, null], [' ', 'same', 1, 1], ['-', 'diff --git a/no b/no', 2, null], ['+', 'red', null, 2], ['+', '+++ b/evil', null, 3]]);
  assert.deepEqual(filesOf('not a patch'), []);
});

test('steps of one level are one above the other, and lines lead from what they need', () => {
  const step = (id, level, needs = []) => ({ id, within: '', level, who: 'a', marks: '', conditions: [], needs, is_conditional: false });
  const { boxes, lines, width } = layout([step('b', 0), step('a', 0), step('c', 1, ['a', 'b', 'elsewhere'])]);
  assert.deepEqual(boxes.map((box) => [box.step.id, box.x]), [['b', 8], ['a', 8], ['c', 8 + BOX.width + BOX.right]]);
  assert.equal(new Set(boxes.map((box) => `${box.x} ${box.y}`)).size, 3);
  assert.deepEqual(lines.map((line) => line.key), ['a c', 'b c']);
  assert.ok(width > 2 * BOX.width);
  assert.equal(layout([]).boxes.length, 0);
  const long = layout([step('b', 0), step('c', 1, ['b']), step('d', 2, ['b', 'c'])]);
  const [around] = long.lines.filter((line) => line.key === 'b d');
  const [between] = long.boxes.filter((box) => box.step.id === 'c');
  const passes = Number(/ ([\d.]+)L/.exec(around.path)?.[1]);
  assert.ok(passes < between.y || passes > between.y + BOX.height);
});

test('documents are read from columns: what all share, what few share, and long texts that are said once', () => {
  const parts = [
    { forms: ['{"a":0,"b":[0,{"c":0}]}', '{}'], order: [0, 1, 0], columns: { 0: [[null], { of: [[], 'x'], at: [1, 0] }, [1, 2]], 1: [] }, texts: ['long'] },
    { forms: ['{"d":0,"e":0}'], order: [2], columns: { 2: [[[0]], [[]]] }, texts: ['longer'] },
  ];
  const found = [];
  eachDocument(parts.map((part) => `${JSON.stringify(part)}\n`).join(''), (each) => found.push(each));
  assert.deepEqual(found, [{ a: null, b: ['x', { c: 1 }] }, {}, { a: null, b: ['long', { c: 2 }] }, { d: 'long', e: 'longer' }]);
});
