#!/usr/bin/env python3
"""What one who is not signed in may cost: each attack in small, and what the others still get.

An attack is a function attack_NAME(site). It does its worst inside `with Bounds(site, megabytes=…, rows=…):`, which holds
the server to so much more memory at its peak and so many more rows, and asks for others all the while, from an address of
their own: every request of theirs must be answered well, in OTHERS_WAIT seconds at most. The server must live at the end.
To add a case: a function here, with the smallest bounds that a hundred runs keep.
"""
import base64
import http.client
import json
import os
import resource
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

from harness import PASSWORD, PROGRAM, Site, check, same

OTHERS_WAIT = 20  # seconds; far beyond what is usual, far below what an attack would make of it
MEGABYTE = 1 << 20


# ---- what is watched ----


class Others:
    """Somebody at 127.0.0.9 who asks again and again, on new connections, whether the server is alive."""

    def __init__(self, site, path="/health/alive"):
        self.site, self.path, self.asked, self.problems = site, path, 0, []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.ask_on)

    def ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.public, timeout=OTHERS_WAIT,
                                                source_address=("127.0.0.9", 0))
        try:
            connection.request("GET", self.path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                self.problems.append(f"{self.path}: {answer.status}")
        except OSError as error:
            self.problems.append(f"{self.path}: {error!r}")
        finally:
            connection.close()
        self.asked += 1

    def ask_on(self):
        while not self.done.is_set():
            self.ask()
            self.done.wait(0.05)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.ask()


def memory(site, which):
    """VmRSS or VmHWM, in bytes."""
    for line in Path(f"/proc/{site.process.pid}/status").read_text().splitlines():
        if line.startswith(which + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {which} in /proc")


def rows(site):
    """Of all tables together."""
    database = sqlite3.connect(site.directory / "site" / "data" / "watchword.db", timeout=30)
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return sum(database.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in tables)
    finally:
        database.close()


class Bounds:
    """At most so many megabytes and rows more than before, and the others are served."""

    def __init__(self, site, megabytes, rows=0, path="/health/alive"):
        self.site, self.megabytes, self.rows, self.others = site, megabytes, rows, Others(site, path)

    def __enter__(self):
        self.rows_before = rows(self.site)
        Path(f"/proc/{self.site.process.pid}/clear_refs").write_text("5")  # the peak is counted anew
        self.memory_before = memory(self.site, "VmRSS")
        self.others.__enter__()
        return self

    def __exit__(self, kind, *_):
        self.others.__exit__()
        if kind:
            return
        check(self.site.process.poll() is None, "the server ended", self.site.log()[-2000:])
        more = (memory(self.site, "VmHWM") - self.memory_before) / MEGABYTE
        check(more <= self.megabytes, f"{more:.1f} MB more memory, {self.megabytes} allowed")
        same(self.others.problems, [], "what others were told")
        check(self.others.asked > 0)
        added = rows(self.site) - self.rows_before
        check(added <= self.rows, f"{added} rows more, {self.rows} allowed")
        self.grown, self.added = more, added


# ---- the attacker's side ----


def connect(site, source="127.0.0.2", receive_buffer=None):
    s = socket.socket()
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.settimeout(OTHERS_WAIT)
    s.bind((source, 0))
    s.connect(("127.0.0.1", site.public))
    return s


def head(site, method, path, *fields):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{site.public}", *fields, "", ""]
    return "\r\n".join(lines).encode()


def push(s, data):
    """Sends what the server takes, without waiting for it to take more; what it refuses is its right. How much."""
    s.setblocking(False)
    sent = 0
    try:
        while sent < len(data):
            sent += s.send(data[sent:sent + 65536])
    except OSError:
        pass
    return sent


def status_of(s, seconds=OTHERS_WAIT):
    """Of the next answer; None when the connection was closed without one."""
    s.settimeout(seconds)
    try:
        line = s.recv(12)
    except ConnectionError:
        return None
    return int(line.split()[1]) if len(line) == 12 else None


def close_all(sockets):
    for s in sockets:
        s.close()


def metric(site, name):
    for line in site.get("/admin/metrics/prometheus", admin=True).body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(name)


def descriptors(least):
    """Room for that many sockets on our own side."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < least:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(least, hard), hard))
    return min(least, hard)


# ---- bodies and answers ----


def attack_unfinished_bodies_to_no_path(site):
    """200 bodies of 5 MB each to a path that nobody serves: refused before they are read."""
    with Bounds(site, megabytes=40, rows=200):
        fds = []
        for _ in range(200):
            s = connect(site)
            s.sendall(head(site, "POST", "/nowhere", "Content-Length: 5000000"))
            push(s, b"x" * MEGABYTE)
            fds.append(s)
        for s in fds:
            check(status_of(s) in (303, 403, 404, None))
        close_all(fds)


def attack_unfinished_bodies_to_a_path(site):
    """300 forms and 400 items that stop one byte before their end: no more than half of the budget is held."""
    with Bounds(site, megabytes=100):
        fds = []
        for i in range(700):
            s = connect(site)
            n, path = (65536, "/self-service/login") if i < 300 else (MEGABYTE, "/vault/items/x")
            s.sendall(head(site, "POST" if i < 300 else "PUT", path, f"Content-Length: {n}"))
            fds.append((s, n - 1))
        for _ in range(5):
            fds = [(s, n - push(s, b"x" * n)) for s, n in fds]
            time.sleep(0.1)
        check(metric(site, "watchword_bytes_in_flight") > 8 * MEGABYTE)
        close_all(s for s, _ in fds)


def attack_bodies_that_are_too_large(site):
    """Refused from the head: not a byte of them is needed for the answer, which names the limit."""
    with Bounds(site, megabytes=20):
        for fields in (["Content-Length: 5000000"], ["Content-Length: 65537"], ["Transfer-Encoding: chunked"]):
            with connect(site) as s:
                s.sendall(head(site, "POST", "/self-service/login?flow=x", "Content-Type: application/json", *fields))
                if "chunked" in fields[0]:
                    s.sendall(b"10001\r\n")
                text = s.recv(4096)
                check(text.startswith(b"HTTP/1.1 413 ") and b'"limit":65536' in text, text)


def attack_chunks_of_one_byte(site):
    with Bounds(site, megabytes=20):
        fds = []
        for _ in range(50):
            s = connect(site)
            s.sendall(head(site, "POST", "/self-service/login?flow=x", "Transfer-Encoding: chunked"))
            push(s, b"1\r\nx\r\n" * 30000)
            fds.append(s)
        time.sleep(0.5)
        close_all(fds)


def attack_unread_answers(site):
    """An item of 1 MB, asked for by 300 who do not read it: the budget is held, the others are told 503."""
    who = {"X-Session-Token": site.register("unread@example.org")}
    same(site.request("PUT", "/vault/items/large", b"x" * MEGABYTE, who).status, 201)
    question = head(site, "GET", "/vault/items/large", f"X-Session-Token: {who['X-Session-Token']}")
    with Bounds(site, megabytes=150, rows=10) as bounds:
        fds = [connect(site, receive_buffer=4096) for _ in range(300)]
        for s in fds:
            s.sendall(question)
        statuses = [status_of(s) for s in fds]
        check(set(statuses) <= {200, 503} and 200 in statuses and 503 in statuses, statuses)
        close_all(fds)
        time.sleep(0.5)
    left = (memory(site, "VmRSS") - bounds.memory_before) / MEGABYTE
    check(left < 40, f"{left:.1f} MB are still held afterwards")
    same(site.get("/vault/items/large", headers=who).status, 200)


# ---- what is parsed, normalised, echoed ----

FORM = 65000  # bytes of a body that is read whole; the limit is 65,536
LIST_SCHEMA = {"type": "object", "properties": {"traits": {"type": "object", "properties": {
    "email": {"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": True}}}},
    "emails": {"type": "array", "items": {"type": "string", "ory.sh/kratos": {
        "credentials": {"password": {"identifier": True}}, "verification": {"via": "email"}, "recovery": {"via": "email"}}}}}}}}


def cpu_seconds(site):
    fields = Path(f"/proc/{site.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def submit_text(site, flow, text):
    """JSON that is already written; gives the answer and what it cost."""
    begun = site.get(f"/self-service/{flow}/api")
    before = cpu_seconds(site)
    answer = site.request("POST", f"/self-service/{flow}?flow={begun.json['id']}", text.encode(), {"Content-Type": "application/json"})
    return answer, cpu_seconds(site) - before


def messages(answer):
    """Name of the field, or None, and text of every message."""
    ui = answer.json["ui"]
    told = [(None, m["text"]) for m in ui.get("messages", [])]
    return told + [(n["attributes"]["name"], m["text"]) for n in ui["nodes"] for m in n["messages"]]


def attack_names_of_many_dots(site):
    """A member "traits.a.a.a…": it ended the process by recursion."""
    with Bounds(site, megabytes=30, rows=30):
        for flow in ("registration", "login"):
            answer, cpu = submit_text(site, flow, '{"method":"password","traits' + ".a" * (FORM // 2 - 50) + '":1}')
            same(answer.status, 400, answer)
            check(len(answer.body) < 10000 and cpu < 1, cpu, answer)
            answer, cpu = submit_text(site, flow, '{"method":"password","traits":' + '{"a":' * 9000 + "1" + "}" * 9001)
            same(answer.status, 400, answer)


def attack_members_by_the_thousand(site):
    """Each was looked for among all others."""
    for flow in ("registration", "login"):
        with Bounds(site, megabytes=40, rows=30):
            text = ",".join(f'"traits.{i}":1' for i in range(4000))
            answer, cpu = submit_text(site, flow, '{"method":"password",' + text + "}")
            same(answer.status, 400, answer)
            check(len(answer.body) < 10000 and cpu < 1, cpu)
            inner = ",".join(f'"{i}":1' for i in range(6000))
            answer, cpu = submit_text(site, flow, '{"method":"password","traits":{' + inner + "}}")
            check(answer.status == 400 and cpu < 1, cpu)


def attack_marks_in_a_row(site):
    """An identifier of one letter and thousands of marks: ordering them is quadratic work."""
    name = "a" + "\u0301\u0323" * 15000
    with Bounds(site, megabytes=30, rows=30):
        answer, cpu = submit_text(site, "login", json.dumps({"method": "password", "identifier": name, "password": "x"}, ensure_ascii=False))
        same(messages(answer), [("identifier", "This is longer than 1024 bytes.")], answer)
        check(answer.status == 400 and len(answer.body) < 10000 and cpu < 1, cpu, answer)
        answer, cpu = submit_text(site, "registration", json.dumps({"method": "password", "password": PASSWORD, "traits": {"email": name}},
                                                                   ensure_ascii=False))
        same(messages(answer), [("traits.email", "This is longer than 1024 bytes.")], answer)
        check(answer.status == 400 and len(answer.body) < 10000 and cpu < 1, cpu, answer)
        for name in ("ada\x00", "ada\x1b[2J@example.org"):
            answer, _ = submit_text(site, "login", json.dumps({"method": "password", "identifier": name, "password": "x"}))
            check(answer.status == 400, answer)


def attack_addresses_by_the_thousand(_):
    """4,000 in one list: each was compared with all others, and wrote three rows."""
    with Site(IDENTITY_SCHEMAS=json.dumps([{"id": "list", "url": "base64://" + base64.b64encode(json.dumps(LIST_SCHEMA).encode()).decode()}]),
              IDENTITY_DEFAULT_SCHEMA_ID="list") as site:
        with Bounds(site, megabytes=40, rows=30):
            addresses = [f"a{i}@e.org" for i in range(4000)]
            text = json.dumps({"method": "password", "password": PASSWORD, "traits": {"email": "ada", "emails": addresses}}, separators=(",", ":"))
            answer, cpu = submit_text(site, "registration", text)
            same(answer.status, 400, answer)
            same(messages(answer), [("traits.emails", "an account has at most 64 names")], answer)
            check(cpu < 2, cpu)


def attack_empty_objects(site):
    """5 MiB of {} to the admin port: 1.7 million values, refused before one is made."""
    text = b'{"traits":[' + b"{}," * 1700000 + b"1]}"
    with Bounds(site, megabytes=40):
        before = cpu_seconds(site)
        answer = site.request("POST", "/admin/identities", text, {"Content-Type": "application/json"}, admin=True)
        check(answer.status in (400, 413) and cpu_seconds(site) - before < 2, answer)


# ---- event loops ----


def attack_posts_while_the_database_is_locked(site):
    """Whoever holds SQLite's write lock holds up writes, and nobody else: loops write nothing."""
    database = sqlite3.connect(site.directory / "site" / "data" / "watchword.db", timeout=30, isolation_level=None)
    with Bounds(site, megabytes=30, rows=40):
        database.execute("BEGIN IMMEDIATE")
        fds = [connect(site) for _ in range(12)]
        for s in fds:
            s.sendall(head(site, "POST", "/nowhere", "Accept: text/html", "Content-Length: 0"))
        began = time.monotonic()
        for _ in range(20):
            same(site.get("/health/alive").status, 200)
        waited = time.monotonic() - began
        database.execute("ROLLBACK")
        check(waited < OTHERS_WAIT, f"20 answers took {waited:.1f} s beside a held lock")
        for s in fds:
            check(status_of(s, 60) is not None)
        close_all(fds)
    database.close()


def attack_log_that_nobody_reads(_):
    """A pipe as standard error, full and never read."""
    with Site() as site:
        site.stop()
        environment = {**os.environ, **{k: str(v) for k, v in site.settings.items()}}
        site.process = subprocess.Popen([PROGRAM, "serve", "--dev", "-c", str(site.directory / "site" / "watchword.yml")],
                                        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if site.get("/health/ready").status == 200:
                    break
            except OSError:
                time.sleep(0.02)
        with Bounds(site, megabytes=20):
            connection = http.client.HTTPConnection("127.0.0.1", site.public, timeout=OTHERS_WAIT)
            for _ in range(4000):
                connection.request("GET", "/health/alive")
                same(connection.getresponse().read(), b'{"status":"ok"}')
            connection.close()
        check(metric(site, "watchword_log_lines_dropped_total") > 0)
        same(site.stop(), 0, "it ends although its last lines cannot be written")
        site.process.stderr.close()


# ---- hashing ----


def attack_logins_beyond_what_can_be_hashed(_):
    """40 addresses want a slow hash each at once: what fits in a second waits, the rest is told at once."""
    with Site(HASHERS_ARGON2_MEMORY="64MB", HASHERS_ARGON2_ITERATIONS=4, WATCHWORD_HASH_WORKERS=1) as site:
        site.register("hash@example.org")
        body = json.dumps({"method": "password", "identifier": "hash@example.org", "password": PASSWORD}).encode()
        flow = site.get("/self-service/login/api").json["id"]
        with Bounds(site, megabytes=100, rows=200):
            fds = [connect(site, f"127.0.1.{x + 1}") for x in range(40)]
            for s in fds:
                s.sendall(head(site, "POST", f"/self-service/login?flow={flow}", "Content-Type: application/json",
                               f"Content-Length: {len(body)}") + body)
            refused = [s for s in fds if select.select([s], [], [], 0.2)[0]]
            statuses = [status_of(s, 60) for s in fds]
            close_all(fds)
        check(statuses.count(503) >= 10 and statuses.count(503) < 40, statuses)
        check(len(refused) >= 5, "those who were refused at once", len(refused))


# ---- connections ----


def hold_idle(site, n, source):
    """Connections that had an answer and say nothing more: a minute is theirs."""
    fds = [connect(site, source) for _ in range(n)]
    for s in fds:
        push(s, head(site, "GET", "/health/alive"))
    return fds


def attack_idle_connections(_):
    """10,400 of one address; who comes from another, and from the same, is served."""
    room = descriptors(11000)
    with Site(SERVE_PUBLIC_HOST="127.0.0.1") as site:
        with Bounds(site, megabytes=60):
            fds = hold_idle(site, min(10400, room - 200), "127.0.0.2")
            same(Person(site, "127.0.0.2").alive(), 200)
            same(Person(site, "127.0.0.3").alive(), 200)
            check(metric(site, "watchword_connections_open") <= 5010)
            close_all(fds)


def attack_idle_connections_at_a_low_limit(_):
    """1,200 at a soft limit of 1,024 and a hard one of 1,024: the oldest make room."""
    descriptors(2000)
    with LimitedSite(1024, 1024) as site:
        with Bounds(site, megabytes=40, rows=20):
            fds = [s for x in range(2, 8) for s in hold_idle(site, 200, f"127.0.0.{x}")]
            for source in ("127.0.0.2", "127.0.0.30", "127.0.0.31"):
                same(Person(site, source).alive(), 200)
            same(site.register("crowd@example.org") is not None, True)
            close_all(fds)


def attack_soft_limit_is_raised(_):
    descriptors(2000)
    with LimitedSite(256, 4096) as site:
        soft = next(line.split()[3] for line in Path(f"/proc/{site.process.pid}/limits").read_text().splitlines()
                    if line.startswith("Max open files"))
        same(soft, "4096")


def attack_heads_without_an_end(site):
    """400 heads of 16 KB that do not end."""
    with Bounds(site, megabytes=40):
        fds = []
        for _ in range(400):
            s = connect(site)
            push(s, head(site, "GET", "/health/alive")[:-2] + b"X: " + b"a" * 15000)
            fds.append(s)
        time.sleep(0.3)
        close_all(fds)


# ---- the stop ----


class Relay:
    """Hands bytes from a port to PostgreSQL's, until it is frozen."""

    def __init__(self, port):
        self.target, self.frozen, self.pairs = port, threading.Event(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.target))
            self.pairs += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(a, b), daemon=True).start()

    def copy(self, a, b):
        try:
            while data := a.recv(65536):
                while self.frozen.is_set():
                    time.sleep(0.1)
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def attack_database_that_hangs(_):
    """PostgreSQL stops answering in the middle: the server says that it is alive, and ends when it is told to."""
    tcp = os.environ.get("WATCHWORD_TEST_POSTGRES_TCP")
    if not tcp:
        return
    before, _, rest = tcp.rpartition("@127.0.0.1:")
    relay = Relay(int(rest.split("/")[0]))
    with Site("postgres") as site:
        site.stop()
        name = site.settings["DSN"].partition("?")[0].rsplit("/", 1)[1]
        site.settings["DSN"] = f"{before}@127.0.0.1:{relay.port}/{name}?sslmode=disable"
        site.start()
        token = site.register("hang@example.org")
        relay.frozen.set()
        fds = [connect(site) for _ in range(12)]
        for s in fds:
            s.sendall(head(site, "GET", "/sessions/whoami", f"X-Session-Token: {token}"))
        time.sleep(0.5)
        with Others(site) as others:
            time.sleep(2)
        same(others.problems, [])
        site.process.send_signal(signal.SIGTERM)
        try:
            site.process.wait(60)
        except subprocess.TimeoutExpired:
            raise AssertionError("SIGTERM was not heard")
        finally:
            relay.frozen.clear()
        close_all(fds)


# ---- sites of a special kind ----


class LimitedSite(Site):
    """Under limits of descriptors."""

    def __init__(self, soft, hard):
        super().__init__()
        self.limits = (soft, hard)

    def start(self):
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        popen = subprocess.Popen

        def limited(*args, **kwargs):
            return popen(*args, **kwargs, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, self.limits))

        subprocess.Popen = limited
        try:
            return super().start()
        finally:
            subprocess.Popen = popen


class Person:
    def __init__(self, site, source):
        self.site, self.source = site, source

    def alive(self):
        with connect(self.site, self.source) as s:
            s.sendall(head(self.site, "GET", "/health/alive", "Connection: close"))
            return status_of(s)


# ---- the run ----


def main():
    attacks = [(n[7:].replace("_", " "), f) for n, f in globals().items() if n.startswith("attack_")]
    attacks = [(n, f) for n, f in attacks if not sys.argv[1:] or any(word in n for word in sys.argv[1:])]
    failed = 0
    with Site() as site:
        for number, (name, attack) in enumerate(attacks, 1):
            began = time.monotonic()
            try:
                attack(site)
                print(f"ok {number} - {name} # {time.monotonic() - began:.1f} s", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {number} - {name}", flush=True)
                print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
        if site.stop() != 0:
            failed += 1
            print(f"not ok {len(attacks) + 1} - the server ends cleanly\n# {site.log()[-2000:]}")
    print(f"1..{len(attacks)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
