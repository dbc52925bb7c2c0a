"""What the scenarios of operation share, on top of harness.py: commands run on a site, a server that is stopped,
killed and started again, a person who keeps one connection, and counted checks.

A scenario is a program: it takes the tested program from WATCHWORD_BIN, prints TAP, and ends with
"# N passed, N failed". Words given to it choose the functions whose names hold one of them.
"""
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import harness
from harness import PASSWORD

PROGRAM = os.path.abspath(harness.PROGRAM)
NOUNS = {"user", "item", "share", "inbox", "contact", "letter", "public", "config", "hash", "server-key", "restore", "audit"}


# ---- checks ----


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, detail=""):
        self.passed += bool(good)
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.passed + self.failed} - {name}", flush=True)
        if not good and detail != "":
            print("\n".join(f"#   {line}" for line in str(detail).splitlines()[:30]), flush=True)
        return good

    def skip(self, name, why):
        self.passed += 1
        print(f"ok {self.passed + self.failed} - {name} # SKIP {why.splitlines()[0]}", flush=True)

    def done(self):
        print(f"1..{self.passed + self.failed}\n# {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def run_all(*scenarios, databases=("sqlite",)):
    """Runs each function with the checks and a fresh site that is not started; what it raises is a failure."""
    checks = Checks()
    only = sys.argv[1:]
    for database in databases:
        for scenario in scenarios:
            name = scenario.__name__.replace("_", " ")
            if only and not any(word in name for word in only):
                continue
            with Site(database) as site:
                try:
                    scenario(checks, site)
                except Exception as error:  # a scenario that breaks must not hide the others
                    checks.check(f"{name}: runs to its end", False,
                                 f"{type(error).__name__}: {error}\n{site.log()[-2000:]}")
    checks.done()


def eventually(condition, seconds=10):
    """Waits until the condition holds; whether it did."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def checksum(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


# ---- a site ----


class Ran:
    """What a run of the program gave: its code and what it wrote, `raw` as bytes."""

    def __init__(self, finished):
        self.code, self.raw = finished.returncode, finished.stdout
        self.out, self.err = finished.stdout.decode(errors="replace"), finished.stderr.decode(errors="replace")

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"code {self.code}\n{self.out}{self.err}"


class Site(harness.Site):
    """A site that the scenario starts and ends itself; whatever still runs is killed at the end."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def config(self):
        return self.directory / "site" / "watchword.yml"

    @property
    def database(self):
        return self.directory / "site" / "data" / "watchword.db"

    @property
    def key(self):
        return self.directory / "site" / "keys" / "server.key"

    def environment(self, more=None):
        return {**os.environ, **{k: str(v) for k, v in self.settings.items()}, **(more or {})}

    # -- commands --

    def run(self, *words, stdin=b"", env=None, dev=True, config=True, timeout=60, wrap=()):
        """Runs `watchword WORDS…`, the configuration put behind the command's own words."""
        at = 2 if words[0] in NOUNS and len(words) > 1 else 1
        middle = ["-c", str(self.config), *(["--dev"] if dev else [])] if config else []
        command = [*wrap, PROGRAM, *words[:at], *middle, *words[at:]]
        return Ran(subprocess.run(command, input=stdin if isinstance(stdin, bytes) else stdin.encode(),
                                  capture_output=True, timeout=timeout, env=self.environment(env)))

    def refused_start(self, env=None, dev=True, wrap=()):
        """Runs `serve` where it must end by itself."""
        return self.run("serve", env=env, dev=dev, timeout=20, wrap=wrap)

    # -- the server --

    def launch(self, env=None):
        """Starts it without waiting."""
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--dev", "-c", str(self.config)], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=self.environment(env))

    def start(self, env=None):
        """Seconds until it was ready."""
        begun = time.monotonic()
        self.launch(env)
        eventually(lambda: self.process.poll() is not None or self.is_ready(), 20)
        if self.process.poll() is not None:
            raise RuntimeError(f"the server did not start: {self.log()[-1000:]}")
        return time.monotonic() - begun

    def is_ready(self):
        try:
            return self.get("/health/ready").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def log(self):
        path = self.directory / "log"
        return path.read_bytes().decode(errors="replace") if path.exists() else ""


# ---- a person ----


class Person:
    """Speaks HTTP as an application does (flows of kind "api"), over one connection."""

    def __init__(self, site, email, password=PASSWORD):
        self.site, self.email, self.password, self.token, self.connection = site, email, password, None, None

    def ask(self, method, path, body=None, headers=None, admin=False):
        """body: bytes as they are, anything else as JSON. OSError and HTTPException when the server is gone."""
        headers = dict(headers or {})
        if self.token and "X-Session-Token" not in headers:
            headers["X-Session-Token"] = self.token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        headers.setdefault("Accept", "application/json")
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.site.admin if admin else self.site.public,
                                                         timeout=20)
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return harness.Answer(response, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def submit(self, flow, fields):
        """Begins a flow of this kind and submits it."""
        begun = self.ask("GET", f"/self-service/{flow}/api")
        if begun.status != 200:
            return begun
        return self.ask("POST", f"/self-service/{flow}?flow={begun.json['id']}", fields)

    def register(self):
        answer = self.submit("registration", {"method": "password", "password": self.password,
                                              "traits": {"email": self.email}})
        if answer.status == 200:
            self.token = answer.json.get("session_token")
        return answer

    def login(self):
        self.token = None
        answer = self.submit("login", {"method": "password", "identifier": self.email, "password": self.password})
        if answer.status == 200:
            self.token = answer.json["session_token"]
        return answer

    def logout(self):
        answer = self.ask("DELETE", "/self-service/logout/api", {"session_token": self.token})
        self.token = None
        return answer

    def whoami(self):
        return self.ask("GET", "/sessions/whoami")

    def put(self, name, value, headers=None):
        return self.ask("PUT", f"/vault/items/{quote(name, safe='')}", value if isinstance(value, bytes) else value.encode(),
                        {"Content-Type": "application/octet-stream", **(headers or {})})

    def get(self, name):
        return self.ask("GET", f"/vault/items/{quote(name, safe='')}")
