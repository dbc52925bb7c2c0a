"use strict";
const assert = require("node:assert/strict");
const { start } = require("./server.js");
const { FIRST, visit, withSettings } = require("./visitor.js");

const SECOND = "seventeen patient herons";
const NOTE = "Bring the green umbrella.\n\n  It rains on Thursdays.";
const HOSTILE = `<script>alert(1)</script> "' \u202egnp.exe\u202c \u{1F408} ${"n".repeat(160)}`;

// ---- the whole story, with a script and without ----

async function wholeStory(world, email, options) {
  await visit(world, options, async (v) => {
    const { page } = v;
    await v.register(email);
    await v.sees("No notes yet.");
    await v.write("Umbrella", NOTE);
    await v.signOut();
    await page.goBack();
    await v.open("ui/");
    await v.heading("Sign in");

    await v.signIn(email);
    await v.follow("Umbrella");
    assert.equal(await page.getByLabel("Text").inputValue(), NOTE);
    await v.fill("Text", "It is dry.");
    await v.press("Save note");
    await v.sees("Note saved.");
    await v.follow("Umbrella");
    assert.equal(await page.getByLabel("Text").inputValue(), "It is dry.");

    await v.follow("Delete");
    await v.heading("Delete this note?");
    await v.press("Delete note");
    await v.sees("Note deleted.");
    await v.sees("No notes yet.");
    await v.write("Keys", "under the mat");

    await v.follow("Profile");
    await v.fill("E-Mail", `new-${email}`);
    await v.press("Save profile");
    await v.sees("Profile saved.");
    await v.heading("Profile");
    assert.equal(await page.getByLabel("E-Mail").inputValue(), `new-${email}`);

    await v.follow("Password");
    await v.fill("New password", "short");
    await v.press("Change password");
    assert.match(await page.title(), /^Error: /);
    await v.fill("New password", SECOND);
    await v.press("Change password");
    await v.sees("Password changed. Your other devices are signed out.");

    await v.follow("Devices");
    await v.sees("This device");
    await v.follow("Activity");
    for (const what of ["Account created", "Signed in", "Password changed", "Profile changed"]) await v.sees(what);

    await v.signOut();
    await v.signIn(`new-${email}`, SECOND);
    await v.follow("Keys");
    assert.equal(await page.getByLabel("Text").inputValue(), "under the mat");

    await v.follow("Close account");
    await v.fill("Your e-mail address", "somebody@else.example");
    await v.press("Close account for good");
    await v.sees("This is not what you sign in with.");
    await v.fill("Your e-mail address", `new-${email}`);
    await v.press("Close account for good");
    await v.heading("Your account is closed");

    await v.open("ui/");
    await v.fill("E-Mail", `new-${email}`);
    await v.fill("Password", SECOND);
    await v.press("Sign in");
    await v.sees("That e-mail address and password do not go together.");
  });
}

// ---- by keyboard alone ----

async function tabTo(page, wanted, tag) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => {
      const e = document.activeElement;
      const ring = e ? getComputedStyle(e) : null;
      return e && { tag: e.localName, text: (e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText || "").trim(),
        ring: ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 2 };
    });
    if (here && here.text === wanted && (!tag || here.tag === tag)) {
      assert.ok(here.ring, `"${wanted}" shows no focus`);
      return;
    }
  }
  assert.fail(`"${wanted}" is not reached by Tab`);
}

async function byKeyboard(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    const go = async (wanted, tag) => {
      await tabTo(page, wanted, tag);
      await page.keyboard.press("Enter");
      await page.waitForLoadState("load");
      await page.waitForTimeout(100);
    };
    const type = async (wanted, text) => { await tabTo(page, wanted); await page.keyboard.type(text); };
    await v.register("keyboard@example.org");
    await go("New note");
    await type("Name", "By hand");
    await type("Text", "no mouse");
    await go("Save note");
    await v.sees("Note saved.");
    await go("Sign out", "button");
    await v.heading("You are signed out");
    await go("Sign in");
    await type("E-Mail", "keyboard@example.org");
    await type("Password", FIRST);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "By hand" }).waitFor();
    await go("Skip to the content");
    await go("New note");
    await v.heading("New note");
  });
}

// ---- what goes wrong ----

async function errorsAreTold(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    await v.open("ui/");
    await v.fill("E-Mail", "nobody@example.org");
    await v.fill("Password", "wrong wrong wrong");
    await v.press("Sign in");
    await v.sees("That e-mail address and password do not go together. Check both and try again.");
    assert.match(await page.title(), /^Error: Sign in/);
    assert.equal(await page.getByLabel("E-Mail").inputValue(), "nobody@example.org");
    assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "");
    assert.ok(await page.evaluate(() => document.activeElement.matches(".told.bad")), "the summary has the focus");
    await page.getByRole("link", { name: /do not go together/ }).click();
    assert.equal(await page.evaluate(() => document.activeElement.name), "identifier");
    await page.getByLabel("E-Mail").fill("");
    await v.press("Sign in");
    await v.sees("Enter your password.");
    await v.open("self-service/registration/browser");
    await v.fill("E-Mail", "not an address");
    if (await page.getByLabel("Password", { exact: true }).count()) await v.fill("Password", FIRST);
    await page.locator("main button").first().click();
    await page.waitForLoadState("load");
    await v.look();
    assert.equal(await page.getByLabel("E-Mail").inputValue(), "not an address");
    assert.equal(await page.getByLabel("E-Mail").getAttribute("aria-invalid"), "true");
  });
}

async function oldFormsGiveFreshOnes(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    for (const kind of ["login", "registration"]) {
      await v.open(`ui/${kind}?flow=7d1c66e0-4711-4b0a-8f3e-0123456789ab`);
      await v.sees("That form had expired. Here is a fresh one.");
      assert.equal(await page.locator("form").count(), 1);
    }
    await v.open("ui/");
    await page.context().clearCookies();
    await v.fill("E-Mail", "x@example.org");
    await v.fill("Password", FIRST);
    await v.press("Sign in");
    await v.heading("This form is not valid any more");
    await v.follow("Start again");
    await v.heading("Sign in");
    for (const missing of ["ui/nothing", "ui/a/b", "ui/a/b/c"]) {
      assert.equal((await page.goto(v.base + missing)).status(), 404);
      await v.heading("There is no such page");
      await v.look();
    }
  });
}

async function tooManyTriesAreToldAsATime(world) {
  await visit(world, {}, async (v) => {
    await v.open("ui/");
    for (let i = 0; i < 12; i++) {
      await v.fill("E-Mail", "throttled@example.org");
      await v.fill("Password", "wrong wrong wrong");
      await v.press("Sign in");
      if (await v.page.getByText("Too many tries. Try again in").count()) return;
    }
    assert.fail("twelve wrong passwords in a row and no word of it");
  });
}

// ---- names that somebody made up ----

async function hostileNames(world) {
  await visit(world, { viewport: { width: 360, height: 740 } }, async (v) => {
    const { page } = v;
    await v.register("hostile@example.org");
    await v.write(HOSTILE, "</textarea><script>alert(2)</script>\n\"quoted\" & {{brand}}");
    assert.ok((await page.locator(".list").innerText()).includes(HOSTILE));
    await page.locator(".list a").first().click();
    await page.waitForLoadState("load");
    await v.look();
    assert.doesNotMatch(page.url(), /script|umbrella/);
    assert.equal(await page.getByLabel("Name").inputValue(), HOSTILE);
    assert.equal(await page.getByLabel("Text").inputValue(),
      "</textarea><script>alert(2)</script>\n\"quoted\" & {{brand}}");
    await v.follow("Delete");
    assert.equal(await page.locator(".subject").innerText(), HOSTILE);
    await v.follow("Keep it");
    await v.fill("Name", "tame");
    await v.press("Save note");
    await v.sees("Note saved.");
    assert.equal(await page.locator(".list a").innerText(), "tame");
    await v.follow("New note");
    await v.fill("Name", "tame");
    await v.fill("Text", "another");
    await v.press("Save note");
    await v.sees("You have another note of this name.");
    assert.equal(await page.getByLabel("Text").inputValue(), "another");
    await v.fill("Name", " ");
    await v.press("Save note");
    await v.sees("Enter a name for the note.");
  });
}

// ---- two devices ----

async function twoDevices(world) {
  const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    + "Version/17.0 Mobile/15E148 Safari/604.1";
  await visit(world, {}, async (desk) => {
    await desk.register("two@example.org");
    await desk.write("List", "milk");
    await visit(world, { userAgent: phone, viewport: { width: 360, height: 740 } }, async (pocket) => {
      await pocket.signIn("two@example.org");
      await pocket.follow("List");
      await desk.follow("List");
      await desk.fill("Text", "milk, bread");
      await desk.press("Save note");
      await pocket.fill("Text", "milk, eggs");
      await pocket.press("Save note");
      await pocket.heading("Two versions of this note");
      assert.match(await pocket.page.title(), /^Error: /);
      await pocket.sees("milk, bread");
      assert.equal(await pocket.page.getByLabel("Text").inputValue(), "milk, eggs");
      await pocket.fill("Text", "milk, bread, eggs");
      await pocket.press("Save mine instead");
      await pocket.sees("Note saved.");

      await desk.follow("Devices");
      await desk.sees("Safari on iPhone");
      await desk.press("Sign out Safari on iPhone");
      await desk.sees("That device is signed out.");
      await pocket.open("ui/");
      await pocket.heading("Sign in");
      await pocket.signIn("two@example.org");
      await desk.follow("Devices");
      await desk.press("Sign out all other devices");
      await desk.sees("All your other devices are signed out.");
      await pocket.open("ui/devices");
      await pocket.heading("Sign in");
      await pocket.enter("two@example.org");
      await pocket.heading("Devices"); // back to the page that was asked for
    });
    await desk.follow("Notes");
    await desk.follow("List");
    assert.equal(await desk.page.getByLabel("Text").inputValue(), "milk, bread, eggs");
  });
}

// ---- what a script adds ----

async function withScript(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    await v.open("ui/");
    await v.fill("Password", "see me");
    await page.getByLabel("Show password").check();
    assert.equal(await page.getByLabel("Password", { exact: true }).getAttribute("type"), "text");
    await page.getByLabel("Show password").uncheck();
    assert.equal(await page.getByLabel("Password", { exact: true }).getAttribute("type"), "password");
    await v.register("files@example.org");
    const bytes = Buffer.from([0, 1, 2, 255, 254, 10, 13]);
    await page.getByText("Add file").click();
    await page.getByLabel("File", { exact: true })
      .setInputFiles({ name: "data & more.bin", mimeType: "application/octet-stream", buffer: bytes });
    await page.getByRole("button", { name: "Upload file" }).click();
    await v.sees("File stored.");
    await v.follow("data & more.bin");
    await v.sees("7 bytes");
    const [download] = await Promise.all([page.waitForEvent("download"),
      page.getByRole("link", { name: "Download" }).click()]);
    assert.equal(download.suggestedFilename(), "data & more.bin");
    const stream = await download.createReadStream();
    const got = [];
    for await (const chunk of stream) got.push(chunk);
    assert.deepEqual(Buffer.concat(got), bytes);
  });
}

async function withoutScript(world) {
  await visit(world, { javaScriptEnabled: false }, async (v) => {
    await v.open("ui/");
    assert.equal(await v.page.getByLabel("Show password").isVisible(), false);
  });
}

// ---- other settings than those of init ----

// A sign-in counts as recent for a second only: what is sensitive asks again, and then goes on.
async function freshSignIn(world) {
  const settings = { SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "1s" };
  await withSettings(world, settings, (own) => visit(own, {}, async (v) => {
    await v.register("fresh@example.org");
    await v.page.waitForTimeout(1200);
    await v.follow("Password");
    await v.fill("New password", SECOND);
    await v.press("Change password");
    await v.heading("Confirm that it is you");
    await v.fill("Password", FIRST);
    await v.press("Continue");
    await v.sees("Password changed.");
    await v.page.waitForTimeout(1200);
    await v.follow("Close account");
    await v.heading("Confirm that it is you");
    await v.fill("Password", SECOND);
    await v.press("Continue");
    await v.heading("Close account");
  }));
}

async function oneStepRegistration(world) {
  const settings = { SELFSERVICE_FLOWS_REGISTRATION_STYLE: "unified", WATCHWORD_PAGES_BRAND: "Ada & <Co>" };
  await withSettings(world, settings, (own) => visit(own, {}, async (v) => {
    await v.open("self-service/registration/browser");
    assert.match(await v.page.title(), /Ada & <Co>$/);
    assert.equal(await v.page.getByLabel("Password", { exact: true }).count(), 1);
    await v.fill("E-Mail", "one@example.org");
    await v.fill("Password", "password");
    await v.press("Create account");
    await v.sees("Choose another password: it is too easy to guess.");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "one@example.org");
    await v.fill("Password", FIRST);
    await v.press("Create account");
    await v.heading("Notes");
  }));
}

async function paleAccent() {
  await assert.rejects(start({ WATCHWORD_PAGES_ACCENT: "#ffcc00" }), /4\.5 : 1/);
}

async function pagesOff(world) {
  await withSettings(world, { WATCHWORD_PAGES_ENABLED: "false" }, async (own) => {
    for (const where of ["", "ui/", "ui/login"]) assert.equal((await fetch(own.base + where)).status, 404);
  });
}

// ---- headers ----

async function headers(world) {
  const answer = await fetch(`${world.base}ui/nothing`);
  const policy = answer.headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
    "require-trusted-types-for 'script'"]) assert.ok(policy.includes(part), part);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
  assert.equal(answer.headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  const html = await answer.text();
  const style = html.match(/href="(\/ui\/static\/style-[0-9a-f]{16}\.css)"/)[1];
  const sheet = await fetch(new URL(style, world.base));
  assert.equal(sheet.status, 200);
  assert.match(sheet.headers.get("cache-control"), /immutable/);
  assert.equal(sheet.headers.get("set-cookie"), null);
  assert.equal((await fetch(`${world.base}ui/static/style-0000000000000000.css`)).status, 404);
  const post = await fetch(`${world.base}ui/notes`, { method: "POST", redirect: "manual",
    headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" }, body: "name=x&text=y" });
  assert.equal(post.status, 403);
}

module.exports = {
  cases: [
    ["every page carries strict headers", headers],
    ["the whole story, with a script", (w) => wholeStory(w, "ada@example.org", {})],
    ["the whole story, without a script", (w) => wholeStory(w, "grace@example.org", { javaScriptEnabled: false })],
    ["the whole story, dark and on a telephone",
      (w) => wholeStory(w, "alan@example.org", { colorScheme: "dark", viewport: { width: 360, height: 740 } })],
    ["a journey by keyboard alone", byKeyboard],
    ["errors are told at the top, and what was typed stays", errorsAreTold],
    ["old forms give fresh ones", oldFormsGiveFreshOnes],
    ["too many tries are told as a time", tooManyTriesAreToldAsATime],
    ["hostile names stay names", hostileNames],
    ["two devices: conflicts, and signing out from afar", twoDevices],
    ["a script shows passwords and sends files", withScript],
    ["what is sensitive asks for a fresh sign-in, and then goes on", freshSignIn],
    ["registration in one step", oneStepRegistration],
    ["an accent that cannot be read is refused at start", paleAccent],
    ["pages that are off are not there", pagesOff],
    ["without a script nothing is offered that needs one", withoutScript],
  ],
};
