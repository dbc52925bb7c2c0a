"use strict";
// Somebody at a browser: opens pages, presses buttons, and looks at everything that comes.
const assert = require("node:assert/strict");
const { look, watch } = require("./look.js");
const { start } = require("./server.js");

const FIRST = "several quiet lanterns";

// A browser of its own: cookies and all. Every page that is opened is looked at.
async function visit({ browser, base }, options, story) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const trouble = [];
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  watch(page, trouble);
  try {
    await story(new Visitor(page, base, options.javaScriptEnabled !== false));
    assert.deepEqual(trouble, []);
  } finally {
    await context.close();
  }
}

class Visitor {
  constructor(page, base, script) { Object.assign(this, { page, base, script }); }
  look() { return look(this.page, this.script); }
  async open(where) { await this.page.goto(this.base + where); await this.look(); }
  // Presses a button or follows a link, and looks at what comes.
  async press(name, role = "button") {
    await this.page.getByRole(role, { name, exact: true }).click();
    await this.page.waitForLoadState("load");
    await this.look();
  }
  follow(name) { return this.press(name, "link"); }
  fill(label, text) { return this.page.getByLabel(label, { exact: true }).fill(text); }
  async sees(text) { await this.page.getByText(text).first().waitFor(); }
  async heading(text) { assert.equal(await this.page.locator("h1").innerText(), text); }
  async register(email, password = FIRST) {
    await this.open("ui/");
    await this.heading("Sign in");
    await this.follow("Create an account");
    await this.heading("Create an account");
    await this.fill("E-Mail", email);
    if (await this.page.getByLabel("Password", { exact: true }).count() === 0) await this.press("Continue");
    await this.fill("Password", password);
    await this.press("Create account");
    await this.heading("Notes");
  }
  async enter(email, password = FIRST) {
    await this.fill("E-Mail", email);
    await this.fill("Password", password);
    await this.press("Sign in");
  }
  async signIn(email, password = FIRST) {
    await this.open("ui/");
    await this.enter(email, password);
    await this.heading("Notes");
  }
  // A second page of the same browser: the same cookies.
  async tab() {
    const page = await this.page.context().newPage();
    page.setDefaultTimeout(10000);
    return new Visitor(page, this.base, this.script);
  }
  async signOut() {
    await this.press("Sign out");
    await this.heading("You are signed out");
  }
  async write(name, text) {
    await this.follow("New note");
    await this.fill("Name", name);
    await this.fill("Text", text);
    await this.press("Save note");
    await this.sees("Note saved.");
  }
}

// A site with other settings than those of init.
async function withSettings({ browser }, settings, story, schema = null) {
  const site = await start(settings, schema);
  try {
    await story({ browser, base: site.base });
  } finally {
    await site.stop();
  }
}

module.exports = { FIRST, Visitor, visit, withSettings };
