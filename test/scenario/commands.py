#!/usr/bin/env python3
"""Every command on a fresh site: what it prints, with which code it ends, and what it refuses."""
import base64
import fcntl
import json
import os
import pathlib
import pty
import re
import sqlite3
import subprocess
import termios

from operate import PASSWORD, PROGRAM, run_all

ADA = "ada@example.org"


def make_ada(site, email=ADA):
    return site.run("user", "create", "--trait", f"email={email}", "--password-fd", "0", "--json", stdin=PASSWORD + "\n")


def as_ada(site, *words, password=PASSWORD, more="", user=None):
    """A command that asks for the password, on standard input; `more` follows it."""
    return site.run(*words[:2], "--password-fd", "0", *words[2:], *([user] if user else []),
                    stdin=f"{password}\n{more}")


def error_of(ran):
    return json.loads(ran.err)["error"]


# ---- accounts ----

def an_account_is_created_and_looked_at(t, site):
    made = make_ada(site)
    t.check("create ends with 0 and prints the identity", made.code == 0 and made.json()["traits"] == {"email": ADA}, made)
    listed = site.run("user", "list", "--json")
    t.check("list has the account", [u["id"] for u in listed.json()] == [made.json()["id"]], listed)
    plain = site.run("user", "list")
    t.check("list for people is a line each", made.json()["id"] in plain.out and ADA in plain.out
            and len(plain.out.splitlines()) == 1, plain)
    for word in (ADA, ADA.upper(), made.json()["id"]):
        shown = site.run("user", "show", "--json", word)
        t.check(f"show finds {word}", shown.code == 0 and shown.json()["id"] == made.json()["id"], shown)
    t.check("show for people names id and traits", ADA in site.run("user", "show", ADA).out)
    sessions = as_ada(site, "user", "sessions", "--json", user=ADA)
    t.check("creating and looking leave no session behind", sessions.json() == [], sessions)


def an_account_is_refused(t, site):
    make_ada(site)
    again = make_ada(site, ADA.upper())
    t.check("a name that is taken ends with 9", again.code == 9 and error_of(again)["code"] == "WW_ECONFLICT", again)
    weak = site.run("user", "create", "-t", "email=bob@example.org", "--password-fd", "0", "--json", stdin="short\n")
    t.check("a weak password ends with 8 and names the field", weak.code == 8 and error_of(weak)["field"] == "password", weak)
    bad = site.run("user", "create", "-t", "email=nobody", "--password-fd", "0", "--json", stdin=PASSWORD + "\n")
    t.check("traits that do not satisfy the schema end with 8", bad.code == 8 and error_of(bad)["field"] == "traits/email"
            and "nobody" not in bad.err, bad)
    more = site.run("user", "create", "--traits", '{"email":"bob@example.org","shoe":43}', "--password-fd", "0",
                    stdin=PASSWORD + "\n")
    t.check("a trait that the schema does not know ends with 8", more.code == 8, more)
    for text in ("{", "[]", '{"email":1,"email":2}'):
        wrong = site.run("user", "create", "--traits", text, "--password-fd", "0", stdin=PASSWORD + "\n")
        t.check(f"--traits {text} ends with 2", wrong.code == 2, wrong)
    t.check("nothing of that was stored", len(site.run("user", "list", "--json").json()) == 1)
    t.check("an unknown user ends with 5", site.run("user", "show", "nobody@example.org").code == 5)


def a_user_acts_with_the_password(t, site):
    make_ada(site)
    wrong = as_ada(site, "user", "history", "--json", user=ADA, password="not this one at all")
    t.check("a wrong password ends with 4", wrong.code == 4 and error_of(wrong)["id"] == "wrong_credentials", wrong)
    unknown = as_ada(site, "user", "history", "--json", user="nobody@example.org")
    t.check("an unknown user is told the same", unknown.code == 4 and unknown.err == wrong.err, unknown)
    history = as_ada(site, "user", "history", "--json", user=ADA)
    events = [e["event"] for e in history.json()]
    t.check("history is newest first and has the failed try", events[0] == "login.succeeded" and "login.failed" in events, history)
    short = as_ada(site, "user", "history", "--limit", "1", "--json", user=ADA)
    t.check("--limit is kept", len(short.json()) == 1, short)
    t.check("--limit 0 ends with 2", as_ada(site, "user", "history", "--limit", "0", user=ADA).code == 2)


def a_password_is_changed(t, site):
    make_ada(site)
    as_ada(site, "item", "put", "--user", ADA, "note", more="kept")
    words = ("user", "password", "--new-password-fd", "0")
    same = as_ada(site, *words, user=ADA, more=PASSWORD + "\n")
    t.check("the same password again ends with 8", same.code == 8, same)
    wrong = as_ada(site, *words, user=ADA, password="not this one at all", more="an entirely different one\n")
    t.check("without the current password it ends with 4", wrong.code == 4, wrong)
    done = as_ada(site, *words, "--json", user=ADA, more="an entirely different one\n")
    t.check("with it, it ends with 0", done.code == 0 and done.json()["password_changed"] is True, done)
    t.check("the old one is refused", as_ada(site, "item", "list", "--user", ADA).code == 4)
    note = as_ada(site, "item", "get", "--user", ADA, "note", password="an entirely different one")
    t.check("the new one opens the vault", note.out == "kept", note)


def a_user_gets_back_in_with_a_code(t, site):
    make_ada(site)
    as_ada(site, "item", "put", "--user", ADA, "note", more="kept")
    t.check("there are no codes at first", as_ada(site, "user", "codes", "--json", user=ADA).json() == {"left": 0})
    codes = as_ada(site, "user", "codes", "--make", "--json", user=ADA).json()["codes"]
    t.check("--make shows ten", len(codes) == 10 and as_ada(site, "user", "codes", "--json", user=ADA).json() == {"left": 10})
    plain = as_ada(site, "user", "codes", "--make", user=ADA)
    t.check("for people as a list, each time others", plain.out.count("\n  ") == 10 and codes[0] not in plain.out, plain)
    code = plain.out.split("\n  ")[1].split()[0]
    words = ("user", "recover", "--code-fd", "0", "--new-password-fd", "0")

    def recover(given, user=ADA, password="an entirely different one"):
        return site.run(*words, "--json", user, stdin=f"{given}\n{password}\n")

    old = recover(codes[0])
    t.check("an earlier code ends with 4", old.code == 4 and error_of(old)["id"] == "recovery_code_wrong", old)
    t.check("an unknown user is told the same", recover(code, "nobody@example.org").err == old.err)
    typo = recover(code[:-1])
    t.check("a typing error ends with 8 and names the field", typo.code == 8 and error_of(typo)["field"] == "code", typo)
    done = recover(code.lower().replace("-", " "))
    t.check("a good one ends with 0 and gives one in its place", done.code == 0 and len(done.json()["new_code"]) == 34, done)
    note = as_ada(site, "item", "get", "--user", ADA, "note", password="an entirely different one")
    t.check("the new password opens the vault", note.out == "kept", note)
    t.check("it was good once", recover(code).code == 4)
    gone = as_ada(site, "user", "codes", "--revoke", "--json", user=ADA, password="an entirely different one")
    t.check("--revoke ends all", gone.json() == {"left": 0}, gone)
    t.check("--make with --revoke ends with 2", site.run("user", "codes", "--make", "--revoke", ADA).code == 2)


def a_vault_gets_new_keys(t, site):
    make_ada(site)
    as_ada(site, "item", "put", "--user", ADA, "note", more="kept")
    t.check("epoch counts up", as_ada(site, "user", "epoch", "--json", user=ADA).json() == {"epoch": 2})
    codes = as_ada(site, "user", "codes", "--make", "--json", user=ADA).json()["codes"]
    t.check("rekey needs the password", as_ada(site, "user", "rekey", user=ADA, password="not this one at all").code == 4)
    made = as_ada(site, "user", "rekey", "--json", user=ADA)
    t.check("rekey gives ten new codes", made.code == 0 and not set(made.json()["codes"]) & set(codes), made)
    t.check("all data reads", as_ada(site, "item", "get", "--user", ADA, "note").out == "kept")
    t.check("nothing is wrong with it", site.run("check").code == 0)


def a_vault_that_stays_shut_is_left_and_found_again(t, site):
    set_one, other = "one that was set for ada", "an entirely different one"
    make_ada(site)
    as_ada(site, "item", "put", "--user", ADA, "note", more="kept")
    codes = as_ada(site, "user", "codes", "--make", "--json", user=ADA).json()["codes"]
    short = site.run("user", "set-password", "--password-fd", "0", "--json", ADA, stdin="short\n")
    t.check("a password that is too short ends with 8", short.code == 8 and error_of(short)["field"] == "password", short)
    t.check("for nobody it ends with 5",
            site.run("user", "set-password", "--password-fd", "0", "bob@example.org", stdin="x\n").code == 5)
    done = site.run("user", "set-password", "--password-fd", "0", ADA, stdin=set_one + "\n")
    t.check("set-password says that the vault stays sealed", done.code == 0 and "sealed" in done.out, done)
    t.check("the old password signs nobody in", as_ada(site, "user", "vault", user=ADA).code == 4)

    def vault(*words, more="", password=set_one):
        return as_ada(site, "user", "vault", "--json", *words, user=ADA, password=password, more=more)

    t.check("the vault is locked", vault().json()["state"] == "locked")
    t.check("--new needs --yes", vault("--new").code == 2)
    t.check("--new with --unlock ends with 2", vault("--new", "--unlock", "--yes").code == 2)
    new = vault("--new", "--yes").json()
    t.check("--new gives ten codes and keeps the old vault", len(new["codes"]) == 10 and len(new["waiting"]) == 1, new)
    one = new["waiting"][0]["id"]
    t.check("again it ends with 9", vault("--new", "--yes").code == 9)
    as_ada(site, "item", "put", "--user", ADA, "note", password=set_one, more="newer")
    state = vault().json()
    t.check("the state tells of both", state["state"] == "open" and state["items"] == 1 and
            state["waiting"][0]["id"] == one and state["codes"] == 10, state)
    wrong = vault("--open", one, "--opener-fd", "0", more=other + "\n")
    t.check("a wrong password ends with 4", wrong.code == 4, wrong)
    merged = vault("--open", one, "--opener-fd", "0", "--code", more=codes[2] + "\n")
    t.check("an old code brings it back", merged.code == 0 and merged.json()["merged"] == 1 and
            merged.json()["renamed"][0]["from"] == "note", merged)
    t.check("both notes are there", len(as_ada(site, "item", "list", "--user", ADA, "--json", password=set_one).json()) == 2)
    t.check("what is gone ends with 5", vault("--discard", one, "--yes").code == 5)
    site.run("user", "set-password", "--password-fd", "0", ADA, stdin=other + "\n")
    opened = as_ada(site, "user", "vault", "--unlock", "--opener-fd", "0", user=ADA, password=other, more=set_one + "\n")
    t.check("--unlock opens it with the password of before", opened.code == 0, opened)
    t.check("nothing is wrong with it", site.run("check").code == 0)


def a_user_is_renamed(t, site):
    make_ada(site)
    done = as_ada(site, "user", "rename", "--json", ADA, "lovelace@example.org")
    t.check("rename ends with 0 and prints the identity", done.code == 0
            and done.json()["traits"]["email"] == "lovelace@example.org", done)
    t.check("the old name is gone", site.run("user", "show", ADA).code == 5)
    t.check("the new name signs in", as_ada(site, "item", "list", "--user", "lovelace@example.org").code == 0)
    bad = as_ada(site, "user", "rename", "--trait", "nothing", "lovelace@example.org", "x@example.org")
    t.check("a trait that the schema does not know ends with 8", bad.code == 8, bad)


def an_account_is_deleted(t, site):
    make_ada(site)
    t.check("a wrong password ends with 4", as_ada(site, "user", "delete", user=ADA, password="wrong one here").code == 4)
    made = as_ada(site, "user", "delete", "--json", user=ADA)
    t.check("the right one deletes", made.code == 0 and "deleted" in made.json(), made)
    t.check("nobody is left", site.run("user", "list", "--json").json() == [])
    make_ada(site)
    t.check("--without-password needs --yes", site.run("user", "delete", "--without-password", ADA).code == 2)
    t.check("the administrator deletes with both", site.run("user", "delete", "--without-password", "--yes", ADA).code == 0)
    t.check("a second time ends with 5", site.run("user", "delete", "--without-password", "--yes", ADA).code == 5)
    t.check("nothing is left over", site.run("check").code == 0)


# ---- items ----

def items_come_back_as_they_were_put(t, site):
    make_ada(site)
    value = bytes(range(256)) * 40
    put = site.run("item", "put", "--password-fd", "0", "--user", ADA, "--json", "a/b c",
                   stdin=PASSWORD.encode() + b"\n" + value)
    t.check("put says that it is new", put.code == 0 and put.json()["created"] is True, put)
    got = as_ada(site, "item", "get", "--user", ADA, "a/b c")
    t.check("get gives the same bytes", got.raw == value)
    told = as_ada(site, "item", "get", "--user", ADA, "--json", "a/b c").json()
    t.check("get --json gives them in base64", base64.b64decode(told["value"]) == value and told["version"] == put.json()["version"])
    path = site.directory / "out"
    out = as_ada(site, "item", "get", "--user", ADA, "--out", str(path), "a/b c")
    t.check("get --out writes a file that only its owner reads", out.code == 0 and path.read_bytes() == value
            and path.stat().st_mode & 0o777 == 0o600, out)
    t.check("a file that is there is left alone, with 9", as_ada(site, "item", "get", "--user", ADA, "--out", str(path), "a/b c").code == 9)
    t.check("--force replaces it", as_ada(site, "item", "get", "--user", ADA, "--out", str(path), "--force", "a/b c").code == 0)
    again = as_ada(site, "item", "put", "--user", ADA, "--in", str(path), "--json", "from file")
    t.check("put --in takes a file", again.code == 0
            and as_ada(site, "item", "get", "--user", ADA, "from file").raw == value, again)
    names = [i["name"] for i in as_ada(site, "item", "list", "--user", ADA, "--json").json()]
    t.check("list is in byte order", names == ["a/b c", "from file"], names)
    names = as_ada(site, "item", "list", "--user", ADA, "--prefix", "f").out
    t.check("--prefix narrows it", names == "from file\n", names)
    t.check("delete ends with 0", as_ada(site, "item", "delete", "--user", ADA, "a/b c").code == 0)
    t.check("then get ends with 5", as_ada(site, "item", "get", "--user", ADA, "a/b c").code == 5)
    t.check("then delete ends with 5", as_ada(site, "item", "delete", "--user", ADA, "a/b c").code == 5)


def items_are_refused(t, site):
    make_ada(site)
    as_ada(site, "item", "put", "--user", ADA, "note", more="one")
    t.check("--if-absent on what is there ends with 9",
            as_ada(site, "item", "put", "--user", ADA, "--if-absent", "note", more="two").code == 9)
    t.check("--if-version of another version ends with 9",
            as_ada(site, "item", "put", "--user", ADA, "--if-version", "77", "note", more="two").code == 9)
    t.check("neither changed it", as_ada(site, "item", "get", "--user", ADA, "note").out == "one")
    t.check("an empty name ends with 8", as_ada(site, "item", "put", "--user", ADA, "", more="x").code == 8)
    t.check("a name that is too long ends with 8", as_ada(site, "item", "put", "--user", ADA, "n" * 1025, more="x").code == 8)
    big = as_ada(site, "item", "put", "--user", ADA, "big", more="x" * ((1 << 20) + 1))
    t.check("a value that is too large ends with 8", big.code == 8, big)
    t.check("--user is needed", as_ada(site, "item", "list").code == 2)
    t.check("a file that is not there ends with 1", as_ada(site, "item", "put", "--user", ADA, "--in", "/nonexistent", "n").code == 1)
    as_ada(site, "item", "put", "--user", ADA, "\x1b[31mred\n", more="x")
    listed = as_ada(site, "item", "list", "--user", ADA)
    t.check("a name cannot steer the terminal", "\x1b" not in listed.out and "\\x1b[31mred\\x0a" in listed.out, listed)


# ---- operation ----

def shares_go_from_one_to_the_other(t, site):
    bob = "bob@example.org"
    make_ada(site)
    make_ada(site, bob)
    put = as_ada(site, "share", "put", "--user", ADA, "--to", bob, "--json", "plan", more="at noon")
    t.check("share put tells the version", put.code == 0 and put.json()["created"] is True and put.json()["name"] == "plan", put)
    (sent,) = as_ada(site, "share", "list", "--user", ADA, "--json").json()
    t.check("share list tells who has it", sent["name"] == "plan" and
            [(r["identifier"], r["state"]) for r in sent["to"]] == [(bob, "sealed")], sent)
    plain = as_ada(site, "share", "list", "--user", ADA, "--prefix", "pl")
    t.check("for people as a line each", plain.out == f"plan\t{bob}\n", plain)
    t.check("share get is the sender's own copy", as_ada(site, "share", "get", "--user", ADA, "plan").out == "at noon")
    listed = as_ada(site, "inbox", "list", "--user", bob)
    t.check("inbox list names the sender", listed.out == f"plan\t{ADA}\n", listed)
    got = as_ada(site, "inbox", "get", "--user", bob, "--from", ADA, "--json", "plan")
    t.check("inbox get gives the value", base64.b64decode(got.json()["value"]) == b"at noon" and
            got.json()["version"] == put.json()["version"], got)
    out = str(site.config.parent / "plan.txt")
    t.check("--out writes a file", as_ada(site, "inbox", "get", "--user", bob, "--out", out, "plan").code == 0 and
            pathlib.Path(out).read_text() == "at noon")
    t.check("which is not overwritten", as_ada(site, "inbox", "get", "--user", bob, "--out", out, "plan").code == 9)
    adopted = as_ada(site, "inbox", "adopt", "--user", bob, "--as", "mine", "--json", "plan")
    t.check("adopt makes an item", adopted.json()["created"] is True and
            as_ada(site, "item", "get", "--user", bob, "mine").out == "at noon", adopted)
    t.check("adopting twice ends with 9", as_ada(site, "inbox", "adopt", "--user", bob, "--as", "mine", "plan").code == 9)
    fewer = as_ada(site, "share", "remove", "--user", ADA, "--person", bob, "--json", "plan")
    t.check("remove takes it away", fewer.json()["to"] == [] and as_ada(site, "inbox", "get", "--user", bob, "plan").code == 5, fewer)
    more = as_ada(site, "share", "add", "--user", ADA, "-p", bob, "plan")
    t.check("add gives it back", more.out == f"plan\t{bob}\n" and as_ada(site, "inbox", "get", "--user", bob, "plan").out == "at noon", more)
    done = as_ada(site, "share", "withdraw", "--user", ADA, "--json", "plan")
    t.check("withdraw ends it", done.json() == {"withdrawn": "plan"} and as_ada(site, "inbox", "list", "--user", bob, "--json").json() == [], done)
    t.check("--nobody shares with nobody", as_ada(site, "share", "put", "--user", ADA, "--nobody", "x", more="x").code == 0 and
            as_ada(site, "share", "list", "--user", ADA).out == "x\n")
    t.check("nothing is wrong with it", site.run("check").code == 0)


def shares_are_refused(t, site):
    bob = "bob@example.org"
    make_ada(site)
    make_ada(site, bob)
    unknown = as_ada(site, "share", "put", "--user", ADA, "--to", "nobody@example.org", "--json", "plan", more="x")
    t.check("nobody of a name ends with 5", unknown.code == 5 and error_of(unknown)["id"] == "recipient_unknown" and
            error_of(unknown)["field"] == "to", unknown)
    own = as_ada(site, "share", "put", "--user", ADA, "--to", ADA, "--json", "plan", more="x")
    t.check("oneself ends with 8", own.code == 8 and error_of(own)["id"] == "recipient_self", own)
    for words in (("share", "add"), ("share", "remove"), ("contact", "accept")):
        lacks = as_ada(site, *words, "--user", ADA, "plan")
        t.check(f"{' '.join(words)} without its option ends with 2", lacks.code == 2 and "is missing" in lacks.err, lacks)
    both = as_ada(site, "share", "put", "--user", ADA, "--to", bob, "--nobody", "plan")
    t.check("--nobody with --to ends with 2", both.code == 2, both)
    for words in (("share", "get"), ("share", "withdraw"), ("inbox", "get"), ("inbox", "adopt")):
        t.check(f"{' '.join(words)} of nothing ends with 5", as_ada(site, *words, "--user", ADA, "plan").code == 5)
    as_ada(site, "share", "put", "--user", ADA, "--to", bob, "plan", more="x")
    late = as_ada(site, "share", "put", "--user", ADA, "--if-absent", "plan", more="y")
    t.check("--if-absent ends with 9", late.code == 9, late)
    (contact,) = as_ada(site, "contact", "list", "--user", ADA, "--json").json()
    number = as_ada(site, "contact", "fingerprint", "--user", bob).out.strip()
    t.check("the fingerprint is the same on both sides", contact["fingerprint"] == number and contact["state"] == "current" and
            re.fullmatch(r"(\d{5} ){11}\d{5}", number), contact)
    same = as_ada(site, "contact", "accept", "--user", ADA, "--fingerprint", number.replace(" ", ""), "--json", contact["id"])
    t.check("accepting what is known is fine", same.json() == {"accepted": contact["id"]}, same)
    other = as_ada(site, "contact", "accept", "--user", ADA, "--fingerprint", "0" * 60, "--json", contact["id"])
    t.check("another number ends with 9", other.code == 9 and error_of(other)["id"] == "contact_changed", other)
    nobody = as_ada(site, "contact", "accept", "--user", ADA, "--fingerprint", number, "--json", "x")
    t.check("no contact ends with 5", nobody.code == 5 and error_of(nobody)["id"] == "contact_unknown", nobody)


def letters_are_sealed_and_opened(t, site):
    bob = "bob@example.org"
    make_ada(site)
    make_ada(site, bob)
    at = site.config.parent / "letter"
    made = as_ada(site, "letter", "seal", "--user", ADA, "--to", bob, "--out", str(at), more="at noon")
    t.check("letter seal writes a file", made.code == 0 and at.read_bytes()[:2] == b"\x02\x01", made)
    opened = as_ada(site, "letter", "open", "--user", bob, "--in", str(at), "--from", ADA)
    t.check("letter open prints the data", opened.code == 0 and opened.out == "at noon", opened)
    foreign = as_ada(site, "letter", "open", "--user", ADA, "--in", str(at), "--json")
    t.check("who it is not for ends with 8", foreign.code == 8 and error_of(foreign)["id"] == "letter_not_for_you", foreign)
    other = as_ada(site, "letter", "open", "--user", bob, "--in", str(at), "--from", bob, "--json")
    t.check("another --from ends with 8 and names it", other.code == 8 and error_of(other)["field"] == "from", other)
    at.write_bytes(at.read_bytes()[:-1])
    broken = as_ada(site, "letter", "open", "--user", bob, "--in", str(at), "--json")
    t.check("an altered one ends with 8", broken.code == 8 and error_of(broken)["id"] == "letter_altered", broken)
    own = as_ada(site, "letter", "seal", "--user", ADA, "--json", more="for myself").json()
    at.write_bytes(base64.b64decode(own[0]["letter"]))
    mine = as_ada(site, "letter", "open", "--user", ADA, "--in", str(at), "--json").json()
    t.check("a letter to oneself comes back", base64.b64decode(mine["value"]) == b"for myself" and mine["from"] == own[0]["to"], mine)
    both = as_ada(site, "letter", "seal", "--user", ADA, "--to", bob, "--to", bob, more="x")
    t.check("several without --json end with 2", both.code == 2, both)
    t.check("nobody of a name ends with 5", as_ada(site, "letter", "seal", "--user", ADA, "--to", "nobody@example.org", more="x").code == 5)


def something_is_made_public(t, site):
    bob = "bob@example.org"
    make_ada(site)
    make_ada(site, bob)
    put = as_ada(site, "public", "put", "--user", ADA, "--deployment", "--json", "motto", more="figs")
    t.check("public put tells the version", put.json() == {"name": "motto", "version": "1", "created": True}, put)
    got = as_ada(site, "public", "get", "--user", bob, "--json", "motto")
    t.check("everybody reads it", base64.b64decode(got.json()["value"]) == b"figs" and len(got.json()["from"]) == 36, got)
    t.check("as it is", as_ada(site, "public", "get", "--user", bob, "motto").out == "figs")
    taken = as_ada(site, "public", "put", "--user", bob, "--deployment", "--json", "motto", more="dates")
    t.check("a name that is taken ends with 9", taken.code == 9 and error_of(taken)["id"] == "name_taken", taken)
    as_ada(site, "public", "put", "--user", bob, "motto", more="dates")
    t.check("one's own is another", as_ada(site, "public", "list", "--user", bob).out == "own\tmotto\n")
    own = as_ada(site, "public", "get", "--user", ADA, "--owner", got.json()["from"], "motto")
    t.check("of an owner without one of that name ends with 5", own.code == 5, own)
    gone = as_ada(site, "public", "delete", "--user", ADA, "--deployment", "--json", "motto")
    t.check("delete ends it", gone.json() == {"deleted": "motto"} and as_ada(site, "public", "list", "--user", ADA, "--json").json() == [], gone)
    t.check("once", as_ada(site, "public", "delete", "--user", ADA, "--deployment", "motto").code == 5)
    t.check("nothing is wrong with it", site.run("check").code == 0)


def keys_and_entries_have_names(t, site):
    password, wrong = b"seven quiet otters\n", b"six quiet otters\n"

    def named(*words, stdin=password):
        return site.run("named", *words, "-c", str(site.config), "--dev", "--password-fd", "0", stdin=stdin, config=False)

    made = named("key", "create", "backups")
    got = named("key", "get", "backups")
    t.check("a key is made and got", made.code == 0 and len(made.out) == 65 and got.out == made.out, (made, got))
    t.check("in JSON as base64", named("key", "get", "--json", "backups").json()["name"] == "backups")
    t.check("not twice of one name", "named_taken" in named("key", "create", "--json", "backups").err + named("key", "create", "--json", "backups").out)
    refusals = [named("key", "get", "backups", stdin=wrong), named("key", "get", "nobody's")]
    t.check("wrong password and unknown name are one answer", refusals[0].code == refusals[1].code != 0 and
            refusals[0].err == refusals[1].err, refusals)
    t.check("an entry is created", named("entry", "create", "dsn", stdin=password + b"postgres://\x00db").code == 0)
    read = named("entry", "read", "dsn")
    t.check("and read as it is", read.raw == b"postgres://\x00db", read)
    t.check("updated", named("entry", "update", "dsn", stdin=password + b"x").code == 0 and
            named("entry", "read", "dsn").raw == b"x")
    t.check("not with a wrong password", named("entry", "update", "dsn", stdin=wrong + b"y").code != 0 and
            named("entry", "read", "dsn").raw == b"x")
    t.check("check opens them", site.run("check").code == 0)
    t.check("deleted", named("entry", "delete", "dsn").code == 0 and named("entry", "read", "dsn").code != 0 and
            named("key", "delete", "backups").code == 0)


def a_site_is_checked_migrated_and_cleaned(t, site):
    before = site.run("check")
    t.check("check of a database without tables ends with 3 and names migrate", before.code == 3 and "watchword migrate" in before.err, before)
    t.check("migrate says how many", site.run("migrate", "--json").json()["applied"] >= 1)
    t.check("a second time there are none", site.run("migrate", "--json").json()["applied"] == 0)
    make_ada(site)
    good = site.run("check", "--json")
    t.check("check is clean", good.code == 0 and good.json()["ok"] and good.json()["accounts"] == 1
            and good.json()["problems"] == [], good)
    t.check("clean needs --yes", site.run("clean").code == 2)
    t.check("clean --yes ends with 0", site.run("clean", "--yes", "--json").json()["cleaned"] is True)
    t.check("and harms nothing", site.run("check").code == 0)


def damage_is_found_by_check(t, site):
    make_ada(site)
    database = sqlite3.connect(site.database)
    database.execute("UPDATE credentials SET blob = zeroblob(length(blob))")
    database.execute("DELETE FROM identifiers")
    database.commit()
    database.close()
    found = site.run("check", "--json")
    t.check("check ends with 6 and tells each problem", found.code == 6 and len(found.json()["problems"]) >= 2, found)
    plain = site.run("check")
    t.check("for people each problem is a line", plain.code == 6 and re.search(r"^[2-9] problems$", plain.out, re.M), plain)


def a_user_checks_the_own_part(t, site):
    def check(*words, password=PASSWORD):
        return site.run("check", "--password-fd", "0", *words, stdin=password + "\n")

    make_ada(site)
    make_ada(site, "bob@example.org")
    for name in ("note", "list", "diary"):
        as_ada(site, "item", "put", "--user", ADA, name, more=f"of {name}")
    as_ada(site, "share", "put", "--user", ADA, "--to", "bob@example.org", "plan", more="at noon")
    good = check("--user", ADA, "--json")
    t.check("check --user opens items and shares", good.code == 0 and good.json()["items"] == 3 and good.json()["shares"] == 1
            and good.json()["received"] == 0, good)
    bob = check("--user", "bob@example.org", "--json")
    t.check("and what was received", bob.code == 0 and bob.json()["received"] == 1, bob)
    t.check("a wrong password is refused", check("--user", ADA, password="another one, wrong").code == 4)
    t.check("without --user nothing of a vault is counted", "items" not in site.run("check", "--json").json())
    database = sqlite3.connect(site.database)
    ids = {r[0]: r[1] for r in database.execute("SELECT id, blob FROM items")}
    one = next(iter(ids))
    database.execute("UPDATE items SET blob = (SELECT blob FROM items WHERE id <> ?) WHERE id = ?", (one, one))
    database.execute("INSERT INTO items SELECT randomblob(16), account, blob FROM items LIMIT 1")
    database.commit()
    database.close()
    t.check("whoever has not the password sees nothing", site.run("check").code == 0)
    bad = check("--user", ADA)
    t.check("the user sees which item does not open, by its name, and that a row is one too many", bad.code == 6
            and re.search(r'^the user\'s item "(note|list|diary)": ', bad.out, re.M) and "1 item row(s)" in bad.out, bad)
    database = sqlite3.connect(site.database)
    database.execute("UPDATE shares SET signature = zeroblob(64)")
    database.commit()
    database.close()
    bad = check("--user", "bob@example.org", "--json")
    t.check("and which value of whom was altered", bad.code == 6 and any("received" in p for p in bad.json()["problems"]), bad)


def hashing_is_calibrated(t, site):
    ran = site.run("hash", "calibrate", "--target", "40ms", "--memory", "64", "--json", config=False)
    told = ran.json()
    t.check("calibrate proposes parameters above the floor", told["memory_kib"] * told["iterations"] >= 38912, ran)
    plain = site.run("hash", "calibrate", "--target", "40ms", "--memory", "64", config=False)
    t.check("for people it is a piece of configuration", "hashers:\n  algorithm: argon2\n" in plain.out
            and "tried" in plain.err, plain)
    (site.directory / "hash.yml").write_text(plain.out)
    ran = site.run("config", "check", "-c", str(site.directory / "hash.yml"))
    t.check("which the program accepts", ran.code == 0, ran)
    schema = site.directory / "later.json"
    schema.write_text('{"type":"object","properties":{"traits":{"type":"object","unevaluatedProperties":false}}}')
    (site.directory / "later.yml").write_text(f"identity:\n  schemas:\n    - {{id: default, url: 'file://{schema}'}}\n")
    ran = site.run("config", "check", "-c", str(site.directory / "later.yml"))
    t.check("config check names what the start would refuse in a schema", ran.code == 3
            and "unevaluatedProperties" in ran.err, ran)
    for url in ("http://[::1", "http://[::1]x/", "https://id.example.org:99999/", "https://bücher.example/"):
        ran = site.run("config", "check", env={"SERVE_PUBLIC_BASE_URL": url})
        t.check(f"nor can a base URL be {url}", ran.code == 3 and "base_url" in ran.err, ran)
    for bad in ("fast", "0ms", "250", "11s", "-1ms"):
        t.check(f"--target {bad} ends with 2", site.run("hash", "calibrate", "--target", bad, config=False).code == 2)


# ---- the command line itself ----

COMMANDS = [["init"], ["serve"], ["version"], ["check"], ["migrate"], ["clean"], ["hash", "calibrate"], ["config", "check"],
            ["config", "show"], ["server-key", "export"], ["server-key", "verify"], ["server-key", "import"], ["reindex"], ["audit", "export"], ["audit", "verify"], ["backup"], ["restore"],
            *(["server-key", w] for w in "list add first rotate retire".split()), ["restore", "accept"],
            *(["named", "key", w] for w in "create get delete".split()),
            *(["named", "entry", w] for w in "create read update delete".split()),
            *(["user", w] for w in "create list show rename password delete sessions history".split()),
            *(["item", w] for w in "list get put delete".split())]


def the_command_line_explains_itself(t, site):
    for words in COMMANDS:
        shown = site.run(*words, "--help", config=False)
        t.check(f"{' '.join(words)} --help", shown.code == 0 and f"usage: watchword {' '.join(words)}" in shown.out, shown)
        wrong = site.run(*words, "--nonsense", config=False)
        t.check(f"{' '.join(words)} --nonsense ends with 2", wrong.code == 2 and "--help" in wrong.err and not wrong.out, wrong)
    t.check("--help documents the exit codes", "exit codes:" in site.run("--help", config=False).out)


def a_wrong_word_is_named(t, site):
    """Each line with what its refusal must say: which option, which argument, and what was meant."""
    lines = [
        (["usr", "list"], 'unknown command "usr"; did you mean "user"?'),
        (["user", "lits"], 'unknown command "lits"; did you mean "list"?'),
        (["user", "hist"], 'unknown command "hist"; did you mean "history"?'),
        (["qqqq"], 'unknown command "qqqq" (try'),
        (["--nope"], 'unknown option "--nope"'),
        (["user", "show"], "USER is missing"),
        (["user", "rename"], "USER is missing"),
        (["user", "rename", ADA], "NEW-NAME is missing"),
        (["init"], "DIR is missing"),
        (["item", "get", "--user", ADA], "ITEM is missing"),
        (["user", "show", ADA, "extra"], '"extra" is one argument too many'),
        (["migrate", "now"], '"now" is one argument too many'),
        (["user", "list", "--jsn"], "unknown option --jsn; did you mean --json?"),
        (["user", "show", ADA, "--jsno"], "unknown option --jsno; did you mean --json?"),
        (["user", "show", "-x", ADA], "unknown option -x"),
        (["user", "list", "--json=yes"], "--json takes no value"),
        (["user", "list", "-c"], "--config: FILE is missing"),
        (["item", "list", "--user"], "--user: NAME is missing"),
        (["user", "history", "--limit", "many", ADA], '--limit: N must be a number from 0 up, and is "many"'),
        (["item", "put", "--if-version", "-3", "x"], '--if-version: N must be a number from 0 up, and is "-3"'),
        (["user", "list\x1b[31m"], 'unknown command "list?[31m"'),
    ]
    for words, says in lines:
        ran = site.run(*words, config=False)
        t.check(f"{words} says {says}", ran.code == 2 and says in ran.err and "--help" in ran.err and not ran.out, ran)
    make_ada(site)
    ran = site.run("user", "history", "--password-fd", "77", ADA)
    t.check("a descriptor that is not there is named", "--password-fd 77: " in ran.err and "Bad file descriptor" in ran.err, ran)
    ran = as_ada(site, "user", "sessions", "--end", "zz", user=ADA)
    t.check("a session's id that is none names the option", ran.code == 8 and "--end: " in ran.err, ran)
    ran = site.run("user", "show", "nobody@example.org")
    t.check("an account that is not there names the argument", ran.code == 5 and "USER: there is no account" in ran.err, ran)
    ran = site.run("user", "show", ADA)
    t.check("show says in words what an account signs in by", re.search(r"^signs in by +a password$", ran.out, re.M), ran)


def the_readme_can_be_followed(t, site):
    """Its five lines, as they stand; only the password comes from a descriptor instead of the terminal."""
    readme = (pathlib.Path(__file__).resolve().parent.parent.parent / "README.md").read_text()
    lines = [line for line in readme.splitlines() if re.match(r"(echo .* \| )?build/watchword ", line)]
    password = site.directory / "password"
    password.write_text(PASSWORD + "\n")
    said = []
    for line in lines:
        asks = "" if " init " in line else f" --password-fd 3 3<'{password}'"
        ran = subprocess.run(["bash", "-c", line.replace("build/watchword", f"'{PROGRAM}'") + asks], cwd=site.directory,
                             capture_output=True, text=True, timeout=60)
        t.check(f"{line} works", ran.returncode == 0, (ran.stdout, ran.stderr))
        said.append(ran.stdout)
    t.check("there are five, and they do what they show", len(said) == 5 and said[3] == "buy figs\n"
            and "account.registered" in said[4], said)


def activity_tells_of_a_command_in_one_row(t, site):
    make_ada(site)
    as_ada(site, "item", "list", "--user", ADA)
    as_ada(site, "user", "sessions", user=ADA)
    site.start()
    page = site.get("/ui/activity", headers={"X-Session-Token": site.login(ADA)}).body.decode()
    site.stop()
    rows = [row for row in re.findall(r"<(?:li|tr)\b.*?</(?:li|tr)>", page, re.S) if "Command line" in row]
    t.check("each command is one row that says Command line", len(rows) == 3 and "Signed out" not in page
            and sum("Signed in" in row for row in rows) == 2, page)


def a_configuration_is_needed(t, site):
    for words in (["user", "list"], ["item", "list", "--user", ADA], ["check"], ["migrate"], ["clean", "--yes"]):
        t.check(f"{' '.join(words)} without -c ends with 2", site.run(*words, config=False).code == 2)
        missing = site.run(*words[:2 if words[0] in ("user", "item") else 1], "-c", "/nonexistent/watchword.yml", *words[2:], config=False) \
            if words[0] != "clean" else site.run("clean", "-c", "/nonexistent/watchword.yml", "--yes", config=False)
        t.check(f"{' '.join(words)} with a missing file ends with 3 and names it",
                missing.code == 3 and "/nonexistent/watchword.yml" in missing.err, missing)


def passwords_come_from_a_terminal(t, site):
    """Asked without echo; create asks twice."""
    def on_terminal(words, *lines):
        master, slave = pty.openpty()
        child = subprocess.Popen([PROGRAM, *words], env=site.environment(), stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        shown = b""
        for line in lines:
            while not shown.endswith(b": "):
                shown += os.read(master, 1000)
            os.write(master, line.encode() + b"\n")
            shown += b"|"
        out, err = child.communicate(timeout=20)
        shown += os.read(master, 1000)
        os.close(master)
        return child.returncode, shown.decode(), out.decode() + err.decode()
    create = ["user", "create", "-c", str(site.config), "--dev", "-t", f"email={ADA}"]
    code, shown, said = on_terminal(create, PASSWORD, "something else")
    t.check("two that differ are refused", code != 0 and "differ" in said, (code, shown, said))
    code, shown, said = on_terminal(create, PASSWORD, PASSWORD)
    t.check("two that agree make the account", code == 0 and "made account" in said, (code, shown, said))
    t.check("nothing is echoed", PASSWORD not in shown, shown)
    code, shown, said = on_terminal(["user", "history", "-c", str(site.config), "--dev", ADA], PASSWORD)
    t.check("who signs in is asked once", code == 0 and "Password of ada@example.org" in shown, (code, shown, said))


def closed_output_is_no_success(t, site):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "version"], stdout=full, stderr=subprocess.DEVNULL)
    t.check("a full disk behind standard output ends with 1", done.returncode == 1, done.returncode)


if __name__ == "__main__":
    run_all(an_account_is_created_and_looked_at, an_account_is_refused, a_user_acts_with_the_password,
            a_password_is_changed, a_user_gets_back_in_with_a_code, a_vault_gets_new_keys,
            a_vault_that_stays_shut_is_left_and_found_again, a_user_is_renamed,
            an_account_is_deleted, items_come_back_as_they_were_put, items_are_refused,
            shares_go_from_one_to_the_other, shares_are_refused, letters_are_sealed_and_opened, something_is_made_public,
            a_site_is_checked_migrated_and_cleaned,
            damage_is_found_by_check, a_user_checks_the_own_part, hashing_is_calibrated,
            the_command_line_explains_itself, a_wrong_word_is_named,
            activity_tells_of_a_command_in_one_row, the_readme_can_be_followed,
            a_configuration_is_needed, passwords_come_from_a_terminal,
            closed_output_is_no_success)
