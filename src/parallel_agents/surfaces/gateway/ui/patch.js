// @ts-check
/** Patch: a unified diff as files with lines, each with its numbers before and after. */
import { clean } from './text.js';

/** @typedef {{sign: '+' | '-' | ' ' | '@', text: string, before: number | null, after: number | null}} Line */
/** @typedef {{path: string, was: string, note: string, added: number, removed: number, lines: Line[]}} FileDiff */

const LONGEST = 1000;

/** @param {string} patch @returns {FileDiff[]} */
export function filesOf(patch) {
  /** @type {FileDiff[]} */
  const files = [];
  /** @type {FileDiff | null} */
  let file = null;
  let [before, after, left, right] = [0, 0, 0, 0];
  for (const raw of patch.split('\n')) {
    const isInside = left > 0 || right > 0;
    if (!isInside && raw.startsWith('diff --git ')) {
      file = { path: lastOf(raw), was: '', note: '', added: 0, removed: 0, lines: [] };
      files.push(file);
    } else if (!file) continue;
    else if (isInside) {
      const sign = raw[0] === '+' || raw[0] === '-' ? raw[0] : ' ';
      if (raw[0] === '\\') continue;
      const text = clean(raw.slice(1, LONGEST + 1)) + (raw.length > LONGEST + 1 ? '…' : '');
      file.lines.push({ sign, text, before: sign === '+' ? null : before, after: sign === '-' ? null : after });
      if (sign !== '+') { before += 1; left -= 1; }
      if (sign !== '-') { after += 1; right -= 1; }
      if (sign === '+') file.added += 1;
      if (sign === '-') file.removed += 1;
    } else if (raw.startsWith('@@ ')) {
      const found = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$/.exec(raw);
      if (!found) continue;
      [before, left, after, right] = [Number(found[1]), Number(found[2] ?? 1), Number(found[3]), Number(found[4] ?? 1)];
      file.lines.push({ sign: '@', text: clean(found[5].trim()), before: null, after: null });
    } else if (raw.startsWith('rename from ')) file.was = clean(raw.slice(12));
    else if (raw.startsWith('rename to ') || raw.startsWith('+++ b/')) file.path = clean(raw.replace(/^(rename to |\+\+\+ b\/)/, '').replace(/\t$/, ''));
    else if (raw.startsWith('new file')) file.note = 'new';
    else if (raw.startsWith('deleted file')) file.note = 'removed';
    else if (raw.startsWith('Binary files')) file.note = [file.note, 'not text'].filter(Boolean).join(', ');
  }
  return files;
}

/** The path of a line such as `diff --git a/x b/x`. @param {string} raw */
function lastOf(raw) {
  const rest = raw.slice('diff --git '.length);
  const half = rest.slice(0, Math.floor((rest.length - 1) / 2));
  return clean(half.startsWith('a/') ? half.slice(2) : rest);
}
