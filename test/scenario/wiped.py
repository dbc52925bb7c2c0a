#!/usr/bin/env python3
"""After a whole journey over HTTP nothing that the person typed is found: not in the database's files, not in the log,
and not in the server's memory.

Looked for: the password, the new password, the e-mail address (as typed and as normalised), the new address, the name
and the text of the note, each as it is, percent-encoded, in base64, and in parts as UTF-16 and UTF-32. KNOWN lists what is found in memory and stays,
each with its reason; docs/SECURITY.md tells the same.
"""
import base64
import html
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

from harness import Browser, databases
from operate import PROGRAM, Person, eventually, run_all

PAGE = 4096
EMPTY_PAGE = bytes(PAGE)
WIDE_PART = 12  # characters of a text in UTF-16 or UTF-32 that are looked for together

# (what was typed) -> why it may be found in memory. Nothing, so far.
KNOWN = {}

TYPED = {
    # 97 characters: what decomposes a text makes a block of its own for one as long.
    "password": "Quartz-Ferret 91 lantern, a heron on the jetty, four brass buttons, the tin roof under June rain.",
    "new password": "Marble-Osprey 27 thimble",
    "wrong password": "Copper-Walrus 55 teapot",
    "address": "Zephyrine.Quill@example.org",
    "new address": "Zephyrine.Marlowe@example.org",
    "note's name": "recipe for gooseberry fool",
    "page note's name": "pumpernickel inventory",
    "page note's text": "Seven loaves behind the bramble hedge.",
    "note's text": "Whisk the elderflower cordial into cold custard.",
}


def forms(text):
    """The byte strings that would give the text away."""
    raw = text.encode()
    found = {raw, raw.lower(), quote(text, safe="").encode(), quote(text).encode(), text.replace(" ", "+").encode()}
    # Base64 of any part of a longer text: the three alignments, without the ends that depend on neighbours.
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        found.add(coded[4 if shift else 0:-4])
    # As what decomposes and folds texts has them. A part near the end: where a freed block begins the allocator writes.
    part = text[-WIDE_PART - 2:-2]
    found |= {p.encode(wide) for wide in ("utf-16-le", "utf-32-le") for p in (part, part.lower())}
    return found


def journey(t, site):
    """Everything a person does, by an application and by a browser; gives the tokens that have ended."""
    ada = Person(site, TYPED["address"], TYPED["password"])
    t.check("registered", ada.register().status == 200)
    t.check("a note is written", ada.put(TYPED["note's name"], TYPED["note's text"]).status == 201)
    t.check("and read", ada.get(TYPED["note's name"]).body == TYPED["note's text"].encode())
    tokens = [ada.token]
    t.check("logged out", ada.logout().status == 204)
    ada.password = TYPED["wrong password"]
    t.check("a wrong password is refused", ada.login().status == 400)
    ada.password = TYPED["password"]
    t.check("logged in", ada.login().status == 200)
    settings = ada.submit("settings", {"method": "password", "password": TYPED["new password"]})
    t.check("the password is changed", settings.status == 200, settings)
    settings = ada.submit("settings", {"method": "profile", "traits": {"email": TYPED["new address"]}})
    t.check("the address is changed", settings.status == 200, settings)
    t.check("who it is", ada.whoami().status == 200)
    listed = ada.ask("GET", "/vault/items")
    t.check("items are listed", TYPED["note's name"].encode() in listed.body, listed)
    # So many that the server keeps their listing for the pages to come: sealed, signed in or not.
    for start in (0, 1000):
        many = {TYPED["note's name"] + f" {i:04}": "" for i in range(start, start + 1000)}
        put = ada.ask("POST", "/vault/items", json.dumps({"put": many}).encode(), {"Content-Type": "application/json"})
        t.check("a thousand notes more", put.status == 200, put)
    path, pages = "/vault/items", 0
    while path:
        page = ada.ask("GET", path)
        link = re.search(r'<[^>]*?(/vault/items[^>]*)>; *rel="?next', page.header("Link") or "")
        path, pages = link and link[1], pages + 1
    t.check("are listed in nine pages", pages == 9, pages)
    t.check("history is read", ada.ask("GET", "/account/history").status == 200)
    t.check("a path that nobody serves", ada.ask("GET", "/nowhere/" + quote(TYPED["note's name"])).status == 404)
    t.check("a query", ada.ask("GET", "/sessions/whoami?q=" + quote(TYPED["note's text"])).status == 200)
    tokens.append(ada.token)
    t.check("logged out again", ada.logout().status == 204)
    ada.close()
    return tokens


def pages_journey(t, browser):
    """A note by the forms of the pages: seen, written, altered by mistake, shown with its text."""
    page = {"Accept": "text/html"}
    form = {**page, "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}

    def post(path, **fields):
        shown = browser.request("GET", "/ui/notes/new", headers=page).body.decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"', shown)
        sent = urlencode({"csrf_token": html.unescape(token[1] or token[2]), **fields}).encode()
        return browser.request("POST", path, sent, form)

    made = post("/ui/notes", name=TYPED["page note's name"], text=TYPED["page note's text"])
    t.check("a note is written by a form", made.status == 303, made)
    taken = post("/ui/notes", name=TYPED["page note's name"], text=TYPED["note's text"])
    t.check("a second of that name is shown again to its writer", taken.status == 409
            and TYPED["note's text"] in html.unescape(taken.body.decode()), taken)
    listed = browser.request("GET", "/ui/", headers=page).body.decode()
    t.check("the list has it", TYPED["page note's name"] in html.unescape(listed), listed)
    link = re.search(r'href="([^"]*/ui/notes/(?!new)[^"/]+)"', listed)
    shown = browser.request("GET", re.sub(r"^https?://[^/]+", "", html.unescape(link[1])), headers=page)
    t.check("and it is read", TYPED["page note's text"] in html.unescape(shown.body.decode()), shown)
    for path in ("profile", "devices", "activity"):
        t.check(f"/ui/{path} is seen", browser.request("GET", f"/ui/{path}", headers=page).status in (200, 303))


def browser_journey(t, site):
    browser = Browser(site)
    answer = browser.submit("login", {"method": "password", "identifier": TYPED["new address"], "password": TYPED["new password"]})
    t.check("logged in by a browser", answer.status == 200, answer)
    if site.get("/ui/login").status in (200, 303):
        pages_journey(t, browser)
    cookie = next((v for k, v in browser.cookies.items() if "session" in k), "")
    logout = browser.request("GET", "/self-service/logout/browser")
    t.check("logged out by a browser", browser.request("GET", f"/self-service/logout?token={logout.json['logout_token']}").status
            in (204, 303), logout)
    return [cookie]


def without_empty_pages(content):
    """Most of what is mapped was never touched, and a search for UTF-32 creeps through zeros."""
    pages = (content[i:i + PAGE] for i in range(0, len(content), PAGE))
    return b"".join(page for page in pages if page != EMPTY_PAGE)


def memory(process):
    """The server's readable memory, region by region: (name, start, bytes)."""
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", 0) as mem:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            start, end = int(match[1], 16), int(match[2], 16)
            if "r" not in match[3] or match[4] in ("[vvar]", "[vsyscall]", "[vdso]"):
                continue
            try:
                mem.seek(start)
                yield match[4] or "anonymous", start, without_empty_pages(mem.read(end - start))
            except (OSError, ValueError, OverflowError):
                continue


def find_in_memory(site, typed):
    """name -> places, each with some bytes around it, so that the holder can be recognised."""
    found = {}
    for where, start, content in memory(site.process):
        for name, text in typed.items():
            for form in forms(text):
                at = content.find(form)
                if at >= 0:
                    around = content[max(0, at - 60):at + len(form) + 60]
                    found.setdefault(name, []).append(f"{where} {start + at:x}: {around!r}")
    return found


def stored_files(site):
    return [p for p in (site.directory / "site" / "data").rglob("*") if p.is_file()]


def dumped(site):
    """All of a PostgreSQL database, as text with bytes in hexadecimal."""
    return subprocess.run(["pg_dump", "--inserts", site.settings["DSN"]], capture_output=True, check=True).stdout


def look_in_store(t, site, typed, when):
    if "DSN" in site.settings:
        dump = dumped(site)
        t.check(f"the dump has rows ({when})", b"INSERT INTO" in dump)
        for name, text in typed.items():
            hit = [f for f in forms(text) if f in dump or f.hex().encode() in dump]
            t.check(f"{name}: not in the database ({when})", not hit, hit)
        return
    files = stored_files(site)
    t.check(f"there are database files to look into ({when})", any(p.stat().st_size > 4096 for p in files), files)
    for name, text in typed.items():
        hit = [p.name for p in files for f in forms(text) if f in p.read_bytes()]
        t.check(f"{name}: not in the database's files ({when})", not hit, hit)


def look_in_log(t, site, typed):
    log = (site.directory / "log").read_bytes()
    t.check("the log has lines", log.count(b"\n") > 10)
    for name, text in typed.items():
        t.check(f"{name}: not in the log", not any(f in log for f in forms(text)), log[-500:])
    text = log.decode()
    t.check("the log has route templates", '"/vault/items/{name}"' in text, text[-500:])
    t.check("and neither paths nor queries", "/nowhere" not in text and "?flow=" not in text and "q=" not in text)


def prove_the_search(t, site):
    """What is in memory is found: the half of a body whose other half has not come yet."""
    marker = {"control": "Vermilion-Tapir 13 sextant"}
    with socket.create_connection(("127.0.0.1", site.public)) as s:
        s.sendall(b"POST /self-service/login?flow=x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 500\r\n\r\n{\"password\":\"%s" % (site.public, marker["control"].encode()))
        t.check("the search finds what is there", eventually(lambda: find_in_memory(site, marker), 5))
    t.check("and not when the client has gone", eventually(lambda: not find_in_memory(site, marker), 5),
            find_in_memory(site, marker))


def nothing_typed_remains(t, site):
    site.start()
    prove_the_search(t, site)
    typed = dict(TYPED)
    for n, token in enumerate([*journey(t, site), *browser_journey(t, site)]):
        typed[f"token {n + 1}"] = token
    t.check("tokens were issued", all(len(v) > 20 for k, v in typed.items() if k.startswith("token")), typed)
    # Another person's request ends whatever a thread keeps of its last one, as a living server's next request does.
    t.check("the server is alive", site.is_ready())
    eventually(lambda: not find_in_memory(site, typed), 1)
    found = find_in_memory(site, typed)
    for name in typed:
        places = found.get(name, [])
        if name in KNOWN and places:
            t.skip(f"{name}: in memory", KNOWN[name])
        else:
            t.check(f"{name}: not in memory", not places, "\n".join(places[:6]))
    look_in_store(t, site, typed, "while it runs")
    code = site.stop()
    t.check("stopped", code == 0, (code, site.log()[-1500:]))
    look_in_store(t, site, typed, "after the stop")
    look_in_log(t, site, typed)


def a_server_cannot_be_dumped(t, site):
    site.run("migrate")
    for dev, owner in ((True, os.geteuid()), (False, 0)):
        with open(site.directory / "log", "ab") as log:
            site.process = subprocess.Popen([PROGRAM, "serve", "-c", str(site.config), *(["--dev"] if dev else [])],
                                            stdout=log, stderr=log, env=site.environment())
        if not t.check(f"served, --dev {dev}", eventually(site.is_ready)):
            return
        limits = Path(f"/proc/{site.process.pid}/limits").read_text()
        t.check("no core file is allowed", re.search(r"Max core file size +0 +0 ", limits), limits)
        t.check(f"its memory belongs to {owner}", os.stat(f"/proc/{site.process.pid}/mem").st_uid == owner)
        site.stop()


def a_signed_in_session_leaves_no_key_in_the_files(t, site):
    """While somebody is signed in, the files hold neither the token nor what it opens."""
    site.start()
    ada = Person(site, TYPED["address"], TYPED["password"])
    ada.register()
    ada.put(TYPED["note's name"], TYPED["note's text"])
    look_in_store(t, site, {**TYPED, "token": ada.token}, "signed in")


if __name__ == "__main__":
    if not Path("/proc/self/mem").exists():
        print("1..0 # SKIP there is no /proc")
        sys.exit(0)
    run_all(nothing_typed_remains, a_server_cannot_be_dumped, a_signed_in_session_leaves_no_key_in_the_files, databases=databases())
