#!/usr/bin/env python3
"""audit export and verify: a log that left its database is still verified, and what was done to it is found."""
import json
import shutil

from harness import PASSWORD, databases
from operate import Person, run_all


def verify(site, lines, key=True):
    path = site.directory / "log.altered"
    path.write_text("".join(line + "\n" for line in lines))
    return site.run("audit", "verify", *(["--key", str(site.key)] if key else []), "--json", str(path), config=False)


def busy_site(site):
    """Several chains, people who left, and so erased rows."""
    for round_ in range(3):
        site.start()
        for i in range(6):
            person = Person(site, f"p{round_}-{i}@example.org")
            person.register()
            person.login()
            person.close()
        site.stop()
    site.run("user", "delete", "--without-password", "--yes", "p0-1@example.org")
    site.run("user", "delete", "--without-password", "--yes", "p1-2@example.org")


def exported(t, site, name="exported"):
    path = site.directory / name
    ran = site.run("audit", "export", "--json", str(path))
    t.check("export writes the log, for its owner alone", ran.code == 0 and path.stat().st_mode & 0o777 == 0o600
            and ran.json()["rows"] == len(path.read_text().splitlines()) - 2, ran)
    return path.read_text().splitlines()


def what_is_done_to_an_exported_log_is_found(t, site):
    busy_site(site)
    lines = exported(t, site)
    t.check("a second export of that name is refused", site.run("audit", "export", str(site.directory / "exported")).code == 9)
    t.check("the log holds no server key", site.key.read_bytes().hex() not in "".join(lines))
    whole = verify(site, lines)
    told = whole.json()
    t.check("it is sound", whole.code == 0 and told["ok"] and told["keyed"] and len(told["nodes"]) >= 3
            and told["events"] == len(lines) - 2 == sum(n["events"] for n in told["nodes"])
            and sum(n["erased"] for n in told["nodes"]) > 0, told)
    without = verify(site, lines, key=False)
    t.check("without the key as well, and it is said", without.code == 0 and not without.json()["keyed"], without)
    rows = [json.loads(line) for line in lines]
    # In a chain of at least 5 rows, the second of which has its event.
    at = next(i for i, r in enumerate(rows[1:-3], 1) if r.get("n") == 2 and r.get("event") and rows[i + 3]["node"] == r["node"])

    def changed(i, **members):
        row = {**rows[i], **members}
        return [*lines[:i], json.dumps({k: v for k, v in row.items() if v is not None}), *lines[i + 1:]]

    event = json.loads(rows[at]["event"])
    later = json.dumps({**event, "time": event["time"] + 1}, separators=(",", ":"))
    other = json.dumps({**event, "method": "code"}, separators=(",", ":"))
    flipped = rows[at]["link"][:-1] + ("0" if rows[at]["link"][-1] != "0" else "1")
    starts = [r for r in rows if r.get("n") == 1]
    named = max((e for s in starts for e in json.loads(s["event"])["chains"]), key=lambda e: int(e[16:32], 16))
    node, n = named[:16], int(named[16:32], 16)
    for name, altered, found, blind in (
            ("an event that was changed", changed(at, event=other), "altered", False),
            ("a time that was changed", changed(at, time=rows[at]["time"] + 1), "altered", True),
            ("both times changed", changed(at, time=rows[at]["time"] + 1, event=later), "altered", False),
            ("another person's event", changed(at, account="00000000-0000-4000-8000-000000000000"), "altered", True),
            ("a link that was changed", changed(at, link=flipped), "altered", False),
            ("a mark that was changed", changed(at, mark=rows[at]["link"]), "altered", False),
            ("a row that is gone", [*lines[:at], *lines[at + 1:]], "missing", True),
            ("a row twice", [*lines[:at + 1], *lines[at:]], "forks", True),
            ("an event that was emptied", changed(at, event=None, state="erased"), "emptied", True),
            ("a chain that was cut", [x for x, r in zip(lines, rows) if r.get("node") != node or r["n"] < n], "cut", True),
            ("a chain that is gone", [x for x, r in zip(lines, rows) if r.get("node") != node], "cut", True)):
        ran = verify(site, altered)
        t.check(f"{name} is found", ran.code == 6 and ran.json()[found] > 0, ran)
        ran = verify(site, altered, key=False)
        t.check(f"{name}, without the key: {'found' if blind else 'not'}", (ran.code == 6) == blind, ran)
    short = verify(site, lines[:-1])
    t.check("a file without its end is not sound", short.code == 6 and short.json()["whole"] is False, short)
    for name, bad in (("none of ours", ["{}"]), ("no JSON", [lines[0], "nonsense", lines[-1]]), ("empty", []),
                      ("a row without a link", changed(at, link=None)), ("something behind its end", [*lines, lines[at]])):
        ran = verify(site, bad)
        t.check(f"{name}: refused with the line", ran.code == 8 and "line" in ran.err, ran)
    foreign = site.directory / "foreign.key"
    site.run("server-key", "new", str(foreign), config=False)
    ran = site.run("audit", "verify", "--key", str(foreign), str(site.directory / "exported"), config=False)
    t.check("another server key is told", ran.code == 3 and "server key" in ran.err, ran)


def a_log_of_before_a_reindex_is_verified(t, site):
    busy_site(site)
    before = exported(t, site)
    t.check("reindex", site.run("reindex", "--yes").code == 0)
    after = exported(t, site, "after")
    t.check("both are sound", verify(site, before).code == 0 and verify(site, after).code == 0, verify(site, after))
    rows = [json.loads(line) for line in after]
    at = next(i for i, r in enumerate(rows) if r.get("n") == 2)
    changed = [*after[:at], json.dumps({**rows[at], "mark": "0" * 64}), *after[at + 1:]]
    t.check("and a row of before is still bound", verify(site, changed).code == 6)


if __name__ == "__main__":
    run_all(what_is_done_to_an_exported_log_is_found, a_log_of_before_a_reindex_is_verified, databases=databases())
