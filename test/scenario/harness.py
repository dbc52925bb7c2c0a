"""Runs the real program for scenario tests: a site of its own on free ports, an HTTP client, and the counting.

WATCHWORD_BIN is the program (default: build/watchword); WATCHWORD_TEST_POSTGRES the dsn of a cluster in which
databases may be made: scenarios then run there as well.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("WATCHWORD_BIN", str(ROOT / "build" / "watchword"))
POSTGRES = os.environ.get("WATCHWORD_TEST_POSTGRES")
PASSWORD = "correct horse battery staple"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer:
    """An answer as a whole; header names in any case."""

    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def header(self, name):
        return self.headers.get(name)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:400]!r}>"


class Site:
    """`init` in a temporary directory, then `serve --dev`; a context manager."""

    def __init__(self, database="sqlite", **settings):
        self.directory = Path(tempfile.mkdtemp(prefix="watchword-scenario-"))
        self.public, self.admin = free_port(), free_port()
        self.settings = {
            "SERVE_PUBLIC_PORT": self.public,
            "SERVE_PUBLIC_BASE_URL": f"http://127.0.0.1:{self.public}/",
            "SERVE_ADMIN_PORT": self.admin,
            "SERVE_ADMIN_BASE_URL": f"http://127.0.0.1:{self.admin}/",
            "HASHERS_ARGON2_MEMORY": "1MB",
            "HASHERS_ARGON2_ITERATIONS": 1,
            **settings,
        }
        self.process = None
        if database == "postgres":
            self.settings["DSN"] = self.make_database()
        subprocess.run([PROGRAM, "init", str(self.directory / "site")], check=True, stdout=subprocess.DEVNULL)

    def make_database(self):
        name = f"scenario_{os.getpid()}_{self.public}"
        subprocess.run(["psql", "-q", "-X", POSTGRES, "-c", f"CREATE DATABASE {name}"], check=True)
        base, _, query = POSTGRES.partition("?")
        return base.rsplit("/", 1)[0] + "/" + name + ("?" + query if query else "")

    def start(self):
        environment = {**os.environ, **{k: str(v) for k, v in self.settings.items()}}
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--dev", "-c", str(self.directory / "site" / "watchword.yml")],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.get("/health/ready").status == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("the server does not answer:\n" + self.log())

    def stop(self):
        """The status with which it ends after SIGTERM."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- requests ----

    def request(self, method, path, body=None, headers=None, admin=False):
        """body: bytes as they are, or what becomes JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        port = self.admin if admin else self.public
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path, **how):
        return self.request("GET", path, **how)

    # ---- the journeys of a native client ----

    def submit(self, flow, body, headers=None):
        begun = self.get(f"/self-service/{flow}/api", headers=headers)
        assert begun.status == 200, begun
        return self.request("POST", f"/self-service/{flow}?flow={begun.json['id']}", body, headers)

    def register(self, email, password=PASSWORD):
        """The token of a new account."""
        answer = self.submit("registration", {"method": "password", "password": password, "traits": {"email": email}})
        assert answer.status == 200, answer
        return answer.json["session_token"]

    def login(self, email, password=PASSWORD):
        answer = self.submit("login", {"method": "password", "identifier": email, "password": password})
        assert answer.status == 200, answer
        return answer.json["session_token"]


# ---- the journeys of a browser ----


class Browser:
    """Keeps cookies, and asks as a page's own script would."""

    def __init__(self, site):
        self.site, self.cookies = site, {}

    def request(self, method, path, body=None, headers=None):
        headers = {"Accept": "application/json", **(headers or {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        answer = self.site.request(method, path, body, headers)
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            if "max-age=0" in line.lower().replace(" ", "") or value == "":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def submit(self, flow, body):
        begun = self.request("GET", f"/self-service/{flow}/browser")
        assert begun.status == 200, begun
        token = next(n["attributes"]["value"] for n in begun.json["ui"]["nodes"]
                     if n["attributes"].get("name") == "csrf_token")
        return self.request("POST", f"/self-service/{flow}?flow={begun.json['id']}", {"csrf_token": token, **body})

    def register(self, email, password=PASSWORD):
        answer = self.submit("registration", {"method": "password", "password": password, "traits": {"email": email}})
        assert answer.status == 200, answer
        return self


# ---- counting ----


def check(condition, *what):
    """An assertion that shows what it looked at."""
    if not condition:
        raise AssertionError(" ".join(repr(w) for w in what) or "the condition does not hold")


def same(seen, expected, *what):
    check(seen == expected, seen, "is not", expected, *what)


def refused(answer, status, error_id, field=None):
    """That the answer is an error of this status and id, about this field."""
    same(answer.status, status, answer)
    same(answer.error.get("id"), error_id, answer)
    if field:
        same(answer.error["details"]["field"], field, answer)
    return answer


def databases():
    return ["sqlite", "postgres"] if POSTGRES else ["sqlite"]


def run(module, settings=None):
    """Runs each function test_* of a module, once for each database, on one site; exits with the count printed.

    A test is given the site. Names of people must differ from test to test.
    """
    tests = [(n[5:], f) for n, f in vars(module).items() if n.startswith("test_")]
    passed = failed = 0
    for database in databases():
        with Site(database, **(settings or {})) as site:
            for name, test in tests:
                try:
                    test(site)
                    passed += 1
                    print(f"ok - {database}: {name}", flush=True)
                except Exception:
                    failed += 1
                    print(f"not ok - {database}: {name}", flush=True)
                    traceback.print_exc(file=sys.stdout)
            if site.process.poll() is not None:
                failed += 1
                print(f"not ok - {database}: the server ended:\n{site.log()[-4000:]}")
            elif site.stop() != 0:
                failed += 1
                print(f"not ok - {database}: the server did not end cleanly:\n{site.log()[-4000:]}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
