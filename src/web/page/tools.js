"use strict";
// Small things that every part of the page uses. `make` is that of chart.js. All text is set as text.

const by = (id) => document.getElementById(id);

/** A share as a percentage: 1.2%. */
const percent = (share) => `${three(share * 100)}%`;

/** A time in seconds, or a dash. */
const time = (value) => (value === null || value === undefined ? "–" : seconds(value));

/** A count with its thousands apart. */
const count = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** A size: 374 B, 16.2 kB. */
function size(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let place = 0;
  for (; value >= 999.5 && place < units.length - 1; place += 1) value /= 1000;
  return `${place === 0 ? Math.round(value) : three(value)} ${units[place]}`;
}

/** A moment on this browser's clock, from seconds since 1970. */
const clock = (unix) => new Date(unix * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Sets text only where it differs: what is selected or read aloud stays as it is. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The server said no; its words. */
class Refused extends Error {}

async function answer(response) {
  if (response.ok) return response;
  const text = await response.text();
  let words = text.trim() || `the server answered ${response.status}`;
  try {
    words = JSON.parse(text).error ?? words;
  } catch {
    // Plain words.
  }
  throw new Refused(words);
}

const ask = async (path) => (await answer(await fetch(path))).json();
const askText = async (path) => (await answer(await fetch(path))).text();

/** Asks for a change. */
async function send(path, wish) {
  const headers = { "Content-Type": "application/json" };
  try {
    await answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(wish ?? {}) }));
  } catch (error) {
    throw error instanceof Refused ? error : new Refused("the program cannot be reached");
  }
}

/** Where something of a run is. */
const where = (id, ...rest) => ["/api/runs", ...[id, ...rest].map(encodeURIComponent)].join("/");

/**
 * A table that is filled again and again, in place.
 *
 *   columns: [{ name, text(row), figure, key(row), className(row), make(row) }]
 *
 * `key` makes a column sortable, `figure` stands at the right, `make` gives an element in place of text.
 */
class Table {
  constructor(element, label, columns) {
    this.columns = columns;
    this.sorted = null;
    this.rows = [];
    this.heads = columns.map((column, number) => this.head(column, number));
    this.body = make("tbody");
    this.foot = make("tfoot");
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...this.heads)), this.body, this.foot);
    this.scroll = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
    element.replaceChildren(this.scroll);
  }

  head(column, number) {
    const head = make("th", { scope: "col", class: column.figure ? "figure" : "" });
    if (!column.key) {
      head.append(column.name);
      return head;
    }
    const button = make("button", { type: "button" }, column.name);
    button.addEventListener("click", () => {
      const down = this.sorted?.number === number ? !this.sorted.down : Boolean(column.figure);
      this.sorted = { number, down };
      this.heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      this.fill(this.rows, this.total);
    });
    head.append(button);
    return head;
  }

  fill(rows, total) {
    this.rows = rows;
    this.total = total;
    this.lines(this.body, this.order(rows));
    this.lines(this.foot, total ? [total] : []);
  }

  order(rows) {
    if (!this.sorted) return rows;
    const { number, down } = this.sorted;
    const key = this.columns[number].key;
    const order = (a, b) => {
      const [one, other] = [key(a), key(b)];
      if (one === null || other === null) return (one === null) - (other === null);
      const less = typeof one === "string" ? one.localeCompare(other) : one - other;
      return down ? -less : less;
    };
    return [...rows].sort(order);
  }

  lines(part, rows) {
    while (part.rows.length > rows.length) part.lastChild.remove();
    while (part.rows.length < rows.length) {
      const cells = this.columns.map((column) => make(column.heading ? "th" : "td", column.heading ? { scope: "row" } : {}));
      part.append(make("tr", {}, ...cells));
    }
    rows.forEach((row, number) => {
      this.columns.forEach((column, place) => {
        const cell = part.rows[number].cells[place];
        const names = [column.figure ? "figure" : "", column.className?.(row) ?? ""].filter(Boolean).join(" ");
        if (cell.className !== names) cell.className = names;
        if (column.make) this.put(cell, column, row);
        else say(cell, column.text(row));
      });
    });
  }

  /** An element is made anew only where the row is another. */
  put(cell, column, row) {
    const what = JSON.stringify(column.same ? column.same(row) : row);
    if (cell.dataset.what === what) return;
    cell.dataset.what = what;
    cell.replaceChildren(...[column.make(row)].flat());
  }
}

/** A heading with a list, or nothing where there is nothing to list. */
function list(element, heading, items) {
  const what = JSON.stringify(items);
  if (element.dataset.what === what) return;
  element.dataset.what = what;
  element.replaceChildren();
  if (items.length === 0) return;
  element.append(make("h2", {}, heading), make("ul", {}, ...items.map((item) => make("li", {}, item))));
}
