"use strict";
// Figures and axes: how values are written, where they stand, where ticks go. No document is touched here.

/** A figure to three digits, as the report's tables have it: 38.4, 0.0123, 1250. */
function three(value) {
  if (!Number.isFinite(value) || value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(value) * 1.0005));
  const text = value.toFixed(Math.min(12, Math.max(0, 2 - magnitude)));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A time in seconds with its unit: 12 s, 140 ms, 40 µs. */
function seconds(value) {
  if (value === 0) return "0 s";
  if (value >= 0.9995) return three(value) + " s";
  if (value >= 0.0009995) return three(value * 1e3) + " ms";
  return three(value * 1e6) + " µs";
}

/** A moment of the run: 2:05, 1:02:05. */
function moment(value) {
  const whole = Math.round(value);
  const two = (part) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A percentage from its nines: 0 is 0%, 1 is 90%, 2 is 99%. */
function nines(value) {
  const percent = 100 * (1 - 10 ** -value);
  return parseFloat(percent.toFixed(Math.max(0, Math.ceil(value + 1e-9)))) + "%";
}

const UNITS = { number: three, rate: three, seconds, moment, nines };

/** How the figures of an axis are written. */
function written(axis) {
  return UNITS[axis.unit] || three;
}

/** Steps that can be counted in, and where the next tenfold begins. */
const TENS = [1, 2, 5];
const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];

/** About so many ticks from `low` to `high`; always an end. */
function ticks(axis, low, high, most) {
  if (!(high > low) || !Number.isFinite(high - low)) return [low];
  if (axis.unit === "nines") {
    const all = [0, Math.log10(2), 1, 2, 3, 4, 5, 6, 7, 8];
    return all.filter((tick) => tick >= low - 1e-9 && tick <= high + 1e-9);
  }
  if (axis.scale === "log") return logTicks(low, high, most);
  let step;
  if (axis.unit === "moment") {
    step = CLOCK.find((each) => (high - low) / each <= most) || 86400 * Math.ceil((high - low) / 86400 / most);
  } else {
    const ten = 10 ** Math.floor(Math.log10((high - low) / most));
    step = ten * ([...TENS, 10].find((each) => (high - low) / (each * ten) <= most) || 10);
  }
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.min(100, Math.floor(high / step + 1e-9) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, place) => (first + place) * step);
}

function logTicks(low, high, most) {
  const all = (steps) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const step of steps) {
        const tick = step * 10 ** power;
        if (tick >= low * 0.999999 && tick <= high * 1.000001) found.push(tick);
      }
    }
    return found;
  };
  const choices = [[1, 2, 3, 4, 5, 6, 7, 8, 9], TENS, [1, 3], [1]].map(all);
  const fitting = choices.find((found) => found.length > 1 && found.length <= most);
  if (fitting) return fitting;
  const tens = choices[3];
  const every = Math.max(1, Math.ceil(tens.length / most));
  return tens.length > 1 ? tens.filter((_, place) => place % every === 0) : [low, high];
}

/** Maps values from `low` to `high` to pixels from `from` to `to`, and back. */
function scale(axis, low, high, from, to) {
  const log = axis.scale === "log";
  const forth = log ? (value) => Math.log10(Math.max(value, low / 1e6)) : (value) => value;
  const [a, b] = [forth(low), forth(high)];
  const width = b - a || 1;
  const place = (value) => from + ((forth(value) - a) / width) * (to - from);
  place.back = (pixel) => {
    const value = a + ((pixel - from) / (to - from)) * width;
    return log ? 10 ** value : value;
  };
  return place;
}

/** The lowest and highest of some values, with room; from 0 where the axis is even. */
function extent(axis, values, tight) {
  const usable = values.filter((value) => Number.isFinite(value) && (axis.scale !== "log" || value > 0));
  let low = usable.reduce((a, b) => Math.min(a, b), Infinity);
  let high = usable.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) return axis.scale === "log" ? [1, 10] : [0, 1];
  if (axis.scale === "log") {
    const room = tight ? 1.05 : 1.15;
    return low === high ? [low / 2, high * 2] : [low / room, high * room];
  }
  if (tight) return low === high ? [low - 0.5, high + 0.5] : [low, high];
  low = Math.min(0, low);
  high = Math.max(0, high);
  return low === high ? [0, 1] : [low, high * 1.06];
}

/** Ends of bands of computed lines, as far as an axis shows them: to a quarter beyond what else it shows. */
function cut(ends, values) {
  const above = values.filter((value) => value > 0);
  const low = above.reduce((a, b) => Math.min(a, b), Infinity);
  const high = above.reduce((a, b) => Math.max(a, b), -Infinity);
  return ends.map((end) => Math.min(1.25 * high, Math.max(low / 1.25, end)));
}

/** The place of the value that is nearest in an ascending list; -1 in an empty one. */
function nearest(list, value) {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && value - list[low - 1] <= list[low] - value) low -= 1;
  return list.length === 0 ? -1 : low;
}
