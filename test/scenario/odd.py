#!/usr/bin/env python3
"""Odd requests at every route of our own and at every page: wrong bodies, names, queries, fields, conditions. Whatever comes,
the server lives, answers soon, and never says that the fault is its own. Drawn at random from lists, the same each time
(WATCHWORD_ODD=seed,rounds gives others); a build with sanitizers sees more."""
import html
import os
import random
import re
import sys
import time
import urllib.parse

from harness import ROOT, Browser, Site, check

SEED, ROUNDS = (int(n) for n in os.environ.get("WATCHWORD_ODD", "1,8").split(","))
LONGEST = 10  # seconds for one answer
RECENT = "0123456789abcdef" * 2

BODIES = [b"", b"null", b"[]", b"{}", b"1", b'"a"', b'{"a":1}', b'{"password":1,"code":[],"identifier":{}}',
          b'{"password":null}', b'{"put":{"a":"!!"}}', b'{"put":{"\\u0000":""}}', b'{"put":{"a\\ud800":""}}',
          b'{"delete":[""],"get":["x"]}', b'{"get":[' + b",".join(b'"%d"' % i for i in range(999)) + b"]}",
          b'{"add":["bob@example.org"],"remove":[null]}', b'{"as":"\\u202e"}', b'{"fingerprint":"' + b"1" * 300 + b'"}',
          b'{"confirm":"' + b"x" * 1000 + b'"}', b'{"data":"AA==","to":["bob@example.org","bob@example.org"]}',
          b'{"letter":"' + b"A" * 40000 + b'"}', b'{"identifier":"\xff","code":"x"}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
          b'{"password":"' + "é".encode() * 4000 + b'"}', b'{"to":' + b"[" * 31 + b"]" * 31 + b"}", b"[" * 5000]
NAMES = ["a", "%00", "%C3%28", "%E2%80%AE", "a%2Fb", "..", "%2e%2e", "x" * 1025, "%F0%9F%98%80", "a%0d%0aX:y", "%20", "*", RECENT,
         "00000000-0000-4000-8000-000000000000", "0" * 32]
QUERIES = ["", "", "?page_size=0", "?page_size=" + "9" * 20, "?page_size=-1", "?page_token=%00", "?page_token=%FF",
           "?page_token=" + "A" * 3000, "?prefix=%FF", "?prefix=" + "x" * 1025, "?to=&to=bob@example.org", "?to=%00", "?from=nobody",
           "?x=1&x=2", "?%zz", "?=&=&=", "?flow=x", "?flow=00000000-0000-4000-8000-000000000000", "?id=%00", "?after=" + "f" * 32,
           "?return_to=//evil.example.com", "?step=9", "?aal=aal2", "?refresh=true", "?" + "a=b&" * 900]
TYPES = ["application/json", "application/json", "application/json; charset=utf-16", "text/plain", "application/octet-stream",
         "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
CONDITIONS = [("If-Match", '"1"'), ("If-None-Match", "*"), ("If-Match", "*"), ("If-None-Match", 'W/"1"'),
              ("If-Match", '"99999999999999999999999"'), ("Range", "bytes=0-1"), ("Expect", "100-continue")]
FIELDS = ["name", "text", "confirm", "password", "code", "identifier", "traits.email", "traits", "traits.a.b", "method", "screen", "id",
          "flow", "version", "codes", "to", "person", "return_to", "step", "file", "traits.x.0.y", "fingerprint", "csrf_token", "ticket"]
VALUES = ["", "a", "\0", "x" * 20000, "\u202e", "../", "ada@example.org", "💥" * 300, "1e400", "<script>", "{a}", "%s%n", "true", "\ufffe",
          "a\r\nb"]


def filled(path):
    return re.sub(r"\{[^}]*\}", lambda _: random.choice(NAMES), path)


def judged(site, answer, begun, *what):
    check(site.process.poll() is None, "the server ended", what, site.log()[-3000:])
    check(answer.status < 500 or (answer.status == 503 and "prefetch" in str(what)), answer, *what)
    check(time.monotonic() - begun < LONGEST, time.monotonic() - begun, *what)


def test_routes(site):
    site.register("bob@example.org")
    token = site.register("odd@example.org")
    for path, operations in site.get("/openapi.json").json["paths"].items():
        for method in operations.keys() & {"get", "put", "post", "delete", "patch"}:
            for i in range(ROUNDS):
                headers = {"X-Session-Token": token, "Content-Type": random.choice(TYPES),
                           **dict(c for c in CONDITIONS if random.random() < 0.08)}
                asked = method.upper(), filled(path) + random.choice(QUERIES), random.choice(BODIES)
                begun = time.monotonic()
                answer = site.request(*asked, headers, admin=path.startswith("/admin"))
                judged(site, answer, begun, *asked, headers)
                if answer.status in (204, 401) and site.get("/sessions/whoami", headers={"X-Session-Token": token}).status == 401:
                    token = site.register(f"odd{random.randrange(1 << 40)}@example.org")


def pages():
    """Every address of a page in the table of routes."""
    rows = re.findall(r'PAGE[A-Z_]*\((?:HTTP_[A-Z]+, )?"([^"]*)"', (ROOT / "http/routes.c").read_text())
    return sorted({"/ui/" + row for row in rows}) + [f"/self-service/{f}{s}" for f in ("login", "registration", "settings")
                                                     for s in ("", "/browser")]


def form_of(proofs):
    fields = [(random.choice(FIELDS), random.choice(VALUES)) for _ in range(random.randrange(8))]
    fields = (list(proofs.items()) if random.random() < 0.8 else []) + fields
    if random.random() < 0.5:
        return urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
    parts = (b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
             + random.choice([b"", b'; filename="a\x01b"', b'; filename="../../x"']) + b"\r\n\r\n" + value.encode() + b"\r\n"
             for name, value in fields)
    return b"".join(parts) + random.choice([b"--x--\r\n", b"", b"--x"]), "multipart/form-data; boundary=x"


def signed_in(site):
    browser = Browser(site).register(f"page{random.randrange(1 << 40)}@example.org")
    shown = browser.request("GET", "/ui/notes/new", headers={"Accept": "text/html"}).body.decode()
    return browser, {k: html.unescape(v) for k, v in re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', shown)}


def test_pages(site):
    (browser, proofs), stranger = signed_in(site), Browser(site)
    for path in pages():
        for i in range(2 * ROUNDS):
            who, method = random.choice([browser, browser, stranger]), random.choice(["GET", "POST", "POST", "PUT"])
            headers = {"Accept": random.choice(["text/html", "application/json", "*/*"]),
                       **({"Sec-Purpose": "prefetch"} if random.random() < 0.1 else {})}
            body = None
            if method != "GET":
                body, headers["Content-Type"] = form_of(proofs)
            asked = method, filled(path) + random.choice(QUERIES), body
            begun = time.monotonic()
            judged(site, who.request(*asked, headers), begun, *asked, headers)
            if browser.request("GET", "/sessions/whoami").status != 200:
                browser, proofs = signed_in(site)


if __name__ == "__main__":
    from harness import run
    random.seed(SEED)
    run(sys.modules[__name__])
