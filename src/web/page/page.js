"use strict";
// The page: which run is looked at, which tab is open, and what has to be asked for because of that.

const TABS = ["statistics", "charts", "failures", "findings", "scenario", "downloads", "runs"];

/** What is asked for again while a run goes on and its tab is open, milliseconds. */
const AFRESH = { failures: 3000, findings: 6000, scenario: 5000, downloads: 10000 };

const page = {
  now: { run: 0, version: 0, course: "idle", asked: "no", can_start: false },
  known: { runs: [], scenarios: [], starts: false, live: false },
  /** The run that is looked at: `live` or a name of the list. */
  viewed: null,
  /** The run laid over it in the charts. */
  other: null,
  tab: "statistics",
  /** The run that is looked at, as it was given last. */
  run: null,
  lost: false,
  /** Whether anything was told yet. */
  told: false,
};

const charts = new Charts();
const controls = new Controls(() => go("statistics", "live"));
const panels = new Panels((id) => (page.viewed === null ? go("charts", id) : go("charts", page.viewed, id)));

// Where we are: #tab, #tab/run, #tab/run/other.

function address(tab, viewed, other) {
  const parts = [tab, ...(viewed && viewed !== "live" ? [viewed] : other ? ["live"] : []), ...(other ? [other] : [])];
  return `#${parts.map(encodeURIComponent).join("/")}`;
}

function go(tab, viewed, other) {
  const hash = address(tab, viewed ?? page.viewed, other);
  if (location.hash !== hash) location.hash = hash;
  // Not left to the event, which comes later than the next key may.
  arrive();
}

function parts() {
  try {
    return location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

function arrive() {
  const [tab, viewed, other] = parts();
  const standard = page.known.live ? "live" : null;
  const next = { tab: TABS.includes(tab) ? tab : page.known.live || page.known.starts ? "statistics" : "runs", viewed: viewed || standard, other: other || null };
  const another = next.viewed !== page.viewed;
  const overlaid = next.other !== page.other;
  const turned = next.tab !== page.tab;
  Object.assign(page, next);
  panels.viewed = page.viewed;
  if (another) forget();
  tabs();
  if (another) look();
  else if (turned && page.viewed === "live" && AFRESH[page.tab] && page.now.course === "going") look();
  else if (overlaid || turned) open();
  if (page.tab === "runs") list_runs();
}

function tabs() {
  for (const name of TABS) {
    const [tab, panel] = [by(`tab-${name}`), by(`panel-${name}`)];
    const selected = name === page.tab;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    show(panel, selected && (name === "runs" || page.viewed !== null));
  }
  say(by("tab-findings"), page.run && !page.run.over ? "Findings so far" : "Findings");
  show(by("about"), page.tab !== "runs" && page.viewed !== null);
  show(by("nothing"), page.viewed === null && page.tab !== "runs");
  say(by("nothing"), page.known.starts ? "No run has been started yet." : "Choose a run under Runs.");
}

// What is looked at.

function forget() {
  page.run = null;
  panels.clear();
  charts.clear();
  for (const id of ["about", "scenario-text"]) {
    by(id).replaceChildren();
    delete by(id).dataset.what;
  }
}

/** Asks for the run that is looked at, then for what the open tab shows. */
async function look() {
  const id = page.viewed;
  if (id === null) return;
  try {
    const run = await ask(where(id));
    if (id !== page.viewed) return;
    page.run = run;
    panels.run(run);
    if (id === "live") header();
    tabs();
    await open();
  } catch (error) {
    wrong(id, error);
  }
}

function wrong(id, error) {
  if (id !== page.viewed || !(error instanceof Refused)) return;
  by("about").replaceChildren(make("p", { class: "error" }, `${id}: ${error.message}`));
}

/** Asks for what the open tab shows beyond the run itself. */
async function open() {
  const [id, tab] = [page.viewed, page.tab];
  if (id === null) return;
  page.opened = Date.now();
  try {
    if (tab === "charts") {
      overlay_line();
      await charts.load(id, page.other);
    } else if (tab === "findings") {
      const html = await askText(where(id, "findings"));
      if (id === page.viewed) panels.findings(html);
    } else if (tab === "scenario" && by("scenario-text").textContent === "") {
      const text = await askText(where(id, "scenario"));
      if (id === page.viewed) say(by("scenario-text"), text);
    }
  } catch (error) {
    wrong(id, error);
  }
}

/** What is laid over the charts, and how to change that. */
function overlay_line() {
  const line = by("overlay-line");
  const others = page.known.runs.filter((run) => run.id !== (page.viewed === "live" ? page.known.own : page.viewed)).map((run) => run.id);
  const select = make("select", { id: "overlay" }, make("option", { value: "" }, "no other run"));
  select.append(...others.map((id) => make("option", { value: id }, id)));
  select.value = page.other ?? "";
  select.addEventListener("change", () => go("charts", page.viewed, select.value || null));
  line.replaceChildren(make("label", { class: "row" }, "Laid over: ", select));
  show(line, others.length > 0);
}

async function list_runs() {
  try {
    page.known = await ask("/api/state");
  } catch {
    return;
  }
  controls.offer(page.known);
  panels.known(page.known, page.viewed);
  show(by("no-runs"), page.known.runs.length === 0);
}

// How the run under way stands.

function header() {
  if (!page.told && !page.lost) return;
  const { now, run } = page;
  const figures = now.figures;
  if (page.viewed === "live" && run) page.live = run;
  const own = page.live;
  const kind = page.lost ? "lost" : now.passed === true ? "passed" : now.passed === false ? "failed" : "";
  by("state").dataset.kind = kind;
  const shows = now.course === "idle" && !page.known.starts;
  const state = page.lost ? "connection lost – trying again" : shows ? "" : now.state;
  say(by("state"), state ?? "");
  say(by("run-name"), now.run > 0 ? (own?.name ?? "") : "");
  show(by("demo"), now.run > 0 && Boolean(own?.demo));
  document.title = [state, now.run > 0 ? own?.name : null, "runner"].filter(Boolean).join(" · ");
  const going = now.course === "going";
  show(by("figures"), Boolean(figures) && now.course !== "idle");
  show(by("progress"), going && Boolean(figures?.planned));
  say(by("left"), going ? left(figures) : "");
  list_warnings(figures?.warnings ?? []);
  controls.update(now, own);
  if (!figures) return;
  if (figures.planned) by("progress").value = Math.min(1, figures.at / figures.planned);
  const over = now.course === "over";
  document.querySelectorAll("#figures .moment").forEach((figure) => show(figure, !over));
  const total = over && own?.over ? own.total : figures.total;
  say(by("figure-users"), count(figures.users));
  say(by("figure-rate"), three(over ? total.rate : figures.rate));
  const failures = over ? total.failures / Math.max(1, total.requests) : figures.failure_share;
  say(by("figure-failures"), percent(failures));
  by("figure-failures").className = failures > 0 ? "bad" : "";
  say(by("figure-p95"), time(over ? total.p95 : figures.p95));
  say(by("figure-flight"), count(figures.in_flight));
}

/** How far it is. */
function left(figures) {
  if (!figures) return "";
  const stage = `stage ${figures.stage} of ${figures.stages}`;
  if (figures.planned === null) return moment(figures.at);
  const rest = Math.max(0, figures.planned - figures.at);
  return `${stage} · ${moment(figures.at)} of ${moment(figures.planned)} · ${moment(rest)} left`;
}

function list_warnings(words) {
  const place = by("warnings");
  const what = JSON.stringify(words);
  if (place.dataset.what === what) return;
  place.dataset.what = what;
  place.replaceChildren(...words.map((text) => make("p", {}, make("strong", {}, "The generator: "), text)));
}

/** The newest that there is to know. */
function heard(now) {
  const before = page.now;
  page.now = now;
  page.lost = false;
  page.told = true;
  const another = now.run !== before.run || now.started !== before.started;
  const changed = another || now.version !== before.version || now.course !== before.course;
  if (another) {
    page.live = null;
    page.known.live = now.run > 0;
    const follows = page.known.live ? "live" : null;
    if (page.viewed === null || page.viewed === "live") {
      page.viewed = panels.viewed = follows;
      forget();
      tabs();
    }
  }
  if (!document.hidden) header();
  if (changed && (another || now.course !== "going")) list_runs();
  if (page.viewed !== "live") {
    if (changed && now.run > 0) meet();
    return;
  }
  if (changed) look();
  else if (!document.hidden) each_second(now);
}

/** What the header says of the run under way while another is looked at. */
async function meet() {
  try {
    page.live = await ask(where("live"));
    header();
  } catch {
    // The next second tells.
  }
}

function each_second(now) {
  if (now.course !== "going") return;
  if (now.figures && !page.run?.over && page.tab === "statistics") panels.heard(now.figures);
  if (page.tab === "charts") charts.heard(now);
  const every = AFRESH[page.tab];
  if (!every || Date.now() - page.opened < every) return;
  page.opened = Date.now();
  if (page.tab === "findings") open();
  else look();
}

function watch() {
  const stream = new EventSource("/api/live");
  stream.addEventListener("open", () => {
    // What was missed is asked for.
    if (page.lost) list_runs().then(look);
  });
  stream.addEventListener("message", (event) => heard(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    page.lost = true;
    header();
    if (stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    setTimeout(watch, 2000);
  });
}

// Begin.

by("tabs").addEventListener("keydown", (event) => {
  const at = TABS.indexOf(page.tab);
  const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 };
  if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const next = TABS[(steps[event.key] + TABS.length) % TABS.length];
  go(next, page.viewed, next === "charts" ? page.other : null);
  by(`tab-${next}`).focus();
});
for (const name of TABS) by(`tab-${name}`).addEventListener("click", () => go(name, page.viewed, name === "charts" ? page.other : null));
window.addEventListener("hashchange", arrive);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  header();
  if (page.viewed === "live") look();
});
/** Of runs that are over, one is opened and two are laid over each other. */
function first_view() {
  const { starts, live, runs } = page.known;
  if (location.hash || starts || live || runs.length === 0 || runs.length > 2) return;
  const [one, other] = runs.map((run) => run.id);
  history.replaceState(null, "", other ? address("charts", one, other) : address("statistics", one));
}

list_runs().then(() => {
  page.tab = null;
  first_view();
  arrive();
  watch();
});
