// Starts the browser that is installed and logs in. Used by live.mjs and shots.mjs.
//
// Environment: PORTAL_URL, EMAIL, PASSWORD; CHROMIUM (default /usr/bin/chromium).
import { chromium } from "playwright-core";

// No test waits longer than this for anything.
export const DEADLINE_MS = 30_000;

export function wanted(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

export async function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

export async function logIn(page) {
  page.setDefaultTimeout(DEADLINE_MS);
  await page.goto(`${wanted("PORTAL_URL")}/login`);
  await page.getByLabel("E-mail address").fill(wanted("EMAIL"));
  await page.getByLabel("Password").fill(wanted("PASSWORD"));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL((url) => url.pathname !== "/login");
}
