#!/usr/bin/env python3
"""From one server key to another on a site that works: the commands, kill -9 in the middle of a rotation, and a rotation
beside people who sign in, write, register and sign out. On both databases, two processes.

WATCHWORD_KILLS says how often it is killed (20)."""
import os
import random
import subprocess
import threading
import time

from harness import databases
from operate import PROGRAM, Person, eventually, run_all

KILLS = int(os.environ.get("WATCHWORD_KILLS", "20"))
PEOPLE = 60


def keys_of(site):
    """The ids, the one that seals first, and how many blobs name each."""
    listed = site.run("server-key", "list", "--json")
    return {k["id"]: k for k in listed.json()["keys"]}


def make_first(site, key, restart=True):
    ran = site.run("server-key", "first", "--json", key)
    assert ran.code == 0, ran
    if restart:
        site.stop()
        site.start()


def people_of(site, n, prefix="p"):
    people = []
    for i in range(n):
        person = Person(site, f"{prefix}{i}@example.org")
        assert person.register().status == 200
        assert person.put("note", person.email).status == 201
        person.close()
        people.append(person)
    return people


def all_is_there(t, people, what):
    wrong = [p.email for p in people if p.whoami().status != 200 or p.get("note").body.decode() != p.email
             or Person(p.site, p.email).login().status != 200]
    for p in people:
        p.close()
    t.check(f"{what}: everybody's session, password and note are there", not wrong, wrong)


def a_key_is_added_made_first_and_retired(t, site):
    site.start()
    people = people_of(site, 3)
    old = next(iter(keys_of(site)))
    paper = site.run("server-key", "export")
    added = site.run("server-key", "add", "--json")
    new = added.json()["id"]
    t.check("add makes a second key in the file", added.code == 0 and site.key.stat().st_size == 64
            and site.key.stat().st_mode & 0o777 == 0o600, added)
    listed = keys_of(site)
    t.check("which opens and does not seal", list(listed) == [old, new] and listed[old]["seals"] and not listed[new]["seals"]
            and listed[new]["blobs"] == 0 and listed[old]["tables"]["accounts"] == 3, listed)
    both = site.run("server-key", "export")
    t.check("export prints both", both.out.startswith(paper.out) and both.out.count("\n\n") == 1, both)
    told = site.run("server-key", "verify", "--json", stdin=both.out)
    t.check("verify knows both prints", told.code == 0 and told.json()["same"] == [old, new], told)
    t.check("and one of them", site.run("server-key", "verify", stdin=paper.out).code == 0)
    t.check("retire refuses the key that seals", site.run("server-key", "retire", "--destroy", old).code == 9)
    t.check("retire needs to know what becomes of the key", site.run("server-key", "retire", old).code == 2)
    t.check("an unknown id is named", site.run("server-key", "first", "00000000").code == 5)
    t.check("rotate has nothing to do before the key is first", site.run("server-key", "rotate", "--json").json()["moved"] == 0)
    make_first(site, new)
    refused = site.run("server-key", "retire", "--destroy", old)
    t.check("retire says how many blobs name the old key, and where",
            refused.code == 9 and "3 in accounts" in refused.err and "1 in meta" in refused.err, refused)
    ran = site.run("server-key", "rotate", "--json")
    t.check("rotate moves everything", ran.code == 0 and ran.json()["moved"] > 10 and ran.json()["left"] == 0, ran)
    t.check("a second time there is nothing", site.run("server-key", "rotate", "--json").json()["moved"] == 0)
    all_is_there(t, people, "after the rotation")
    kept = site.directory / "old.key"
    ran = site.run("server-key", "retire", "--keep", str(kept), old)
    t.check("retire keeps the key where it was told", ran.code == 0 and kept.stat().st_size == 32
            and site.key.stat().st_size == 32, ran)
    t.check("the copy is the old key", site.run("server-key", "verify", str(kept), config=False, stdin=paper.out).code == 0)
    t.check("the site's is not", site.run("server-key", "verify", stdin=paper.out).code == 4)
    site.stop()
    site.start()
    all_is_there(t, people, "without the old key")
    t.check("check is clean", site.run("check").code == 0)


def a_rotation_is_killed(t, site):
    site.start()
    people = people_of(site, PEOPLE)
    first = next(iter(keys_of(site)))
    other = site.run("server-key", "add", "--json").json()["id"]
    make_first(site, other)
    begun = time.monotonic()
    site.run("server-key", "rotate")
    took = time.monotonic() - begun  # on this machine, of this build
    first, other = other, first
    make_first(site, other)
    kills = whole = between = 0
    while kills < KILLS:
        process = subprocess.Popen([PROGRAM, "server-key", "rotate", "-c", str(site.config), "--dev"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=site.environment())
        time.sleep(random.uniform(0.3, 1) * took)
        process.kill()
        if process.wait() == 0:  # it was quicker: the other way round
            whole += 1
            first, other = other, first
            make_first(site, other)
            continue
        kills += 1
        counts = keys_of(site)
        between += counts[first]["blobs"] > 0 and counts[other]["blobs"] > 0
    t.check(f"{KILLS} kills, of which some left it in the middle", between > 0, f"{between} in the middle, {whole} whole")
    print(f"# {between} kills in the middle; {whole} rotations were quicker")
    all_is_there(t, people, "between two keys")
    ran = site.run("server-key", "rotate", "--json")
    t.check("it is begun again and ends", ran.code == 0 and ran.json()["left"] == 0, ran)
    t.check("nothing names the old key", keys_of(site)[first]["blobs"] == 0)
    t.check("and it goes", site.run("server-key", "retire", "--destroy", first).code == 0)
    site.stop()
    site.start()
    all_is_there(t, people, "at the end")
    t.check("check is clean", site.run("check").code == 0)


class Busy:
    """One thread of people who do everything; `wrong` holds answers that should not have been."""

    def __init__(self, site, number):
        self.site, self.number, self.done, self.wrong, self.people = site, number, 0, [], []

    def expect(self, answer, *statuses):
        if answer.status not in (*statuses, 503):
            self.wrong.append(f"{answer.status} {answer.body[:300]!r}")
        return answer.status in statuses

    def work(self, stop):
        round_ = 0
        while not stop.is_set():
            round_ += 1
            person = Person(self.site, f"b{self.number}-{round_}@example.org")
            if self.expect(person.register(), 200) and self.expect(person.put("note", person.email), 201):
                self.people.append(person)
            for known in self.people[-3:]:
                if self.expect(known.get("note"), 200) and known.get("note").body.decode() != known.email:
                    self.wrong.append("another note")
                self.expect(known.put("changes", str(round_)), 201, 204)
                self.expect(known.whoami(), 200)
                again = Person(self.site, known.email)
                if self.expect(again.login(), 200):
                    token = again.token
                    if self.expect(again.logout(), 204):
                        again.token = token
                        self.expect(again.whoami(), 401)
                again.close()
                known.close()
            self.done += 1


def a_rotation_beside_people(t, site):
    site.start()
    first = next(iter(keys_of(site)))
    other = site.run("server-key", "add", "--json").json()["id"]
    site.stop()
    site.start()
    busy = [Busy(site, n) for n in range(3)]
    stop = threading.Event()
    threads = [threading.Thread(target=b.work, args=(stop,)) for b in busy]
    for thread in threads:
        thread.start()
    eventually(lambda: all(b.done > 2 for b in busy))
    codes, moved = [], 0
    end = time.monotonic() + 8
    while time.monotonic() < end:  # the server seals under one key all the while; the command moves to either
        first, other = other, first
        make_first(site, first, restart=False)
        ran = site.run("server-key", "rotate", "--json")
        codes.append(ran.code)
        moved += ran.json()["moved"] if ran.code in (0, 7) else 0
    stop.set()
    for thread in threads:
        thread.join()
    wrong = [w for b in busy for w in b.wrong]
    people = [p for b in busy for p in b.people]
    print(f"# {len(codes)} rotations moved {moved} blobs beside {sum(b.done for b in busy)} rounds, {len(people)} registrations")
    t.check("every answer is what it should be", not wrong, wrong[:5])
    t.check("rotate ends well, or says that something else still writes under the old key", set(codes) <= {0, 7}, codes)
    t.check("there was something to move", moved > 1000 and len(people) > 10, (moved, len(people)))
    site.stop()
    site.start()
    t.check("after a restart it ends", site.run("server-key", "rotate").code == 0)
    t.check("nothing names the other key", keys_of(site)[other]["blobs"] == 0, keys_of(site))
    all_is_there(t, people, "afterwards")
    checked = site.run("check", "--json")
    t.check("check is clean", checked.code == 0, checked)


def a_reindex_is_killed(t, site):
    site.start()
    people = people_of(site, PEOPLE)
    beside = site.run("reindex", "--yes")
    t.check("beside a server it is refused", beside.code in (3, 7), beside)
    site.stop()
    t.check("it needs --yes", site.run("reindex").code == 2)
    begun = time.monotonic()
    site.run("check")  # which opens as many accounts
    took = time.monotonic() - begun
    refused = 0
    for _ in range(KILLS):
        process = subprocess.Popen([PROGRAM, "reindex", "--yes", "-c", str(site.config), "--dev"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=site.environment())
        time.sleep(random.uniform(0.1, 0.7) * took)
        process.kill()
        if process.wait() == 0:
            break  # it was quicker, and there are not many times
        started = site.run("check")
        refused += started.code == 3 and "watchword reindex" in started.err
    print(f"# after {refused} kills nothing else opened the database")
    ran = site.run("reindex", "--yes", "--json")
    t.check("it is begun again and ends", ran.code == 0 and ran.json()["closed"] == 0, ran)
    site.start()
    all_is_there(t, people, "with new indexes")
    again = Person(site, people[0].email)
    t.check("a name that is taken stays taken", again.register().status == 400)
    checked = site.run("check")
    t.check("check is clean", checked.code == 0, checked)


if __name__ == "__main__":
    run_all(a_key_is_added_made_first_and_retired, a_rotation_is_killed, a_rotation_beside_people, a_reindex_is_killed,
            databases=databases())
