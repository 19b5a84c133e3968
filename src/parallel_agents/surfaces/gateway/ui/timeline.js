// @ts-check
/** Timeline: the lanes of a run, to zoom, pan and follow, with a table that says the same. */
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from './view.js';
import { bind } from './keys.js';
import { AXIS, draw, gutterOf, LINE, paletteOf } from './lanes_canvas.js';
import { criticalPath } from './critical_path.js';
import { gapsOf, LINEAR, scaleOf } from './gaps.js';
import { linesOf } from './lanes.js';
import { LEGENDS, paintOf } from './lane_paint.js';
import { ReplayBar, rowsAt, useRecording } from './replay.js';
import { COLOURS, useTimelineView } from './timeline_view.js';
import { State } from './parts.js';
import { duration, isProblem, nameOf, titleOf } from './rows.js';
import { noLonger, stateOf } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./lanes').Lanes} Lanes */
/** @typedef {{from: number, to: number}} Span */

const LEAST_SPAN = 0.5;

/** @param {{name: string, rows: Row[], lanes: Lanes, version: number, selected: string, onSelect: (key: string) => void, onOpen: (key: string) => void, clock: () => number, isLive: boolean, isTable: boolean, onTable: () => void}} props */
export function Timeline({ name, rows: all, lanes: whole, version, selected, onSelect, onOpen, clock, isLive, isTable, onTable }) {
  const { view, change } = useTimelineView();
  const [tip, point] = useState('');
  const now = clock();
  const recording = useRecording(name, view.at !== null && !isLive);
  const isReplayed = recording !== null && view.at !== null && !isLive;
  const full = wholeSpan(whole, now, isLive);
  const at = isReplayed ? full.from + (view.at ?? 0) : now;
  const lanes = isReplayed ? recording.until(at) : whole;
  const rows = isReplayed ? rowsAt(all, lanes) : all;
  const lines = linesOf(rows, lanes.byKey, { problemsFirst: view.problemsFirst, isOpen: (group) => view.open.includes(group), isBad: isProblem });
  const bounds = `${version} ${isLive ? Math.floor(now) : ''}`;
  const timing = useMemo(() => (view.isSqueezed ? scaleOf(gapsOf(whole.byKey.values(), full, now), full) : LINEAR), [view.isSqueezed, bounds]);
  const critical = useMemo(() => (view.isCritical ? criticalPath(all, whole.byKey, name, now) : null), [view.isCritical, bounds, all.length]);
  const paint = useMemo(() => paintOf(view.by, all), [view.by, all]);
  const seen = view.from === null || view.to === null ? full : { from: full.from + view.from, to: full.from + view.to };
  const zoom = (/** @type {Span | null} */ span, isGradual = true) => change(span ? { from: span.from - full.from, to: span.to - full.from } : { from: null, to: null }, { isGradual });
  const toggle = (/** @type {string} */ group) => change({ open: view.open.includes(group) ? view.open.filter((each) => each !== group) : [...view.open, group] });
  const { scale, pan } = movesOf(seen, full, timing, zoom, view.from !== null);
  const keys = lines.flatMap((line) => (line.kind === 'lane' ? [line.row.session_key] : []));
  const step = (/** @type {number} */ by) => {
    const key = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(selected) + by))];
    if (key) onSelect(key);
  };
  const nextColour = () => change({ by: COLOURS[(COLOURS.indexOf(view.by) + 1) % COLOURS.length] });
  useLayoutEffect(() => bind('Timeline', [
    { keys: '!', does: 'problems first', run: () => change({ problemsFirst: !view.problemsFirst }) },
    { keys: 'j', does: 'next lane', run: () => step(1) },
    { keys: 'k', does: 'previous lane', run: () => step(-1) },
    { keys: 'o / Enter', does: 'open the lane', run: () => selected && onOpen(selected) },
    { keys: '+', does: 'zoom in', run: () => scale(0.6) },
    { keys: '-', does: 'zoom out', run: () => scale(1 / 0.6) },
    { keys: '0', does: 'all of the time', run: () => zoom(null, false) },
    { keys: 'ArrowLeft', does: 'earlier', run: () => pan(-0.2) },
    { keys: 'ArrowRight', does: 'later', run: () => pan(0.2) },
    { keys: 'c', does: 'critical path', run: () => change({ isCritical: !view.isCritical }) },
    { keys: 'w', does: 'long waits short', run: () => change({ isSqueezed: !view.isSqueezed }) },
    { keys: 'b', does: 'colour by kind, tier, cost, score', run: nextColour },
    { keys: 'v', does: 'as a table', run: onTable },
  ]));
  return html`<div class="lanes-tools">
      <button aria-pressed=${view.problemsFirst} onClick=${() => change({ problemsFirst: !view.problemsFirst })}>! Problems first</button>
      <button onClick=${() => scale(0.6)} aria-label="Zoom in">+</button><button onClick=${() => scale(1 / 0.6)} aria-label="Zoom out">−</button>
      <button aria-pressed=${view.from === null} onClick=${() => zoom(null, false)}>${isLive ? 'Follow' : 'All'}</button>
      <button aria-pressed=${view.isCritical} title="What the end waited for (c)" onClick=${() => change({ isCritical: !view.isCritical })}>Critical path</button>
      <button aria-pressed=${view.isSqueezed} title="Stretches in which nothing works take little room (w)" onClick=${() => change({ isSqueezed: !view.isSqueezed })}>Short waits</button>
      <button aria-pressed=${isTable} onClick=${onTable}>Table</button>
      <label class="note">colour by <select value=${view.by} onChange=${(/** @type {any} */ event) => change({ by: event.target.value })}>${COLOURS.map((each) => html`<option value=${each} selected=${each === view.by}>${each}</option>`)}</select></label><span class="space"></span>
      ${LEGENDS[view.by].map(([shade, text]) => html`<span class="key"><span class="swatch k-${shade}"></span>${text}</span>`)}
    </div>
    ${!isLive && html`<${ReplayBar} at=${view.at} length=${Math.max(1, whole.to - full.from)} onAt=${(/** @type {number | null} */ moment, /** @type {boolean} */ isGradual) => change({ at: moment }, { isGradual })} />`}
    ${isTable ? html`<${LaneTable} lines=${lines} now=${at} critical=${critical} onOpen=${onOpen} onToggle=${toggle} />` : html`
      <${Minimap} lanes=${lanes} whole=${full} seen=${seen} now=${at} version=${version} onSpan=${zoom} />
      <${Canvas} lines=${lines} lanes=${lanes} span=${seen} scale=${timing} paint=${paint} critical=${critical} now=${at} origin=${full.from} selected=${selected} version=${version} onSelect=${onSelect} onOpen=${onOpen} onToggle=${toggle} onScale=${scale} onPan=${pan} onTip=${point} />
      <p class="tip">${tip || 'Ctrl and wheel zooms, drag pans, a double click opens a session; v shows a table'}</p>`}`;
}

/** Zooming and panning, on the scale that is shown.
 * @param {Span} seen @param {Span} whole @param {import('./gaps').Scale} timing @param {(span: Span | null) => void} zoom @param {boolean} isZoomed */
function movesOf(seen, whole, timing, zoom, isZoomed) {
  const [from, to, first, last] = [seen.from, seen.to, whole.from, whole.to].map(timing.place);
  const show = (/** @type {number} */ start, /** @type {number} */ width) => {
    const left = Math.min(Math.max(first, start), last - width);
    zoom({ from: timing.time(left), to: timing.time(left + width) });
  };
  return {
    scale: (/** @type {number} */ by, /** @type {number} */ at = timing.time((from + to) / 2)) => {
      const width = Math.max(LEAST_SPAN, (to - from) * by);
      if (width >= last - first) return zoom(null);
      const middle = timing.place(at);
      return show(middle - ((middle - from) / (to - from)) * width, width);
    },
    pan: (/** @type {number} */ by) => {
      if (isZoomed) show(from + by * (to - from), to - from);
    },
  };
}

/** @param {Lanes} lanes @param {number} now @param {boolean} isLive @returns {Span} */
function wholeSpan(lanes, now, isLive) {
  const from = Number.isFinite(lanes.from) ? lanes.from : now - 1;
  const last = isLive ? now : lanes.to;
  return { from, to: Math.max(from + 1, last + (last - from) * 0.02) };
}

/** @param {any} props */
function Canvas({ lines, lanes, span, scale, paint, critical, now, origin, selected, version, onSelect, onOpen, onToggle, onScale, onPan, onTip }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [size, measure] = useState({ width: 0, height: 0, top: 0 });
  const drag = useRef(/** @type {number | null} */ (null));
  const frame = useRef(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => measure({ width: element.clientWidth, height: element.clientHeight, top: element.scrollTop });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useEffect(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      const element = canvas.current;
      const pen = element?.getContext('2d');
      if (!element || !pen || !size.width) return;
      const ratio = devicePixelRatio || 1;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
        element.style.width = `${size.width}px`;
        element.style.height = `${size.height}px`;
      }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(pen, size.width, size.height, { lines, span, scale, paint, critical, now, top: size.top, selected, origin, byKey: lanes.byKey }, paletteOf(element));
    });
  });
  useEffect(() => {
    const at = lines.findIndex((/** @type {any} */ line) => line.kind === 'lane' && line.row.session_key === selected);
    const element = box.current;
    if (at < 0 || !element) return;
    if (at * LINE < element.scrollTop) element.scrollTop = at * LINE;
    else if (AXIS + (at + 1) * LINE > element.scrollTop + element.clientHeight) element.scrollTop = AXIS + (at + 1) * LINE - element.clientHeight;
  }, [selected]);
  const lineAt = (/** @type {MouseEvent} */ event) => lines[Math.floor((event.offsetY - AXIS + size.top) / LINE)];
  const [left, right] = [scale.place(span.from), scale.place(span.to)];
  const timeAt = (/** @type {number} */ x) => scale.time(left + ((x - gutterOf(size.width)) / (size.width - gutterOf(size.width))) * (right - left));
  const onWheel = (/** @type {WheelEvent} */ event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      onScale(event.deltaY > 0 ? 1.2 : 1 / 1.2, timeAt(event.offsetX));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      onPan((event.deltaX || event.deltaY) / 1000);
    }
  };
  const onMove = (/** @type {PointerEvent} */ event) => {
    if (drag.current !== null && event.buttons) {
      onPan((drag.current - event.offsetX) / (size.width - gutterOf(size.width)));
      drag.current = event.offsetX;
      return;
    }
    onTip(told(lineAt(event), timeAt(event.offsetX), event.offsetX < gutterOf(size.width), (right - left) / size.width));
  };
  const onClick = (/** @type {MouseEvent} */ event) => {
    const line = lineAt(event);
    if (event.offsetY < AXIS || !line) return;
    if (line.kind === 'group') onToggle(line.name);
    else onSelect(line.row.session_key);
  };
  const onDouble = (/** @type {MouseEvent} */ event) => {
    const line = lineAt(event);
    if (line?.kind === 'lane') onOpen(line.row.session_key);
  };
  return html`<div class="lanes" ref=${box} tabindex="0" role="application" aria-label="Timeline; j and k choose a lane, v shows it as a table" data-version=${version}>
    <div class="lanes-space" style=${{ height: `${AXIS + lines.length * LINE + 4}px` }}></div>
    <canvas ref=${canvas} onWheel=${onWheel} onPointerMove=${onMove} onPointerDown=${(/** @type {PointerEvent} */ event) => (drag.current = event.offsetX)} onPointerUp=${() => (drag.current = null)} onPointerLeave=${() => onTip('')} onClick=${onClick} onDblClick=${onDouble}></canvas>
  </div>`;
}

/** What is under the pointer. @param {any} line @param {number} at @param {boolean} isLabel @param {number} near */
function told(line, at, isLabel, near) {
  if (!line) return '';
  if (line.kind === 'group') return `${format.counted(line.count, 'session')}; a click ${line.isOpen ? 'folds' : 'unfolds'} them`;
  if (isLabel || !line.lane) return `${oneLine(titleOf(line.row), 60)}: ${oneLine(line.row.doing || line.row.status, 120)}`;
  const mark = line.lane.marks.find((/** @type {any} */ each) => Math.abs(each.at - at) < near * 8);
  if (mark) return `${mark.glyph} ${mark.text}`;
  const bar = line.lane.bars.findLast((/** @type {any} */ each) => each.from <= at && at <= (each.to ?? Infinity));
  return bar ? `${bar.text}` : oneLine(titleOf(line.row), 60);
}

/** @param {any} props */
function Minimap({ lanes, whole, seen, now, version, onSpan }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext('2d');
    if (!element || !pen) return;
    const [width, height] = [(element.width = element.clientWidth), (element.height = 26)];
    const colours = paletteOf(element);
    const counts = new Uint16Array(width);
    const place = (/** @type {number} */ at) => Math.min(width - 1, Math.max(0, Math.floor(((at - whole.from) / (whole.to - whole.from)) * width)));
    for (const lane of lanes.byKey.values()) for (let x = place(lane.from), end = place(lane.to ?? now); x <= end; x += 1) counts[x] += 1;
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    pen.fillStyle = colours.s;
    counts.forEach((count, x) => pen.fillRect(x, height - (count / most) * (height - 4), 1, height));
    pen.strokeStyle = colours.l;
    pen.lineWidth = 1.5;
    if (seen.from !== whole.from || seen.to !== whole.to) pen.strokeRect(place(seen.from) + 1, 1, Math.max(3, place(seen.to) - place(seen.from) - 2), height - 2);
  });
  const jump = (/** @type {PointerEvent} */ event) => {
    if (event.type === 'pointermove' && !event.buttons) return;
    const element = /** @type {HTMLElement} */ (event.currentTarget);
    const width = seen.to - seen.from;
    if (width >= whole.to - whole.from) return;
    const at = whole.from + (event.offsetX / element.clientWidth) * (whole.to - whole.from);
    const from = Math.min(Math.max(whole.from, at - width / 2), whole.to - width);
    onSpan({ from, to: from + width });
  };
  return html`<canvas class="minimap" ref=${canvas} role="img" aria-label="How many sessions work at each moment" data-version=${version} onPointerDown=${jump} onPointerMove=${jump}></canvas>`;
}

/** @param {any} props */
function LaneTable({ lines, now, critical, onOpen, onToggle }) {
  const [most, more] = useState(300);
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Sessions"><table><thead><tr><th>Session</th><th>State</th><th class="num">Time</th><th class="num">Model</th><th class="num">Tools</th><th class="num">Waits</th><th class="num">Attempts</th><th class="num">Cost</th><th>Doing</th></tr></thead><tbody>
    ${lines.slice(0, most).map((/** @type {any} */ line) => line.kind === 'group'
      ? html`<tr key=${line.name}><td colspan="9"><button class="quiet" aria-expanded=${line.isOpen} onClick=${() => onToggle(line.name)}>${line.isOpen ? '▾' : '▸'} ${line.name.slice(line.name.lastIndexOf('/') + 1)} ×${line.count}</button></td></tr>`
      : html`<tr key=${line.row.session_key}><td><button class="quiet" onClick=${() => onOpen(line.row.session_key)}>${oneLine(nameOf(line.row), 60)}</button>${critical?.has(line.row.session_key) && html`<span class="note">critical path</span>`}</td><td><${State} state=${stateOf(line.row)} more=${noLonger(line.row)} /></td><td class="num">${format.seconds(duration(line.row, now))}</td>
        <td class="num">${spent(line.lane, ['model'], now)}</td><td class="num">${spent(line.lane, ['tool'], now)}</td><td class="num">${spent(line.lane, ['slot', 'limit', 'backoff', 'you', 'children'], now)}</td>
        <td class="num">${1 + (line.lane?.marks.filter((/** @type {any} */ mark) => mark.glyph === '⇡' || mark.glyph === '┊').length ?? 0)}</td><td class="num">${format.wholeCost(line.row)}</td><td>${oneLine(line.row.doing || line.row.error_code, 80)}</td></tr>`)}
  </tbody></table></div>${lines.length > most && html`<button class="more" onClick=${() => more(most + 1000)}>${most} of ${format.counted(lines.length, 'line')}: show more</button>`}`;
}

/** @param {import('./types').Lane | null} lane @param {string[]} kinds @param {number} now */
function spent(lane, kinds, now) {
  const total = (lane?.bars ?? []).filter((bar) => kinds.includes(bar.kind)).reduce((sum, bar) => sum + Math.max(0, (bar.to ?? now) - bar.from), 0);
  return total ? format.seconds(total) : '';
}
