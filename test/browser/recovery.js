"use strict";
// Recovery codes: made, shown once, kept, ended, and used by who forgot the password.
const assert = require("node:assert/strict");
const { visit, withSettings, FIRST } = require("./visitor.js");

const CODE = /^[0-9A-Z]{4}(-[0-9A-Z]{4}){6}$/;
const FORM_OF_A_CODE = /[0-9A-Z]{4}(-[0-9A-Z]{4}){6}/;
const both = (title, run) => [["with a script", {}], ["without a script", { javaScriptEnabled: false }]]
  .map(([how, options]) => [`${title}, ${how}`, (w) => run(w, options)]);
const nameOf = (options) => (options.javaScriptEnabled === false ? "plain" : "script");

async function shown(v) {
  const codes = await v.page.locator(".codes code").allTextContents();
  for (const code of codes) assert.match(code, CODE);
  return codes;
}

async function makeCodes(v, button = "Make ten codes") {
  await v.follow("Recovery codes");
  await v.press(button);
  await v.heading("Your recovery codes");
  return shown(v);
}

async function savedFile(v) {
  const [download] = await Promise.all([v.page.waitForEvent("download"),
    v.page.getByRole("button", { name: "Save as a text file" }).click()]);
  assert.equal(download.suggestedFilename(), "recovery-codes.txt");
  let text = "";
  for await (const chunk of await download.createReadStream()) text += chunk;
  return text;
}

// Nothing that the browser keeps or sends along holds a code.
async function keptNowhere(v, codes) {
  const cookies = JSON.stringify(await v.page.context().cookies());
  for (const code of codes) assert.ok(!cookies.includes(code) && !v.page.url().includes(code));
  assert.doesNotMatch(await v.page.content(), FORM_OF_A_CODE);
}

async function shownOnce(world, options) {
  await visit(world, options, async (v) => {
    const { page } = v;
    await v.register(`codes-${nameOf(options)}@example.org`);
    await v.follow("Recovery codes");
    await v.heading("Recovery codes");
    await v.sees("You have no codes yet.");
    const answer = page.waitForResponse((r) => r.url().endsWith("/ui/codes") && r.request().method() === "POST");
    const codes = await makeCodes(v);
    assert.equal((await answer).headers()["cache-control"], "no-store");
    await v.sees("Your codes are made.");
    await v.sees("Each code opens your notes once if you forget your password.");
    assert.equal(new Set(codes).size, 10);
    assert.equal(await page.getByRole("button", { name: "Print" }).isVisible(), v.script);

    for (let i = 0; i < 2; i++) { // as often as somebody likes, while the page is there
      const lines = (await savedFile(v)).split("\r\n");
      assert.ok(lines[0].includes(world.base), lines[0]);
      assert.deepEqual(lines.filter((line) => CODE.test(line)), codes);
    }
    await v.heading("Your recovery codes");

    await page.reload();
    await v.look();
    await v.heading("Recovery codes");
    await v.sees("10 codes left");
    if (!v.script) await v.sees("Your codes are made, and were shown once.");
    await keptNowhere(v, codes);
    await v.open("ui/codes");
    await keptNowhere(v, codes);
  });
}

async function goingBackShowsNone(world, options) {
  await visit(world, options, async (v) => {
    await v.register(`codes-back-${nameOf(options)}@example.org`);
    const codes = await makeCodes(v);
    await v.follow("I have kept them");
    await v.heading("Notes");
    await v.page.goBack().catch(() => {}); // without a script: the browser asks before it sends a form again
    await v.page.waitForTimeout(200);
    await keptNowhere(v, codes);
    await v.open("ui/codes");
    await v.sees("10 codes left");
  });
}

async function newOnesAndNone(world, options) {
  await visit(world, options, async (v) => {
    await v.register(`codes-new-${nameOf(options)}@example.org`);
    const first = await makeCodes(v);
    await v.follow("Recovery codes");
    await v.sees("When you make new codes, the old ones stop.");
    const second = await makeCodes(v, "Make ten new codes");
    await v.sees("The old ones have stopped.");
    assert.equal(second.filter((code) => first.includes(code)).length, 0);
    await v.follow("Recovery codes");
    await v.follow("End all codes");
    await v.heading("End all recovery codes?");
    await v.follow("Keep them");
    await v.sees("10 codes left");
    await v.follow("End all codes");
    await v.press("End all codes");
    await v.sees("Your recovery codes have ended.");
    await v.sees("You have no codes yet.");
    await v.follow("Activity");
    for (const what of ["New recovery codes made", "Recovery codes ended"]) await v.sees(what);
    await v.open("ui/codes/end");
    await v.heading("Recovery codes");
  });
}

// On paper: where they are for, and the codes. Nothing else, and black on white in the dark too.
async function onPaper(world) {
  await visit(world, { colorScheme: "dark" }, async (v) => {
    const { page } = v;
    await v.register("codes-paper@example.org");
    const codes = await makeCodes(v);
    await page.emulateMedia({ media: "print", colorScheme: "light" });
    const text = await page.locator("body").innerText();
    for (const code of codes) assert.ok(text.includes(code), code);
    assert.ok(text.includes(world.base));
    for (const absent of ["Sign out", "Save as", "shown this once", "codes-paper", "Devices"]) {
      assert.ok(!text.includes(absent), absent);
    }
  });
}

async function freshSignIn(world) {
  const settings = { SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "1s" };
  await withSettings(world, settings, (own) => visit(own, {}, async (v) => {
    await v.register("codes-fresh@example.org");
    await v.page.waitForTimeout(1200);
    await v.follow("Recovery codes");
    await v.press("Make ten codes");
    await v.heading("Confirm that it is you");
    await v.fill("Password", FIRST);
    await v.press("Continue");
    await v.heading("Recovery codes");
    await v.press("Make ten codes");
    await v.heading("Your recovery codes");
    await v.page.waitForTimeout(1200);
    await v.open("ui/codes/end");
    await v.heading("Confirm that it is you");
  }));
}

// Only codes come back as a file, and only to a page of ours.
async function fileOfCodesOnly(world) {
  await visit(world, {}, async (v) => {
    await v.register("codes-file@example.org");
    await makeCodes(v);
    const send = (form) => v.page.evaluate(async (fields) => {
      const body = new URLSearchParams(fields);
      const token = document.querySelector("form[data-again] [name=csrf_token]").value;
      if (!fields.some(([name]) => name === "csrf_token")) body.append("csrf_token", token);
      return (await fetch("/ui/codes/file", { method: "POST", body, headers: { Accept: "application/json" } })).status;
    }, form);
    const good = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV";
    assert.equal(await send([["code", good]]), 200);
    assert.equal(await send([["code", good], ["csrf_token", "x"]]), 403);
    for (const bad of ["", "<script>", good.slice(1), `${good}-0000`, good.toLowerCase(), good.replace("0", "U")]) {
      assert.equal(await send([["code", bad]]), 400, bad);
    }
    assert.equal(await send(Array(11).fill(["code", good])), 400);
    assert.equal(await send([]), 400);
  });
}

// ---- who forgot the password ----

const OTHER = "seven quiet otters by the river";

// Somebody with a note and ten codes, signed out, at the page that takes one.
async function forgot(v, email) {
  await v.register(email);
  await v.write("Umbrella", "green");
  const codes = await makeCodes(v);
  await v.follow("I have kept them");
  await v.signOut();
  await toRecovery(v);
  return codes;
}

async function toRecovery(v) {
  await v.open("ui/");
  await v.page.getByText("Cannot sign in?").click();
  await v.follow("Use a recovery code");
  await v.heading("Use a recovery code");
}

async function recover(v, email, code, password = OTHER) {
  await v.fill("E-mail address", email);
  await v.fill("Recovery code", code);
  await v.fill("New password", password);
  await v.press("Change password and sign in");
}

async function aCodeSignsIn(world, options) {
  const email = `forgot-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    const { page } = v;
    const codes = await forgot(v, email);
    for (const [label, token] of [["E-mail address", "username"], ["Recovery code", "off"], ["New password", "new-password"]]) {
      assert.equal(await page.getByLabel(label, { exact: true }).getAttribute("autocomplete"), token);
    }
    await recover(v, email, ` ${codes[3].toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l")}`);
    await v.sees("Your password is changed. Your other devices were signed out.");
    await v.heading("Your new recovery code");
    await v.sees("I have kept it");
    const fresh = await shown(v);
    assert.equal(fresh.length, 1);
    assert.ok(!codes.includes(fresh[0]));
    assert.ok((await savedFile(v)).includes(fresh[0]));
    await page.reload();
    await v.heading("Recovery codes");
    await v.sees("10 codes left");
    await keptNowhere(v, [...codes, ...fresh]);
    await v.follow("Notes");
    await v.follow("Umbrella");
    assert.equal(await page.getByLabel("Text").inputValue(), "green");
    await v.open("ui/recover"); // whoever is signed in needs none
    await v.heading("Notes");
    await v.signOut();
    await v.signIn(email, OTHER);
    await v.signOut();
    await toRecovery(v);
    await recover(v, email, fresh[0], FIRST);
    await v.heading("Your new recovery code");
  });
}

async function recoveryErrors(world, options) {
  const email = `errors-${nameOf(options)}@example.org`;
  await visit(world, options, async (v) => {
    const { page } = v;
    const codes = await forgot(v, email);
    const value = (label) => page.getByLabel(label, { exact: true }).inputValue();
    const invalid = (label) => page.getByLabel(label, { exact: true }).getAttribute("aria-invalid");
    await recover(v, "", "", "");
    assert.match(await page.title(), /^Error: Use a recovery code/);
    for (const text of ["Enter your e-mail address.", "Enter one of your recovery codes.", "Enter a password."]) await v.sees(text);

    const typo = (codes[0][0] === "A" ? "B" : "A") + codes[0].slice(1);
    await recover(v, "nobody@example.org", typo);
    await v.sees("This code has a typing error.");
    assert.equal(await invalid("Recovery code"), "true");
    assert.equal(await value("Recovery code"), typo);
    assert.equal(await value("E-mail address"), "nobody@example.org");
    assert.equal(await value("New password"), "");

    await recover(v, "nobody@example.org", codes[0]); // alike for a name that nobody has
    const said = await page.locator(".told.bad li").innerText();
    assert.match(said, /^That e-mail address and code do not go together\./);

    await recover(v, email, codes[0], "short");
    await v.sees("This password is too short. Use at least 8 characters.");
    assert.equal(await invalid("New password"), "true");
    assert.equal(await value("Recovery code"), codes[0]);
    assert.equal(await value("E-mail address"), email);
    assert.equal(await value("New password"), "");
    await recover(v, email, codes[0], email);
    await v.sees("This password is too close to your e-mail address. Choose another.");
    await recover(v, email, codes[0], "password");
    await v.sees("Choose another.");
    await recover(v, `${email}${"x".repeat(1100)}`, "A".repeat(200), OTHER);
    await v.sees("This e-mail address is too long.");
    assert.equal(await value("Recovery code"), "");

    await v.fill("E-mail address", email);
    await v.fill("Recovery code", codes[0]);
    await v.fill("New password", OTHER);
    await v.press("Change password and sign in"); // none of it has used the code up
    await v.heading("Your new recovery code");
    await v.signOut();
    await toRecovery(v);
    await recover(v, email, codes[0]); // used
    assert.equal(await page.locator(".told.bad li").innerText(), said);
  });
}

async function tooManyCodes(world) {
  await visit(world, {}, async (v) => {
    const [code] = await forgot(v, "codes-throttled@example.org");
    for (let i = 0; i < 12; i++) {
      await recover(v, "throttled-codes@example.org", code);
      if (await v.page.getByText("Too many tries. Try again in").count()) {
        assert.equal(await v.page.getByLabel("E-mail address").inputValue(), "throttled-codes@example.org");
        return;
      }
    }
    assert.fail("twelve wrong codes in a row and no word of it");
  });
}

// A page of somebody else's cannot sign a browser in.
async function recoveryFromElsewhere(world) {
  await visit(world, {}, async (v) => {
    const [code] = await forgot(v, "codes-elsewhere@example.org");
    await v.page.context().clearCookies();
    await recover(v, "codes-elsewhere@example.org", code);
    await v.heading("This form is not valid any more");
    await toRecovery(v);
    await recover(v, "codes-elsewhere@example.org", code);
    await v.heading("Your new recovery code");
  });
}

// ---- a password that an administrator set opens nothing ----

async function sealedNotes(world, options) {
  const email = `sealed-${nameOf(options)}@example.org`;
  const setPassword = async (password) => {
    const found = await (await fetch(`${world.admin}admin/identities?credentials_identifier=${email}`)).json();
    const answer = await fetch(`${world.admin}admin/identities/${found[0].id}/password`, { method: "POST",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify({ password }) });
    assert.equal(answer.status, 204);
  };
  await visit(world, options, async (v) => {
    const { page } = v;
    const codes = await forgot(v, email);
    await setPassword(OTHER);
    await v.open("ui/");
    await v.enter(email, OTHER);
    await v.heading("Open your notes");
    await v.sees("Your account is back. Your notes are still sealed.");
    await v.press("Open my notes");
    await v.sees("Enter an old password or a recovery code.");
    await v.fill("Old password", "not the old password");
    await v.press("Open my notes");
    await v.sees("This password does not open your notes.");
    await v.fill("Or a recovery code", codes[0].slice(1));
    await v.press("Open my notes");
    await v.sees("This code has a typing error.");
    await v.fill("Or a recovery code", "");
    await v.fill("Old password", FIRST);
    await v.press("Open my notes");
    await v.heading("Notes");
    await v.sees("Your notes are open again.");
    await v.follow("Umbrella");
    assert.equal(await page.getByLabel("Text").inputValue(), "green");

    await v.open("ui/");
    await v.signOut();
    await setPassword(FIRST);
    await v.open("ui/");
    await v.enter(email, FIRST);
    await v.heading("Open your notes");
    await v.fill("Or a recovery code", codes[1]);
    await v.press("Open my notes");
    await v.heading("Your new recovery code");
    await v.sees("Your notes are open again.");
    await v.follow("I have kept it");
    await v.follow("Umbrella");
  });
}

async function remindedUntilMade(world) {
  await visit(world, {}, async (v) => {
    await v.register("codes-reminder@example.org");
    await v.sees("If you forget your password, nobody can open your notes.");
    await v.follow("Make recovery codes");
    await v.heading("Recovery codes");
    await v.press("Make ten codes");
    await v.follow("I have kept them");
    await v.heading("Notes");
    assert.equal(await v.page.getByText("Make recovery codes").count(), 0);
  });
}

module.exports = {
  cases: [
    ...both("recovery codes are shown once, and saved as a file", shownOnce),
    ...both("going back shows no recovery codes", goingBackShowsNone),
    ...both("recovery codes are made anew, and ended", newOnesAndNone),
    ["recovery codes on paper", onPaper],
    ["recovery codes ask for a fresh sign-in", freshSignIn],
    ...both("a recovery code signs in where the password is forgotten", aCodeSignsIn),
    ...both("errors of a recovery code are told, and it stays good", recoveryErrors),
    ["too many recovery codes are told as a time", tooManyCodes],
    ["a recovery code is taken from our own page only", recoveryFromElsewhere],
    ...both("sealed notes are opened with an old password or a recovery code", sealedNotes),
    ["a reminder of recovery codes until there are some", remindedUntilMade],
    ["only recovery codes come back as a file", fileOfCodesOnly],
  ],
};
