"use strict";
// Starting anew where nothing opens the notes, bringing the older ones back, and changing the locks.
const assert = require("node:assert/strict");
const { visit, withSettings, FIRST } = require("./visitor.js");

const OTHER = "seven quiet otters by the river";
const both = (title, run) => [["with a script", {}], ["without a script", { javaScriptEnabled: false }]]
  .map(([how, options]) => [`${title}, ${how}`, (w) => run(w, options)]);
const nameOf = (options) => (options.javaScriptEnabled === false ? "plain" : "script");

async function setPassword(world, email, password) {
  const found = await (await fetch(`${world.admin}admin/identities?credentials_identifier=${email}`)).json();
  const answer = await fetch(`${world.admin}admin/identities/${found[0].id}/password`, { method: "POST",
    headers: { "Content-Type": "application/json" }, body: JSON.stringify({ password }) });
  assert.equal(answer.status, 204);
}

async function codesShown(v) {
  await v.heading("Your recovery codes");
  const codes = await v.page.locator(".codes code").allTextContents();
  assert.equal(codes.length, 10);
  return codes;
}

// Somebody with a note, whose password an administrator set: at the page of sealed notes.
async function lockedOut(world, v, email) {
  await v.register(email);
  await v.write("Umbrella", "green");
  await v.open("ui/");
  await v.signOut();
  await setPassword(world, email, OTHER);
  await v.open("ui/");
  await v.enter(email, OTHER);
  await v.heading("Open your notes");
  await v.sees("or start anew");
}

async function startAnew(v, email) {
  await v.follow("Start anew");
  await v.heading("Start anew?");
  await v.page.locator("[name=confirm]").fill(email);
  await v.press("Start anew");
  return codesShown(v);
}

async function anewAndBack(world, options) {
  const email = `anew-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    const { page } = v;
    await lockedOut(world, v, email);
    await v.follow("Start anew");
    await v.heading("Start anew?");
    await v.sees("Nobody can open your notes without an old password or a recovery code.");
    await v.sees("Your notes and files are empty at first.");
    await v.follow("Cancel");
    await v.heading("Open your notes");
    await v.follow("Start anew");
    await v.press("Start anew"); // nothing typed
    assert.match(await page.title(), /^Error: /);
    await page.locator("[name=confirm]").fill("somebody@example.org");
    await v.press("Start anew");
    assert.equal(await page.locator("[name=confirm]").getAttribute("aria-invalid"), "true");
    await page.locator("[name=confirm]").fill(email);
    await v.press("Start anew");
    await codesShown(v);
    await v.sees("You have started anew.");
    await page.reload(); // shown once: with a script the notes come, without one the form is sent again
    await v.look();
    await v.open("ui/");
    await v.heading("Notes");
    await v.sees("Older notes are sealed, and kept until");
    assert.equal(await page.getByText("Umbrella").count(), 0);
    await v.write("Umbrella", "blue");
    await v.open("ui/start-anew"); // there is nothing to start anew
    await v.heading("Notes");

    await v.follow("Bring them back");
    await v.heading("Security");
    await v.sees("The password that you sign in with.");
    await v.sees("10 recovery codes.");
    await v.press("Bring them back");
    await v.sees("Enter an old password or a recovery code.");
    await v.fill("Password of then", OTHER);
    await v.press("Bring them back");
    await v.sees("This password does not open your notes.");
    await v.fill("Or a recovery code of then", "7K2M");
    await v.press("Bring them back");
    await v.sees("This code has a typing error.");
    await v.fill("Or a recovery code of then", "");
    await v.fill("Password of then", FIRST);
    await v.press("Bring them back");
    await codesShown(v);
    await v.sees("1 older note is back.");
    await v.sees("The older one is now called");
    await v.sees("These ten codes take the place of all earlier ones.");
    await v.follow("I have kept them");
    await v.heading("Notes");
    assert.equal(await page.getByText("Older notes are sealed").count(), 0);
    await v.follow("Umbrella");
    assert.equal(await page.getByLabel("Text").inputValue(), "blue");
    await v.open("ui/");
    await page.getByRole("link", { name: /^Umbrella \(before / }).click();
    await page.waitForLoadState("load");
    assert.equal(await page.getByLabel("Text").inputValue(), "green");
    await v.open("ui/activity");
    for (const what of ["Started anew with empty notes", "Older notes opened, and brought back"]) await v.sees(what);
  });
}

async function deleted(world, options) {
  const email = `discard-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    const { page } = v;
    await lockedOut(world, v, email);
    await startAnew(v, email);
    await v.open("ui/security");
    await v.follow("Delete them");
    await v.heading("Delete the older notes?");
    const address = page.url();
    await v.follow("Keep them");
    await v.heading("Security");
    await v.follow("Delete them");
    await v.press("Delete them");
    assert.match(await page.title(), /^Error: /);
    await page.locator("[name=confirm]").fill(email);
    await v.press("Delete them");
    await v.heading("Security");
    await v.sees("The older notes are deleted.");
    assert.equal(await page.getByRole("button", { name: "Bring them back" }).count(), 0);
    await page.goto(address);
    await v.heading("Security");
    await v.open("ui/older/nothing/delete");
    await v.heading("Security");
  });
}

async function locks(world, options) {
  await visit(world, options, async (v) => {
    const { page } = v;
    await v.register(`locks-${nameOf(options)}@example.org`);
    await v.write("Umbrella", "green");
    await v.follow("Security");
    await v.heading("Security");
    await v.sees("No recovery codes.");
    await v.press("Make new keys");
    await v.sees("New keys are in use.");
    await v.sees("Do this if somebody may have had your password");
    await v.press("Change the locks");
    await v.sees("Enter your password.");
    await v.fill("Your password", OTHER);
    await v.press("Change the locks");
    await v.sees("This is not your password.");
    assert.equal(await page.getByLabel("Your password").getAttribute("aria-invalid"), "true");
    assert.equal(await page.getByLabel("Your password").inputValue(), "");
    assert.equal(await page.getByLabel("Your password").getAttribute("autocomplete"), "current-password");
    await v.fill("Your password", FIRST);
    await v.press("Change the locks");
    await codesShown(v);
    await v.sees("The locks are changed.");
    await v.follow("I have kept them");
    await v.follow("Umbrella");
    assert.equal(await page.getByLabel("Text").inputValue(), "green");
    await v.open("ui/activity");
    for (const what of ["Locks changed: all keys replaced", "New keys for what is written from now on"]) await v.sees(what);
  });
}

async function freshSignIn(world) {
  const settings = { SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "1s" };
  await withSettings(world, settings, (own) => visit(own, {}, async (v) => {
    await v.register("locks-fresh@example.org");
    await v.page.waitForTimeout(1200);
    await v.open("ui/security");
    await v.fill("Your password", FIRST);
    await v.press("Change the locks");
    await v.heading("Confirm that it is you");
    await v.fill("Password", FIRST);
    await v.press("Continue");
    await v.heading("Security");
  }));
}

module.exports = {
  cases: [
    ...both("who has nothing that opens the notes starts anew, and brings the old ones back", anewAndBack),
    ...both("older notes are deleted for good", deleted),
    ...both("the locks are changed, and new keys are made", locks),
    ["changing the locks asks for a fresh sign-in", freshSignIn],
  ],
};
