#!/usr/bin/env python3
"""kill -9 in a loop under writes: what was acknowledged is there after each restart, and at the end
`watchword check` is clean.

Threads write items, replace them, delete them, share with others and take it back, register
people, and let their vaults wait and join again, while the
server is killed; every tenth time it is killed while it starts. WATCHWORD_KILLS says how often (200). On PostgreSQL, where one is given, a tenth of that.
"""
import http.client
import os
import random
import threading
import time

from harness import PASSWORD, databases
from operate import Person, run_all

KILLS = int(os.environ.get("WATCHWORD_KILLS", "200"))
WRITERS = 3
NAMES = 12
SLOWEST_START = 5.0  # seconds; it takes some milliseconds on an idle machine
SET = "one that was set by somebody"
GONE = (OSError, http.client.HTTPException)


class Writer:
    """One person whose items change; `may` holds, for each name, the values that it may have after a kill: the
    acknowledged one, and the one that was on its way."""

    def __init__(self, site, number):
        self.person, self.number, self.count, self.acknowledged = Person(site, f"w{number}@example.org"), number, 0, 0
        self.may, self.touched = {}, set()

    def work(self, stop):
        while not stop.is_set():
            name = f"item {random.randrange(NAMES)}"
            self.count += 1
            value = None if self.count % 7 == 0 else f"{self.number}/{self.count} " + "x" * random.randrange(2000)
            before = self.may.get(name, [None])
            self.may[name] = [*before, value]
            self.touched.add(name)
            try:
                answer = self.person.put(name, value) if value else self.person.ask("DELETE", f"/vault/items/{name.replace(' ', '%20')}")
            except GONE:
                break
            if answer.status in (201, 204):
                self.may[name] = [value]
                self.acknowledged += 1
            elif answer.status == 404:
                self.may[name] = [None]
            elif answer.status != 503:
                raise RuntimeError(f"a write was answered {answer}")
        self.person.close()

    def lost(self, everything=False):
        """Names written since the last kill whose value is none that it may have; all names at the end."""
        wrong = []
        for name in self.touched if not everything else list(self.may):
            values = self.may[name]
            answer = self.person.get(name)
            found = answer.body.decode() if answer.status == 200 else None if answer.status == 404 else answer
            if found not in values:
                wrong.append((name, found, values))
            self.may[name] = [found]
        self.touched = set()
        self.person.close()
        return wrong


class Sharer:
    """One who shares values with another, takes them back and gives them again; what the other reads, and the own copy,
    must be the acknowledged value or the one that was on its way, and never half of it."""

    def __init__(self, site):
        self.person, self.reader = Person(site, "sharer@example.org"), Person(site, "reader@example.org")
        self.count, self.acknowledged, self.may, self.touched = 0, 0, {}, set()

    def work(self, stop):
        while not stop.is_set():
            name = f"share{random.randrange(4)}"
            self.count += 1
            value = None if self.count % 5 == 0 else f"{self.count} " + "x" * random.randrange(2000)
            self.may[name] = [*self.may.get(name, [None]), value]
            self.touched.add(name)
            try:
                answer = self.person.ask("PUT", f"/vault/shares/{name}?to={self.reader.email}", value.encode()) if value \
                    else self.person.ask("DELETE", f"/vault/shares/{name}")
            except GONE:
                break
            if answer.status in (201, 204):
                self.may[name] = [value]
                self.acknowledged += 1
            elif answer.status == 404:
                self.may[name] = [None]
            elif answer.status != 503:
                raise RuntimeError(f"a share was answered {answer}")
        self.person.close()

    def lost(self, everything=False):
        wrong = []
        self.reader.close()  # of before the kill
        for name in self.touched if not everything else list(self.may):
            found = []
            for who, path in ((self.reader, "inbox"), (self.person, "shares")):
                answer = who.ask("GET", f"/vault/{path}/{name}")
                found.append(answer.body.decode() if answer.status == 200 else None if answer.status == 404 else answer)
            if found[0] != found[1] or found[0] not in self.may[name]:
                wrong.append((name, found, self.may[name]))
            self.may[name] = [found[0]]
        self.touched = set()
        self.person.close()
        self.reader.close()
        return wrong


class Registrar:
    """People who register and write one note each."""

    def __init__(self, site):
        self.site, self.number, self.new, self.all = site, 0, [], []

    def work(self, stop):
        while not stop.is_set():
            self.number += 1
            person = Person(self.site, f"r{self.number}@example.org")
            try:
                answer = person.register()
                if answer.status == 200:
                    self.new.append([person, False])
                    self.new[-1][1] = person.put("note", person.email).status == 201
            except GONE:
                break
            finally:
                person.close()

    def lost(self):
        wrong = []
        for person, noted in self.new:
            if person.whoami().status != 200 or (noted and person.get("note").body.decode() != person.email):
                wrong.append(person.email)
            person.close()
        self.all += self.new
        self.new = []
        return wrong


class Beginner:
    """Somebody with a note, whose password an administrator set, starts anew and brings the note back while the server
    is killed: wherever that ended, something that they have opens it. Made ready while nobody kills."""

    def __init__(self, site):
        self.site, self.number, self.person, self.began, self.done = site, 0, None, 0, 0

    def make_ready(self):
        self.number += 1
        person = Person(self.site, f"b{self.number}@example.org")
        assert person.register().status == 200 and person.put("note", person.email).status == 201
        identity = person.whoami().json["identity"]["id"]
        person.close()
        admin = Person(self.site, "")
        assert admin.ask("POST", f"/admin/identities/{identity}/password", {"password": SET}, admin=True).status == 204
        admin.close()
        person.password = SET
        assert person.login().status == 200
        person.close()
        self.person = person

    def work(self, stop):
        if self.person is None:
            return
        try:
            made = self.person.ask("POST", "/vault/new", {"confirm": self.person.email})
            if made.status == 201:
                self.began += 1
                waiting = made.json["waiting"][0]["id"]
                opened = self.person.ask("POST", f"/vault/waiting/{waiting}/open", {"password": PASSWORD})
                self.done += opened.status == 200
        except GONE:
            pass
        finally:
            self.person.close()

    def found(self):
        person = self.person
        assert person.login().status == 200
        state = person.ask("GET", "/vault").json
        if state["state"] == "locked":
            person.token = person.ask("POST", "/vault/unlock", {"password": PASSWORD}).json["session_token"]
        for waiting in state["waiting"]:
            assert person.ask("POST", f"/vault/waiting/{waiting['id']}/open", {"password": PASSWORD}).status == 200
        note = person.get("note").body.decode()
        person.close()
        return note == person.email

    def lost(self):
        wrong = [] if self.person is None or self.found() else [self.person.email]
        self.make_ready()
        return wrong


def nothing_acknowledged_is_lost(t, site):
    kills = KILLS if "DSN" not in site.settings else max(KILLS // 10, 1)
    site.settings["WATCHWORD_THROTTLE_LOOKUPS_FREE"] = "10000000"
    site.start()
    workers = [*(Writer(site, n) for n in range(WRITERS)), Sharer(site)]
    for w in workers:
        assert w.person.register().status == 200
    assert workers[-1].reader.register().status == 200
    registrar, beginner = Registrar(site), Beginner(site)
    lost, slowest = [], 0.0
    for round_ in range(kills):
        stop = threading.Event()
        threads = [threading.Thread(target=w.work, args=(stop,)) for w in [*workers, registrar, beginner]]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.01, 0.09))
        site.kill()
        stop.set()
        for thread in threads:
            thread.join()
        if round_ % 10 == 9:
            site.launch()
            time.sleep(random.uniform(0, 0.03))
            site.kill()
        slowest = max(slowest, site.start())
        for w in [*workers, registrar, beginner]:
            lost += w.lost()
        if lost:
            break
        if round_ % 20 == 19:
            print(f"# {round_ + 1} of {kills} kills", flush=True)
    lost += [x for w in workers for x in w.lost(everything=True)]
    written = sum(w.acknowledged for w in workers)
    print(f"# {written} writes and {len(registrar.all)} registrations acknowledged, {beginner.began} began anew and {beginner.done} had all back; slowest start {slowest * 1000:.0f} ms")
    t.check(f"nothing acknowledged is lost in {kills} kills", not lost, lost[:3])
    t.check("there was something to lose", written > kills and len(registrar.all) >= kills / 20, (written, len(registrar.all)))
    t.check(f"every restart takes less than {SLOWEST_START} s", slowest < SLOWEST_START, slowest)
    people = [p for p, _ in registrar.all]
    failed = [p.email for p in random.sample(people, min(20, len(people))) if p.login().status != 200]
    t.check("who registered signs in", not failed, failed)
    t.check("the server stops when told to", site.stop() == 0)
    checked = site.run("check", "--json")
    t.check("check is clean", checked.code == 0 and checked.json()["problems"] == [], checked)
    t.check("and saw every account", checked.json()["accounts"] >= len(people) + WRITERS + 2, checked)
    t.check("shares were among it", workers[-1].acknowledged > kills / 2, workers[-1].acknowledged)


if __name__ == "__main__":
    run_all(nothing_acknowledged_is_lost, databases=databases())
