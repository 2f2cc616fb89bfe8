// Takes a picture of every page, 1280 and 390 pixels wide, light and dark; fails when a page is wider
// than the screen or a script fails.
//
//   npm ci && PORTAL_URL=http://127.0.0.1:8088 EMAIL=.. PASSWORD=.. ROOM=1000 node shots.mjs FOLDER
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { logIn, startBrowser, wanted } from "./browser.mjs";

const LOOKS = [
  { name: "1280", width: 1280, height: 900, colorScheme: "light" },
  { name: "390", width: 390, height: 844, colorScheme: "light" },
  { name: "1280-dark", width: 1280, height: 900, colorScheme: "dark" },
];

const folder = process.argv[2] ?? "shots";
const url = wanted("PORTAL_URL");
const room = wanted("ROOM");
const faults = [];

async function shoot(page, name, look) {
  await page.screenshot({ path: join(folder, `${name}-${look.name}.png`), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) faults.push(`${name} at ${look.name} is ${wide} px too wide`);
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
