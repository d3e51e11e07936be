// Charts as SVG: crisp in print, drawn anew at every size, with crosshair, zoom and a table of their values.
//
//   const drawn = chart(element, {
//     label: "Throughput",                           // its name for those who do not see it
//     x: { label: "users", unit: "number", scale: "linear" },
//     y: { label: "requests/s", unit: "rate", scale: "log" },
//     y2: { ... },                                   // an axis at the right, if any
//     series: [{ name, kind, colour, right, hidden, x: [], y: [], low: [], high: [], bound: [] }],
//     spans: [{ from, to, label }], marks: [{ x, label }],
//     group: "time",                                 // charts of a group share zoom and crosshair
//   });
//   drawn.update({ series, spans, marks })           // what is given replaces what was; the zoom stays
//   drawn.append([{ x: [], y: [] }, ...])            // new values at the end of each series, in their order
//   drawn.extend([{ x: [], y: [] }, ...])            // the same, but from the first x on they replace what was
//   drawn.end(), drawn.count()                       // where the first series ends, how many series there are
//   drawn.remove()                                   // takes it out of its group
//   drawn.overlay(series, "other run")               // another run's series over these; null takes them away
//   drawn.zoom(from, to)                             // without arguments: all of it
//
// Units: number, rate, seconds, moment (seconds since the start), nines (1 is 90%, 2 is 99%). Kinds: line, dashed, area,
// points. `y` may hold null for a gap; `bound` 1 where a value is a lower bound only. All text is set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";
const groups = new Map();

function make(name, attributes, ...children) {
  const svg = ["svg", "g", "path", "line", "rect", "circle", "text", "title"].includes(name);
  const element = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A series with all its fields. */
function complete(series, place) {
  const defaults = { kind: "line", colour: (place % 8) + 1, right: false, x: [], y: [], low: [], high: [], bound: [] };
  return { ...defaults, ...series };
}

class Chart {
  constructor(element, options) {
    this.options = { spans: [], marks: [], ...options };
    this.series = options.series.map(complete);
    this.other = [];
    this.off = new Set(this.series.filter((series) => series.hidden).map((series) => series.name));
    this.range = null;
    this.at = null;
    this.peers = new Set([this]);
    if (options.group) {
      this.peers = groups.get(options.group) || new Set();
      groups.set(options.group, this.peers.add(this));
    }
    this.build(element);
    this.legend();
    this.draw();
    this.observer = new ResizeObserver(() => this.width !== this.plot.clientWidth && this.draw());
    this.observer.observe(this.plot);
  }

  build(element) {
    this.keys = make("div", { class: "keys" });
    this.plot = make("div", { class: "plot", tabindex: "0", role: "application", "aria-roledescription": "chart" });
    this.plot.setAttribute("aria-label", `${this.options.label}. Arrow keys move from value to value, + and - zoom, 0 shows all.`);
    this.tip = make("div", { class: "tip", hidden: "" });
    this.said = make("div", { class: "said", "aria-live": "polite" });
    this.table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Values: ${this.options.label}` });
    const details = make("details", {}, make("summary", {}, "Values as a table"), this.table);
    details.addEventListener("toggle", () => details.open && this.fill());
    this.details = details;
    element.append(this.keys, this.plot, this.said, details);
    this.listen();
  }

  /** Buttons that show and hide each series, switch the scale and reset the zoom. */
  legend() {
    const button = (label, pressed, act, ...before) => {
      const made = make("button", { type: "button", "aria-pressed": String(pressed) }, ...before, label);
      made.addEventListener("click", () => {
        act();
        this.legend();
        this.draw();
        this.keys.querySelectorAll("button")[place(made)]?.focus();
      });
      return made;
    };
    const place = (made) => made.dataset.place;
    const toggle = (name) => (this.off.has(name) ? this.off.delete(name) : this.off.add(name));
    const buttons = this.all().map((series) => {
      const swatch = make("span", { class: `swatch c${series.colour} ${series.kind}` });
      return button(series.name, !this.off.has(series.name), () => toggle(series.name), swatch);
    });
    for (const [name, axis] of [["x", this.options.x], ["y", this.options.y]]) {
      if (axis.unit === "moment" || axis.unit === "nines") continue;
      const turn = () => (axis.scale = axis.scale === "log" ? "linear" : "log");
      const made = button(`${name} logarithmic`, axis.scale === "log", turn);
      made.classList.add("tool");
      buttons.push(made);
    }
    const all = make("button", { type: "button", class: "tool all", hidden: "" }, "Show all");
    all.addEventListener("click", () => this.share((chart) => chart.zoom()));
    buttons.forEach((made, number) => (made.dataset.place = number));
    this.reset = all;
    this.keys.replaceChildren(...buttons, all);
  }

  all() {
    return [...this.series, ...this.other];
  }

  shown() {
    return this.all().filter((series) => !this.off.has(series.name));
  }

  share(act) {
    this.peers.forEach(act);
  }

  draw() {
    const { x, y, y2 } = this.options;
    const shown = this.shown();
    const width = Math.max(240, this.plot.clientWidth || 640);
    const height = Math.round(Math.min(360, Math.max(230, width * 0.42)));
    this.width = this.plot.clientWidth;
    const right = y2 && shown.some((series) => series.right);
    // Charts of a group stand below each other, their moments in line.
    this.box = { left: 58, top: 24, right: width - (right || this.options.group ? 52 : 14), bottom: height - 44 };
    const { left, top, bottom } = this.box;
    const [from, to] = this.range || this.whole();
    const inside = (series, lists) => {
      const within = series.x.map((value) => value >= from && value <= to);
      return lists.flatMap((list) => list.filter((v, i) => v !== null && within[i]));
    };
    const computed = (series) => series.kind === "dashed";
    const values = (side) => {
      const own = shown.filter((series) => series.right === side);
      const firm = own.flatMap((series) => inside(series, computed(series) ? [series.y] : [series.y, series.low, series.high]));
      const bands = own.filter(computed).flatMap((series) => inside(series, [series.low, series.high]));
      return firm.concat(cut(bands, firm));
    };
    this.x = scale(x, from, to, left, this.box.right);
    const sides = [[y, false, left], ...(right ? [[y2, true, this.box.right]] : [])];
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": this.summary() });
    const inner = make("svg", { x: left, y: top, width: this.box.right - left, height: bottom - top, overflow: "hidden" });
    inner.setAttribute("viewBox", `${left} ${top} ${this.box.right - left} ${bottom - top}`);
    this.y = new Map();
    for (const [axis, side, edge] of sides) {
      const [low, high] = extent(axis, values(side));
      const place = scale(axis, low, high, bottom, top);
      this.y.set(side, place);
      svg.append(this.upright(axis, ticks(axis, low, high, 6), place, side, edge));
    }
    svg.append(this.across(ticks(x, from, to, Math.max(2, Math.floor((this.box.right - left) / 78)))));
    const [behind, before] = this.landmarks();
    inner.append(...behind, ...shown.map((series) => this.shape(series)), ...before);
    this.hair = make("g", { class: "hair" });
    svg.append(inner, this.hair);
    this.svg = svg;
    this.plot.replaceChildren(svg, this.tip);
    this.reset.hidden = !this.range;
    this.point(this.at);
    if (this.details.open) this.fill();
  }

  /** All of x that has values. */
  whole() {
    return extent(this.options.x, this.shown().flatMap((series) => series.x), true);
  }

  /** What a chart shows, for those who do not see it. */
  summary() {
    const write = written(this.options.y);
    const parts = this.shown().map((series) => {
      const values = series.y.filter((value) => value !== null);
      if (values.length === 0) return `${series.name}: no values`;
      const own = series.right && this.options.y2 ? written(this.options.y2) : write;
      const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
      return `${series.name} from ${own(low)} to ${own(high)}`;
    });
    return `${this.options.label}: ${parts.join("; ")}`;
  }

  /** An axis at the left or at the right. */
  upright(axis, marks, place, side, edge) {
    const group = make("g", { class: "axis" });
    const write = written(axis);
    for (const mark of marks) {
      const y = place(mark);
      if (!side) group.append(make("line", { class: "grid", x1: edge, x2: this.box.right, y1: y, y2: y }));
      const text = make("text", { x: side ? edge + 6 : edge - 6, y: y + 4, "text-anchor": side ? "start" : "end" }, write(mark));
      group.append(text);
    }
    const title = make("text", { class: "title", x: side ? this.box.right + 50 : 2, y: 10, "text-anchor": side ? "end" : "start" });
    title.append(axis.label);
    group.append(title);
    return group;
  }

  across(marks) {
    const { left, right, bottom } = this.box;
    const group = make("g", { class: "axis" }, make("line", { class: "base", x1: left, x2: right, y1: bottom, y2: bottom }));
    const write = written(this.options.x);
    for (const mark of marks) {
      const x = this.x(mark);
      group.append(make("line", { class: "base", x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
      group.append(make("text", { x, y: bottom + 18, "text-anchor": "middle" }, write(mark)));
    }
    group.append(make("text", { class: "title", x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, this.options.x.label));
    return group;
  }

  /** Spans and marks, which stand behind the series, and their words, before them. */
  landmarks() {
    const { left, top, right, bottom } = this.box;
    const [behind, before] = [[], []];
    const say = (words, x, y, anchor) => before.push(make("text", { class: "words", x, y, "text-anchor": anchor }, words));
    for (const span of this.options.spans) {
      const [from, to] = [Math.max(left, this.x(span.from)), Math.min(right, this.x(span.to))];
      const width = Math.max(0, to - from);
      behind.push(make("rect", { class: "span", x: from, y: top, width, height: bottom - top }, make("title", {}, span.label)));
      if (width > 6.5 * span.label.length) say(span.label, from + width / 2, top + 12, "middle");
    }
    for (const mark of this.options.marks) {
      const x = this.x(mark.x);
      const late = x > (left + right) / 2;
      behind.push(make("line", { class: "mark", x1: x, x2: x, y1: top, y2: bottom }));
      say(mark.label, late ? x - 5 : x + 5, bottom - 8, late ? "end" : "start");
    }
    return [behind, before];
  }

  /** A series, its intervals first. */
  shape(series) {
    const y = this.y.get(series.right) || this.y.get(false);
    const points = series.x.map((x, i) => (series.y[i] === null || series.y[i] === undefined ? null : [this.x(x), y(series.y[i])]));
    const group = make("g", { class: `series c${series.colour} ${series.kind}${series.other ? " other" : ""}` });
    const ends = series.x.map((x, i) => (series.low[i] == null ? null : [this.x(x), y(series.low[i]), y(series.high[i])]));
    const known = ends.filter(Boolean);
    if (series.kind === "points") {
      for (const [x, low, high] of known) {
        group.append(make("path", { d: `M${x} ${low}V${high}M${x - 4} ${low}h8M${x - 4} ${high}h8` }));
      }
      for (const point of points.filter(Boolean)) group.append(make("circle", { cx: point[0], cy: point[1], r: 4 }));
      return group;
    }
    if (known.length > 1) {
      const there = known.map(([x, low]) => `${x} ${low}`).join("L");
      const back = known.reverse().map(([x, , high]) => `${x} ${high}`).join("L");
      group.append(make("path", { class: "band", d: `M${there}L${back}Z` }));
    }
    const line = [];
    for (const run of runs(points)) {
      const d = run.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
      // One value alone is a dot.
      line.push(`M${d}${run.length === 1 ? "h0.01" : ""}`);
      if (series.kind === "area") {
        const [first, last] = [run[0][0].toFixed(1), run[run.length - 1][0].toFixed(1)];
        group.append(make("path", { class: "fill", d: `M${d}L${last} ${this.box.bottom}L${first} ${this.box.bottom}Z` }));
      }
    }
    group.append(make("path", { class: "line", d: line.join("") }));
    return group;
  }

  /** Crosshair and values at the place nearest to x; null takes them away. */
  point(x, speak) {
    this.at = x;
    const stops = this.stops();
    const [from, to] = this.range || this.whole();
    this.tip.hidden = true;
    this.hair.replaceChildren();
    if (x === null || stops.length === 0) return;
    const at = stops[nearest(stops, x)];
    if (at < from || at > to) return;
    const px = this.x(at);
    const rows = this.readings(at, px);
    this.hair.append(make("line", { x1: px, x2: px, y1: this.box.top, y2: this.box.bottom }));
    for (const { series, py } of rows) this.hair.append(make("circle", { class: `c${series.colour}`, cx: px, cy: py, r: 3.5 }));
    const { label, unit } = this.options.x;
    const heading = (unit === "moment" ? "" : `${label}: `) + written(this.options.x)(at);
    const lines = rows.map(({ series, text }) =>
      make("div", {}, make("span", { class: `swatch c${series.colour} ${series.kind}` }), `${series.name} `, make("b", {}, text)));
    this.tip.replaceChildren(make("strong", {}, heading), ...lines);
    this.tip.hidden = false;
    // Beside the line, on the side with room.
    const share = this.plot.clientWidth / this.svg.viewBox.baseVal.width || 1;
    const late = px > (this.box.left + this.box.right) / 2;
    const place = px * share + (late ? -12 - this.tip.offsetWidth : 12);
    this.tip.style.left = `${Math.max(0, Math.min(place, this.plot.clientWidth - this.tip.offsetWidth))}px`;
    if (speak) this.said.textContent = `${heading}. ${rows.map(({ series, text }) => `${series.name} ${text}`).join(", ")}`;
  }

  /** What stands at a place: points there, lines at their nearest value. */
  readings(at, px) {
    return this.shown().flatMap((series) => {
      const i = nearest(series.x, at);
      if (i < 0 || series.y[i] == null) return [];
      if (Math.abs(this.x(series.x[i]) - px) > (series.kind === "points" ? 1 : 14)) return [];
      const write = written(series.right && this.options.y2 ? this.options.y2 : this.options.y);
      const y = this.y.get(series.right) || this.y.get(false);
      return [{ series, py: y(series.y[i]), text: value(series, i, write) }];
    });
  }

  /** Where the crosshair can stand: at points where there are any, else at every value. */
  stops() {
    const shown = this.shown();
    const points = shown.filter((series) => series.kind === "points");
    const xs = (points.length > 0 ? points : shown).flatMap((series) => series.x);
    return [...new Set(xs)].sort((a, b) => a - b);
  }

  zoom(from, to) {
    this.range = to > from ? [from, to] : null;
    this.draw();
  }

  listen() {
    let begun = null;
    let chosen = null;
    const inside = (event) => {
      const box = this.svg.getBoundingClientRect();
      const px = ((event.clientX - box.left) / box.width) * this.svg.viewBox.baseVal.width;
      return Math.min(this.box.right, Math.max(this.box.left, px));
    };
    const drop = () => {
      chosen?.remove();
      begun = chosen = null;
    };
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button === 0) begun = inside(event);
    });
    this.plot.addEventListener("pointermove", (event) => {
      const px = inside(event);
      this.share((chart) => chart.point(this.x.back(px)));
      if (begun === null || Math.abs(px - begun) < 6) return;
      if (!chosen) this.plot.setPointerCapture(event.pointerId);
      chosen?.remove();
      const [left, right] = [Math.min(begun, px), Math.max(begun, px)];
      const { top, bottom } = this.box;
      chosen = make("rect", { class: "chosen", x: left, y: top, width: right - left, height: bottom - top });
      this.svg.append(chosen);
    });
    this.plot.addEventListener("pointerup", (event) => {
      if (chosen) {
        const ends = [begun, inside(event)].sort((a, b) => a - b).map(this.x.back);
        this.share((chart) => chart.zoom(...ends));
      }
      drop();
    });
    this.plot.addEventListener("pointercancel", drop);
    this.plot.addEventListener("pointerleave", () => begun === null && this.share((chart) => chart.point(null)));
    this.plot.addEventListener("dblclick", () => this.share((chart) => chart.zoom()));
    this.plot.addEventListener("blur", () => this.share((chart) => chart.point(null)));
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const [from, to] = this.range || this.whole();
    const stops = this.stops().filter((stop) => stop >= from && stop <= to);
    if (stops.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const here = this.at === null ? -1 : nearest(stops, this.at);
    const far = event.shiftKey ? 10 : 1;
    const last = stops.length - 1;
    const places = { ArrowRight: Math.min(last, here + far), ArrowLeft: Math.max(0, here < 0 ? last : here - far), Home: 0, End: last };
    if (event.key in places) {
      const at = stops[places[event.key]];
      this.share((chart) => chart.point(at, chart === this));
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      // Half or twice the width, about the crosshair, in pixels: on a logarithmic axis too.
      const middle = this.x(this.at ?? stops[Math.floor(last / 2)]);
      const share = event.key === "-" ? 2 : 0.5;
      const ends = [this.box.left, this.box.right].map((edge) => this.x.back(middle + (edge - middle) * share));
      const [low, high] = this.whole();
      const next = [Math.max(low, ends[0]), Math.min(high, ends[1])];
      this.share((chart) => (next[0] <= low && next[1] >= high ? chart.zoom() : chart.zoom(...next)));
    } else if (event.key === "0" || event.key === "Escape") {
      this.share((chart) => chart.zoom());
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The table of what is shown. */
  fill() {
    const shown = this.shown();
    const { x, y, y2 } = this.options;
    const [from, to] = this.range || this.whole();
    const xs = [...new Set(shown.flatMap((series) => series.x))].filter((at) => at >= from && at <= to).sort((a, b) => a - b);
    const head = make("tr", {}, make("th", { scope: "col" }, x.label));
    head.append(...shown.map((series) => make("th", { scope: "col", class: "figure" }, series.name)));
    const places = shown.map((series) => new Map(series.x.map((at, i) => [at, i])));
    const rows = xs.map((at) => {
      const row = make("tr", {}, make("th", { scope: "row" }, written(x)(at)));
      shown.forEach((series, number) => {
        const i = places[number].get(at);
        const known = i !== undefined && series.y[i] != null;
        const text = known ? value(series, i, written(series.right && y2 ? y2 : y)) : "";
        row.append(make("td", { class: "figure" }, text));
      });
      return row;
    });
    this.table.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }
}

/** A value in words: with its interval, and as a bound where it is one. */
function value(series, i, write) {
  const bound = series.bound[i] ? "> " : "";
  const interval = series.low[i] == null ? "" : ` (${write(series.low[i])} to ${write(series.high[i])})`;
  return bound + write(series.y[i]) + interval;
}

/** Points without gaps. */
function runs(points) {
  const all = [[]];
  for (const point of points) {
    if (point) all[all.length - 1].push(point);
    else all.push([]);
  }
  return all.filter((run) => run.length > 0);
}

/** Draws a chart into an element. */
function chart(element, options) {
  const drawn = new Chart(element, options);
  const names = (all) => JSON.stringify(all.map((series) => series.name));
  return {
    update({ series, spans, marks }) {
      const before = names(drawn.all());
      if (series) {
        const known = new Set(drawn.series.map((one) => one.name));
        drawn.series = series.map(complete);
        drawn.series.filter((one) => one.hidden && !known.has(one.name)).forEach((one) => drawn.off.add(one.name));
      }
      if (spans) drawn.options.spans = spans;
      if (marks) drawn.options.marks = marks;
      if (names(drawn.all()) !== before) drawn.legend();
      drawn.draw();
    },
    append(values) {
      values.forEach((more, number) => {
        for (const [field, list] of Object.entries(more)) drawn.series[number][field].push(...list);
      });
      drawn.draw();
    },
    extend(values) {
      values.forEach(({ x, y }, number) => {
        const series = drawn.series[number];
        const known = series.x.findIndex((at) => at >= x[0]);
        if (known >= 0) series.x.length = series.y.length = known;
        series.x.push(...x);
        series.y.push(...y);
      });
      drawn.draw();
    },
    end: () => drawn.series[0]?.x.at(-1) ?? -Infinity,
    count: () => drawn.series.length,
    overlay(series, name) {
      const before = names(drawn.all());
      drawn.other = (series || []).map((one, place) => ({ ...complete(one, place), name: `${one.name}, ${name}`, other: true }));
      drawn.other.filter((one) => one.hidden).forEach((one) => drawn.off.add(one.name));
      if (names(drawn.all()) === before) return drawn.draw();
      drawn.legend();
      drawn.draw();
    },
    zoom: (from, to) => drawn.zoom(from, to),
    remove() {
      drawn.observer.disconnect();
      drawn.peers.delete(drawn);
    },
  };
}
