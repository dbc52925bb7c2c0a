#!/usr/bin/env python3
"""A database that was put back to an earlier moment (vault.md §12), on every database: what the browser remembers,
what the witness refuses, and what `restore accept` makes of a backup."""
import os
import shutil
import subprocess
import sys

from harness import PASSWORD, POSTGRES, Browser, check, databases, same
from operate import Person, Site, run_all

OTHER = "seven quiet otters by the river"
NO_WITNESS = {"WATCHWORD_WITNESS_FILE": "off"}


class Moment:
    """The database as it was, to be put back while the server is stopped."""

    count = 0

    def __init__(self, site):
        self.site = site
        site.stop()
        Moment.count += 1
        if "DSN" in site.settings:
            self.copy = f"moment_{os.getpid()}_{Moment.count}"
            psql(f"CREATE DATABASE {self.copy} TEMPLATE {self.name()}")
        else:
            self.copy = site.directory / f"moment-{Moment.count}"
            shutil.copytree(site.database.parent, self.copy)

    def name(self):
        return self.site.settings["DSN"].rsplit("/", 1)[1].split("?")[0]

    def put_back(self):
        self.site.stop()
        if "DSN" in self.site.settings:
            psql(f"DROP DATABASE {self.name()}")
            psql(f"CREATE DATABASE {self.name()} TEMPLATE {self.copy}")
        else:
            shutil.rmtree(self.site.database.parent)
            shutil.copytree(self.copy, self.site.database.parent)


def psql(statement):
    subprocess.run(["psql", "-q", "-X", POSTGRES, "-c", statement], check=True)


def sign_in(browser, email, password=PASSWORD):
    browser.cookies.pop("ory_kratos_session", None)
    return browser.submit("login", {"method": "password", "identifier": email, "password": password})


# ---- the browser as a witness ----


def the_browser_remembers(t, site):
    """Without a witness, so that the cookie alone is what finds it."""
    site.start(NO_WITNESS)
    ada = Browser(site).register("ada@example.org")
    t.check("a browser that signed up remembers", "watchword_device" in ada.cookies, ada.cookies)
    before = Moment(site)
    site.start(NO_WITNESS)
    answer = sign_in(ada, "ada@example.org")
    t.check("signing in again is fine", answer.status == 200, answer)
    lines = [v for k, v in answer.headers.items() if k == "Set-Cookie" and v.startswith("watchword_device=")]
    t.check("attributes as of the session cookie, and as long as browsers keep one",
            len(lines) == 1 and "HttpOnly" in lines[0] and "SameSite=Lax" in lines[0] and "Path=/" in lines[0]
            and f"Max-Age={400 * 86400}" in lines[0], lines)
    put = ada.request("PUT", "/vault/items/note", b"second",
                      {"Origin": site.settings["SERVE_PUBLIC_BASE_URL"].rstrip("/"), "Content-Type": "application/octet-stream"})
    t.check("a note is written", put.status == 201, put)
    logout = ada.request("GET", "/self-service/logout/browser")
    ada.request("GET", f"/self-service/logout?token={logout.json['logout_token']}")
    t.check("signed out, the cookie stays", "ory_kratos_session" not in ada.cookies and "watchword_device" in ada.cookies,
            ada.cookies)
    t.check("and in", sign_in(ada, "ada@example.org").status == 200)
    before.put_back()
    site.start(NO_WITNESS)
    answer = sign_in(ada, "ada@example.org")
    t.check("refused on this browser", answer.status == 500, answer)
    t.check("without a session", "ory_kratos_session" not in ada.cookies)
    t.check("another browser, which remembers nothing, is let in: limit 5",
            sign_in(Browser(site), "ada@example.org").status == 200)
    ada.cookies["watchword_device"] = "A" * 140
    t.check("what is no cookie of ours is passed over", sign_in(ada, "ada@example.org").status == 200)


def the_browser_of_somebody_else(t, site):
    site.start(NO_WITNESS)
    browser = Browser(site).register("ada@example.org")
    Browser(site).register("bob@example.org")
    browser.cookies.pop("ory_kratos_session", None)
    t.check("somebody else signs in on it", sign_in(browser, "bob@example.org").status == 200)


# ---- restore accept ----


class Someone(Person):
    """Who outlives the server: each request has a connection of its own."""

    def ask(self, *what, **how):
        self.close()
        return super().ask(*what, **how)


def person(site, name):
    who = Someone(site, f"{name}@example.org")
    same(who.register().status, 200)
    same(who.put("note", "first").status, 201)
    return who


def change_password(who, password):
    answer = who.submit("settings", {"method": "password", "password": password})
    same(answer.status, 200, answer)


def recover(who, code):
    return who.ask("POST", "/vault/recover", {"identifier": who.email, "code": code, "password": "a third walk by the sea",
                                              "carrier": "token"})


def accept(site, *more, env=None):
    return site.run("restore", "accept", "--yes", "--json", *more, env=env)


def a_backup_is_accepted(t, site):
    site.start()
    ada, bob, cyn = person(site, "ada"), person(site, "bob"), person(site, "cyn")
    codes = ada.ask("POST", "/vault/codes").json["codes"]
    browser = Browser(site)
    sign_in(browser, "bob@example.org")
    backup = Moment(site)
    site.start()
    change_password(ada, OTHER)
    same(recover(ada, codes[0]).status, 200)
    same(ada.ask("PUT", "/vault/items/later", b"x", {"X-Session-Token": ada.token}).status, 401)
    same(bob.put("note", "second").status, 204)
    same(sign_in(browser, "bob@example.org").status, 200)
    same(cyn.ask("DELETE", "/account", {"confirm": "cyn@example.org"}).status, 204)
    dan = person(site, "dan")
    busy = site.run("restore", "accept", "--yes")
    t.check("not while the server runs", busy.code != 0 and "stop the server" in busy.err, busy)
    backup.put_back()
    refused = site.refused_start()
    t.check("the start is refused, and says what to do", refused.code != 0 and "restore accept" in refused.err, refused)
    checked = site.run("check")
    t.check("check tells", checked.code == 6 and "older than this node has seen" in checked.out, checked)
    listed = site.run("user", "list")
    t.check("no other command opens it", listed.code != 0 and "restore accept" in listed.err, listed)
    asked = site.run("restore", "accept")
    t.check("it asks first", asked.code != 0 and "--yes" in asked.err, asked)
    done = accept(site)
    t.check("accepted: one was behind, one is deleted again", done.code == 0 and done.json() == {
        "accounts": 3, "restored": 1, "deleted": 1, "damaged": 0, "line": 2}, done)
    checked = site.run("check")
    t.check("check finds nothing", checked.code == 0, checked)
    site.start()
    t.check("her sessions ended", ada.whoami().status == 401)
    ada.password = OTHER
    t.check("what she changed since is gone", ada.login().status == 400)
    ada.password = PASSWORD
    t.check("the password of that moment is good again: limit 5", ada.login().status == 200)
    t.check("the vault is of that moment", ada.get("note").body == b"first")
    t.check("a used code does not come back", recover(ada, codes[0]).status == 400)
    t.check("nor does one that was not used", recover(ada, codes[1]).status == 400)
    renewed = ada.ask("POST", "/vault/codes").json["codes"]
    t.check("new ones do", recover(ada, renewed[0]).status == 200)
    ada.password = "a third walk by the sea"
    ada.login()
    events = [e["event"] for e in ada.ask("GET", "/account/history").json]
    t.check("her history tells", "account.restored" in events, events)
    t.check("who was not behind stays signed in", bob.whoami().status == 200)
    t.check("though the vault is of that moment", bob.get("note").body == b"first")
    t.check("and goes on", bob.put("note", "third").status == 204 and bob.get("note").body == b"third")
    t.check("a browser of the line before is let in", sign_in(browser, "bob@example.org").status == 200)
    t.check("who closed the account is not back", cyn.login().status == 400)
    t.check("who came later may come again", dan.login().status == 400 and dan.register().status == 200 and
            dan.put("note", "anew").status == 201)
    site.stop()
    backup.put_back()
    refused = site.refused_start()
    t.check("the same backup once more is refused", refused.code != 0 and "restore accept" in refused.err, refused)
    done = accept(site)
    t.check("and may be accepted once more", done.code == 0 and done.json()["line"] == 3 and done.json()["deleted"] == 1, done)
    site.start()
    ada.password = PASSWORD
    t.check("it works", ada.login().status == 200 and ada.get("note").body == b"first")


def one_account_that_was_put_back(t, site):
    """The rows of one account alone, by whoever writes to the database; here SQLite's, through its own program."""
    if "DSN" in site.settings:
        return t.skip("one account put back", "the same on every database: test_rollback.c does it")
    import sqlite3
    site.start()
    ada, bob = person(site, "ada"), person(site, "bob")
    site.stop()
    db = sqlite3.connect(site.database)
    tables = ("accounts", "credentials", "vaults", "items")
    kept = {table: db.execute(f"SELECT * FROM {table} WHERE {'id' if table == 'accounts' else 'account'} = 1").fetchall()
            for table in tables}
    db.close()
    site.start()
    change_password(ada, OTHER)
    site.stop()
    db = sqlite3.connect(site.database)
    for table, rows in kept.items():
        db.execute(f"DELETE FROM {table} WHERE {'id' if table == 'accounts' else 'account'} = 1")
        for row in rows:
            db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    db.commit()
    db.close()
    site.start()
    t.check("refused by name", ada.whoami().status == 500 and ada.whoami().error["id"] == "vault_rolled_back", ada.whoami())
    ada.token = None
    t.check("neither password signs in", all(login.status == 500 for login in (ada.login(), ada.login())))
    t.check("others are let in", bob.whoami().status == 200)
    site.stop()
    t.check("check names the row", "account row 1" in site.run("check").out)
    done = accept(site)
    t.check("accepted", done.code == 0 and done.json()["restored"] == 1, done)
    site.start()
    t.check("and in", ada.login().status == 200)


def killed_in_the_middle(t, site):
    """kill -9 at many moments: the start is refused until it is done, it goes on, and everybody is dealt with."""
    many = 300
    site.start()
    people = []
    for i in range(many):
        who = Someone(site, f"p{i}@example.org")
        same(who.register().status, 200)
        who.close()
        people.append(who)
    backup = Moment(site)
    site.start()
    change_password(people[0], OTHER)
    backup.put_back()
    killed = refused = 0
    command = ["restore", "accept", "-c", str(site.config), "--dev", "--yes", "--all"]
    for delay in [0.002 + 0.003 * i for i in range(60)]:
        ran = subprocess.Popen([os.environ.get("WATCHWORD_BIN", "build/watchword"), *command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=site.environment())
        try:
            ran.wait(delay)
            break
        except subprocess.TimeoutExpired:
            ran.kill()
            ran.wait()
            opened = site.run("user", "list")
            if opened.code == 0:  # killed after its last step
                break
            killed += 1
            refused += "restore" in opened.err
    t.check("it was killed, and nothing else opens the site meanwhile", killed > 0 and refused == killed, (killed, refused))
    done = accept(site)
    t.check("at last it is done", done.code == 0 and done.json()["accounts"] == many, done)
    checked = site.run("check")
    t.check("check finds nothing", checked.code == 0, checked)
    site.start()
    t.check("every session ended", all(who.whoami().status == 401 for who in people[::7]))
    t.check("everybody may sign in", all(who.login().status == 200 for who in people[::29]))
    fresh = Someone(site, "fresh@example.org")
    t.check("and new ones come", fresh.register().status == 200 and fresh.put("note", "x").status == 201)


def without_a_witness(t, site):
    site.start(NO_WITNESS)
    ada = person(site, "ada")
    backup = Moment(site)
    backup.put_back()
    done = accept(site, env=NO_WITNESS)
    t.check("all accounts count as put back", done.code == 0 and done.json()["restored"] == 1, done)
    site.start(NO_WITNESS)
    t.check("their sessions ended", ada.whoami().status == 401)
    t.check("they sign in again", ada.login().status == 200 and ada.get("note").body == b"first")


def the_witness_was_lost(t, site):
    site.start()
    ada = person(site, "ada")
    site.stop()
    (site.key.parent / "witness").unlink()
    site.start()
    t.check("a new one is made, with a warning", "was made now" in site.log(), site.log()[-800:])
    t.check("and everybody goes on", ada.whoami().status == 200 and ada.put("note", "second").status == 204)
    site.stop()
    done = accept(site)
    t.check("it is not relied on for a restore", done.code == 0 and done.json()["restored"] == 1, done)
    site.start()
    t.check("sessions ended", ada.whoami().status == 401)


def another_node(t, site):
    """It remembers more than the one that accepted: deleted accounts stay so, the rest is of the new line."""
    other = {"WATCHWORD_WITNESS_FILE": str(site.key.parent / "other")}
    site.start()
    ada, cyn = person(site, "ada"), person(site, "cyn")
    backup = Moment(site)
    site.start(other)
    same(ada.whoami().status, 200)
    same(ada.put("note", "second").status, 204)
    same(cyn.ask("DELETE", "/account", {"confirm": "cyn@example.org"}).status, 204)
    backup.put_back()
    t.check("the other node refuses", "restore accept" in site.refused_start(env=other).err)
    done = accept(site)
    t.check("this one, which knows nothing of it, accepts", done.code == 0 and done.json()["restored"] == 0, done)
    site.start(other)
    t.check("then the other follows", ada.whoami().status == 200 and ada.get("note").body == b"first")
    t.check("but who closed the account there is not let in", cyn.login().status == 500)
    site.stop()
    done = accept(site, env=other)
    t.check("until it is accepted there too", done.code == 0 and done.json()["deleted"] == 1, done)


SCENARIOS = [the_browser_remembers, the_browser_of_somebody_else, a_backup_is_accepted, one_account_that_was_put_back,
             killed_in_the_middle, without_a_witness, the_witness_was_lost, another_node]

if __name__ == "__main__":
    run_all(*SCENARIOS, databases=databases())
