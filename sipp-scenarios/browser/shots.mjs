// Takes a picture of every page, 1280 and 390 pixels wide, light and dark, and in widths between; fails
// when a page is wider than the screen or a table than its place, a script fails, a finger finds too little to press on a telephone, or the callers of
// the live page are not in its first sight.
//
//   npm ci && PORTAL_URL=http://127.0.0.1:8088 EMAIL=.. PASSWORD=.. ROOM=1000 node shots.mjs FOLDER
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { logIn, startBrowser, wanted } from "./browser.mjs";

const LOOKS = [
  { name: "1280", width: 1280, height: 900, colorScheme: "light" },
  { name: "390", width: 390, height: 844, colorScheme: "light" },
  { name: "390-dark", width: 390, height: 844, colorScheme: "dark" },
  { name: "1088", width: 1088, height: 900, colorScheme: "light" },
  { name: "768", width: 768, height: 1024, colorScheme: "light" },
  { name: "1280-dark", width: 1280, height: 900, colorScheme: "dark" },
];

// What platforms ask for is 44 to 48; a line of text that can be pressed has a little less.
const FINGER_PX = 40;

const folder = process.argv[2] ?? "shots";
const url = wanted("PORTAL_URL");
const room = wanted("ROOM");
const faults = [];

async function shoot(page, name, look) {
  await page.screenshot({ path: join(folder, `${name}-${look.name}.png`), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) faults.push(`${name} at ${look.name} is ${wide} px too wide`);
  for (const px of await page.evaluate(tooWideTables)) faults.push(`${name} at ${look.name}: a table is ${px} px too wide`);
  if (look.width > 400) return;
  for (const small of await page.evaluate(hardToPress, FINGER_PX)) {
    faults.push(`${name} at ${look.name}: ${small}`);
  }
  if (name === "live") await lookAtTelephone(page, look);
}

// Runs in the page: by how much tables stick out of what they are in.
function tooWideTables() {
  const right = (one) => Math.floor(one.getBoundingClientRect().right);
  const tables = [...document.querySelectorAll("table")].filter((one) => one.checkVisibility());
  return tables.map((table) => right(table) - right(table.parentElement)).filter((px) => px > 1);
}

// Runs in the page: what is pressed, but lower than a finger needs.
function hardToPress(fingerPx) {
  const pressed = "button, .button, summary, nav a, select, input:not([type=checkbox], [type=radio])";
  const seen = [...document.querySelectorAll(pressed)].filter((one) => one.checkVisibility());
  const low = seen.filter((one) => Math.round(one.getBoundingClientRect().height) < fingerPx);
  return low.map((one) => {
    const { height } = one.getBoundingClientRect();
    return `${one.textContent.trim() || one.name} is only ${Math.round(height)} px high`;
  });
}

// On a telephone the callers come first, and the controls unfold.
async function lookAtTelephone(page, look) {
  const first = await page.locator("#legs > tr").first().boundingBox();
  if (!first || first.y + first.height > look.height) faults.push(`live at ${look.name}: no caller in sight`);
  const all = page.locator("#controls button[value=mute_all]");
  if (await all.isVisible()) faults.push(`live at ${look.name}: the controls are not folded`);
  await page.locator("#fold-label").click();
  if (!(await all.isVisible())) faults.push(`live at ${look.name}: the controls do not unfold`);
  await shoot(page, "live-unfolded", look);
}

async function pages(page) {
  await page.goto(`${url}/usage?months=3`);
  const conference = await page.locator("tbody a[href^='/usage/']").first().getAttribute("href");
  return [
    ["rooms", "/rooms"],
    ["live", `/rooms/${room}`],
    ["settings", `/rooms/${room}/settings`],
    ["usage", "/usage?months=3"],
    ...(conference ? [["conference", conference]] : []),
    ["recordings", "/recordings"],
    ["billing", "/billing"],
    ["account", "/account"],
    ...(process.env.ADMIN ? [["prompts", "/prompts"]] : []),
    ["not-found", "/nowhere"],
    ...(process.env.EMPTY_ROOM ? [["empty", `/rooms/${process.env.EMPTY_ROOM}`]] : []),
  ];
}

await mkdir(folder, { recursive: true });
const browser = await startBrowser();
try {
  for (const look of LOOKS) {
    const { width, height, colorScheme } = look;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
    await page.goto(`${url}/login`);
    await shoot(page, "login", look);
    await logIn(page);
    for (const [name, path] of await pages(page)) {
      await page.goto(url + path);
      await page.evaluate(() => document.fonts.ready);
      await shoot(page, name, look);
    }
    await context.close();
  }
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length ? 1 : 0;
