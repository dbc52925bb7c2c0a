"use strict";
// Debian's Chromium with a profile of its own.
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");

async function launch() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "watchword-chromium-"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--no-first-run"],
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
  return { browser, async close() { await browser.close(); fs.rmSync(profile, { recursive: true, force: true }); } };
}

module.exports = { launch };
