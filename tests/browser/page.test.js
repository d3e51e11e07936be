// The page of `runner --web` in a real browser, from an empty folder to a run that is over. RUNNER names the program, CHROMIUM the
// browser: `.ci/run` sets both.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { RUNNER, CHROMIUM } = process.env;
const ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const TABS = ["Statistics", "Charts", "Failures", "Findings", "Scenario", "Downloads", "Runs"];

// Long enough to be steered; nothing here waits for its end.
const SCENARIO = `name: steered
target: { url: "{{ config.host }}{{ config.api_base_url }}", auth: { basic: { user: "{{ config.user }}", password: "{{ config.password }}" } }, tls: { verify: false } }
think: { between: [20ms, 80ms] }
endpoints:
  - { name: find, weight: 2, get: "", query: { term: "201501" } }
  - { name: "missing <b>&amp;", weight: 1, get: "/nothing" }
stages:
  - { users: 4, ramp: 1s, hold: 300s }
thresholds: [ "p95 < 30s" ]
`;

let folder;
let browser;
let program;
let origin;
let page;
let complaints;
let asked;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "page-"));
  await writeFile(join(folder, "steered.yaml"), SCENARIO);
  await writeFile(join(folder, "broken.yaml"), "name: broken\nendpoints: 7\n");
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  await start("127.0.0.1:0");
  page = await open();
});

after(async () => {
  await browser.close();
  program?.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** Starts the program and waits until it says where its page is. */
async function start(address, ...rest) {
  program = spawn(RUNNER, [...rest, "--web", address], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  program.stderr.setEncoding("utf8");
  let said = "";
  origin = await new Promise((found, failed) => {
    program.stderr.on("data", (text) => {
      said += text;
      const place = said.match(/http:\/\/[^/\s]+/);
      if (place) found(place[0]);
    });
    program.on("exit", (code) => failed(new Error(`ended with ${code}: ${said}`)));
  });
}

async function open(options, hash = "") {
  const made = await browser.newPage({ viewport: { width: 1200, height: 900 }, acceptDownloads: true, ...options });
  [complaints, asked] = [[], []];
  watch(made);
  await made.goto(`${origin}/${hash}`);
  return made;
}

function watch(made) {
  // A refusal that the page shows is logged by the browser, too.
  const expected = (text) => /status of (409|422)/.test(text) || /ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(text);
  made.on("console", (message) => !expected(message.text()) && complaints.push(message.text()));
  made.on("pageerror", (error) => complaints.push(String(error)));
  made.on("dialog", (dialog) => complaints.push(dialog.message()));
  made.on("request", (request) => asked.push(request.url()));
}

const state = (made, words) => made.locator("#state", { hasText: words }).waitFor({ timeout: 60_000 });
const tab = (name, made = page) => made.getByRole("tab", { name: new RegExp(`^${name}`) });
const sum = (made = page) => made.locator("#statistics-table tfoot td").nth(1).textContent();
const number = async (text) => Number((await text).replace(/\D/g, ""));

/** Waits until something holds. */
async function until(what, test) {
  for (let left = 600; left > 0; left -= 1) {
    if (await test()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`never: ${what}`);
}

test("before the first run the page offers the scenarios of the folder", async () => {
  await state(page, "ready");
  const names = await page.locator("#scenario-file option").allTextContents();
  assert.deepEqual(names, ["broken.yaml", "steered.yaml", "another file …"]);
  assert.equal(await page.locator("#progress").isVisible(), false);
  assert.equal(await page.locator("#steering").isVisible(), false);
});

test("a scenario with mistakes is not started, and the page says what is wrong, line by line", async () => {
  await page.selectOption("#scenario-file", "broken.yaml");
  await page.click("#start");
  const error = page.locator("#start-error");
  await error.waitFor();
  assert.match(await error.textContent(), /broken\.yaml:2/);
  await page.selectOption("#scenario-file", "");
  await page.fill("#other", "nowhere.yaml");
  await page.click("#start");
  await until("another error", async () => /nowhere\.yaml/.test(await error.textContent()));
});

test("a run is started from the form", async () => {
  await page.selectOption("#scenario-file", "steered.yaml");
  await page.fill("#start-form [name=seed]", "7");
  await page.click("#start");
  await state(page, "holding 4 users");
  assert.equal(await page.locator("#run-name").textContent(), "steered");
  assert.equal(await page.locator("#demo").isVisible(), true);
  assert.equal(await page.locator("#starting").isVisible(), false);
  await until("requests are counted", async () => (await number(sum())) > 10);
  assert.match(await page.locator("#about").textContent(), /seed 7/);
});

test("figures go on, and names with markup are text", async () => {
  const before = await number(sum());
  await until("more requests", async () => (await number(sum())) > before);
  const names = await page.locator("#statistics-table tbody th").allTextContents();
  assert.deepEqual(names.sort(), ["find", "missing <b>&amp;"]);
  assert.equal(await page.locator("#statistics-table b").count(), 0);
});

test("columns are sorted by their heads", async () => {
  const first = () => page.locator("#statistics-table tbody th").first().textContent();
  const head = page.locator("#statistics-table thead button", { hasText: "Failures" }).first();
  await head.click();
  assert.equal(await first(), "missing <b>&amp;");
  await head.click();
  assert.equal(await first(), "find");
  assert.equal(await page.locator("#statistics-table th[aria-sort]").getAttribute("aria-sort"), "ascending");
});

test("users are changed", async () => {
  await page.fill("#level", "9");
  await page.fill("#level-ramp", "1");
  await page.keyboard.press("Enter");
  await state(page, "holding 9 users");
  await until("it is listed", async () => /9 users, reached within 1 s/.test(await page.locator("#turns").textContent()));
});

test("a run is paused, and cannot be changed meanwhile, and resumed", async () => {
  await page.click("#pause");
  await state(page, "paused");
  assert.equal(await page.locator("#level").isDisabled(), true);
  const answer = await page.evaluate(async () => {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("/api/level", { method: "POST", headers, body: '{"level": 3}' });
    return [response.status, (await response.json()).error];
  });
  assert.deepEqual(answer, [409, "the run is paused; resume it first"]);
  await page.click("#pause");
  await state(page, "holding 9 users");
});

test("the figures begin anew", async () => {
  await page.click("#reset");
  await until("since then", async () => /when the figures began anew/.test(await page.locator("#statistics-note").textContent()));
});

test("charts are drawn on each second", async () => {
  await tab("Charts").click();
  const line = page.locator("#chart-throughput .series .line").first();
  await line.waitFor();
  const before = (await line.getAttribute("d")).length;
  await until("the line is longer", async () => (await line.getAttribute("d")).length > before);
  const words = await page.locator("#chart-throughput .words").allTextContents();
  assert.ok(words.includes("by hand: 9 users") && words.includes("paused"), words.join());
  await page.locator("#chart-distribution .series").first().waitFor();
});

test("a browser that loads the page again in mid-run has the whole run", async () => {
  const moments = () =>
    page.evaluate(() => document.querySelector("#chart-throughput .series .line").getAttribute("d").split("L").length);
  const before = await moments();
  await page.reload();
  await page.locator("#chart-throughput .series .line").first().waitFor();
  assert.ok((await moments()) >= before);
});

test("a second browser sees and steers the same run", async () => {
  const other = await browser.newPage();
  watch(other);
  await other.goto(`${origin}/#statistics`);
  await state(other, "holding 9 users");
  await until("the pause is listed", async () => /paused for/.test(await other.locator("#turns").textContent()));
  await other.fill("#level", "5");
  await other.click("#level-form button");
  await state(page, "holding 5 users");
  await other.close();
});

test("tabs are reached with the keyboard, and each has its address", async () => {
  await tab("Statistics").click();
  await tab("Statistics").focus();
  for (const name of TABS.slice(1)) {
    await page.keyboard.press("ArrowRight");
    assert.equal(await tab(name).getAttribute("aria-selected"), "true", name);
    assert.equal(await tab(name).evaluate((one) => document.activeElement === one), true, name);
    assert.equal(await page.evaluate(() => location.hash), `#${name.toLowerCase()}`);
    assert.equal(await page.locator("[role=tabpanel]:visible").count(), 1);
  }
  await page.keyboard.press("ArrowRight");
  assert.equal(await tab("Statistics").getAttribute("aria-selected"), "true");
  await page.keyboard.press("End");
  assert.equal(await tab("Runs").getAttribute("aria-selected"), "true");
  assert.equal(await page.locator("[role=tab][tabindex='0']").count(), 1);
});

test("failures, findings and the scenario as run are shown meanwhile", async () => {
  await tab("Failures").click();
  await until("a failure", async () => /expected <400, got 404/.test(await page.locator("#failures-table").textContent()));
  assert.match(await page.locator("#failures-table tbody").textContent(), /missing <b>&amp; \(\d/);
  await tab("Findings").click();
  assert.equal(await tab("Findings").textContent(), "Findings so far");
  await page.locator("#findings-place h2", { hasText: "Findings" }).waitFor();
  assert.equal(await page.locator("#findings-place b, #findings-place img").count(), 0);
  await tab("Scenario").click();
  await until("the text", async () => (await page.locator("#scenario-text").textContent()).includes("weight: 2"));
  assert.match(await page.locator("#mix tbody tr").first().textContent(), /find.*66\.7%/);
  assert.match(await page.locator("#stages tbody").textContent(), /by hand/);
});

test("a run is stopped, and the page then shows what became of it, with every file", async () => {
  await page.click("#stop");
  await state(page, "over: not passed");
  await tab("Statistics").click();
  await until("all of it", async () => (await page.locator("#statistics-note").textContent()).startsWith("Of the whole run"));
  assert.match(await page.locator("#about").textContent(), /interrupted by the user/);
  await tab("Downloads").click();
  const names = await page.locator("#files-place a[download]").allTextContents();
  for (const name of ["report.html", "report.md", "summary.csv", "endpoints.csv", "timeline.csv", "failures.csv", "run.json", "scenario.yaml", "run.jsonl"]) {
    assert.ok(names.includes(name), `${name} is not among ${names}`);
  }
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "summary.csv" }).click()]);
  assert.equal(download.suggestedFilename(), "summary.csv");
  assert.match(await readFile(await download.path(), "utf8"), /^[\w "',/()%]+\n/);
});

test("the report opens as a page that can do nothing to this one", async () => {
  const [report] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("link", { name: "open" }).click()]);
  await report.locator("#chart-throughput .series").first().waitFor();
  const tried = await report.evaluate(async (address) => {
    const asks = () => fetch(address, { method: "POST", body: "{}" }).then(() => "asked", () => "refused");
    return [self.origin, await asks()];
  }, `${origin}/api/stop`);
  assert.deepEqual(tried, ["null", "refused"]);
  await report.close();
});

test("the next run is started from the same page, and laid over the first", async () => {
  await page.locator("#starting summary").click();
  await page.selectOption("#scenario-file", "steered.yaml");
  await page.fill("#start-form [name=users]", "2,3");
  await page.fill("#start-form [name=ramp]", "1s");
  await page.fill("#start-form [name=hold]", "4s");
  await page.click("#start");
  await state(page, "users");
  await state(page, "over: ");
  await tab("Runs").click();
  const rows = page.locator("#runs-place tbody tr");
  await until("two runs", async () => (await rows.count()) === 2);
  await rows.nth(1).getByRole("button").click();
  await page.locator("#chart-throughput .series.other").first().waitFor();
  const keys = await page.locator("#chart-throughput .keys button").allTextContents();
  assert.ok(keys.some((name) => name.startsWith("Requests/s, steered-")), keys.join());
  assert.match(await page.evaluate(() => location.hash), /^#charts\/live\/steered-/);
  await page.reload();
  await page.locator("#chart-throughput .series.other").first().waitFor();
  await page.selectOption("#overlay", "");
  await until("it is gone", async () => (await page.locator(".series.other").count()) === 0);
});

test("a run of the list is opened", async () => {
  await tab("Runs").click();
  await page.locator("#runs-place tbody tr").nth(1).getByRole("link").click();
  await until("it is shown", async () => /interrupted by the user/.test(await page.locator("#about").textContent()));
  assert.equal(await page.locator("#turns li").count(), 5);
});

test("it fits a screen of 400 pixels, and dark ones", async () => {
  const small = await browser.newPage({ viewport: { width: 400, height: 800 }, colorScheme: "dark" });
  watch(small);
  for (const name of TABS) {
    await small.goto(`${origin}/#${name.toLowerCase()}`);
    await state(small, "over");
    await until(name, async () => (await small.locator("[role=tabpanel]:visible").count()) === 1);
    const [inner, whole] = await small.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
    assert.ok(whole <= inner, `${name}: ${whole} of ${inner}`);
  }
  const background = await small.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.ok(Number(background.match(/\d+/)[0]) < 60, background);
  await small.close();
});

test("nobody else was asked for anything, and nothing was complained of", () => {
  assert.deepEqual(asked.filter((address) => !address.startsWith(origin)), []);
  assert.deepEqual(complaints, []);
});

test("a page whose program has gone says so, and goes on with the next one at the same address", async () => {
  await page.goto(`${origin}/#statistics`);
  await state(page, "over");
  const gone = new Promise((done) => program.once("exit", done));
  program.kill("SIGKILL");
  await gone;
  await state(page, "connection lost");
  await start(new URL(origin).host);
  await state(page, "ready");
});
