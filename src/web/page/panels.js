"use strict";
// What stands under each tab, but for the charts.

const verdict = { true: "holds", false: "broken", null: "–" };
const bound = (row, name) => (row.at_least?.includes(name) ? "> " : "") + time(row[name]);
const stageKinds = { planned: "as planned", by_hand: "by hand", pause: "pause" };

class Panels {
  /** `lay(id)`: lay a run over that which is looked at. */
  constructor(lay) {
    this.lay = lay;
    const times = (name, label) => ({ name: label, figure: true, text: (row) => bound(row, name), key: (row) => row[name] });
    this.statistics = new Table(by("statistics-table"), "Statistics of each endpoint", [
      { name: "Method", text: (row) => row.method, key: (row) => row.method },
      { name: "Name", heading: true, text: (row) => row.name || "All", key: (row) => row.name, className: () => "name" },
      { name: "Requests", figure: true, text: (row) => count(row.requests), key: (row) => row.requests },
      { name: "Failures", figure: true, text: (row) => count(row.failures), key: (row) => row.failures, className: (row) => (row.failures > 0 ? "bad" : "") },
      times("p50", "Median"),
      times("p95", "95%"),
      times("p99", "99%"),
      times("mean", "Average"),
      times("min", "Min"),
      times("max", "Max"),
      { name: "Average size", figure: true, text: (row) => size(row.bytes), key: (row) => row.bytes },
      { name: "Requests/s", figure: true, text: (row) => three(row.rate), key: (row) => row.rate },
      { name: "Failures/s", figure: true, text: (row) => three(row.failure_rate), key: (row) => row.failure_rate, className: (row) => (row.failure_rate > 0 ? "bad" : "") },
    ]);
    this.failures = new Table(by("failures-table"), "Failures by type", [
      { name: "Failure", heading: true, text: (row) => row.text, key: (row) => row.text, className: () => "name" },
      { name: "How often", figure: true, text: (row) => count(row.count), key: (row) => row.count },
      { name: "First", figure: true, text: (row) => moment(row.first), key: (row) => row.first },
      { name: "Last", figure: true, text: (row) => moment(row.last), key: (row) => row.last },
      { name: "Where", text: (row) => row.rows.map(([name, times]) => `${name} (${count(times)})`).join(", "), className: () => "name" },
    ]);
    this.runs = new Table(by("runs"), "Runs", this.runColumns());
  }

  runColumns() {
    const button = (label, words, act) => {
      const made = make("button", { type: "button", class: "plain", "aria-label": words }, label);
      made.addEventListener("click", act);
      return made;
    };
    return [
      { name: "Run", heading: true, className: () => "name", key: (row) => row.id, make: (row) => make("a", { href: `#statistics/${encodeURIComponent(row.id)}` }, row.id), same: (row) => row.id },
      { name: "Started", text: (row) => clock(row.started), key: (row) => row.started },
      { name: "Length", figure: true, text: (row) => (row.length === null ? "–" : moment(row.length)), key: (row) => row.length },
      { name: "Levels", text: (row) => row.levels + (row.demo ? " (demo API)" : "") },
      { name: "Ended", text: (row) => row.ending, className: (row) => (row.ending === "as planned" ? "" : "bad") },
      { name: "", make: (row) => (row.looked ? ["looked at"] : [button("Lay over", `Lay ${row.id} over the charts`, () => this.lay(row.id))]), same: (row) => [row.id, row.looked] },
    ];
  }

  /** The list of runs. */
  known(known, viewed) {
    this.runs.fill(known.runs.map((run) => ({ ...run, looked: run.id === viewed })));
    show(by("runs"), known.runs.length > 0);
  }

  /** Figures of the second. */
  heard(figures) {
    this.note(figures.since > 0 ? `Since ${moment(figures.since)}, when the figures began anew.` : "Since the start.", true);
    this.statistics.fill(figures.rows, figures.total);
    this.thresholds(figures.thresholds);
  }

  note(since, live) {
    const rates = live ? "Requests/s and failures/s are of the last few seconds." : "";
    say(by("statistics-note"), `${since} ${rates}`.trim());
  }

  thresholds(all) {
    const place = by("thresholds");
    if (all.length === 0) {
      place.replaceChildren();
      this.limits = null;
      return;
    }
    if (!this.limits) {
      const table = make("div");
      place.replaceChildren(make("h2", {}, "Thresholds"), table);
      this.limits = new Table(table, "Thresholds", [
        { name: "Threshold", heading: true, text: (row) => row.text, className: () => "name" },
        { name: "Figure", text: (row) => row.figure },
        { name: "", text: (row) => verdict[String(row.holds)], className: (row) => (row.holds === null ? "" : row.holds ? "good" : "bad") },
      ]);
    }
    this.limits.fill(all);
  }

  /** A run, but for what has to be asked for. */
  run(run) {
    this.about(run);
    if (run.over) {
      this.note("Of the whole run.", false);
      this.statistics.fill(run.rows, run.total);
      this.thresholds(run.thresholds);
    }
    list(by("turns"), "Changed by hand", run.turns);
    list(by("said"), "What was said", run.said);
    this.failed(run);
    this.scenario(run);
    this.downloads(run);
    say(by("findings-note"), run.over ? "" : "Of the run so far, worked out again every few seconds while this is looked at.");
  }

  about(run) {
    const place = by("about");
    const what = JSON.stringify([run.folder, run.ending, run.closing, run.started, run.over, this.viewed]);
    if (place.dataset.what === what) return;
    place.dataset.what = what;
    const facts = [run.url, `started ${clock(run.started)}`, run.over ? `took ${moment(run.length)}` : "", `seed ${run.seed}`, run.folder];
    const lines = [make("p", {}, facts.filter(Boolean).join(" · "))];
    if (this.viewed !== "live") lines.unshift(make("p", { class: "ending" }, make("strong", {}, run.name), run.demo ? " (demo API)" : ""));
    if (run.description) lines.push(make("p", {}, run.description));
    if (run.ending) lines.push(make("p", { class: "ending" }, run.ending));
    if (run.closing) {
      const closing = make("pre", { tabindex: "0", role: "region", "aria-label": "Summary" }, run.closing);
      lines.push(make("details", {}, make("summary", {}, "Summary"), closing));
    }
    place.replaceChildren(...lines);
  }

  failed(run) {
    this.failures.fill(run.failures);
    show(by("failures-table"), run.failures.length > 0);
    let none = by("no-failures");
    if (!none) by("panel-failures").append((none = make("p", { id: "no-failures" })));
    say(none, run.failures.length > 0 ? "" : run.over ? "No request failed." : "No request has failed so far.");
  }

  scenario(run) {
    const shares = run.mix.map((one) => ({ ...one, kind: one.journey ? "journey" : "request" }));
    this.mix ??= this.headed("mix", "The mix", "The mix of endpoints", [
      { name: "Endpoint", heading: true, text: (row) => row.name, key: (row) => row.name, className: () => "name" },
      { name: "Kind", text: (row) => row.kind },
      { name: "Weight", figure: true, text: (row) => three(row.weight), key: (row) => row.weight },
      { name: "Expected share", figure: true, text: (row) => percent(row.expected), key: (row) => row.expected },
      { name: "Iterations", figure: true, text: (row) => count(row.iterations), key: (row) => row.iterations },
      { name: "Actual share", figure: true, text: (row) => (row.actual === null ? "–" : percent(row.actual)), key: (row) => row.actual },
    ]);
    this.mix.fill(shares);
    this.stages ??= this.headed("stages", "The stages", "The stages", [
      { name: "Level", heading: true, text: (row) => (row.kind === "pause" ? "pause" : row.words) },
      { name: "From", figure: true, text: (row) => moment(row.start) },
      { name: "Held from", figure: true, text: (row) => (row.kind === "pause" ? "–" : moment(row.hold)) },
      { name: "To", figure: true, text: (row) => (row.end - row.start > 86000 ? "–" : moment(row.end)) },
      { name: "Set", text: (row) => stageKinds[row.kind] },
    ]);
    this.stages.fill(run.stages);
  }

  headed(id, heading, label, columns) {
    const table = make("div");
    by(id).replaceChildren(make("h2", {}, heading), table);
    return new Table(table, label, columns);
  }

  downloads(run) {
    const words = {
      "report.html": "the report as one page with charts, which needs no network",
      "report.md": "the report as text",
      "summary.csv": "a row for each level",
      "endpoints.csv": "a row for each endpoint at each level",
      "timeline.csv": "a row for each second",
      "failures.csv": "failures by type and endpoint",
      "thresholds.xml": "thresholds as JUnit, for CI",
      "run.json": "every figure",
      "scenario.yaml": "the scenario as run, secrets masked",
      "plan.json": "what was planned",
      "run.jsonl": "what was measured, second by second",
      "run.hlog": "response times as HdrHistogram log",
    };
    const what = JSON.stringify([this.viewed, run.files, run.examples]);
    const place = by("files");
    if (place.dataset.what === what) return;
    place.dataset.what = what;
    place.replaceChildren();
    const columns = (kind) => [
      { name: "File", heading: true, className: () => "name", make: (row) => this.fileLinks(row, kind) },
      { name: "Size", figure: true, text: (row) => size(row.size) },
      { name: "What it holds", text: (row) => words[row.name] ?? "" },
    ];
    if (!run.over) place.append(make("p", { class: "aside" }, "The reports are written when the run is over; the journal grows while it goes on."));
    const order = Object.keys(words);
    const rank = (file) => (order.includes(file.name) ? order.indexOf(file.name) : order.length);
    const files = [...run.files].sort((a, b) => rank(a) - rank(b));
    place.append(make("h2", {}, "Files of this run"), make("div"));
    new Table(place.lastChild, "Files of this run", columns("files")).fill(files);
    if (run.examples.length === 0) return;
    place.append(make("h2", {}, "Responses that failed"), make("div"));
    new Table(place.lastChild, "Responses that failed", columns("examples").slice(0, 2)).fill(run.examples);
  }

  fileLinks(file, kind) {
    const address = where(this.viewed, kind, file.name);
    const links = [make("a", { href: address, download: file.name }, file.name)];
    if (kind === "files" && file.name === "report.html") {
      links.push(" ", make("a", { href: `${address}?look=1`, target: "_blank", rel: "noopener" }, "open"));
    }
    return links;
  }

  /** Our own renderer made this HTML, and escaped every word of it. */
  findings(html) {
    const place = by("findings");
    if (this.html === html) return;
    this.html = html;
    place.innerHTML = html || "<p>Nothing was found yet.</p>";
  }
}
