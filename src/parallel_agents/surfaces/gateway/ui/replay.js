// @ts-check
/** Replay: a finished run as it was at an earlier moment, by the same reducer on fewer events. */
import { html, useEffect, useLayoutEffect, useRef, useState } from './view.js';
import { get, runPath } from './api.js';
import { bind } from './keys.js';
import { eachEvent, Lanes } from './lanes.js';
import * as format from './format.js';

/** @typedef {import('./types').Row} Row */

const SPEEDS = [1, 5, 10, 50];
const STEP_MILLISECONDS = 60;

/** The lanes of a run up to any of its moments. */
export class Recording {
  /** @param {import('./types').LanesDoc} told */
  constructor(told) {
    /** @type {import('./lanes').LaneEvent[]} */
    this.steps = [];
    eachEvent(told, (event) => this.steps.push(event));
    this.lanes = new Lanes();
    this.next = 0;
    this.at = -Infinity;
  }

  /** @param {number} at @returns {Lanes} */
  until(at) {
    if (at < this.at) {
      this.lanes = new Lanes();
      this.next = 0;
    }
    this.at = at;
    for (; this.next < this.steps.length && this.steps[this.next].at <= at; this.next += 1) this.lanes.take(this.steps[this.next]);
    return this.lanes;
  }
}

/** The rows that had begun by then; one that had not ended is live. @param {Row[]} rows @param {Lanes} lanes @returns {Row[]} */
export function rowsAt(rows, lanes) {
  return rows.flatMap((row) => {
    const lane = lanes.byKey.get(row.session_key);
    if (!lane) return [];
    if (lane.to !== null) return [row];
    const state = lane.open.some((bar) => bar.kind === 'slot') ? 'queued' : 'running';
    return [{ ...row, status: state, state, is_stopped: false, is_former_try: false, is_uncounted: false, finished_at: null, timed_from: null, seconds: null, doing: '', error_code: '' }];
  });
}

/** @param {string} name @param {boolean} isOn */
export function useRecording(name, isOn) {
  const [recording, keep] = useState(/** @type {Recording | null} */ (null));
  useEffect(() => {
    if (!isOn || recording) return undefined;
    let isGone = false;
    get(runPath(name, '/lanes')).then((told) => isGone || keep(new Recording(told)), () => {}); // The timeline stays as it is.
    return () => {
      isGone = true;
    };
  }, [name, isOn]);
  return recording;
}

/** @param {{at: number | null, length: number, onAt: (at: number | null, isGradual: boolean) => void}} props */
export function ReplayBar({ at, length, onAt }) {
  const [isPlaying, play] = useState(false);
  const [speed, run] = useState(() => SPEEDS.find((each) => length / each < 30) ?? SPEEDS[SPEEDS.length - 1]);
  const place = useRef(at ?? length);
  place.current = at ?? length;
  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setInterval(() => {
      const next = place.current + (STEP_MILLISECONDS / 1000) * speed;
      if (next < length) return onAt(next, true);
      play(false);
      return onAt(null, false);
    }, STEP_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isPlaying, speed, length]);
  const toggle = () => {
    if (!isPlaying && place.current >= length) onAt(0, true);
    play(!isPlaying);
  };
  useLayoutEffect(() => bind('Replay', [{ keys: ' ', does: 'replay the run, or halt', run: toggle }]));
  return html`<div class="replay"><button onClick=${toggle} aria-pressed=${isPlaying} title="Space">${isPlaying ? '‖ Halt' : '▷ Replay'}</button>
    <input type="range" aria-label="Moment of the run" aria-valuetext=${`${format.seconds(at ?? length)} of ${format.seconds(length)}`} min="0" max=${length} step="any" value=${at ?? length} onInput=${(/** @type {any} */ event) => { play(false); onAt(Number(event.target.value) >= length ? null : Number(event.target.value), true); }} />
    <span class="num">${format.seconds(at ?? length)} of ${format.seconds(length)}</span>
    <select aria-label="Speed" value=${String(speed)} onChange=${(/** @type {any} */ event) => run(Number(event.target.value))}>${SPEEDS.map((each) => html`<option value=${String(each)} selected=${each === speed}>${each}×</option>`)}</select>
    ${at !== null && html`<button class="quiet" onClick=${() => { play(false); onAt(null, false); }}>to the end</button>`}</div>`;
}
