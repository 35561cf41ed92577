// The plot: uPlot with an axis for each unit, linear or logarithmic, limits of alarms, holes in the archive, and a cursor for mouse, finger
// and keyboard.

import { colour } from "./dom.js";
import { withLimits } from "./limits.js";
import { Overlay } from "./overlay.js";
import { clock, day, isBrowsersZone, symbol, ticks, zone, zoneAt } from "./text.js";
import { joined } from "./samples.js";
import { followFingers } from "./fingers.js";

const WIDE = 640; // px: narrower plots have two axes at most
const AXIS = 68;

// `on` has cursor(time or null), zoom(from, until) and back().
export class Plot {
  constructor(place, on) {
    this.place = place;
    this.on = on;
    this.uplot = null;
    this.layout = "";
    this.overlay = new Overlay();
    this.held = false; // during a drag, nothing may move below the finger
    new ResizeObserver(() => this.uplot?.setSize(this.size())).observe(place);
    addEventListener("pointerup", () => { this.held = false; });
    addEventListener("pointercancel", () => { this.held = false; });
  }

  size() {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  // Show series ({label, units, slot, times, values}) in [start, end), with lines of limits ({value, unit, text}) and holes ({begin, end, reason}).
  show(series, [start, end], { log, limits, holes }) {
    if (this.held) return;
    this.overlay.show(limits, holes);
    const wide = this.place.clientWidth >= WIDE;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const layout = JSON.stringify([log, wide, dark, zoneAt(start), limits, series.map((one) => [one.name, one.label, one.units, one.slot, one.times.length < 3])]);
    const data = joined(series, log);
    if (layout !== this.layout) {
      const { left = -10, top = -10 } = this.uplot?.cursor || {};
      this.clear();
      this.layout = layout;
      this.range = [start, end];
      this.uplot = new uPlot(this.options(series, limits, log, wide), [[], ...series.map(() => [])], this.place);
      followFingers(this);
      this.data(data);
      if (left >= 0) this.uplot.setCursor({ left, top });
    } else {
      this.range = [start, end];
      this.data(data);
    }
  }

  data(data) {
    this.uplot.batch(() => {
      this.uplot.setData(data, false);
      this.uplot.setScale("x", { min: this.range[0], max: this.range[1] });
    });
    // The values at the cursor have changed.
    if (this.time() !== null) this.on.cursor(this.time());
  }

  clear() {
    this.uplot?.destroy();
    this.uplot = null;
    this.layout = "";
  }

  // The time at the cursor; null if there is none.
  time() {
    const left = this.uplot?.cursor.left ?? -1;
    return left >= 0 && this.range ? this.uplot.posToVal(left, "x") : null;
  }

  // Put the cursor at a fraction of the width; null removes it.
  moveTo(part) {
    if (!this.uplot) return;
    const width = this.uplot.over.clientWidth;
    const left = part === null ? -10 : Math.min(Math.max(part, 0), 1) * (width - 1);
    this.uplot.setCursor({ left, top: part === null ? -10 : this.uplot.over.clientHeight / 2 });
  }

  part() {
    return this.time() === null ? null : this.uplot.cursor.left / (this.uplot.over.clientWidth - 1);
  }

  options(series, limits, log, wide) {
    const units = [...new Set(series.map((one) => one.units || ""))];
    const side = units.includes("K") ? [...new Set(["K", ...units])] : units; // temperatures on the left
    const shown = side.slice(0, wide ? 3 : 2);
    const common = { stroke: colour("--faint"), font: "12px system-ui, sans-serif", ticks: { stroke: colour("--line"), width: 1 } };
    const grid = { stroke: colour("--line"), width: 1 };
    return {
      ...this.size(),
      legend: { show: false },
      padding: [8, shown.length > 1 ? 0 : 28, 0, 0],
      ...(isBrowsersZone() ? {} : { tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zone()) }),
      scales: { x: { time: true }, ...Object.fromEntries(side.map((unit) => [`y${unit}`, scale(limits, unit, log)])) },
      axes: [
        { ...common, grid, space: 64, label: zoneAt(this.range[0]), labelSize: 18, labelFont: common.font, labelGap: 0, values: (_, times, _axis, _space, step) => timeTexts(times, step) },
        ...shown.map((unit, i) => ({
          ...common,
          scale: `y${unit}`,
          side: i ? 1 : 3,
          size: AXIS,
          space: 34,
          grid: i ? { show: false } : grid,
          ...(log ? { splits: (_, _axis, low, high) => logTicks(low, high), filter: (_, found) => found } : {}),
          values: (_, found) => ticks(found, unit),
        })),
      ],
      series: [
        {},
        ...series.map((one) => ({
          label: one.label,
          scale: `y${one.units || ""}`,
          stroke: colour(`--line-${one.slot % 8}`),
          dash: one.slot >= 8 ? [7, 4] : undefined,
          width: 1.75,
          points: { show: one.times.length < 3 ? true : undefined, size: 5 },
        })),
      ],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        dataIdx: nearest,
        points: { size: 7 },
        bind: {
          dblclick: () => () => { this.on.back(); return null; },
          mousedown: (_, __, handler) => (event) => { this.held = event.button === 0; return handler(event); },
        },
      },
      hooks: {
        drawClear: [(plot) => this.overlay.drawHoles(plot)],
        draw: [(plot) => this.overlay.drawLimits(plot)],
        setCursor: [() => this.on.cursor(this.time())],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width < 6) return;
          const [from, until] = [left, left + width].map((x) => plot.posToVal(x, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          this.held = false;
          this.on.zoom(from, until);
        }],
      },
    };
  }
}

export const unitsWithoutAxis = (series, width) => {
  const units = [...new Set(series.map((one) => one.units || ""))];
  const side = units.includes("K") ? [...new Set(["K", ...units])] : units;
  return side.slice(width >= WIDE ? 3 : 2).map(symbol);
};

// If a series has no sample at the cursor, its nearest is used.
function nearest(plot, index, hovered) {
  const column = plot.data[index];
  if (index === 0 || column[hovered] !== undefined) return hovered;
  for (let away = 1; away < 400; away += 1) {
    if (column[hovered - away] !== undefined) return hovered - away;
    if (column[hovered + away] !== undefined) return hovered + away;
  }
  return null;
}

function timeTexts(times, step) {
  let before = "";
  return times.map((time) => {
    const date = day(time);
    const text = step >= 86400 ? date : clock(time, step < 60) + (date === before ? "" : `\n${date}`);
    before = date;
    return text;
  });
}

function scale(limits, unit, log) {
  const own = limits.filter((limit) => limit.unit === unit).map((limit) => limit.value);
  if (log) return { distr: 3, range: (_, low, high) => logRange(low, high, own) };
  return { range: (_, low, high) => linearRange(low, high, own) };
}

// No margin extends the axis across zero: without negative values, there is no negative tick.
export function linearRange(least, most, limits) {
  if (least === null || !Number.isFinite(least)) return [0, 1];
  const [low, high] = withLimits(least, most, limits, false);
  if (low === 0 && high === 0) return [0, 1];
  const [begin, end] = low === high ? [low - Math.abs(low) * 0.02, high + Math.abs(high) * 0.02] : uPlot.rangeNum(low, high, 0.08, false);
  return [low >= 0 ? Math.max(begin, 0) : begin, high <= 0 ? Math.min(end, 0) : end];
}

function logRange(least, most, limits) {
  if (!(least > 0 && most > 0)) return [0.1, 10];
  const [low, high] = withLimits(least, most, limits.filter((limit) => limit > 0), true);
  const margin = low === high ? 2 : Math.max((high / low) ** 0.05, 1.01);
  return [low / margin, high * margin];
}

// Round numbers between two limits: 1, 2, 5 of every decade; fewer for many decades, and within one decade as on a linear axis.
function logTicks(low, high) {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high);
  const mantissas = decades > 4 ? [1] : decades > 2.2 ? [1, 3] : [1, 2, 5];
  const every = Math.max(1, Math.ceil(decades / 8));
  const found = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade += 1) {
    if (decade % every) continue;
    for (const mantissa of mantissas) found.push(Number(`${mantissa}e${decade}`));
  }
  return found.filter((value) => value >= low && value <= high);
}

function linearTicks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((mantissa) => mantissa * power).find((size) => size >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
