// @ts-check
/** Lanes canvas: draws the lines that are seen, and nothing else, as often as the screen is drawn. */
import { oneLine } from './text.js';
import { seconds } from './format.js';
import { glyph, neededBy, stateOf } from './words.js';
import { titleOf } from './rows.js';
import { stepOf } from './lanes.js';

/** @typedef {import('./lanes').Line} Line */
/** @typedef {import('./types').Bar} Bar */
/** @typedef {{from: number, to: number}} Span */
/** @typedef {{lines: Line[], span: Span, now: number, top: number, selected: string, origin: number, byKey: Map<string, import('./types').Lane>, scale: import('./gaps').Scale, paint: Paint, critical: Set<string> | null}} Scene */
/** What bars are coloured by; `shadeOf` is the colour of a whole lane.
 * @typedef {{by: string, shadeOf: (row: import('./types').Row, lane: import('./types').Lane) => string}} Paint */

export const LINE = 22;
export const AXIS = 22;
const BAR = 12;
/** How much is seen of what the end did not wait for. */
const ASIDE = 0.28;

/** @param {number} width */
export function gutterOf(width) {
  return Math.min(250, Math.round(width * 0.36));
}

/** @param {Element} element */
export function paletteOf(element) {
  const style = getComputedStyle(element);
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  const names = ['card', 'ground', 'line', 'text', 'soft', 's', 'm', 'l', 'tool', 'wait', 'backoff', 'you', 'children', 'failed', 'fill-failed', 'current', 'need', 'done', 'running', 'queued', 'partial', 'killed'];
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

/** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height @param {Scene} scene @param {Record<string, string>} colours */
export function draw(pen, width, height, scene, colours) {
  const gutter = gutterOf(width);
  const { place: on } = scene.scale;
  const [left, right] = [on(scene.span.from), on(scene.span.to)];
  const place = (/** @type {number} */ at) => gutter + ((on(at) - left) / (right - left)) * (width - gutter);
  pen.fillStyle = colours.card;
  pen.fillRect(0, 0, width, height);
  pen.textBaseline = 'middle';
  pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
  grid(pen, width, height, scene, colours, place);
  for (const gap of scene.scale.gaps) {
    const from = Math.max(gutter, place(gap.from));
    pen.fillStyle = colours.ground;
    pen.fillRect(from, AXIS, Math.max(0, place(gap.to) - from), height);
  }
  const first = Math.max(0, Math.floor(scene.top / LINE));
  const end = Math.min(scene.lines.length, Math.ceil((scene.top + height) / LINE) + 1);
  for (let n = first; n < end; n += 1) {
    const y = AXIS + n * LINE - scene.top;
    const line = scene.lines[n];
    if (line.kind === 'lane' && line.row.session_key === scene.selected) {
      pen.fillStyle = colours.current;
      pen.fillRect(0, y, width, LINE);
    }
    pen.save();
    pen.beginPath();
    pen.rect(gutter, y, width - gutter, LINE);
    pen.clip();
    if (line.kind === 'group') density(pen, line, y, scene, colours, place);
    else if (line.lane) {
      if (scene.critical && !scene.critical.has(line.row.session_key)) pen.globalAlpha = ASIDE;
      const shade = scene.paint.shadeOf(line.row, line.lane);
      for (const bar of line.lane.bars) bars(pen, bar, y, scene, colours, place, width, shade);
      for (const mark of line.lane.marks) {
        pen.fillStyle = mark.glyph === '✖' ? colours['failed'] : colours.text;
        pen.textAlign = 'center';
        pen.fillText(mark.glyph, place(mark.at), y + LINE / 2);
      }
    }
    pen.restore();
    label(pen, line, y, gutter, colours);
  }
  pen.fillStyle = colours.ground;
  pen.fillRect(0, 0, width, AXIS);
  axis(pen, width, scene, colours, place);
}

/** @param {CanvasRenderingContext2D} pen @param {Line} line @param {number} y @param {number} gutter @param {Record<string, string>} colours */
function label(pen, line, y, gutter, colours) {
  pen.textAlign = 'left';
  const x = 8 + Math.min(line.depth, 6) * 12;
  const middle = y + LINE / 2;
  pen.save();
  pen.beginPath();
  pen.rect(0, y, gutter - 8, LINE);
  pen.clip();
  if (line.kind === 'group') {
    pen.fillStyle = colours.text;
    pen.fillText(`${line.isOpen ? '▾' : '▸'} ${oneLine(line.name.slice(line.name.lastIndexOf('/') + 1), 40)} ×${line.count}`, x, middle);
  } else {
    const state = stateOf(line.row);
    pen.fillStyle = neededBy(line.row) ? colours.need : stateColour(state, colours);
    pen.fillText(neededBy(line.row) ? '▲' : glyph(state), x, middle);
    pen.fillStyle = colours.text;
    pen.fillText(oneLine(titleOf(line.row), 50), x + 17, middle);
  }
  pen.restore();
}

/** @param {string} state @param {Record<string, string>} colours */
function stateColour(state, colours) {
  if (state === 'paused') return colours.queued;
  if (state === 'over_budget' || state === 'retrying') return colours.partial;
  return colours[state] ?? (state === 'stopped' || state === 'interrupted' ? colours.killed : colours.failed);
}

/** @param {CanvasRenderingContext2D} pen @param {Bar} bar @param {number} y @param {Scene} scene @param {Record<string, string>} colours @param {(at: number) => number} place @param {number} width @param {string} shade */
function bars(pen, bar, y, scene, colours, place, width, shade) {
  const from = place(bar.from);
  const to = Math.max(from + 1.5, place(bar.to ?? Math.max(scene.now, bar.from)));
  if (to < 0 || from > width) return;
  const top = y + (LINE - BAR) / 2;
  if (bar.kind === 'slot' || bar.kind === 'limit') {
    pen.fillStyle = colours.wait;
    pen.fillRect(from, top + BAR / 2 - 2, to - from, 4);
    return;
  }
  if (bar.kind === 'backoff') {
    hatch(pen, from, top, to - from, colours.backoff);
    return;
  }
  const isOfModel = bar.kind === 'model';
  if (shade) pen.fillStyle = isOfModel || bar.kind === 'tool' ? colours[shade] : colours.children;
  else if (scene.paint.by === 'tier' && !isOfModel) pen.fillStyle = colours.wait;
  else pen.fillStyle = { model: colours[['s', 'm', 'l'][bar.tier]], tool: colours.tool, you: colours.you, children: colours.children }[bar.kind];
  pen.fillRect(from, top, to - from, BAR);
  if (bar.failed) {
    pen.fillStyle = colours['fill-failed'];
    pen.fillRect(from, top + BAR - 3, to - from, 3);
  }
  if (isOfModel && !shade && to - from > 26) {
    pen.fillStyle = bar.tier === 0 ? colours.text : colours.card;
    pen.textAlign = 'left';
    pen.fillText('SML'[bar.tier], from + 4, y + LINE / 2 + 0.5);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} width @param {string} colour */
function hatch(pen, x, y, width, colour) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, BAR);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let at = Math.max(x - BAR, -BAR); at < Math.min(x + width, 5000); at += 6) {
    pen.moveTo(at, y + BAR);
    pen.lineTo(at + BAR, y);
  }
  pen.stroke();
  pen.restore();
}

/** How many of a group work at each moment. @param {CanvasRenderingContext2D} pen @param {Extract<Line, {kind: 'group'}>} group @param {number} y @param {Scene} scene @param {Record<string, string>} colours @param {(at: number) => number} place */
function density(pen, group, y, scene, colours, place) {
  const left = place(scene.span.from);
  const columns = Math.max(1, Math.floor((place(scene.span.to) - left) / 4));
  const counts = new Uint16Array(columns);
  for (const key of group.keys) {
    const lane = scene.byKey.get(key);
    if (!lane) continue;
    const start = Math.max(0, Math.floor((place(lane.from) - left) / 4));
    const end = Math.min(columns - 1, Math.floor((place(lane.to ?? scene.now) - left) / 4));
    for (let n = start; n <= end; n += 1) counts[n] += 1;
  }
  pen.fillStyle = colours.m;
  counts.forEach((count, n) => {
    const height = Math.ceil((count / group.count) * (LINE - 6));
    if (count) pen.fillRect(left + n * 4, y + LINE - 3 - height, 3, height);
  });
}

/** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height @param {Scene} scene @param {Record<string, string>} colours @param {(at: number) => number} place */
function grid(pen, width, height, scene, colours, place) {
  pen.strokeStyle = colours.line;
  pen.lineWidth = 1;
  for (const at of ticks(scene, width)) {
    const x = Math.round(place(at)) + 0.5;
    pen.beginPath();
    pen.moveTo(x, AXIS);
    pen.lineTo(x, height);
    pen.stroke();
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} width @param {Scene} scene @param {Record<string, string>} colours @param {(at: number) => number} place */
function axis(pen, width, scene, colours, place) {
  pen.fillStyle = colours.soft;
  pen.textAlign = 'center';
  const gutter = gutterOf(width);
  for (const at of ticks(scene, width)) {
    const x = place(at);
    if (x > gutter + 10 && x < width - 16) pen.fillText(seconds(at - scene.origin).replace('.0s', 's'), x, AXIS / 2);
  }
  for (const gap of scene.scale.gaps) {
    const x = (place(gap.from) + place(gap.to)) / 2;
    if (x > gutter + 10 && x < width - 16) pen.fillText('⋯', x, AXIS / 2);
  }
}

/** Round moments that are in no gap. @param {Scene} scene @param {number} width @returns {number[]} */
function ticks(scene, width) {
  const { place, gaps } = scene.scale;
  const step = stepOf(place(scene.span.to) - place(scene.span.from), Math.max(2, (width - gutterOf(width)) / 90));
  if (gaps.length) return evenly(scene, step);
  const found = [];
  for (let at = scene.origin + Math.ceil((scene.span.from - scene.origin) / step) * step; at <= scene.span.to; at += step) found.push(at);
  return found;
}

/** The same where gaps are short: the moments lie apart by a step of what is shown. @param {Scene} scene @param {number} step */
function evenly(scene, step) {
  const { place, time, gaps } = scene.scale;
  const found = [];
  for (let spot = place(scene.span.from); spot <= place(scene.span.to); spot += step) {
    const at = scene.origin + Math.round(time(spot) - scene.origin);
    if (!gaps.some((gap) => gap.from <= at && at <= gap.to)) found.push(at);
  }
  return found;
}
