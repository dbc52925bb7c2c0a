#!/usr/bin/env python3
"""Storage that is wrong: each is refused with a message that names the thing, and nothing is overwritten."""
import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from operate import PASSWORD, Person, checksum, eventually, run_all

CONFIG = 3
FAILED = 1
TAMPERED = 6


def make_note(site, name="ada"):
    """An account with a note, by the commands; the server does not run."""
    made = site.run("user", "create", "-t", f"email={name}@example.org", "--password-fd", "0", stdin=PASSWORD + "\n")
    assert made.code == 0, made
    put = site.run("item", "put", "--password-fd", "0", "--user", f"{name}@example.org", "note", stdin=f"{PASSWORD}\nkept")
    assert put.code == 0, put


def note(site, name="ada"):
    return site.run("item", "get", "--password-fd", "0", "--user", f"{name}@example.org", "note", stdin=PASSWORD + "\n")


def refused(t, site, what, code, *words, **how):
    """serve, check and a command that writes: each is refused with this code and all these words; the database
    keeps its bytes."""
    before = checksum(site.database) if site.database.exists() else None
    tried = {"serve": site.refused_start(**how), "check": site.run("check", **how),
             "user create": site.run("user", "create", "-t", "email=eve@example.org", "--password-fd", "0",
                                     stdin=PASSWORD + "\n", **how)}
    for name, ran in tried.items():
        # The server tells it in its log, the commands in a sentence.
        told = all(word in ran.err for word in words)
        t.check(f"{what}: {name} ends with {code} and says why", ran.code == code and told, ran)
    after = checksum(site.database) if site.database.exists() else None
    t.check(f"{what}: nothing was overwritten", before == after)


def a_damaged_database(t, site):
    make_note(site)
    whole = site.database.read_bytes()
    site.database.write_bytes(b"This is no database. " * 1000)
    refused(t, site, "not a database", CONFIG, "watchword.db")
    site.database.write_bytes(whole[:3000])
    ran = site.run("check")
    t.check("a cut-off database is refused", ran.code in (FAILED, CONFIG, 6) and "watchword.db" in ran.err + ran.out, ran)
    t.check("and left as it is", site.database.read_bytes() == whole[:3000])
    for page in range(0, len(whole), 4096):
        site.database.write_bytes(whole[:page] + os.urandom(4096) + whole[page + 4096:])
        ran = site.run("check")
        t.check(f"noise in page {page // 4096 + 1} is found by check", ran.code in (FAILED, CONFIG, TAMPERED), ran)
    site.database.write_bytes(whole)
    t.check("the whole one is good again", note(site).out == "kept")


# What stands beside a seal or cannot be opened by the server, altered by who writes to the database.
ALTERED = (
    ("a session that its id does not find", "UPDATE sessions SET tag = NULL"),
    ("a session under another's tag", "UPDATE sessions SET tag = randomblob(32)"),
    ("a session that lasts longer", "UPDATE sessions SET expires = expires + 1000000"),
    ("a ring of nothing", "UPDATE vaults SET ring = x''"),
    ("a head of nothing", "UPDATE vaults SET head = x''"),
    ("a flow under no id", "UPDATE flows SET id = x'' WHERE rowid = (SELECT min(rowid) FROM flows)"),
    ("an item whose name is no tag", "UPDATE items SET id = x'00'"),
    ("an item moved to another account", "UPDATE items SET account = account + 1"),
)


def rows_altered_beside_their_seals(t, site):
    make_note(site)
    site.start()
    site.login("ada@example.org")
    site.stop()
    whole = site.database.read_bytes()
    t.check("nothing is wrong at first", site.run("check").code == 0)
    for name, sql in ALTERED:
        with closing(sqlite3.connect(site.database)) as db:
            t.check(f"{name}: is there to be altered", db.execute(sql).rowcount > 0)
            db.commit()
        ran = site.run("check")
        t.check(f"{name} is found by check", ran.code == TAMPERED and "problem" in ran.out, ran)
        for beside in ("-wal", "-shm"):
            Path(str(site.database) + beside).unlink(missing_ok=True)
        site.database.write_bytes(whole)


def a_foreign_database(t, site):
    site.database.unlink(missing_ok=True)
    other = sqlite3.connect(site.database)
    other.execute("CREATE TABLE recipes (name TEXT)")
    other.execute("INSERT INTO recipes VALUES ('soup')")
    other.commit()
    other.close()
    refused(t, site, "foreign", CONFIG, "watchword.db", "not of this program")


def a_newer_database(t, site):
    make_note(site)
    newer = sqlite3.connect(site.database)
    newer.execute("INSERT INTO watchword_migrations SELECT 999, 'from the future', checksum, applied_at FROM "
                  "watchword_migrations WHERE number = 1")
    newer.commit()
    newer.close()
    refused(t, site, "newer", CONFIG, "watchword.db", "newer version", "999")


def an_altered_migration(t, site):
    make_note(site)
    altered = sqlite3.connect(site.database)
    altered.execute("UPDATE watchword_migrations SET checksum = zeroblob(32) WHERE number = 1")
    altered.commit()
    altered.close()
    refused(t, site, "altered migration", CONFIG, "watchword.db", "migration 1")


def a_missing_server_key(t, site):
    make_note(site)
    key = site.key.read_bytes()
    site.key.unlink()
    refused(t, site, "missing key", CONFIG, "server.key", "server-key", dev=False)
    t.check("no key was made in its place", not site.key.exists())
    told = site.refused_start(dev=False).err
    t.check("the message says to put the copy back, not to make a new one",
            "copy of the key" in told and "server-key import" in told and "server-key new" not in told, told)
    told = site.refused_start().err
    t.check("under --dev too", "copy of the key" in told and not site.key.exists(), told)
    site.key.write_bytes(bytes(32))
    site.key.chmod(0o600)
    refused(t, site, "a key of zeros", CONFIG, "server.key", "all zeros", dev=False)
    site.key.write_bytes(key)
    t.check("with the key back the note is readable", note(site).out == "kept")


def a_server_key_from_paper(t, site):
    make_note(site)
    paper = site.run("server-key", "export", str(site.key), config=False)
    there = site.run("server-key", "import", str(site.key), config=False, stdin=paper.out)
    t.check("import leaves a file alone that is there", there.code != 0 and "left alone" in there.err, there)
    key = site.key.read_bytes()
    site.key.unlink()
    for wrong in (paper.out[:-2] + ("A" if paper.out[-2] != "A" else "B"), paper.out[:20], "", "x" * 5000):
        ran = site.run("server-key", "import", str(site.key), config=False, stdin=wrong)
        t.check("a mistyped print makes nothing", ran.code != 0 and not site.key.exists(), ran)
    typed = paper.out.lower().replace("-", " ").replace("0", "o")
    ran = site.run("server-key", "import", str(site.key), config=False, stdin=typed)
    t.check("the print makes the same key again", ran.code == 0 and site.key.read_bytes() == key
            and site.key.stat().st_mode & 0o777 == 0o600, ran)
    t.check("and the note is readable", note(site).out == "kept")


def a_missing_server_key_in_development(t, site):
    """--dev makes a key only where nothing is sealed under another."""
    make_note(site)
    site.key.unlink()
    before = checksum(site.database)
    ran = site.refused_start()
    t.check("serve --dev on a database of another key ends with 3", ran.code == CONFIG and "key" in ran.err, ran)
    t.check("nothing was overwritten", checksum(site.database) == before)


def a_wrong_server_key(t, site):
    make_note(site)
    key = site.key.read_bytes()
    site.key.unlink()
    made = site.run("server-key", "new", str(site.key), config=False)
    assert made.code == 0, made
    refused(t, site, "wrong key", CONFIG, "server key is not the one", dev=False)
    site.key.write_bytes(key[:10])
    refused(t, site, "cut-off key", CONFIG, "server.key", dev=False)
    site.key.write_bytes(key)
    t.check("with the right key the note is readable", note(site).out == "kept")


def an_unreadable_configuration(t, site):
    text = site.config.read_text()
    site.config.write_text(text + "nonsense: 1\n")
    for words in (["serve"], ["check"], ["user", "list"]):
        ran = site.run(*words)
        t.check(f"an unknown setting: {' '.join(words)} ends with 3 and names file, line and setting", ran.code == CONFIG
                and f"watchword.yml:{len(text.splitlines()) + 1}" in ran.err and "nonsense" in ran.err, ran)
    site.config.write_text(text)


def unprivileged():
    """Words that run a program as nobody, or None; root may write anywhere."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if shutil.which("setpriv") else None


def an_unwritable_directory(t, site):
    wrap = unprivileged()
    if wrap is None:
        return t.skip("an unwritable directory", "this is root and setpriv is not installed")
    make_note(site)
    if wrap:
        site.directory.chmod(0o755)
        for path in (site.directory / "site").rglob("*"):
            os.chown(path, 65534, 65534)
        os.chown(site.directory / "site", 65534, 65534)
    before = checksum(site.database)
    data = site.database.parent
    for path in data.iterdir():
        path.chmod(0o400)
    data.chmod(0o500)
    try:
        ran = site.refused_start(wrap=wrap)
        t.check("an unwritable directory: serve ends with 1 or 3 and names it", ran.code in (FAILED, CONFIG)
                and str(data) in ran.err, ran)
        t.check("nothing was overwritten", checksum(site.database) == before)
        target = site.directory / "site" / "data" / "new"
        ran = site.run("init", str(target), config=False, wrap=wrap)
        t.check("init in it ends with 1 and names it", ran.code == FAILED and str(target) in ran.err, ran)
    finally:
        data.chmod(0o700)
        for path in data.iterdir():
            path.chmod(0o600)
    t.check("made writable again, the note is readable", site.run(
        "item", "get", "--password-fd", "0", "--user", "ada@example.org", "note", stdin=PASSWORD + "\n", wrap=wrap).out == "kept")


def a_full_disk(t, site):
    """On a file system of one megabyte, where this may be mounted."""
    disk = Path(tempfile.mkdtemp(prefix="watchword-disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        disk.rmdir()
        return t.skip("a full disk", f"nothing can be mounted here: {mounted.stderr.strip()}")
    try:
        on_disk = {"DSN": f"sqlite://{disk}/watchword.db?_fk=true"}
        site.settings.update(on_disk)
        site.start()
        ada = Person(site, "ada@example.org")
        ada.register()
        t.check("there is room at first", ada.put("small", "kept").status == 201)
        kept, full = [], None
        for number in range(100):
            answer = ada.put(f"item {number}", os.urandom(60000))
            if answer.status != 201:
                full = answer
                break
            kept.append(number)
        t.check("a write that finds no room is refused, not acknowledged", full is not None and full.status == 503, full)
        t.check("the log names the database and what is wrong",
                eventually(lambda: "no space is left" in site.log() and str(disk) in site.log()), site.log()[-500:])
        eve = Person(site, "eve@example.org").register()
        t.check("nor is one for who registers", eve.status == 200 or str(disk).encode() not in eve.body, eve)
        t.check("no path stands in the answer", full is not None and str(disk).encode() not in full.body, full)
        t.check("the server lives and reads", ada.get("small").body == b"kept")
        t.check("everything acknowledged is readable", all(ada.get(f"item {n}").status == 200 for n in kept))
        for number in kept:
            ada.ask("DELETE", f"/vault/items/item%20{number}")
        t.check("it stops cleanly", site.stop() == 0)
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        site.start()
        ada.close()
        t.check("with room again it takes writes", ada.put("more", os.urandom(60000)).status == 201)
        t.check("and has what it acknowledged", ada.get("small").body == b"kept")
        site.stop()
        checked = site.run("check")
        t.check("check is clean", checked.code == 0, checked)
    finally:
        site.kill()
        subprocess.run(["umount", "-l", disk], check=False)
        disk.rmdir()


if __name__ == "__main__":
    run_all(a_damaged_database, rows_altered_beside_their_seals, a_foreign_database, a_newer_database,
            an_altered_migration, a_missing_server_key, a_missing_server_key_in_development, a_server_key_from_paper, a_wrong_server_key, an_unreadable_configuration, an_unwritable_directory,
            a_full_disk)
