"use strict";
// What every page must be, whatever the journey: accessible, small, quiet in the console, one heading.
const fs = require("node:fs");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WEIGHT_MOST = 30000;

// Collects what goes wrong on a page behind the journey's back.
function watch(page, trouble) {
  page.on("console", (message) => {
    // Answers 4xx that the journey asks for are logged as errors by the browser; they are checked where asked.
    if (message.type() === "error" && !/the server responded with a status of 4/.test(message.text())) {
      trouble.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => trouble.push(`script: ${error.message}`));
  page.on("requestfailed", (request) => {
    const why = request.failure().errorText;
    // A download, or a form that the browser asks about before it sends it again.
    if (why !== "net::ERR_ABORTED" && why !== "net::ERR_CACHE_MISS") trouble.push(`${request.url()}: ${why}`);
  });
}

// Where the browser runs no script, the page cannot be asked: only what can be seen from outside is checked.
async function look(page, script = true) {
  const found = [];
  if (!script) {
    const headings = await page.locator("h1").count();
    if (headings !== 1) throw new Error(`${page.url()}: ${headings} headings of level 1`);
    return;
  }
  await page.evaluate(`${axe};0`);
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const v of violations) {
    found.push(`axe ${v.id}: ${v.nodes.map((n) => `${n.html} (${n.failureSummary})`).join("; ")}`);
  }
  const facts = await page.evaluate(() => ({
    headings: document.querySelectorAll("h1").length,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    html: document.documentElement.outerHTML.length,
    other: performance.getEntriesByType("resource").map((e) => [e.name, e.decodedBodySize]),
    typed: document.querySelectorAll("[placeholder], [style], script:not([src])").length,
  }));
  if (facts.headings !== 1) found.push(`${facts.headings} headings of level 1`);
  if (facts.wide > 0) found.push(`wider than the window by ${facts.wide} px`);
  const weight = facts.other.reduce((sum, [, size]) => sum + size, facts.html);
  if (weight > WEIGHT_MOST) found.push(`${weight} bytes`);
  if (facts.typed) found.push("a placeholder, an inline style or an inline script");
  if (found.length) throw new Error(`${page.url()}:\n  ${found.join("\n  ")}`);
}

module.exports = { look, watch };
