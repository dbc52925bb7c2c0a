"use strict";
// A site of its own in a temporary directory, served by the real program on free ports.
const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");

const program = path.resolve(process.env.WATCHWORD_BIN || path.join(__dirname, "../../build/watchword"));

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// schema: the identity schema of the site, instead of the one that init sets.
async function start(settings = {}, schema = null) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "watchword-browser-"));
  const site = path.join(directory, "site");
  const made = spawnSync(program, ["init", site], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`init: ${made.stderr}`);
  const ports = [await freePort(), await freePort()];
  const base = `http://127.0.0.1:${ports[0]}/`;
  const own = {};
  if (schema) {
    fs.writeFileSync(path.join(site, "schema.json"), JSON.stringify(schema));
    own.IDENTITY_DEFAULT_SCHEMA_ID = "own";
    own.IDENTITY_SCHEMAS = JSON.stringify([{ id: "own", url: `file://${path.join(site, "schema.json")}` }]);
  }
  const env = {
    ...process.env, ...own,
    SERVE_PUBLIC_PORT: String(ports[0]), SERVE_PUBLIC_BASE_URL: base,
    SERVE_ADMIN_PORT: String(ports[1]), SERVE_ADMIN_BASE_URL: `http://127.0.0.1:${ports[1]}/`,
    ...settings,
  };
  const child = spawn(program, ["serve", "-c", path.join(site, "watchword.yml"), "--dev"], { env });
  let log = "", ended = false;
  child.stdout.on("data", (text) => { log += text; });
  child.stderr.on("data", (text) => { log += text; });
  child.once("exit", () => { ended = true; });
  const until = Date.now() + 15000;
  for (;;) {
    if (ended || Date.now() > until) {
      child.kill("SIGKILL");
      fs.rmSync(directory, { recursive: true, force: true });
      throw new Error(`serve ${ended ? "ended" : "does not answer"}: ${log}`);
    }
    const answer = await fetch(`${base}health/alive`).catch(() => null);
    if (answer && answer.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    base, admin: `http://127.0.0.1:${ports[1]}/`, log: () => log,
    async stop() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      if (!ended) { child.kill("SIGTERM"); await gone; }
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

module.exports = { start };
