#!/usr/bin/env python3
"""backup and restore: a copy made while people write is whole, goes back only where that is meant, and never under another
server key."""
import random
import shutil
import subprocess
import threading
import time

from harness import databases
from operate import PROGRAM, Person, Site, checksum, eventually, run_all

ADA = "ada@example.org"


def put_into_another_site(site, copy):
    """A fresh site with the same server key that holds the copy: as on a new machine."""
    other = Site("sqlite")
    shutil.copy(site.key, other.key)
    ran = other.run("restore", "--json", str(copy))
    return other, ran


class Writer:
    def __init__(self, site, number):
        self.site, self.number, self.known = site, number, []

    def work(self, stop):
        while not stop.is_set():
            person = Person(self.site, f"w{self.number}-{len(self.known)}@example.org")
            if person.register().status == 200 and person.put("note", person.email * random.randrange(1, 60)).status == 201:
                self.known.append((time.monotonic(), person))
            person.close()


def a_copy_made_under_writes_is_whole(t, site):
    site.start()
    writers = [Writer(site, n) for n in range(3)]
    stop = threading.Event()
    threads = [threading.Thread(target=w.work, args=(stop,)) for w in writers]
    for thread in threads:
        thread.start()
    eventually(lambda: all(len(w.known) > 5 for w in writers))
    copies = []
    for i in range(4):
        begun = time.monotonic()
        copy = site.directory / f"copy{i}"
        ran = site.run("backup", "--json", str(copy))
        copies.append((begun, copy, ran))
        time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join()
    for begun, copy, ran in copies:
        t.check("a copy is made while the server works", ran.code == 0 and ran.json() == {"file": str(copy)}, ran)
        t.check("which nobody else can read", copy.stat().st_mode & 0o777 == 0o600)
        t.check("and which is one file", not list(site.directory.glob(copy.name + "?*")))
        t.check("it holds no server key", site.key.read_bytes() not in copy.read_bytes())
        other, put = put_into_another_site(site, copy)
        with other:
            t.check("it goes into an empty site", put.code == 0 and put.json()["kept"] is None and put.json()["accounts"] > 5, put)
            checked = other.run("check", "--json")
            t.check("where everything opens", checked.code == 0, checked)
            other.start()
            before = [p for w in writers for at, p in w.known if at < begun]
            lost = []
            for p in random.sample(before, min(5, len(before))):
                again = Person(other, p.email)
                if again.login().status != 200 or not again.get("note").body.startswith(p.email.encode()):
                    lost.append(p.email)
                again.close()
            t.check("and who was there before the copy signs in and reads", not lost and before, lost)


def what_is_there_is_not_lost(t, site):
    site.start()
    ada = Person(site, ADA)
    ada.register()
    ada.put("note", "first")
    copy = site.directory / "copy"
    t.check("backup", site.run("backup", str(copy)).code == 0)
    before = checksum(copy)
    ada.close()
    t.check("a second copy of that name is refused", site.run("backup", str(copy)).code == 9 and checksum(copy) == before)
    ada.put("note", "second")
    Person(site, ADA).login()
    t.check("the account changes after the copy", ada.ask("POST", "/vault/codes").status == 201)
    ada.close()
    running = site.run("restore", "--replace", str(copy))
    t.check("restore beside a server is refused", running.code == 7 and "stop the server" in running.err, running)
    site.stop()
    full = site.run("restore", str(copy))
    t.check("a database with accounts is not replaced", full.code == 9 and "holds accounts" in full.err, full)
    broken = site.directory / "broken"
    broken.write_bytes(copy.read_bytes()[:5000])
    for name, bad in (("cut", broken), ("missing", site.directory / "nothing"), ("no database", site.config)):
        ran = site.run("restore", "--replace", str(bad))
        t.check(f"a copy that is {name} is refused", ran.code not in (0, 2), ran)
    key = site.key.read_bytes()
    site.key.write_bytes(bytes(range(32)))
    foreign = site.run("restore", "--replace", str(copy))
    t.check("a copy that the server key does not open is refused", foreign.code == 3 and "server key" in foreign.err, foreign)
    site.key.write_bytes(key)
    site.start()
    t.check("and the database is as it was", ada.get("note").body == b"second")
    ada.close()
    site.stop()
    done = site.run("restore", "--replace", "--json", str(copy))
    t.check("with --replace it is replaced, and kept", done.code == 0 and done.json()["accounts"] == 1, done)
    refused = site.refused_start()
    t.check("the machine knows that it is older", refused.code != 0 and "restore accept" in refused.err, refused)
    accepted = site.run("restore", "accept", "--yes")
    t.check("restore accept goes on with it", accepted.code == 0, accepted)
    site.start()
    old = ada.get("note")
    t.check("the old session has ended", old.status == 401, old)
    ada.close()
    again = Person(site, ADA)
    t.check("who signs in finds what the copy holds", again.login().status == 200 and again.get("note").body == b"first")
    again.close()
    site.stop()
    t.check("the database of before was kept", done.json()["kept"].startswith(str(site.database) + ".before-"))
    t.check("and goes back the same way", site.run("restore", "--replace", done.json()["kept"]).code == 0
            and site.run("restore", "accept", "--yes").code == 0)
    site.start()
    again = Person(site, ADA)
    t.check("with what was in it", again.login().status == 200 and again.get("note").body == b"second")
    again.close()


def a_killed_copy_leaves_nothing(t, site):
    site.start()
    Person(site, ADA).register()
    site.stop()
    copy = site.directory / "copy"
    for _ in range(10):
        process = subprocess.Popen([PROGRAM, "backup", "-c", str(site.config), str(copy)], env=site.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.001, 0.01))
        process.kill()
        if process.wait() == 0:
            copy.unlink()
        elif copy.exists():
            break
    t.check("a copy that was cut has not the name of one", not copy.exists())
    t.check("and the next one is made", site.run("backup", str(copy)).code == 0)


def postgres_has_its_own(t, site):
    site.start()
    for words in (["backup", "copy"], ["restore", "copy"]):
        ran = site.run(*words)
        t.check(f"{words[0]} names what PostgreSQL has", ran.code != 0 and "pg_dump" in ran.err and "pg_restore" in ran.err
                and "postgres:" not in ran.err, ran)


def on(database, scenario):
    """The scenario on that database alone."""
    def run(t, site):
        if ("DSN" in site.settings) == (database == "postgres"):
            scenario(t, site)
    run.__name__ = scenario.__name__
    return run


if __name__ == "__main__":
    run_all(*(on("sqlite", s) for s in (a_copy_made_under_writes_is_whole, what_is_there_is_not_lost, a_killed_copy_leaves_nothing)),
            on("postgres", postgres_has_its_own), databases=databases())
