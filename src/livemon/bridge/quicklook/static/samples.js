// Samples of the plotted channels. A series is {times, values, gap, ...}: UNIX seconds, ascending; null for a sample that is not a number;
// gap: the seconds between two samples from which on there is a gap.

const SHORTEST_GAP = 10, SILENT = 300; // seconds without a sample that may, and that must, be a gap

// A series, continued by the samples that were read from `from` on, and cut to [start, end).
export function continued(old, next, from, start, end) {
  const before = old.times.findIndex((time) => time >= from);
  const keep = before < 0 ? old.times.length : before;
  const times = [...old.times.slice(0, keep), ...next.times], values = [...old.values.slice(0, keep), ...next.values];
  const first = times.findIndex((time) => time >= start);
  const beyond = times.findIndex((time) => time > end);
  const cut = (array) => (first < 0 ? [] : array.slice(first, beyond < 0 ? array.length : beyond));
  return { ...next, times: cut(times), values: cut(values), gap: gapOf(cut(times)) };
}

// An instrument that scans returns to a channel after minutes, with some samples each time. A pause longer than any other, or so long that a
// channel counts as silent, is a gap; regular pauses are not. series/gaps.py has the same rule, by which the bridge breaks Grafana's lines.
export function gapOf(times) {
  if (times.length < 3) return Infinity;
  const steps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  const longest = steps[steps.length - 2]; // except for one
  return Math.max(Math.min(3 * longest, Math.max(SILENT, 5 * usual(steps))), SHORTEST_GAP);
}

// The step in which half of the time passes, without the two longest.
function usual(steps) {
  const passed = [];
  for (const step of steps.slice(0, Math.max(steps.length - 2, 1))) passed.push((passed.at(-1) ?? 0) + step);
  return steps[passed.findIndex((time) => time >= passed.at(-1) / 2)];
}

// One timeline for all, as uPlot needs it: undefined where a series has no sample of its own, null for a gap.
export function joined(series, log) {
  const withGaps = series.map((one) => broken(one));
  const all = Float64Array.from(withGaps.flatMap((one) => one.times)).sort();
  const times = Array.from(all.filter((time, i) => i === 0 || time !== all[i - 1]));
  const columns = withGaps.map((one) => {
    const column = new Array(times.length);
    let row = 0;
    one.times.forEach((time, i) => {
      while (times[row] < time) row += 1;
      const value = one.values[i];
      column[row] = log && !(value > 0) ? null : value;
    });
    return column;
  });
  return [times, ...columns];
}

function broken({ times, values, gap }) {
  const found = { times: [], values: [] };
  times.forEach((time, i) => {
    if (i && time - times[i - 1] > gap) {
      found.times.push((time + times[i - 1]) / 2);
      found.values.push(null);
    }
    found.times.push(time);
    found.values.push(values[i]);
  });
  return found;
}

// The value of the sample nearest to a time; undefined if none is near.
export function valueAt({ times, values, gap }, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  const near = [low - 1, low].filter((i) => i >= 0 && i < times.length).sort((a, b) => Math.abs(times[a] - time) - Math.abs(times[b] - time))[0];
  return near === undefined || Math.abs(times[near] - time) > gap / 2 ? undefined : values[near];
}

// Smallest and largest value; null if there are none.
export function extremes({ values }) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [null, null];
}
