// @ts-check
/** Rail: the pages beside the runs and what needs a person, with the keys that go there. */

/** @type {[string, string, string][]} each has a name, a title and its keys */
export const FURTHER = [
  ['letters', 'Dead letters', 'g d'],
  ['cost', 'Cost', 'g c'],
  ['agents', 'Agents', 'g a'],
  ['health', 'Health', 'g h'],
  ['audit', 'Audit', 'g u'],
  ['boards', 'Boards', 'g b'],
];
