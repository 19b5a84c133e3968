// @ts-check
/** Curve: what each day cost, as bars on a canvas; the table of days says the same. */
import { html, useEffect, useRef } from './view.js';
import UPlot from './vendor/uplot.js';
import { DAY_SECONDS, dayText } from './days.js';

/** @typedef {import('./days.js').Point} Point */

const HEIGHT = 180;

/** @param {{points: Point[], label: string, theme: string}} props */
export function Curve({ points, label, theme }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const name = JSON.stringify(points);
  useEffect(() => {
    const place = box.current;
    if (!place || !points.length) return undefined;
    const plot = new UPlot(optionsOf(place, points), [points.map((point) => point.at), points.map((point) => point.usd)], place);
    const resized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
    resized.observe(place);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [name, theme]);
  return html`<div class="curve" role="img" aria-label=${label} ref=${box}></div>`;
}

/** @param {HTMLElement} place @param {Point[]} points */
function optionsOf(place, points) {
  const color = (/** @type {string} */ variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  const axis = { stroke: color('--soft'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, "DejaVu Sans", sans-serif' };
  const most = Math.max(...points.map((point) => point.usd));
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    padding: [8, 20, 0, 0],
    scales: { x: { time: false, range: [points[0].at - DAY_SECONDS * 0.6, (points.at(-1)?.at ?? 0) + DAY_SECONDS * 0.6] }, y: { range: [0, most > 0 ? most * 1.12 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 56, splits: (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ ___, /** @type {number} */ ____, /** @type {number} */ _____, /** @type {number} */ space) => daysOf(points, Math.max(1, Math.floor(place.clientWidth / Math.max(space, 62)))), values: (/** @type {unknown} */ _, /** @type {number[]} */ days) => days.map(dayText) },
      { ...axis, size: 62, space: 36, values: (/** @type {unknown} */ _, /** @type {number[]} */ amounts) => amounts.map((usd) => shortDollars(usd, most)) },
    ],
    series: [{}, { fill: color('--m'), stroke: color('--m'), width: 0, points: { show: false }, paths: UPlot.paths.bars({ size: [0.7, 56], radius: 0.12 }) }],
  };
}

/** So many days of those shown that their texts have room. @param {Point[]} points @param {number} room */
function daysOf(points, room) {
  const step = Math.ceil(points.length / room);
  return points.filter((_, n) => (points.length - 1 - n) % step === 0).map((point) => point.at);
}

/** @param {number} usd @param {number} most */
function shortDollars(usd, most) {
  if (usd === 0) return '$0';
  const digits = most >= 20 ? 0 : most >= 1 ? 1 : most >= 0.1 ? 2 : most >= 0.01 ? 3 : 4;
  return `$${usd.toFixed(digits)}`;
}
