// @ts-check
/** Timeline: the lanes of a run, to zoom, pan and follow, with a table that says the same. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { bind } from './keys.js';
import { AXIS, draw, gutterOf, LINE, paletteOf } from './lanes_canvas.js';
import { linesOf } from './lanes.js';
import { State } from './parts.js';
import { duration, isProblem, titleOf } from './rows.js';
import { stateOf } from './words.js';
import { oneLine } from './text.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */
/** @typedef {import('./lanes').Lanes} Lanes */
/** @typedef {{from: number, to: number}} Span */

const LEAST_SPAN = 0.5;
const KEY = [['s', 'model S'], ['m', 'M'], ['l', 'L'], ['tool', 'tool'], ['you', 'you'], ['children', 'children'], ['backoff', 'back-off'], ['wait', 'wait']];

/** @param {{rows: Row[], lanes: Lanes, version: number, selected: string, onSelect: (key: string) => void, onOpen: (key: string) => void, clock: () => number, isLive: boolean, isTable: boolean, onTable: () => void}} props */
export function Timeline({ rows, lanes, version, selected, onSelect, onOpen, clock, isLive, isTable, onTable }) {
  const [problemsFirst, order] = useState(false);
  const [open, setOpen] = useState(/** @type {Set<string>} */ (new Set()));
  const [span, zoom] = useState(/** @type {Span | null} */ (null));
  const [tip, point] = useState('');
  const lines = linesOf(rows, lanes.byKey, { problemsFirst, isOpen: (name) => open.has(name), isBad: isProblem });
  const now = clock();
  const whole = wholeSpan(lanes, now, isLive);
  const seen = span ?? whole;
  const toggle = (/** @type {string} */ name) => setOpen((before) => {
    const after = new Set(before);
    if (!after.delete(name)) after.add(name);
    return after;
  });
  const scale = (/** @type {number} */ by, /** @type {number} */ at = (seen.from + seen.to) / 2) => {
    const width = Math.max(LEAST_SPAN, (seen.to - seen.from) * by);
    if (width >= whole.to - whole.from) return zoom(null);
    const from = Math.min(Math.max(whole.from, at - ((at - seen.from) / (seen.to - seen.from)) * width), whole.to - width);
    return zoom({ from, to: from + width });
  };
  const pan = (/** @type {number} */ by) => {
    if (!span) return;
    const width = span.to - span.from;
    const from = Math.min(Math.max(whole.from, span.from + by * width), whole.to - width);
    zoom({ from, to: from + width });
  };
  const keys = lines.flatMap((line) => (line.kind === 'lane' ? [line.row.session_key] : []));
  const step = (/** @type {number} */ by) => {
    const key = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(selected) + by))];
    if (key) onSelect(key);
  };
  useLayoutEffect(() => bind('Timeline', [
    { keys: '!', does: 'problems first', run: () => order(!problemsFirst) },
    { keys: 'j', does: 'next lane', run: () => step(1) },
    { keys: 'k', does: 'previous lane', run: () => step(-1) },
    { keys: 'o / Enter', does: 'open the lane', run: () => selected && onOpen(selected) },
    { keys: '+', does: 'zoom in', run: () => scale(0.6) },
    { keys: '-', does: 'zoom out', run: () => scale(1 / 0.6) },
    { keys: '0', does: 'all of the time', run: () => zoom(null) },
    { keys: 'ArrowLeft', does: 'earlier', run: () => pan(-0.2) },
    { keys: 'ArrowRight', does: 'later', run: () => pan(0.2) },
    { keys: 'v', does: 'as a table', run: onTable },
  ]));
  return html`<div class="lanes-tools">
      <button aria-pressed=${problemsFirst} onClick=${() => order(!problemsFirst)}>! Problems first</button>
      <button onClick=${() => scale(0.6)} aria-label="Zoom in">+</button><button onClick=${() => scale(1 / 0.6)} aria-label="Zoom out">−</button>
      <button aria-pressed=${span === null} onClick=${() => zoom(null)}>${isLive ? 'Follow' : 'All'}</button>
      <button aria-pressed=${isTable} onClick=${onTable}>Table</button><span class="space"></span>
      ${KEY.map(([name, text]) => html`<span class="key"><span class="swatch k-${name}"></span>${text}</span>`)}
    </div>
    ${isTable ? html`<${LaneTable} lines=${lines} now=${now} onOpen=${onOpen} onToggle=${toggle} />` : html`
      <${Minimap} lanes=${lanes} whole=${whole} seen=${seen} now=${now} version=${version} onSpan=${zoom} />
      <${Canvas} lines=${lines} lanes=${lanes} span=${seen} now=${now} origin=${whole.from} selected=${selected} version=${version} onSelect=${onSelect} onOpen=${onOpen} onToggle=${toggle} onScale=${scale} onPan=${pan} onTip=${point} />
      <p class="tip">${tip || 'Ctrl and wheel zooms, drag pans, a double click opens a session; v shows a table'}</p>`}`;
}

/** @param {Lanes} lanes @param {number} now @param {boolean} isLive @returns {Span} */
function wholeSpan(lanes, now, isLive) {
  const from = Number.isFinite(lanes.from) ? lanes.from : now - 1;
  const last = isLive ? now : lanes.to;
  return { from, to: Math.max(from + 1, last + (last - from) * 0.02) };
}

/** @param {any} props */
function Canvas({ lines, lanes, span, now, origin, selected, version, onSelect, onOpen, onToggle, onScale, onPan, onTip }) {
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
      draw(pen, size.width, size.height, { lines, span, now, top: size.top, selected, origin, byKey: lanes.byKey }, paletteOf(element));
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
  const timeAt = (/** @type {number} */ x) => span.from + ((x - gutterOf(size.width)) / (size.width - gutterOf(size.width))) * (span.to - span.from);
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
    onTip(told(lineAt(event), timeAt(event.offsetX), event.offsetX < gutterOf(size.width), (span.to - span.from) / size.width));
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
function LaneTable({ lines, now, onOpen, onToggle }) {
  const [most, more] = useState(300);
  return html`<div class="table-box"><table><thead><tr><th>Session</th><th>State</th><th class="num">Time</th><th class="num">Model</th><th class="num">Tools</th><th class="num">Waits</th><th class="num">Attempts</th><th class="num">Cost</th><th>Doing</th></tr></thead><tbody>
    ${lines.slice(0, most).map((/** @type {any} */ line) => line.kind === 'group'
      ? html`<tr key=${line.name}><td colspan="9"><button class="quiet" aria-expanded=${line.isOpen} onClick=${() => onToggle(line.name)}>${line.isOpen ? '▾' : '▸'} ${line.name.slice(line.name.lastIndexOf('/') + 1)} ×${line.count}</button></td></tr>`
      : html`<tr key=${line.row.session_key}><td><button class="quiet" onClick=${() => onOpen(line.row.session_key)}>${oneLine(titleOf(line.row), 60)}</button></td><td><${State} state=${stateOf(line.row)} /></td><td class="num">${format.seconds(duration(line.row, now))}</td>
        <td class="num">${spent(line.lane, ['model'], now)}</td><td class="num">${spent(line.lane, ['tool'], now)}</td><td class="num">${spent(line.lane, ['slot', 'limit', 'backoff', 'you', 'children'], now)}</td>
        <td class="num">${1 + (line.lane?.marks.filter((/** @type {any} */ mark) => mark.glyph === '⇡' || mark.glyph === '┊').length ?? 0)}</td><td class="num">${format.cost(line.row.cost, line.row.simulated_cost, line.row.calls)}</td><td>${oneLine(line.row.doing || line.row.error_code, 80)}</td></tr>`)}
  </tbody></table></div>${lines.length > most && html`<button class="more" onClick=${() => more(most + 1000)}>${most} of ${format.counted(lines.length, 'line')}: show more</button>`}`;
}

/** @param {import('./types').Lane | null} lane @param {string[]} kinds @param {number} now */
function spent(lane, kinds, now) {
  const total = (lane?.bars ?? []).filter((bar) => kinds.includes(bar.kind)).reduce((sum, bar) => sum + Math.max(0, (bar.to ?? now) - bar.from), 0);
  return total ? format.seconds(total) : '';
}
