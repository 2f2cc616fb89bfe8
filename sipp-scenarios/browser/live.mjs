// Watches the live page of one room in a real browser and clicks as it is told.
//
//   npm ci && PORTAL_URL=http://127.0.0.1:8080 EMAIL=.. PASSWORD=.. ROOM=1000 node live.mjs
//
// Standard output: JSON lines, each with `at_ms` (ms since the Unix epoch, when the page showed it).
//   {"event":"ready"}                             logged in, the page has its first state
//   {"event":"caller","leg":"leg-1","name":"Anna","number":"+49..","host":false,
//    "state":"talking","hand":""}                 a caller appeared, or something in the row changed;
//                                                 state: talking | line open | muted | muted by host
//                                                 | waiting, hears music | waiting in silence
//                                                 | keying the code; hand: "" | "hand 1"
//                                                 | "hand 1, may speak"
//   {"event":"gone","leg":"leg-1","name":"Anna"}  a caller is no longer on the page
//   {"event":"room","text":"2 callers ..","door":"..","recording":"..","lecture":"..",
//    "knocks":["+49.."],"calls":["+49.."]}         head or controls changed (running times left out);
//                                                 lecture: the words of the pressed button
//   {"event":"empty"}                             nobody is in the room
//   {"event":"done","command":"mute Anna"}        the click was answered by the server
//   {"event":"failed","command":"..","why":".."}  there is nothing to click, or it was refused
//   {"event":"error","why":".."}                  a script error in the page: always a fault
//
// Standard input, a line each. CALLER is the name or number in the row, or leg-N.
//   mute CALLER | unmute CALLER | speak CALLER | close CALLER | lower CALLER | drop CALLER
//   rename CALLER = NEW NAME
//   lock | unlock | record | stop | mute-all | open-all | next-hand | go-on | end
//   admit CALLER | send-away CALLER | call NUMBER | hang-up NUMBER
//   lecture open | lecture relaxed | lecture strict
//   screenshot PATH
//   quit                                          (so does the end of the input)
import { createInterface } from "node:readline";
import { logIn, startBrowser, wanted } from "./browser.mjs";

function tell(event, fields = {}) {
  console.log(JSON.stringify({ event, ...fields, at_ms: fields.at_ms ?? Date.now() }));
}

// Runs in the page: calls back whenever something that can be seen has changed.
function watch() {
  let had = new Map();
  let hadRoom = "";
  const text = (element) => (element?.textContent ?? "").trim().replace(/\s+/g, " ");
  const still = (element) => {
    const copy = element?.cloneNode(true);
    for (const timer of copy?.querySelectorAll(".timer, time") ?? []) timer.remove();
    return text(copy);
  };
  const callerOf = (row) => ({
    leg: row.id,
    name: text(row.querySelector(".name")),
    number: text(row.querySelector(".number")) || text(row.querySelector(".name")),
    host: row.querySelector(".badge") !== null,
    state: text(row.querySelector(".line")),
    hand: text(row.querySelector(".chip.hand")),
  });
  const control = (title) => {
    const all = [...document.querySelectorAll("#controls .control")];
    const found = all.find((control) => text(control.querySelector("h2")) === title);
    return still(found?.querySelector("p"));
  };
  const look = () => {
    const at_ms = Date.now();
    const now = new Map();
    for (const row of document.querySelectorAll("#legs > tr")) {
      const caller = callerOf(row);
      now.set(row.id, caller);
      if (JSON.stringify(had.get(row.id)) !== JSON.stringify(caller)) {
        globalThis.seen("caller", { ...caller, at_ms });
      }
    }
    for (const [leg, { name }] of had) if (!now.has(leg)) globalThis.seen("gone", { leg, name, at_ms });
    had = now;
    const empty = !document.getElementById("empty").hidden;
    const room = empty ? null : {
      text: still(document.querySelector(".room-now")),
      door: control("Door"),
      recording: control("Recording"),
      lecture: text(document.querySelector(".choice [aria-pressed=true]")),
      knocks: [...document.querySelectorAll("#knocks li")].map(
        (knock) => text(knock.querySelector(".number") ?? knock.querySelector("strong")),
      ),
      calls: [...document.querySelectorAll("#dials strong")].map(text),
    };
    if (JSON.stringify(room) === hadRoom) return;
    hadRoom = JSON.stringify(room);
    if (room) globalThis.seen("room", { ...room, at_ms });
    else globalThis.seen("empty", { at_ms });
  };
  const whole = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(look).observe(document.getElementById("main"), whole);
  look();
}

async function rowOf(page, caller) {
  const rows = page.locator("#legs > tr");
  const byLeg = page.locator(`#legs > tr[id="${caller.replace(/"/g, "")}"]`);
  if (await byLeg.count()) return byLeg;
  const exact = (selector) => rows.filter({ has: page.locator(selector).getByText(caller, { exact: true }) });
  for (const found of [exact(".name"), exact(".number")]) if (await found.count()) return found.first();
  throw new Error(`${caller} is not in the room`);
}

// Clicks a button of a command form and waits for the server's answer.
async function click(page, button) {
  const answered = page.waitForResponse((response) => response.url().endsWith("/commands"));
  answered.catch(() => {});
  if (!(await button.count())) throw new Error("there is no such button now");
  const opener = button.locator("xpath=ancestor::details[1]/summary");
  if ((await opener.count()) && !(await button.isVisible())) await opener.click();
  await button.click();
  const answer = await answered;
  if (!answer.ok()) throw new Error((await answer.json()).error);
}

const IN_ROW = {
  mute: "mute", unmute: "unmute", speak: "open_hand", close: "close_hand", lower: "lower_hand",
  drop: "drop",
};
const IN_ROOM = {
  lock: "lock", unlock: "unlock", record: "record", stop: "stop_recording", "mute-all": "mute_all",
  "go-on": "go_on", "open-all": "open_all", "next-hand": "next_hand", end: "end", "lecture open": "lecture_open",
  "lecture relaxed": "lecture_relaxed", "lecture strict": "lecture_strict",
};

async function obey(page, line) {
  const [word, ...rest] = line.split(" ");
  const argument = rest.join(" ");
  if (IN_ROOM[line]) {
    await click(page, page.locator(`:is(#head, #controls) button[value=${IN_ROOM[line]}]`));
  } else if (IN_ROW[word]) {
    const row = await rowOf(page, argument);
    await click(page, row.locator(`button[value=${IN_ROW[word]}]`));
  } else if (word === "rename") {
    const [caller, name] = argument.split(" = ");
    const row = await rowOf(page, caller);
    await row.locator("summary", { hasText: "Rename" }).click();
    await row.getByLabel("Name of this caller").fill(name);
    await click(page, row.locator("button[value=rename]"));
  } else if (word === "admit" || word === "send-away") {
    const knock = page.locator("#knocks li", { hasText: argument });
    await click(page, knock.locator(`button[value=${word === "admit" ? "admit" : "drop"}]`));
  } else if (word === "call") {
    await page.getByLabel("Call a number").fill(argument);
    await click(page, page.locator("button[value=dial_out]"));
  } else if (word === "hang-up") {
    const dial = page.locator("#dials li", { hasText: argument });
    await click(page, dial.locator("button[value=hang_up_dial]"));
  } else if (word === "screenshot") {
    await page.screenshot({ path: argument, fullPage: true });
  } else {
    throw new Error("no such command");
  }
}

const browser = await startBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on("pageerror", (error) => tell("error", { why: String(error) }));
  await logIn(page);
  await page.exposeFunction("seen", tell);
  const room = wanted("ROOM");
  const streaming = page.waitForResponse((response) => response.url().endsWith("/events"));
  await page.goto(`${wanted("PORTAL_URL")}/rooms/${room}`);
  await streaming;
  await page.evaluate(watch);
  tell("ready");
  for await (const typed of createInterface({ input: process.stdin })) {
    const line = typed.trim();
    if (line === "quit") break;
    if (!line) continue;
    try {
      await obey(page, line);
      tell("done", { command: line });
    } catch (error) {
      tell("failed", { command: line, why: error.message });
    }
  }
} catch (error) {
  tell("error", { why: error.message });
  process.exitCode = 1;
} finally {
  await browser.close();
}
