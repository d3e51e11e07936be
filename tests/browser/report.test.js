// A report.html with every chart, which the test in tests/it/report/page.rs leaves, in a real browser. REPORT names the file,
// CHROMIUM the browser: `.ci/run` sets both.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const { REPORT, CHROMIUM } = process.env;
const ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let browser;
let page;
let complaints;
let asked;

before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
});
after(() => browser.close());

beforeEach(async (context) => {
  await page?.close();
  await open({});
  context.diagnostic(page.url());
});

async function open(options) {
  page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  [complaints, asked] = [[], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(REPORT).href);
}

const plot = (id) => page.locator(`#chart-${id} .plot`);
const ticks = (id) => page.locator(`#chart-${id} svg .axis`).last().locator("text").allTextContents();

test("every chart is drawn, nothing is asked for and nothing complained of", async () => {
  const ids = await page.locator("figure.chart").evaluateAll((all) => all.map((figure) => figure.dataset.chart));
  assert.deepEqual(ids, ["throughput", "times", "capacity", "in-flight", "distribution"]);
  for (const id of ids) assert.ok((await page.locator(`#chart-${id} .series path, #chart-${id} .series circle`).count()) > 0, id);
  assert.deepEqual(asked, [page.url()]);
  assert.deepEqual(complaints, []);
});

test("names with markup are shown as they are", async () => {
  const names = await page.locator("#chart-distribution .keys button").allTextContents();
  assert.ok(names.includes("</script><img src=x onerror=alert(1)><!-- \"'&lt;"), names.join());
  assert.equal(await page.locator("img").count(), 0);
});

test("the crosshair tells the values, in all charts over time at once", async () => {
  await plot("throughput").hover({ position: { x: 400, y: 150 } });
  for (const id of ["throughput", "times"]) {
    const tip = page.locator(`#chart-${id} .tip`);
    await tip.waitFor({ state: "visible" });
    assert.match(await tip.textContent(), /^\d+:\d\d/);
  }
  assert.match(await page.locator("#chart-times .tip").textContent(), /p95 [\d.]+ m?s/);
});

test("a drag zooms all charts over time, and one button shows all again", async () => {
  const all = await ticks("throughput");
  await plot("throughput").scrollIntoViewIfNeeded();
  const box = await plot("throughput").boundingBox();
  await page.mouse.move(box.x + 300, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 120, { steps: 5 });
  await page.mouse.up();
  const near = await ticks("throughput");
  assert.notDeepEqual(near, all);
  assert.deepEqual(await ticks("times"), near);
  await page.locator("#chart-times .all").click();
  assert.deepEqual(await ticks("throughput"), all);
  assert.deepEqual(complaints, []);
});

test("everything can be done with the keyboard", async () => {
  const all = await ticks("capacity");
  await plot("capacity").focus();
  await page.keyboard.press("Home");
  assert.match(await page.locator("#chart-capacity .tip").textContent(), /^users: 10Without queueing.*Measured 3\.3$/);
  await page.keyboard.press("ArrowRight");
  assert.match(await page.locator("#chart-capacity .said").textContent(), /^users: 50\. .*Measured 19\.8/);
  await page.keyboard.press("+");
  assert.notDeepEqual(await ticks("capacity"), all);
  await page.keyboard.press("0");
  assert.deepEqual(await ticks("capacity"), all);
  const first = page.locator("#chart-times .keys button").first();
  await first.focus();
  await page.keyboard.press("Enter");
  assert.equal(await first.getAttribute("aria-pressed"), "false");
  assert.equal(await first.evaluate((button) => document.activeElement === button), true);
});

test("the table of a chart holds its values", async () => {
  await page.locator("#chart-capacity summary").click();
  const rows = page.locator("#chart-capacity details tbody tr");
  await rows.first().waitFor();
  assert.ok((await page.locator("#chart-capacity details").textContent()).includes("Measured"));
});

test("values are added, replaced and laid over", async () => {
  const drawn = await page.evaluate(() => {
    const place = document.body.appendChild(document.createElement("div"));
    const axis = (label) => ({ label, unit: "number", scale: "linear" });
    const one = chart(place, { label: "x", x: axis("a"), y: axis("b"), series: [{ name: "s", x: [], y: [] }] });
    const path = () => place.querySelector(".series .line").getAttribute("d");
    const seen = [path()];
    one.append([{ x: [0, 1], y: [1, 2] }]);
    seen.push(path());
    one.append([{ x: [2], y: [null] }]);
    one.append([{ x: [3], y: [4] }]);
    seen.push(path());
    one.overlay([{ name: "s", x: [0, 3], y: [4, 1] }], "before");
    const legend = [...place.querySelectorAll(".keys button:not(.tool)")].map((button) => button.textContent);
    one.update({ series: [{ name: "t", x: [0, 1], y: [0, 0] }] });
    one.overlay(null);
    return { seen, legend, lines: place.querySelectorAll(".series").length };
  });
  assert.equal(drawn.seen[0], "");
  assert.equal(drawn.seen[1].match(/M/g).length, 1);
  assert.equal(drawn.seen[2].match(/M/g).length, 2, "a gap begins a new line");
  assert.deepEqual(drawn.legend, ["s", "s, before"]);
  assert.equal(drawn.lines, 1);
  assert.deepEqual(complaints, []);
});

test("the band of a computed line is drawn, and stretches the axis by a quarter at most", async () => {
  const drawn = await page.evaluate(() => {
    const place = document.body.appendChild(document.createElement("div"));
    const axis = (label) => ({ label, unit: "number", scale: "linear" });
    const line = { name: "law", kind: "dashed", x: [1, 2, 3], y: [10, 20, 40] };
    const one = chart(place, { label: "x", x: axis("a"), y: axis("b"), series: [line] });
    const highest = () => Math.max(...[...place.querySelectorAll("svg .axis")[0].querySelectorAll("text:not(.title)")].map((text) => +text.textContent));
    const seen = [highest()];
    const ends = (high) => ({ ...line, low: [9, 18, 30], high: [11, 22, high] });
    one.update({ series: [ends(44)] });
    seen.push(highest(), place.querySelectorAll(".band").length);
    one.update({ series: [ends(1e9)] });
    seen.push(highest(), place.querySelectorAll(".band").length);
    one.update({ series: [{ ...ends(1e3), kind: "points" }] });
    seen.push(highest());
    place.remove();
    return seen;
  });
  assert.deepEqual(drawn, [40, 40, 1, 50, 1, 1000]);
  assert.deepEqual(complaints, []);
});

test("it fits a screen of 400 pixels, and dark ones", async () => {
  await page.close();
  await open({ viewport: { width: 400, height: 800 }, colorScheme: "dark" });
  const [inner, whole] = await page.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
  assert.ok(whole <= inner, `${whole} of ${inner}`);
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [red] = background.match(/\d+/).map(Number);
  assert.ok(red < 60, background);
  assert.deepEqual(complaints, []);
});

test("it prints its charts", async () => {
  const pdf = await page.pdf({ format: "A4" });
  assert.equal(pdf.subarray(0, 4).toString(), "%PDF");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("nav").isVisible(), false);
  assert.equal(await plot("capacity").isVisible(), true);
});
