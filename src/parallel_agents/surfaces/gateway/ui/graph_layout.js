// @ts-check
/** Graph layout: where the steps of a plan are drawn, by their levels, and the lines between them. */

/** @typedef {{id: string, within: string, level: number, who: string, marks: string, conditions: string[], needs: string[], is_conditional: boolean}} Step */
/** @typedef {{step: Step, x: number, y: number}} Box */
/** @typedef {{path: string, isConditional: boolean, key: string}} Line */

export const BOX = { width: 210, height: 62, right: 66, below: 16, edge: 8 };

/** The boxes and lines of the steps within one plan. @param {Step[]} steps
 * @returns {{boxes: Box[], lines: Line[], width: number, height: number}} */
export function layout(steps) {
  /** @type {Map<number, Step[]>} */
  const levels = new Map();
  for (const step of steps) levels.set(step.level, [...(levels.get(step.level) ?? []), step]);
  const most = Math.max(1, ...[...levels.values()].map((each) => each.length));
  const height = most * (BOX.height + BOX.below) - BOX.below + 2 * BOX.edge;
  /** @type {Map<string, Box>} */
  const places = new Map();
  for (const level of [...levels.keys()].sort((a, b) => a - b)) {
    const column = ordered(levels.get(level) ?? [], places);
    const own = column.length * (BOX.height + BOX.below) - BOX.below;
    column.forEach((step, row) => places.set(step.id, { step, x: BOX.edge + level * (BOX.width + BOX.right), y: (height - own) / 2 + row * (BOX.height + BOX.below) }));
  }
  const boxes = [...places.values()];
  const lines = boxes.flatMap((box) => box.step.needs.flatMap((need) => {
    const from = places.get(need);
    return from ? [{ path: curve(from, box), isConditional: box.step.is_conditional, key: `${need} ${box.step.id}` }] : [];
  }));
  const width = Math.max(0, ...boxes.map((box) => box.x + BOX.width)) + BOX.edge;
  return { boxes, lines, width, height };
}

/** Steps beside those that they need, so that few lines cross. @param {Step[]} column @param {Map<string, Box>} places */
function ordered(column, places) {
  const middle = (/** @type {Step} */ step) => {
    const found = step.needs.flatMap((need) => places.get(need)?.y ?? []);
    return found.length ? found.reduce((sum, y) => sum + y, 0) / found.length : 0;
  };
  return column.map((step, n) => ({ step, n, at: middle(step) })).sort((a, b) => a.at - b.at || a.n - b.n).map((each) => each.step);
}

/** @param {Box} from @param {Box} to */
function curve(from, to) {
  const [x, y] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [endX, endY] = [to.x - 7, to.y + BOX.height / 2];
  const bend = Math.max(24, (endX - x) / 2);
  return `M${x} ${y} C${x + bend} ${y} ${endX - bend} ${endY} ${endX} ${endY}`;
}
