// @ts-check
/** Graph layout: where the steps of a plan are drawn, by their levels, and the lines between them. */

/** @typedef {{id: string, within: string, level: number, who: string, marks: string, conditions: string[], needs: string[], is_conditional: boolean}} Step */
/** @typedef {{step: Step, x: number, y: number}} Box */
/** @typedef {{id: string, step: Step | null, needs: string[]}} Slot A place in a column: of a step, or of a line that passes between steps. */
/** @typedef {{slot: Slot, x: number, y: number, height: number}} Place */
/** @typedef {{path: string, isConditional: boolean, key: string}} Line */

export const BOX = { width: 210, height: 62, right: 66, below: 16, edge: 8 };
const PASSING = 10;

/** The boxes and lines of the steps within one plan. @param {Step[]} steps
 * @returns {{boxes: Box[], lines: Line[], width: number, height: number}} */
export function layout(steps) {
  const columns = columnsOf(steps);
  const height = Math.max(BOX.height, ...columns.map(heightOf)) + 2 * BOX.edge;
  /** @type {Map<string, Place>} */
  const places = new Map();
  columns.forEach((slots, level) => {
    let y = (height - heightOf(slots)) / 2;
    for (const slot of ordered(slots, places)) {
      const own = slot.step ? BOX.height : PASSING;
      places.set(slot.id, { slot, x: BOX.edge + level * (BOX.width + BOX.right), y, height: own });
      y += own + BOX.below;
    }
  });
  /** @type {Box[]} */
  const boxes = [...places.values()].flatMap(({ slot, x, y }) => (slot.step ? [{ step: slot.step, x, y }] : []));
  const lines = [...places.values()].flatMap((place) => place.slot.step === null ? [] : linesTo(place, place.slot.step, places));
  const width = Math.max(0, ...boxes.map((box) => box.x + BOX.width)) + BOX.edge;
  return { boxes, lines, width, height };
}

/** The steps by their levels, with a place in each level that a line only passes. @param {Step[]} steps @returns {Slot[][]} */
function columnsOf(steps) {
  const levels = new Map(steps.map((step) => [step.id, step.level]));
  /** @type {Slot[][]} */
  const columns = Array.from({ length: 1 + Math.max(0, ...levels.values()) }, () => []);
  for (const step of steps) {
    const needs = step.needs.filter((need) => levels.has(need)).map((need) => {
      let last = need;
      for (let level = (levels.get(need) ?? 0) + 1; level < step.level; level += 1) {
        const id = `${need} ${step.id} ${level}`;
        columns[level].push({ id, step: null, needs: [last] });
        last = id;
      }
      return last;
    });
    columns[step.level].push({ id: step.id, step, needs });
  }
  return columns;
}

/** @param {Slot[]} slots */
function heightOf(slots) {
  return slots.reduce((sum, slot) => sum + (slot.step ? BOX.height : PASSING) + BOX.below, -BOX.below);
}

/** Steps beside those that they need, so that few lines cross. @param {Slot[]} slots @param {Map<string, Place>} places */
function ordered(slots, places) {
  const middle = (/** @type {Slot} */ slot) => {
    const found = slot.needs.flatMap((need) => { const place = places.get(need); return place ? [place.y + place.height / 2] : []; });
    return found.length ? found.reduce((sum, y) => sum + y, 0) / found.length : 0;
  };
  return slots.map((slot, n) => ({ slot, n, at: middle(slot) })).sort((a, b) => a.at - b.at || a.n - b.n).map((each) => each.slot);
}

/** A line from each step that this one needs, through the places that it passes. @param {Place} place @param {Step} step @param {Map<string, Place>} places @returns {Line[]} */
function linesTo(place, step, places) {
  return place.slot.needs.flatMap((need) => {
    let to = place;
    let from = places.get(need);
    let path = '';
    while (from) {
      path = `${curve(from, to)}${path}`;
      if (from.slot.step) return [{ path: `M${from.x + BOX.width} ${middleOf(from)}${path}`, isConditional: step.is_conditional, key: `${from.slot.id} ${step.id}` }];
      path = `L${from.x + BOX.width} ${middleOf(from)}${path}`;
      to = from;
      from = places.get(from.slot.needs[0]);
    }
    return [];
  });
}

/** @param {Place} place */
function middleOf(place) {
  return place.y + place.height / 2;
}

/** @param {Place} from @param {Place} to */
function curve(from, to) {
  const x = from.x + BOX.width;
  const endX = to.slot.step ? to.x - 7 : to.x;
  const bend = Math.max(24, (endX - x) / 2);
  return `C${x + bend} ${middleOf(from)} ${endX - bend} ${middleOf(to)} ${endX} ${middleOf(to)}`;
}
