// The portal's script: live pages, times in the reader's zone, sorting. Everything else on the
// pages works without it.
"use strict";

// --- Times ---------------------------------------------------------------------------------

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const servedInZone = document.documentElement.dataset.zone === zone;
document.cookie = `confab_zone=${zone}; path=/; max-age=31536000; samesite=lax`;

const clockParts = { hour: "2-digit", minute: "2-digit" };
const formats = {
  full: new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", ...clockParts,
  }),
  clock: new Intl.DateTimeFormat("en-GB", { ...clockParts, second: "2-digit" }),
};

// The server knows the zone from the second page on; the first one is put right here.
function localTimes(root) {
  if (servedInZone) return;
  for (const time of root.querySelectorAll("time[data-show]")) {
    time.textContent = formats[time.dataset.show].format(new Date(time.dateTime));
  }
}

// The server's clock less ours: a wrong clock in the reader's machine must not show.
let clockAheadMs = 0;

function serverSays(nowMs) {
  clockAheadMs = Number(nowMs) - Date.now();
}

function timerText(lengthMs) {
  const s = Math.max(0, Math.floor(lengthMs / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60) % 60;
  const hours = Math.floor(s / 3600);
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

function tickTimers() {
  const now = Date.now() + clockAheadMs;
  for (const timer of document.querySelectorAll(".timer")) {
    const { sinceMs, untilMs } = timer.dataset;
    const text = timerText(untilMs ? Number(untilMs) - now : now - Number(sinceMs));
    if (timer.textContent !== text) timer.textContent = text;
  }
}

// --- Changing a page in place --------------------------------------------------------------

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Makes `old` equal to `next` by changing as little as possible, so that the focus, an opened
// question and half a typed name stay as they are.
function morph(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) {
    old.replaceWith(next.cloneNode(true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    const kept = name === "open" || name === "aria-busy";
    if (!kept && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, next);
}

function morphChildren(old, next) {
  const byId = new Map();
  for (const child of old.children) if (child.id) byId.set(child.id, child);
  let at = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    const known = wanted.id ? byId.get(wanted.id) : undefined;
    if (known) {
      if (known === at) at = at.nextSibling;
      else old.insertBefore(known, at);
      morph(known, wanted);
    } else if (at && !wanted.id && !at.id) {
      const following = at.nextSibling;
      morph(at, wanted);
      at = following;
    } else {
      old.insertBefore(wanted.cloneNode(true), at);
    }
  }
  while (at) {
    const following = at.nextSibling;
    at.remove();
    at = following;
  }
}

// --- Live pages ----------------------------------------------------------------------------

const live = document.getElementById("live");
const lost = document.getElementById("lost");
// Two and a half of the server's heartbeats.
const SILENT_MS = 10_000;
const RETRY_MS = 2_000;
let source;
let heardAt = Date.now();

function heard(nowMs) {
  heardAt = Date.now();
  serverSays(nowMs);
  lost.hidden = true;
}

function applied() {
  const empty = document.getElementById("empty");
  if (empty) empty.hidden = live.childElementCount > 0;
  localTimes(live);
  tickTimers();
  for (const table of live.querySelectorAll("table[data-sortable]")) makeSortable(table);
}

function showWhole(event) {
  const { now_ms, html } = JSON.parse(event.data);
  heard(now_ms);
  morphChildren(live, parsed(html));
  arrival = [...live.querySelectorAll("tbody > tr")].map((row) => row.id);
  applied();
}

let arrival = [];

function showParts(event) {
  const { now_ms, parts, order, say } = JSON.parse(event.data);
  heard(now_ms);
  const legs = document.getElementById("legs");
  for (const [id, html] of Object.entries(parts)) {
    const old = document.getElementById(id);
    const next = parsed(html);
    const row = next.querySelector("tr");
    if (row && old) morph(old, row);
    else if (row) legs.append(row);
    else if (old) morphChildren(old, next);
  }
  if (order) {
    arrival = order;
    const here = new Set(order);
    for (const row of [...legs.children]) if (!here.has(row.id)) row.remove();
  }
  for (const text of say ?? []) announce(text);
  applied();
}

function announce(text) {
  const log = document.getElementById("say");
  if (!log) return;
  const line = document.createElement("p");
  line.textContent = text;
  log.append(line);
  while (log.childElementCount > 20) log.firstElementChild.remove();
}

function connect() {
  source?.close();
  heardAt = Date.now();
  source = new EventSource(live.dataset.events);
  source.addEventListener("whole", showWhole);
  source.addEventListener("parts", showParts);
  source.addEventListener("beat", (event) => heard(event.data));
  source.addEventListener("out", toLogin);
  source.addEventListener("error", () => {
    lost.hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, RETRY_MS);
  });
}

// A stream that is refused may mean that the login has ended: then the page itself redirects.
async function reconnect() {
  try {
    const answer = await fetch(location.href, { redirect: "manual" });
    if (answer.type === "opaqueredirect") return toLogin();
  } catch {
    // Not there yet; the next try will tell.
  }
  connect();
}

function toLogin() {
  location.href = `/login?next=${encodeURIComponent(location.pathname)}`;
}

function watchSilence() {
  if (Date.now() - heardAt < SILENT_MS) return;
  lost.hidden = false;
  connect();
}

// --- Commands ------------------------------------------------------------------------------

function toast(text) {
  const line = document.createElement("p");
  line.textContent = text;
  document.getElementById("toasts").append(line);
  setTimeout(() => line.remove(), 8_000);
}

async function sendOrder(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  button?.setAttribute("aria-busy", "true");
  try {
    const headers = { Accept: "application/json" };
    const answer = await fetch(form.action, { method: "POST", body, headers });
    if (answer.status === 401) return toLogin();
    if (answer.ok) {
      form.closest("details")?.removeAttribute("open");
      // What was typed is done; from now on the field shows what the server says.
      form.reset();
    } else toast((await answer.json()).error);
  } catch {
    toast("Confab could not be reached. Nothing was done.");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.order")) return;
  event.preventDefault();
  sendOrder(event.target, event.submitter);
});

// --- Questions that open in place ----------------------------------------------------------

function closeOthers(stay) {
  for (const open of document.querySelectorAll("details:has(> .pop)[open]")) {
    if (open !== stay && !open.contains(stay)) open.removeAttribute("open");
  }
}

document.addEventListener("click", (event) => closeOthers(event.target.closest("details")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest("details[open]");
  closeOthers(null);
  open?.querySelector("summary").focus();
});
document.addEventListener("toggle", (event) => {
  const { target } = event;
  if (target.matches?.("details:has(> .pop)") && target.open) {
    closeOthers(target);
    target.querySelector(".pop input:not([type=hidden])")?.select();
  }
}, true);

// --- Sorting -------------------------------------------------------------------------------

// By which column each table is sorted; none: as the server lists it.
const sorting = { key: null, down: false };

function sortRows(table) {
  const body = table.tBodies[0];
  const keys = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.key);
  const column = keys.indexOf(sorting.key);
  const place = new Map(arrival.map((id, index) => [id, index]));
  const value = (row) => row.cells[column].dataset.sort;
  const compare = (a, b) => {
    const [left, right] = [value(a), value(b)];
    const byNumber = Number(left) - Number(right);
    const order = Number.isNaN(byNumber) ? left.localeCompare(right) : byNumber;
    return (sorting.down ? -order : order) || place.get(a.id) - place.get(b.id);
  };
  const byArrival = (a, b) => place.get(a.id) - place.get(b.id);
  const wanted = [...body.rows].sort(column < 0 ? byArrival : compare);
  // Rows are moved only where they must be, for a moved row loses the focus in it.
  let at = body.firstElementChild;
  for (const row of wanted) {
    if (row === at) at = at.nextElementSibling;
    else body.insertBefore(row, at);
  }
  for (const cell of table.tHead.rows[0].cells) {
    if (!cell.dataset.key) continue;
    const direction = sorting.down ? "descending" : "ascending";
    cell.setAttribute("aria-sort", cell.dataset.key === sorting.key ? direction : "none");
  }
}

function sortButton(table, cell) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.textContent = cell.textContent;
  button.addEventListener("click", () => {
    const same = sorting.key === cell.dataset.key;
    if (same && sorting.down) sorting.key = null;
    else sorting.down = same;
    if (!same) sorting.key = cell.dataset.key;
    sortRows(table);
  });
  cell.replaceChildren(button);
}

function makeSortable(table) {
  for (const cell of table.tHead.rows[0].cells) {
    if (cell.dataset.key && !cell.querySelector("button")) sortButton(table, cell);
  }
  sortRows(table);
}

// A page with a table that does not change has its order of arrival in the page itself.
function sortStill(table) {
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row, index) => { row.id ||= `row-${index}`; });
  arrival = rows.map((row) => row.id);
  makeSortable(table);
}

// --- Start ---------------------------------------------------------------------------------

localTimes(document);
if (live) {
  serverSays(live.dataset.nowMs);
  arrival = [...live.querySelectorAll("tbody > tr")].map((row) => row.id);
  applied();
  connect();
  setInterval(tickTimers, 250);
  setInterval(watchSilence, 1_000);
} else {
  const table = document.querySelector("table[data-sortable]");
  if (table) sortStill(table);
}
