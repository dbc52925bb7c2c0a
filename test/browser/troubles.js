"use strict";
// What goes on in real life: sessions end, forms grow old, people go back, reload, and open two tabs.
const assert = require("node:assert/strict");
const { FIRST, visit, withSettings } = require("./visitor.js");

const both = (run) => [["with a script", {}], ["without a script", { javaScriptEnabled: false }]]
  .map(([title, options]) => [title, (w) => run(w, options)]);
const nameOf = (options) => (options.javaScriptEnabled === false ? "plain" : "script");

// ---- what was typed is never dropped ----

async function noteAfterTheSessionEnded(world, options) {
  const email = `kept-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    await v.register(email);
    await v.write("List", "milk");
    await v.follow("List");
    await v.fill("Text", "milk, and a long thought");
    const other = await v.tab();
    await other.open("ui/");
    await other.signOut();
    await v.press("Save note");
    await v.heading("Sign in");
    await v.sees("You are signed out. What you typed is kept: sign in, and it is saved.");
    await v.enter(email, "not the password at all");
    await v.sees("do not go together");
    await v.enter(email);
    await v.sees("Note saved.");
    await v.follow("List");
    assert.equal(await v.page.getByLabel("Text").inputValue(), "milk, and a long thought");
    await v.open("ui/kept");
    await v.heading("Nothing is waiting here");
  });
}

async function noteAfterAnotherSignIn(world, options) {
  const email = `again-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    await v.register(email);
    await v.follow("New note");
    await v.fill("Name", "Plan");
    await v.fill("Text", "written before");
    const other = await v.tab();
    await other.open("ui/");
    await other.signOut();
    await other.signIn(email);
    await v.press("Save note");
    await v.sees("Note saved.");
    await v.follow("Plan");
    assert.equal(await v.page.getByLabel("Text").inputValue(), "written before");
  });
}

async function noteOfSomebodyElse(world) {
  await visit(world, {}, async (v) => {
    await v.register("writer@example.org");
    await v.signOut();
    await v.register("reader@example.org");
    await v.signOut();
    await v.signIn("writer@example.org");
    await v.follow("New note");
    await v.fill("Name", "Mine");
    await v.fill("Text", "not for readers");
    const other = await v.tab();
    await other.open("ui/");
    await other.signOut();
    await other.signIn("reader@example.org");
    await v.press("Save note");
    await v.heading("This belongs to another account");
    assert.doesNotMatch(await v.page.content(), /not for readers/);
    await v.follow("Notes");
    await v.sees("No notes yet.");
    await v.signOut();
    await v.signIn("writer@example.org");
    await v.open("ui/kept");
    await v.sees("Note saved.");
    await v.follow("Mine");
    assert.equal(await v.page.getByLabel("Text").inputValue(), "not for readers");
  });
}

async function profileAfterTheSessionEnded(world, options) {
  const email = `profile-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    await v.register(email);
    await v.follow("Profile");
    await v.fill("E-Mail", `new-${email}`);
    const other = await v.tab();
    await other.open("ui/");
    await other.signOut();
    await v.press("Save profile");
    await v.heading("Sign in");
    await v.enter(email);
    await v.heading("Profile");
    await v.sees("This is what you typed. Save it now.");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), `new-${email}`);
    await v.press("Save profile");
    await v.sees("Profile saved.");
  });
}

// A form that grew old gives a fresh one, with all that was typed but passwords.
async function expiredForms(world, options) {
  const settings = { SELFSERVICE_FLOWS_LOGIN_LIFESPAN: "4s", SELFSERVICE_FLOWS_REGISTRATION_LIFESPAN: "4s",
    SELFSERVICE_FLOWS_SETTINGS_LIFESPAN: "4s" };
  await withSettings(world, settings, (own) => visit(own, options, async (v) => {
    const wait = () => v.page.waitForTimeout(4200);
    await v.open("self-service/registration/browser");
    await v.fill("E-Mail", "slow@example.org");
    await wait();
    await v.press("Continue");
    await v.heading("Create an account");
    await v.sees("This page had been open for too long.");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "slow@example.org");
    await v.open("ui/");
    await v.fill("E-Mail", "slow@example.org");
    await v.fill("Password", FIRST);
    await wait();
    await v.press("Sign in");
    await v.sees("This page had been open for too long.");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "slow@example.org");
    assert.equal(await v.page.getByLabel("Password", { exact: true }).inputValue(), "");
    await v.register("slow@example.org");
    await v.follow("Profile");
    await v.fill("E-Mail", "slower@example.org");
    await wait();
    await v.press("Save profile");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "slower@example.org");
    await v.press("Save profile");
    await v.sees("Profile saved.");
  }));
}

// ---- a mistyped address can be corrected ----

async function signUpGoesBack(world, options) {
  const email = `right-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    const { page } = v;
    await v.open("ui/");
    await v.follow("Create an account");
    await v.sees("Step 1 of 2");
    await v.fill("E-Mail", "wrogn@example.org");
    await v.press("Continue");
    await v.sees("Step 2 of 2");
    await v.sees("If you forget it, nobody can open your notes.");
    const shown = page.getByLabel("E-Mail");
    assert.equal(await shown.inputValue(), "wrogn@example.org");
    assert.equal(await shown.getAttribute("autocomplete"), "username");
    assert.equal(await shown.getAttribute("readonly"), "");
    await v.press("Change");
    await v.sees("Step 1 of 2");
    assert.equal(await page.getByLabel("E-Mail").inputValue(), "wrogn@example.org");
    await v.fill("E-Mail", "wrong@example.org");
    await v.press("Continue");
    await v.sees("Step 2 of 2");
    await page.goBack();
    await page.waitForLoadState("load");
    await v.sees("Step 1 of 2");
    await v.fill("E-Mail", email);
    await v.press("Continue");
    await page.reload();
    await v.sees("Step 2 of 2");
    assert.equal(await page.getByLabel("E-Mail").inputValue(), email);
    await v.fill("Password", FIRST);
    await v.page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Notes" }).waitFor();
    await v.follow("Profile");
    assert.equal(await page.getByLabel("E-Mail").inputValue(), email);
    await v.follow("Password");
    assert.equal(await page.locator("input[autocomplete=username]").inputValue(), email);
  });
}

async function takenIsToldAtTheAddress(world, options) {
  const email = `taken-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    await v.register(email);
    await v.signOut();
    await v.open("self-service/registration/browser");
    await v.fill("E-Mail", email);
    await v.press("Continue");
    await v.sees("There is an account with this e-mail address.");
    assert.equal(await v.page.getByLabel("E-Mail").getAttribute("aria-invalid"), "true");
    assert.equal(await v.page.getByLabel("Password", { exact: true }).count(), 0);
    await v.press("Sign in");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), email);
  });
}

async function signInTakesTheAddressAlong(world, options) {
  await visit(world, options, async (v) => {
    await v.open("self-service/registration/browser");
    await v.fill("E-Mail", "along@example.org");
    await v.press("Sign in");
    await v.heading("Sign in");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "along@example.org");
    assert.doesNotMatch(v.page.url(), /along/);
    await v.follow("Create an account");
    await v.fill("E-Mail", "along@example.org");
    await v.press("Continue");
    await v.press("Sign in");
    await v.heading("Sign in");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "along@example.org");
  });
}

// In a site where the name comes first, it can be changed at the second page.
async function nameFirst(world) {
  await withSettings(world, { SELFSERVICE_FLOWS_LOGIN_STYLE: "identifier_first" }, (own) => visit(own, {}, async (v) => {
    await v.register("first@example.org");
    await v.signOut();
    await v.open("ui/");
    await v.fill("E-Mail", "first@example.org");
    await v.press("Continue");
    const shown = v.page.getByLabel("E-Mail");
    assert.equal(await shown.inputValue(), "first@example.org");
    assert.equal(await shown.getAttribute("autocomplete"), "username");
    await v.press("Change");
    assert.equal(await v.page.getByLabel("E-Mail").inputValue(), "first@example.org");
    await v.press("Continue");
    await v.fill("Password", FIRST);
    await v.press("Sign in");
    await v.heading("Notes");
  }));
}

// Whose sign-in is confirmed, and the way back.
async function confirmingShowsWhose(world) {
  const settings = { SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "1s" };
  await withSettings(world, settings, (own) => visit(own, {}, async (v) => {
    await v.register("whose@example.org");
    await v.page.waitForTimeout(1200);
    await v.follow("Close account");
    await v.heading("Confirm that it is you");
    const shown = v.page.getByLabel("E-mail address");
    assert.equal(await shown.inputValue(), "whose@example.org");
    assert.equal(await shown.getAttribute("autocomplete"), "username");
    await v.follow("Cancel");
    await v.heading("Notes");
  }));
}

// ---- what is said is true, and is heard ----

async function outcomesAreTrue(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    await v.open("ui/closed");
    await v.heading("Sign in");
    await v.register("true@example.org");
    await v.sees("Your account is made.");
    assert.match(await page.title(), /^Your account is made\./);
    assert.ok(await page.evaluate(() => document.activeElement.matches(".told.good")), "the outcome has the focus");
    await page.reload();
    assert.equal(await page.locator(".told").count(), 0);
    for (const said of ["saved", "deleted", "password", "closed"]) {
      await v.open(`ui/?said=${said}`);
      assert.equal(await page.locator(".told").count(), 0);
    }
    await v.open("ui/closed");
    await v.heading("Notes");
    await v.open("ui/signed-out");
    await v.heading("Notes");
  });
}

async function conflictsOfferACopy(world) {
  await visit(world, {}, async (v) => {
    await v.register("copy@example.org");
    await v.write("List", "milk");
    await v.follow("List");
    const other = await v.tab();
    await other.open("ui/");
    await other.follow("List");
    await other.fill("Text", "milk, bread");
    await other.press("Save note");
    await v.fill("Text", "milk, eggs");
    await v.press("Save note");
    await v.heading("Two versions of this note");
    assert.match(await v.page.title(), /^Error: /);
    await v.sees("milk, bread");
    assert.equal(await v.page.getByLabel("Text").inputValue(), "milk, eggs");
    await v.press("Save mine as a copy");
    await v.sees("Note saved.");
    await v.follow("List (copy)");
    assert.equal(await v.page.getByLabel("Text").inputValue(), "milk, eggs");
    await v.follow("Notes");
    await v.follow("List");
    assert.equal(await v.page.getByLabel("Text").inputValue(), "milk, bread");
  });
}

// Whoever asks ahead changes nothing: no session ends, nothing that waits is taken.
async function asking(v, where, how) {
  return v.page.evaluate(async ([url, options]) => {
    const answer = await fetch(url, { redirect: "manual", ...options });
    return answer.status || answer.type;
  }, [where, how]);
}
async function lookingAheadChangesNothing(world) {
  await visit(world, {}, async (v) => {
    await v.register("ahead@example.org");
    for (const where of ["ui/sign-out", "ui/kept", "ui/profile", "ui/signed-out"]) {
      await asking(v, world.base + where, { method: "HEAD" });
    }
    await v.open("ui/");
    await v.heading("Notes");
    await v.follow("New note");
    await v.fill("Name", "Waits");
    await v.fill("Text", "patiently");
    const other = await v.tab();
    await other.open("ui/");
    await other.signOut();
    await v.press("Save note");
    await other.signIn("ahead@example.org");
    assert.equal(await asking(other, `${world.base}ui/kept`, { method: "HEAD" }), 200);
    await other.open("ui/kept");
    await other.sees("Note saved.");
  });
}

// ---- files, lists, devices ----

async function filesInEveryWay(world, options) {
  await visit(world, options, async (v) => {
    const { page } = v;
    await v.register(`file-${nameOf(options)}@example.org`);
    const choose = async (name, bytes) => {
      if (!await page.getByLabel("File", { exact: true }).isVisible()) await page.getByText("Add file").click();
      if (name) await page.getByLabel("File", { exact: true }).setInputFiles({ name, mimeType: "application/octet-stream", buffer: bytes });
      await page.getByRole("button", { name: "Upload file" }).click();
    };
    await choose("two \"quotes\" & \u00fcmlaut.bin", Buffer.from([0, 255, 13, 10, 45, 45]));
    await v.sees("File stored.");
    await v.sees("File, 6 bytes");
    await choose("two \"quotes\" & \u00fcmlaut.bin", Buffer.from("other"));
    await v.sees("There is something of this name already.");
    await v.open("ui/");
    await choose("large.bin", Buffer.alloc(1024 * 1024 + 1));
    await v.sees("This file is too large. Choose one of at most 1 MB.");
    await v.open("ui/");
    await choose(null);
    await v.sees("Choose a file first.");
    await v.write("Words", "some");
    await v.sees("Note \u00b7");
    await v.look();
  });
}

async function uploadAfterTheSessionEnded(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    await v.register("upload@example.org");
    await page.getByText("Add file").click();
    await page.getByLabel("File", { exact: true }).setInputFiles({ name: "a.bin", mimeType: "application/octet-stream", buffer: Buffer.from([1]) });
    const other = await v.tab();
    await other.open("ui/");
    await other.signOut();
    await page.getByRole("button", { name: "Upload file" }).click();
    await v.sees("You are signed out.");
    await other.signIn("upload@example.org");
    await page.getByRole("button", { name: "Upload file" }).click();
    await v.sees("File stored.");
  });
}

async function devicesAreToldApart(world) {
  await visit(world, { timezoneId: "Asia/Tokyo" }, async (v) => {
    await v.register("twins@example.org");
    await visit(world, {}, async (twin) => {
      await twin.signIn("twins@example.org");
      await v.follow("Devices");
      assert.equal(await v.page.locator("tbody tr").count(), 2);
      const button = v.page.getByRole("button", { name: "Sign out Chrome on Linux", exact: true });
      const described = await button.getAttribute("aria-describedby");
      assert.match(await v.page.locator(`[id="${described}"]`).innerText(), /\d/);
      const shown = await v.page.locator("tbody time").first();
      const there = new Date(await shown.getAttribute("datetime")).toLocaleTimeString("en", { timeZone: "Asia/Tokyo", timeStyle: "short" });
      assert.ok((await shown.innerText()).endsWith(there.replace(/\s/g, " ")) || (await shown.innerText()).includes(there));
    });
  });
}

async function pagesThatAreNotThere(world, options) {
  await visit(world, options, async (v) => {
    for (const missing of ["nowhere", "self-service/nothing", "ui/nothing/at/all/here"]) {
      assert.equal((await v.page.goto(v.base + missing)).status(), 404);
      await v.heading("There is no such page");
    }
    assert.equal((await fetch(`${world.base}nowhere`)).headers.get("content-type"), "text/plain; charset=utf-8");
    await v.register(`well-${nameOf(options)}@example.org`);
    await v.open(".well-known/change-password");
    await v.heading("Password");
  });
}

// Nobody waits for a slow network: the button says that it is on its way, and a second click changes nothing.
async function slowNetwork(world) {
  await visit(world, {}, async (v) => {
    const { page } = v;
    await v.register("slow-network@example.org");
    await v.follow("New note");
    await v.fill("Name", "Once");
    await v.fill("Text", "only");
    await page.route("**/ui/notes", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await page.evaluate(() => new MutationObserver(() => {
      if (document.querySelector("button[aria-busy=true]")) sessionStorage.setItem("busy", "seen");
    }).observe(document.body, { attributes: true, subtree: true }));
    await page.getByRole("button", { name: "Save note" }).dblclick({ noWaitAfter: true });
    await v.sees("Note saved.");
    assert.equal(await page.locator(".list li").count(), 1);
    assert.equal(await page.evaluate(() => sessionStorage.getItem("busy")), "seen");
  });
}

// ---- whatever the schema asks for ----

const RICH = {
  $id: "https://example.org/rich.json", $schema: "http://json-schema.org/draft-07/schema#", type: "object",
  properties: { traits: { type: "object", required: ["username"], additionalProperties: false, properties: {
    username: { type: "string", title: "User name", "ory.sh/kratos": { credentials: { password: { identifier: true } } } },
    emails: { type: "array", title: "E-mail addresses", items: { type: "string", format: "email" } },
    born: { type: "string", format: "date-time", title: "Born" },
    plan: { type: "string", enum: ["free", "paid"], title: "Plan" },
    news: { type: "boolean", title: "News by mail" },
  } } },
};

async function richProfile(world, options) {
  await withSettings(world, {}, (own) => visit(own, options, async (v) => {
    const { page } = v;
    await v.open("ui/");
    await v.sees("User name");
    await v.press("Sign in");
    await v.sees("Enter your user name.");
    await v.follow("Create an account");
    await v.fill("User name", "ada");
    await page.locator("input[name='traits.emails']").fill("one@example.org");
    await page.getByLabel("Plan").selectOption("paid");
    await page.getByLabel("Born").fill("1815-12-10T09:30");
    await v.press("Continue");
    await v.press("Change");
    assert.equal(await page.getByLabel("Plan").inputValue(), "paid");
    assert.equal(await page.locator("input[name='traits.emails.0']").inputValue(), "one@example.org");
    assert.equal(await page.getByLabel("Born").inputValue(), "1815-12-10T09:30");
    await v.press("Continue");
    await v.fill("Password", FIRST);
    await v.press("Create account");
    await v.heading("Notes");
    await v.follow("Profile");
    assert.equal(await page.getByLabel("Born").inputValue(), "1815-12-10T09:30");
    assert.equal(await page.getByLabel("Plan").inputValue(), "paid");
    assert.equal(await page.locator("input[name='traits.emails.0']").inputValue(), "one@example.org");
    await page.locator("input[name='traits.emails.1']").fill("two@example.org");
    await page.getByLabel("News by mail").check();
    await v.press("Save profile");
    await v.sees("Profile saved.");
    assert.equal(await page.locator("input[name='traits.emails.0']").inputValue(), "one@example.org");
    assert.equal(await page.locator("input[name='traits.emails.1']").inputValue(), "two@example.org");
    assert.ok(await page.getByLabel("News by mail").isChecked());
    await page.locator("input[name='traits.emails.0']").fill("");
    await page.locator("input[name='traits.emails.1']").fill("no address");
    await v.press("Save profile");
    assert.match(await page.title(), /^Error: /);
    assert.equal(await page.locator("input[name='traits.emails.0']").inputValue(), "no address");
    await page.locator("input[name='traits.emails.0']").fill("three@example.org");
    await v.press("Save profile");
    await v.sees("Profile saved.");
    assert.equal(await page.locator("input[name='traits.emails.0']").inputValue(), "three@example.org");
    assert.equal(await page.locator("input[name='traits.emails.1']").inputValue(), "");
    await v.follow("Password");
    assert.equal(await page.locator("input[autocomplete=username]").inputValue(), "ada");
    await v.follow("Close account");
    await v.sees("Your user name");
    await v.sees("To confirm, type ada");
  }), RICH);
}

const named = (title, run) => both(run).map(([how, one]) => [`${title}, ${how}`, one]);

module.exports = {
  cases: [
    ...named("a note saved after the session ended is kept", noteAfterTheSessionEnded),
    ...named("a note saved after another sign-in is saved", noteAfterAnotherSignIn),
    ["a note is kept for its writer, whoever signs in meanwhile", noteOfSomebodyElse],
    ...named("a profile saved after the session ended is kept", profileAfterTheSessionEnded),
    ...named("sign-up goes back and forth", signUpGoesBack),
    ...named("a taken address is told at the address", takenIsToldAtTheAddress),
    ...named("signing in instead takes the address along", signInTakesTheAddressAlong),
    ["a sign-in name that comes first can be changed", nameFirst],
    ["confirming a sign-in shows whose, and has a way back", confirmingShowsWhose],
    ["what is said is true, takes the focus, and is said once", outcomesAreTrue],
    ["a conflict is an error that shows both, and offers a copy", conflictsOfferACopy],
    ["looking ahead changes nothing", lookingAheadChangesNothing],
    ...named("files are added, and refused in words", filesInEveryWay),
    ["a file waits on its page when the session ended", uploadAfterTheSessionEnded],
    ["devices are told apart, in the time of whoever looks", devicesAreToldApart],
    ...named("what is not there is told on a page", pagesThatAreNotThere),
    ["a slow network: a button is busy, a second click changes nothing", slowNetwork],
    ...named("lists, times, choices and truths of a profile", richProfile),
    ...named("expired forms keep what was typed", expiredForms),
  ],
};
