#!/usr/bin/env python3
"""A store that hangs, is gone, or loses the answer to a commit: 503 with Retry-After in time, never 500 or 401; what needs
no store is answered meanwhile; SIGTERM is heard; afterwards all is as before. On PostgreSQL, of which with-postgres runs a
cluster for this alone."""
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from harness import POSTGRES, PASSWORD, Site, check, free_port, same

LONGEST = 9  # seconds: a statement's 5, its grace, and a machine that others use


def cluster_processes():
    """All processes of the cluster: the postmaster and its children."""
    directory = POSTGRES.split("@")[1].split(":")[0].replace("%2F", "/")
    postmaster = int((Path(directory) / "data" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


class Stopped:
    """The whole cluster stands still."""

    def __enter__(self):
        self.pids = cluster_processes()
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


def timed(ask):
    start = time.monotonic()
    answer = ask()
    return answer, time.monotonic() - start


def refused(answer, *what):
    same(answer.status, 503, *what, answer)
    check(answer.header("Retry-After"), "no Retry-After", answer)


def a_store_that_hangs(site, token):
    whoami = lambda: site.get("/sessions/whoami", headers={"X-Session-Token": token})
    same(whoami().status, 200)
    with Stopped():
        results = []
        threads = [threading.Thread(target=lambda: results.append(timed(whoami))) for _ in range(12)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        alive, took = timed(lambda: site.get("/health/alive"))
        same(alive.status, 200)
        check(took < 2, "alive took", took)
        for thread in threads:
            thread.join()
        for answer, took in results:
            refused(answer, "whoami")
            check(took < LONGEST, "whoami took", took)
        # Now it is known: nobody waits but the one who asks.
        quick = [timed(whoami) for _ in range(3)]
        for answer, _ in quick:
            refused(answer, "whoami again")
        login, took = timed(lambda: site.get("/self-service/login/api"))
        refused(login, "a new flow")
        check(took < LONGEST, took)
    deadline = time.monotonic() + 30
    while whoami().status != 200:
        check(time.monotonic() < deadline, "it does not come back")
        time.sleep(0.2)


def a_stop_while_it_hangs():
    site = Site("postgres")
    site.start()
    try:
        token = site.register("stop@example.org")
        with Stopped():
            asking = threading.Thread(target=lambda: attempt(site, token))
            asking.start()
            time.sleep(0.5)
            start = time.monotonic()
            site.process.send_signal(signal.SIGTERM)
            site.process.wait(25)
            check(time.monotonic() - start < 20, "the stop took", time.monotonic() - start)
            asking.join()
    finally:
        site.__exit__()


def attempt(site, token):
    try:
        site.get("/sessions/whoami", headers={"X-Session-Token": token})
    except OSError:
        pass


def tables_that_are_gone():
    with Site("postgres") as site:
        token = site.register("gone@example.org")
        subprocess.run(["psql", "-q", "-X", site.settings["DSN"], "-c", "ALTER TABLE sessions RENAME TO elsewhere"], check=True)
        refused(site.get("/sessions/whoami", headers={"X-Session-Token": token}), "without its table")
        subprocess.run(["psql", "-q", "-X", site.settings["DSN"], "-c", "ALTER TABLE elsewhere RENAME TO sessions"], check=True)


class Proxy:
    """Between the server and the cluster; drops a connection right after it has passed on a COMMIT, when told to."""

    def __init__(self, target):
        self.target, self.drop, self.ends = target, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            self.ends += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def cut(self):
        """Ends every connection that is open."""
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.ends.clear()

    def pump(self, source, to, to_server):
        try:
            while data := source.recv(65536):
                to.sendall(data)
                if to_server and self.drop and b"COMMIT\0" in data:
                    self.drop = False
                    source.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def a_commit_whose_answer_is_lost():
    directory, port = POSTGRES.split("@")[1].split("/")[0].replace("%2F", "/").rsplit(":", 1)
    proxy = Proxy(f"{directory}/.s.PGSQL.{port}")
    site = Site("postgres")
    site.settings["DSN"] = site.settings["DSN"].replace(POSTGRES.split("@")[1].split("/")[0], f"127.0.0.1:{proxy.port}") + "?sslmode=disable"
    with site:
        token = site.register("doubt@example.org")
        for i in range(5):
            proxy.drop = True
            put = site.request("PUT", f"/vault/items/note{i}", b"kept", {"X-Session-Token": token, "Content-Type": "application/octet-stream"})
            check(put.status in (201, 204), put)
            check(not proxy.drop, "no COMMIT came by")
            same(site.get(f"/vault/items/note{i}", headers={"X-Session-Token": token}).status, 200)


SLOW_RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && strcmp(node, "db.test") == 0) {
        for (int i = 0; i < 60 && access(HANG, F_OK) == 0; i++)
            sleep(1);
        node = "127.0.0.1";
    }
    return real(node, service, hints, out);
}
"""


def a_resolver_that_hangs():
    """The database's host has a name, and the resolver says nothing for a minute."""
    directory, port = POSTGRES.split("@")[1].split("/")[0].replace("%2F", "/").rsplit(":", 1)
    proxy = Proxy(f"{directory}/.s.PGSQL.{port}")
    site = Site("postgres")
    hang, shim = site.directory / "hang", site.directory / "resolver.so"
    (site.directory / "resolver.c").write_text(SLOW_RESOLVER)
    subprocess.run(["cc", "-shared", "-fPIC", f'-DHANG="{hang}"', "-o", shim, site.directory / "resolver.c"], check=True)
    site.settings["DSN"] = site.settings["DSN"].replace(POSTGRES.split("@")[1].split("/")[0], f"db.test:{proxy.port}") + "?sslmode=disable"
    site.settings["LD_PRELOAD"] = str(shim)
    with site:
        token = site.register("slow@example.org")
        whoami = lambda: site.get("/sessions/whoami", headers={"X-Session-Token": token})
        hang.touch()
        proxy.cut()
        for _ in range(3):
            answer, took = timed(whoami)
            refused(answer, "no address")
            check(took < LONGEST, "whoami took", took)
        alive, took = timed(lambda: site.get("/health/alive"))
        check(alive.status == 200 and took < 2, alive, took)
        hang.unlink()
        deadline = time.monotonic() + 30
        while whoami().status != 200:
            check(time.monotonic() < deadline, "it does not come back")
            time.sleep(0.2)
        hang.touch()
        proxy.cut()
        whoami()
        start = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        site.process.wait(25)
        check(time.monotonic() - start < 20, "the stop took", time.monotonic() - start)


def main():
    if not POSTGRES:
        print("1..0 # SKIP needs PostgreSQL")
        return
    failed = 0
    tests = [("tables that are gone are 503", tables_that_are_gone),
             ("a commit whose answer is lost is found again", a_commit_whose_answer_is_lost),
             ("a resolver that hangs is 503 in time", a_resolver_that_hangs),
             ("a store that hangs is 503 in time", None),
             ("a stop is heard while the store hangs", a_stop_while_it_hangs)]
    print(f"1..{len(tests)}", flush=True)
    for number, (name, test) in enumerate(tests, 1):
        try:
            if test:
                test()
            else:
                with Site("postgres") as site:
                    a_store_that_hangs(site, site.register("hang@example.org"))
            print(f"ok {number} - {name}", flush=True)
        except Exception as problem:
            failed += 1
            print(f"not ok {number} - {name}\n# {type(problem).__name__}: {str(problem)[:1500]}", flush=True)
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
