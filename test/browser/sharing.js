"use strict";
// Sharing: with a person by name, seen from both sides, taken back, kept, and what is said when something is wrong.
const assert = require("node:assert/strict");
const { FIRST, visit } = require("./visitor.js");

const both = (title, run) => [["with a script", {}], ["without a script", { javaScriptEnabled: false }]]
  .map(([how, options]) => [`${title}, ${how}`, (w) => run(w, options)]);
const nameOf = (options) => (options.javaScriptEnabled === false ? "plain" : "script");
const NO_NAME = /umbrella|%40|@example/i; // no address holds what people typed

// Two people at two browsers, each with an account.
async function pair(world, options, word, story) {
  const names = ["ada", "bob"].map((who) => `${who}-${word}-${nameOf(options)}@example.org`);
  await visit(world, options, async (ada) => {
    await ada.register(names[0]);
    await visit(world, options, async (bob) => {
      await bob.register(names[1]);
      await story(ada, bob, ...names);
    });
  });
}

async function shareWith(v, note, who) {
  await v.open("ui/");
  await v.follow(note);
  await v.follow("Share");
  await v.heading("Share");
  await v.fill("Share with", who);
  await v.press("Share");
}

async function fromHandToHand(world, options) {
  await pair(world, options, "share", async (ada, bob, adaName, bobName) => {
    await ada.write("Umbrella", "it is the green one");
    await ada.follow("Umbrella");
    await ada.follow("Share");
    await ada.heading("Share");
    await ada.sees("Nobody else can, not even whoever runs this service.");
    for (const [typed, said] of [["", "Enter the e-mail address of somebody."], [`x${bobName}`, "Nobody signs in here with this"],
      [adaName, "This is you."], [`${"x".repeat(1100)}@example.org`, "Nobody signs in here with this"]]) {
      await ada.fill("Share with", typed);
      await ada.press("Share");
      await ada.sees(said);
      const field = ada.page.getByLabel("Share with", { exact: true });
      assert.equal(await field.getAttribute("aria-invalid"), "true");
      assert.equal(await field.inputValue(), typed);
    }
    await ada.fill("Share with", ` ${bobName.toUpperCase()} `);
    await ada.press("Share");
    await ada.heading("Who reads this");
    await ada.sees("Shared.");
    await ada.sees(bobName);
    assert.doesNotMatch(ada.page.url(), NO_NAME);
    assert.equal(await ada.page.getByRole("cell", { name: "Yes" }).count(), 1);

    await bob.open("ui/");
    await bob.follow("Shared");
    await bob.heading("Shared with me");
    await bob.sees(`From ${adaName}`);
    await bob.follow("Umbrella");
    await bob.sees("it is the green one");
    assert.doesNotMatch(bob.page.url(), NO_NAME);
    await bob.page.reload();
    await bob.look();
    await bob.press("Save a copy among my notes");
    await bob.heading("Notes");
    await bob.sees("Saved among your notes.");
    await bob.follow("Umbrella");
    assert.equal(await bob.page.getByLabel("Text").inputValue(), "it is the green one");

    // what is changed is the owner's until it is shown
    await ada.open("ui/");
    await ada.follow("Umbrella");
    await ada.fill("Text", "it is the blue one");
    await ada.press("Save note");
    await ada.follow("Umbrella");
    await ada.follow("Shared with 1 person");
    await ada.sees("You have changed it since.");
    await bob.open("ui/inbox");
    await bob.follow("Umbrella");
    await bob.sees("it is the green one");
    await ada.press("Show them what it says now");
    await ada.sees("They see what it says now.");
    assert.equal(await ada.page.getByText("You have changed it since.").count(), 0);
    await bob.page.reload();
    await bob.sees("it is the blue one");
    await bob.press("Save a copy among my notes");
    await bob.sees("You have another note of this name.");
    await bob.fill("Name of your copy", "Umbrella of Ada");
    await bob.press("Save a copy among my notes");
    await bob.sees("Saved among your notes.");

    await ada.press(`Remove ${bobName}`);
    await ada.sees("They cannot read it any more.");
    await ada.sees("Nobody reads it yet");
    await bob.open("ui/inbox");
    await bob.sees("Nobody shares anything with you yet.");
    await ada.fill("Share with", bobName);
    await ada.press("Share");
    await bob.open("ui/inbox");
    await bob.follow("Umbrella");
    await ada.follow("Stop sharing");
    await ada.heading("Stop sharing this?");
    await ada.follow("Keep sharing");
    await ada.follow("Stop sharing");
    await ada.press("Stop sharing");
    await ada.heading("Shared by me");
    await ada.sees("You share nothing yet.");
    await bob.page.reload(); // open when it ended
    await bob.heading("Shared with me");
    await bob.sees("This is not shared any more.");
    await bob.open("ui/");
    await bob.follow("Umbrella of Ada"); // a copy stays
    await ada.follow("Activity");
    for (const what of ["Something was shared with others", "A share was withdrawn"]) await ada.sees(what);
  });
}

async function filesToo(world, options) {
  await pair(world, options, "file", async (ada, bob, adaName, bobName) => {
    const bytes = Buffer.from([0x25, 0x50, 0, 1, 2]);
    await ada.page.getByText("Add file").click();
    await ada.page.getByLabel("File", { exact: true }).setInputFiles({ name: "report.pdf", mimeType: "application/pdf", buffer: bytes });
    await ada.page.getByRole("button", { name: "Upload file" }).click();
    await ada.sees("File stored.");
    await shareWith(ada, "report.pdf", bobName);
    await ada.sees("Shared.");
    await bob.open("ui/inbox");
    await bob.follow("report.pdf");
    await bob.sees("5 bytes");
    const [download] = await Promise.all([bob.page.waitForEvent("download"), bob.page.getByRole("link", { name: "Download" }).click()]);
    assert.equal(download.suggestedFilename(), "report.pdf");
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), bytes);
    await bob.press("Save a copy among my notes");
    await bob.follow("report.pdf");
    await bob.sees("5 bytes");
  });
}

async function laterSignIn(world, options) {
  const late = `late-${nameOf(options)}@example.org`;
  await visit(world, options, async (ada) => {
    const adaName = `ada-late-${nameOf(options)}@example.org`;
    await ada.register(adaName);
    const json = { "Content-Type": "application/json" };
    const made = await fetch(`${world.admin}admin/identities`, { method: "POST", headers: json,
      body: JSON.stringify({ schema_id: "default", traits: { email: late } }) });
    assert.equal(made.status, 201);
    await ada.write("Plan", "at noon");
    await shareWith(ada, "Plan", late);
    await ada.sees("Not yet: after they have signed in for the first time");
    await ada.follow("Shared");
    await ada.follow("Shared by me");
    await ada.sees("1 not yet");
    await fetch(`${world.admin}admin/identities/${(await made.json()).id}/password`, { method: "POST", headers: json,
      body: JSON.stringify({ password: FIRST }) });
    await visit(world, options, async (other) => {
      await other.signIn(late);
      await other.open("ui/inbox");
      await other.sees("Nobody shares anything with you yet.");
      await ada.signOut();
      await ada.signIn(adaName);
      await other.open("ui/inbox");
      await other.follow("Plan");
      await other.sees("at noon");
    });
  });
}

// The number of each is the same on both sides.
async function numbers(world, options) {
  await pair(world, options, "number", async (ada, bob, adaName, bobName) => {
    const number = async (v) => (await v.page.locator(".number span").allTextContents()).join(" ");
    await ada.write("Plan", "at noon");
    await shareWith(ada, "Plan", bobName);
    await ada.open("ui/people");
    const adas = await number(ada);
    assert.match(adas, /^(\d{5} ){11}\d{5}$/);
    await ada.follow(bobName);
    await ada.heading("Is it really them?");
    await ada.sees("Their keys are those that you know.");
    assert.doesNotMatch(ada.page.url(), NO_NAME);
    const bobs = await number(ada);
    await bob.open("ui/people");
    assert.equal(await number(bob), bobs);
    await bob.sees("You share with nobody yet.");
    await bob.open("ui/inbox"); // where the sender's keys are learnt
    await bob.open("ui/people");
    await bob.follow(adaName);
    assert.equal(await number(bob), adas);
  });
}

// Somebody starts anew: their keys are others, which is said in words, compared and accepted.
async function newKeys(world, options) {
  await pair(world, options, "anew", async (ada, bob, adaName, bobName) => {
    const number = async (v) => (await v.page.locator(".number span").allTextContents()).join(" ");
    await ada.write("Plan", "at noon");
    await shareWith(ada, "Plan", bobName);
    await bob.signOut();
    const found = await (await fetch(`${world.admin}admin/identities?credentials_identifier=${bobName}`)).json();
    const set = await fetch(`${world.admin}admin/identities/${found[0].id}/password`, { method: "POST",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify({ password: "seven quiet otters by the river" }) });
    assert.equal(set.status, 204);
    await bob.open("ui/");
    await bob.enter(bobName, "seven quiet otters by the river");
    await bob.follow("Start anew");
    await bob.page.locator("[name=confirm]").fill(bobName);
    await bob.press("Start anew");
    await bob.open("ui/inbox");
    await bob.sees("Nobody shares anything with you yet.");
    await bob.follow("People");
    const bobs = await number(bob);

    await ada.page.reload();
    await ada.look();
    await ada.sees("No: their keys are new.");
    await ada.fill("Share with", bobName);
    await ada.press("Share");
    await ada.sees("Their keys are not those that you know.");
    await ada.open("ui/people");
    await ada.sees("New keys");
    await ada.follow(bobName);
    await ada.sees(`The keys of ${bobName} are new.`);
    assert.equal(await number(ada), bobs);
    await ada.follow("They differ, or I cannot tell");
    await ada.heading("People");
    await ada.follow(bobName);
    await ada.press("The numbers are the same");
    await ada.sees("You know their keys now.");
    await ada.sees("Their keys are those that you know.");
    await bob.open("ui/inbox");
    await bob.follow("Plan");
    await bob.sees("at noon");
  });
}

async function twoTabs(world) {
  await pair(world, {}, "tabs", async (ada, bob, adaName, bobName) => {
    await ada.write("Plan", "at noon");
    await ada.follow("Plan");
    await ada.follow("Share");
    const other = await ada.tab();
    await other.open(new URL(ada.page.url()).pathname.slice(1));
    await ada.fill("Share with", bobName);
    await ada.page.getByRole("button", { name: "Share", exact: true }).dblclick(); // one share, one person
    await ada.sees("Shared.");
    await other.fill("Share with", bobName);
    await other.press("Share");
    await other.heading("Who reads this");
    assert.equal(await other.page.getByRole("row").count(), 2);
    await ada.page.goBack();
    await ada.page.goForward();
    await ada.heading("Who reads this");
    await ada.follow("Stop sharing");
    await ada.press("Stop sharing");
    await other.fill("Share with", adaName);
    await other.press("Share");
    await other.sees("This is not shared any more.");
    await ada.open(`ui/shared/${"0".repeat(32)}`);
    await ada.sees("This is not shared any more.");
    for (const where of ["ui/inbox/nothing", "ui/people/nothing", `ui/people/${"0".repeat(8)}-0000-4000-8000-${"0".repeat(12)}`]) {
      await ada.open(where);
    }
    await ada.heading("There is no such page");
  });
}

// A note that is deleted is not read on by others.
async function deletedWithIt(world) {
  await pair(world, {}, "delete", async (ada, bob, adaName, bobName) => {
    await ada.write("Plan", "at noon");
    await shareWith(ada, "Plan", bobName);
    await ada.follow("Open my own");
    await ada.follow("Delete");
    await ada.sees("Whom you share it with cannot read it any more either.");
    await ada.press("Delete note");
    await ada.sees("Note deleted.");
    await bob.open("ui/inbox");
    await bob.sees("Nobody shares anything with you yet.");
  });
}

async function tooMany(world) {
  await visit(world, {}, async (v) => {
    await v.register("asks-a-lot@example.org");
    await v.write("Plan", "at noon");
    await v.follow("Plan");
    await v.follow("Share");
    for (let i = 0; i < 60; i++) {
      await v.page.getByLabel("Share with", { exact: true }).fill(`nobody-${i}@example.org`);
      await v.page.getByRole("button", { name: "Share", exact: true }).click();
      await v.page.waitForURL("**/share");
      await v.page.getByText("Nobody signs in here with this").first().waitFor();
    }
    await v.fill("Share with", "one-more@example.org");
    await v.press("Share");
    await v.sees("You have named many people in this hour. Try again in");
    assert.equal(await v.page.getByLabel("Share with", { exact: true }).inputValue(), "one-more@example.org");
  });
}

module.exports = {
  cases: [
    ...both("a note goes from hand to hand", fromHandToHand),
    ...both("a file is shared too", filesToo),
    ...both("who has never signed in reads it later", laterSignIn),
    ...both("the numbers of two people are the same on both sides", numbers),
    ...both("new keys are told, compared and accepted", newKeys),
    ["sharing from two tabs, twice, and back", twoTabs],
    ["a note that is deleted is withdrawn", deletedWithIt],
    ["too many names are told as a time", tooMany],
  ],
};
