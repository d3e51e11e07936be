"use strict";
// What is done to the run under way, and the form that starts one.

/** Shows the controls that make sense now. */
class Controls {
  /** `started`: a run of this page's form has begun. */
  constructor(started) {
    this.started = started;
    this.touched = false;
    this.busy = false;
    by("level-form").addEventListener("submit", (event) => this.level(event));
    by("level").addEventListener("input", () => (this.touched = true));
    by("pause").addEventListener("click", () => this.steer(this.paused ? "/api/resume" : "/api/pause"));
    by("reset").addEventListener("click", () => this.steer("/api/reset"));
    by("stop").addEventListener("click", () => this.steer("/api/stop", { now: this.asked !== "no" }));
    by("start-form").addEventListener("submit", (event) => this.start(event));
    by("scenario").addEventListener("change", () => this.choose());
  }

  /** What can be started. */
  offer(known) {
    this.starts = known.starts;
    const select = by("scenario");
    const names = JSON.stringify(known.scenarios);
    if (select.dataset.names === names) return;
    select.dataset.names = names;
    const chosen = select.value;
    const options = known.scenarios.map((name) => make("option", { value: name }, name));
    select.replaceChildren(...options, make("option", { value: "" }, "another file …"));
    if (known.scenarios.includes(chosen)) select.value = chosen;
    this.choose();
  }

  choose() {
    show(by("other-label"), by("scenario").value === "");
  }

  /** How the run stands. */
  update(now, run) {
    this.asked = now.asked;
    this.paused = now.paused;
    const going = now.course === "going";
    if (going && !by("steering").contains(document.activeElement) && by("steering").hidden) this.fail(null);
    show(by("steering"), going);
    const stopping = now.asked !== "no";
    const fixed = stopping || run?.search;
    show(by("level-form"), !fixed);
    show(by("pause"), !fixed);
    show(by("reset"), !fixed);
    by("level").disabled = by("level-ramp").disabled = by("level-form").querySelector("button").disabled = now.paused;
    by("reset").disabled = now.paused;
    say(by("pause"), now.paused ? "Resume" : "Pause");
    say(by("stop"), stopping ? "Stop at once" : "Stop");
    by("stop").disabled = now.asked === "now";
    say(by("level-name"), run?.open ? "arrivals/s" : "users");
    const level = now.figures?.level;
    if (level !== undefined && !this.touched && document.activeElement !== by("level")) by("level").value = level;
    if (!going) this.touched = false;
    const starting = Boolean(this.starts) && !going && now.course !== "writing";
    const details = by("starting");
    // Open for the first run, out of the way of what the last one came to.
    if (starting && details.hidden) details.open = now.run === 0;
    show(details, starting);
    if (!this.busy) {
      say(by("start"), "Start");
      by("start").disabled = !now.can_start;
      if (now.failed && now.failed !== this.failed) this.complain(now.failed);
      this.failed = now.failed;
    }
  }

  fail(words) {
    show(by("steering-error"), Boolean(words));
    say(by("steering-error"), words ?? "");
  }

  async steer(path, wish) {
    try {
      await send(path, wish);
      this.fail(null);
      return true;
    } catch (error) {
      this.fail(error.message);
      return false;
    }
  }

  async level(event) {
    event.preventDefault();
    const [level, ramp] = [by("level").value, by("level-ramp").value].map(Number);
    if (await this.steer("/api/level", { level, ramp })) this.touched = false;
  }

  async start(event) {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.complain(null);
    say(by("start"), "Starting …");
    by("start").disabled = true;
    const form = Object.fromEntries(new FormData(by("start-form")));
    try {
      await send("/api/start", { ...form, file: by("scenario").value || by("other").value });
      this.started();
    } catch (error) {
      this.complain(error.message);
    } finally {
      this.busy = false;
      say(by("start"), "Start");
      by("start").disabled = false;
    }
  }

  complain(words) {
    show(by("start-error"), Boolean(words));
    say(by("start-error"), words ?? "");
    if (words) by("starting").open = true;
  }
}
