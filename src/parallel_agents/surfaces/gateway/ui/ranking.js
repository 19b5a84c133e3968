// @ts-check
/** Ranking: which choices a typed text means, the best first. */

/** @typedef {{group: string, title: string, note: string, id?: string, address?: string, run?: () => void, isMore?: boolean, pieces?: {text: string, is_hit: boolean}[]}} Choice */

/** @param {Choice[]} choices @param {string} text @param {number} most @returns {Choice[]} those of one group stay together */
export function ranked(choices, text, most) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const scored = choices.map((choice, n) => ({ choice, n, score: score(choice, words) })).filter((each) => each.score > 0);
  const best = scored.sort((one, other) => other.score - one.score || lengthOf(one, words) - lengthOf(other, words) || one.n - other.n).slice(0, most);
  const groups = [...new Set(best.map((each) => each.choice.group))];
  return groups.flatMap((group) => best.filter((each) => each.choice.group === group).map((each) => each.choice));
}

/** The sessions whose id is the text come first, so that Enter opens what was named. @param {Choice[]} found @param {Choice[]} sessions @param {string} text */
export function namedFirst(found, sessions, text) {
  const isNamed = (/** @type {Choice} */ each) => each.id !== undefined && each.id === text.trim();
  return [...sessions.filter(isNamed), ...found, ...sessions.filter((each) => !isNamed(each))];
}

/** Of titles that fit as well, the shortest is meant. @param {{choice: Choice}} found @param {string[]} words */
function lengthOf(found, words) {
  return words.length ? found.choice.title.length : 0;
}

/** @param {Choice} choice @param {string[]} words */
function score(choice, words) {
  const title = choice.title.toLowerCase();
  const note = choice.note.toLowerCase();
  let sum = 1;
  for (const word of words) {
    if (title.startsWith(word)) sum += 8;
    else if (title.split(/[\s_-]+/).some((part) => part.startsWith(word))) sum += 5;
    else if (title.includes(word)) sum += 3;
    else if (note.includes(word)) sum += 1;
    else return 0;
  }
  return sum;
}
