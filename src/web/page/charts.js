"use strict";
// The charts of the run that is looked at. Of a run under way those over time are drawn on each second, with 600 points a
// line at the most (the server joins seconds as the run grows longer); the others are asked for now and then.

const AGAIN = 10000;

class Charts {
  constructor() {
    this.drawn = new Map();
    this.step = 0;
    this.asked = 0;
    this.rest = [];
    this.overTime = [];
  }

  /** Draws the charts of a run, and another's over them. */
  async load(id, other) {
    const turn = (this.turn = {});
    this.id = id;
    this.other = other;
    this.asked = Date.now();
    const fresh = () => turn === this.turn;
    const [overTime, over] = await Promise.all([ask(where(id, "over-time")), other ? ask(where(other, "over-time")) : null]);
    if (!fresh()) return;
    this.take(overTime);
    this.draw(over?.charts, other);
    const [rest, overRest] = await Promise.all([ask(where(id, "over-load")), other ? ask(where(other, "over-load")) : null]);
    if (!fresh()) return;
    this.rest = rest;
    this.draw(overRest && [...over.charts, ...overRest], other);
  }

  take({ run, step, charts }) {
    this.run = run;
    this.step = step;
    this.overTime = charts;
  }

  clear() {
    this.turn = {};
    this.id = null;
    this.drawn.forEach(({ drawn, figure }) => {
      drawn.remove();
      figure.remove();
    });
    this.drawn.clear();
    this.overTime = [];
    this.rest = [];
  }

  /** Draws what there is: what is drawn already stays, with its zoom. */
  draw(over, other) {
    const all = [...this.overTime, ...this.rest];
    const place = by("charts");
    const ids = new Set(all.map((options) => options.id));
    for (const [id, { drawn, figure }] of this.drawn) {
      if (ids.has(id)) continue;
      drawn.remove();
      figure.remove();
      this.drawn.delete(id);
    }
    all.forEach((options, number) => {
      const known = this.drawn.get(options.id);
      const { drawn, figure, note } = known ?? this.begin(options);
      // What is in its place already is not moved: it would lose the focus.
      if (place.children[number] !== figure) place.insertBefore(figure, place.children[number] ?? null);
      say(note, options.note);
      if (known) drawn.update({ series: options.series, spans: options.spans ?? [], marks: options.marks ?? [] });
      else this.drawn.get(options.id).drawn = chart(figure, options);
      const theirs = over?.find((chart) => chart.id === options.id);
      if (over) this.drawn.get(options.id).drawn.overlay(theirs?.series ?? null, other);
      else if (!other) this.drawn.get(options.id).drawn.overlay(null);
    });
    show(by("charts"), true);
  }

  begin(options) {
    const note = make("span", {}, options.note);
    const caption = make("figcaption", {}, make("strong", {}, options.label), note);
    const figure = make("figure", { class: "chart", id: `chart-${options.id}` }, caption);
    const entry = { figure, note, drawn: null };
    this.drawn.set(options.id, entry);
    return entry;
  }

  /** A second has come. */
  heard(now) {
    if (!now.figures || this.id !== "live") return;
    const { step, points } = now.figures;
    const behind = now.run !== this.run || step !== this.step || !points.every((latest) => this.extend(latest, step));
    const age = Date.now() - this.asked;
    if ((behind && age > 1000) || age > AGAIN) this.load(this.id, this.other).catch(() => {});
  }

  /** Draws a chart on. Whether it has all that came before. */
  extend({ id, series }, step) {
    const entry = this.drawn.get(id);
    const begins = series[0]?.x[0];
    if (!entry) return begins === undefined;
    if (begins === undefined) return true;
    const ends = entry.drawn.end();
    if (series.length !== entry.drawn.count() || begins > ends + 1.5 * step) return false;
    entry.drawn.extend(series);
    return true;
  }
}
