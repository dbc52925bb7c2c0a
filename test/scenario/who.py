#!/usr/bin/env python3
"""Who asks: the client's address behind a proxy, cookies as proxies split them, hosts of the admin port, origins, and
requests that must change nothing."""
import html
import http.client
import json
import re
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.parse
from contextlib import closing
from pathlib import Path

from harness import Answer, Browser
from operate import PASSWORD, PROGRAM, eventually, run_all

PROXY = {"WATCHWORD_TRUSTED_PROXIES": "127.0.0.0/8"}


def address_seen(site, email, headers):
    """The address that a sign-in with these headers is kept under."""
    token = site.submit("login", {"method": "password", "identifier": email, "password": PASSWORD}, headers)
    shown = site.get("/sessions/whoami", headers={"X-Session-Token": token.json["session_token"]})
    return shown.json["devices"][0]["ip_address"]


def place_seen(site, email):
    token = site.submit("login", {"method": "password", "identifier": email, "password": PASSWORD},
                        {"Cf-Ipcity": "Berlin", "Cf-Ipcountry": "DE", "X-Forwarded-For": "192.0.2.7"})
    shown = site.get("/sessions/whoami", headers={"X-Session-Token": token.json["session_token"]})
    return shown.json["devices"][0].get("location")


def one_header_gives_the_address(t, site):
    site.start(PROXY)
    site.register("ada@example.org")
    invented = {"True-Client-IP": "198.51.100.1", "CF-Connecting-IP": "198.51.100.2", "X-Real-IP": "198.51.100.3",
                "Forwarded": "for=198.51.100.4", "X-Client-IP": "198.51.100.5"}
    seen = address_seen(site, "ada@example.org", {**invented, "X-Forwarded-For": "192.0.2.7"})
    t.check("with a trusted proxy X-Forwarded-For counts, invented others do not", seen == "192.0.2.7", seen)
    seen = address_seen(site, "ada@example.org", invented)
    t.check("without it the proxy is who asks", seen == "127.0.0.1", seen)
    seen = address_seen(site, "ada@example.org", {"X-Forwarded-For": "198.51.100.9, 192.0.2.8, 127.0.0.3"})
    t.check("the last that is no proxy counts", seen == "192.0.2.8", seen)
    t.check("a trusted peer is nothing to warn of", "trusted_proxies" not in site.log())
    site.stop()
    site.start({**PROXY, "WATCHWORD_FORWARDED_HEADER": "CF-Connecting-IP"})
    seen = address_seen(site, "ada@example.org", {**invented, "X-Forwarded-For": "192.0.2.7"})
    t.check("another header counts once it is named, and it alone", seen == "198.51.100.2", seen)
    t.check("a place is believed from the proxy that knows it", place_seen(site, "ada@example.org") == "Berlin, DE")
    site.stop()
    site.start(PROXY)
    t.check("and from no other", place_seen(site, "ada@example.org") in (None, ""), place_seen(site, "ada@example.org"))


def a_proxy_that_is_not_trusted_is_told_of(t, site):
    site.start()
    before = site.log().count("watchword.trusted_proxies")
    for _ in range(3):
        site.get("/health/alive", headers={"X-Forwarded-For": "192.0.2.7"})
    t.check("nothing is said where nobody forwards", before == 0)
    eventually(lambda: "watchword.trusted_proxies" in site.log())
    lines = [json.loads(line) for line in site.log().splitlines() if "watchword.trusted_proxies" in line]
    t.check("one warning, which says what follows and names the setting",
            len(lines) == 1 and lines[0]["level"] == "warning" and "bucket" in json.dumps(lines[0]), lines)


def with_cookies(site, method, path, fields, body=None, **headers):
    """A request with several Cookie fields."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.public, timeout=10)) as connection:
        connection.putrequest(method, path)
        for cookies in fields:
            connection.putheader("Cookie", cookies)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response, response.read())


def split_and_doubled_cookies(t, site):
    site.start()
    ada, bob = Browser(site).register("ada@example.org"), Browser(site).register("bob@example.org")
    csrf = next(name for name in ada.cookies if name.startswith("csrf_token"))
    session = f"ory_kratos_session={ada.cookies['ory_kratos_session']}"
    token = f"{csrf}={ada.cookies[csrf]}"

    def whoami(*fields):
        return with_cookies(site, "GET", "/sessions/whoami", fields)

    t.check("a session in the second Cookie field counts", whoami(token, session).status == 200)
    ended = f"ory_kratos_session={bob.cookies['ory_kratos_session']}"
    bob.request("GET", bob.request("GET", "/self-service/logout/browser").json["logout_url"])
    t.check("one that has ended is none", whoami(ended).status == 401)
    for name, first in (("malformed", "ory_kratos_session=x"), ("ended", ended), ("empty", "ory_kratos_session=")):
        for how in ([f"{first}; {session}"], [first, session]):
            seen = whoami(*how)
            t.check(f"behind one that is {name} the good session counts ({len(how)} fields)", seen.status == 200, seen)
    stored = with_cookies(site, "PUT", "/vault/items/a", [f"{ended}; {session}"], b"1",
                          Origin=f"http://127.0.0.1:{site.public}")
    t.check("for our own routes too", stored.status == 201, stored)
    for fields in ([f"{csrf}=short; {token}"], [f"{csrf}=short", token]):
        begun = with_cookies(site, "GET", "/self-service/settings/browser", [session, *fields], Accept="application/json")
        value = next(n["attributes"]["value"] for n in begun.json["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token")
        body = json.dumps({"method": "profile", "csrf_token": value, "traits": {"email": "ada@example.org"}}).encode()
        saved = with_cookies(site, "POST", f"/self-service/settings?flow={begun.json['id']}", [session, *fields], body,
                             Accept="application/json")
        t.check(f"the anti-CSRF cookie behind a malformed one counts ({len(fields)} fields)", saved.status == 200, saved)


def probes_ask_by_address(t, site):
    site.start()

    def status(path, host, **headers):
        return site.get(path, headers={"Host": host, **headers}, admin=True).status

    for host in (f"10.42.0.17:{site.admin}", "10.42.0.17", f"[fd00::7]:{site.admin}", "[::1]", f"127.0.0.1:{site.admin}",
                 f"localhost:{site.admin}"):
        t.check(f"Host: {host} may probe and read metrics",
                status("/health/alive", host) == status("/metrics/prometheus", host) == 200)
    for host in ("evil.example.com", f"10.42.0.17.evil.example.com:{site.admin}", "10.42.0.17:x", "[fd00::7", "1.2.3.4:5:6"):
        t.check(f"Host: {host} may not", status("/health/alive", host) in (400, 403), status("/health/alive", host))
    t.check("a page may not, by address either",
            status("/identities", "10.42.0.17", Origin="http://10.42.0.17") == 403
            and status("/identities", "10.42.0.17", **{"Sec-Fetch-Site": "same-origin"}) == 403)


def routes_have_their_own_names(t, site):
    site.start()
    for path in ("/sessions/whoami", "/ui/login", "/ui/signed-out", "/ui/notes/new", "/ui/nothing-there", "/schemas/default",
                 "/nowhere"):
        site.get(path)
    site.request("POST", "/sessions/whoami")
    site.request("DELETE", "/sessions/7d0c7a0e-25c5-4a3a-8bd2-000000000000")
    site.request("PUT", "/ui/login")
    metrics = site.get("/metrics/prometheus", admin=True).body.decode()
    labels = {line.split('"')[1] for line in metrics.splitlines() if line.startswith("watchword_http_requests_total{")}
    expected = {"/sessions/whoami", "/ui/login", "/ui/signed-out", "/ui/notes/new", "/ui/{a}", "/schemas/{id}", "none",
                "/sessions/{id}"}
    t.check("each route is counted under its own template", expected <= labels and "/ui/{a}/{b}" not in labels, labels)

    def logged():
        return {json.loads(line).get("route") for line in site.log().splitlines() if '"answered"' in line}

    t.check("and logged", eventually(lambda: expected <= logged()), logged())


def raw(site, request):
    """The head of the answer to these bytes."""
    with socket.create_connection(("127.0.0.1", site.public), timeout=10) as s:
        s.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer and (chunk := s.recv(65536)):
            answer += chunk
    return answer.decode()


CORS = {"SERVE_PUBLIC_CORS_ENABLED": "true", "SERVE_PUBLIC_CORS_ALLOWED_ORIGINS": "https://app.example.org"}


def refusals_of_the_connection_are_readable(t, site):
    site.start(CORS)
    head = f"POST /self-service/login HTTP/1.1\r\nHost: 127.0.0.1:{site.public}\r\nOrigin: https://app.example.org\r\n"
    for status, rest in ((413, "Content-Length: 99999999\r\n\r\n"), (431, f"X: {'a' * 17000}\r\n\r\n"),
                         (431, "X: a\r\n" * 120 + "\r\n"), (417, "Expect: nonsense\r\n\r\n"),
                         (400, "Content-Length: +5\r\n\r\n"), (400, "no colon\r\n\r\n"),
                         (501, "Transfer-Encoding: gzip, chunked\r\n\r\n"), (501, "\r\n"), (505, "\r\n")):
        first = head.split("\r\n")[0]
        other_line = {501: "BREW / HTTP/1.1", 505: "POST / HTTP/2.0"}.get(status, first) if rest == "\r\n" else first
        head = head.replace(first, other_line)
        answer = raw(site, (head + rest).encode())
        t.check(f"{status} carries what lets a page read it",
                f" {status} " in answer.split("\r\n")[0]
                and "Access-Control-Allow-Origin: https://app.example.org\r\n" in answer
                and "Vary: Origin" in answer and "nosniff" in answer, answer)
        other = raw(site, (head.replace("app", "evil") + rest).encode())
        t.check(f"{status} for a stranger does not", "Access-Control-Allow" not in other, other)


def rows_of_flows(site):
    with closing(sqlite3.connect(site.database)) as db:
        return db.execute("SELECT count(*) FROM flows").fetchone()[0]


def looking_changes_nothing(t, site):
    site.start()
    ada = Browser(site).register("ada@example.org")
    url = ada.request("GET", "/self-service/logout/browser").json["logout_url"]
    path = url[url.index("/self-service"):]
    before = rows_of_flows(site)
    paths = [path, "/self-service/logout", "/self-service/login", "/ui/login?flow=x", "/ui/profile", "/ui/password",
             "/ui/registration", "/ui/settings", "/ui/kept"]
    for flow in ("login", "registration", "settings"):
        paths += [f"/self-service/{flow}/browser", f"/self-service/{flow}/api", f"/self-service/{flow}"]
    for accept in ("application/json", "text/html"):
        for each in paths:
            looked = ada.request("HEAD", each, headers={"Accept": accept})
            t.check(f"HEAD {each.split('?')[0]} is answered", looked.status == 200 and looked.body == b"", looked)
            for name, value in (("Sec-Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender"),
                                ("Sec-Purpose", "Prerender"), ("Purpose", "prefetch"),
                                ("X-Purpose", "preview"), ("X-Moz", "prefetch")):
                ahead = ada.request("GET", each, headers={"Accept": accept, name: value})
                t.check(f"{name}: {value} of {each.split('?')[0]} is not done", ahead.status == 503, ahead)
    site.login("ada@example.org")
    page = ada.request("GET", "/ui/devices", headers={"Accept": "text/html"}).body.decode()
    fields = dict(re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', page))
    form = urllib.parse.urlencode({k: html.unescape(v) for k, v in fields.items()}).encode()
    ended = ada.request("POST", "/ui/sessions/end-others", form,
                        {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})
    before = rows_of_flows(site)
    t.check("a change is told of by the next page", ended.status == 303, ended)
    ahead = ada.request("GET", "/ui/devices", headers={"Sec-Purpose": "prefetch"})
    t.check("and not by one that is fetched ahead", ahead.status == 200 and b"signed out" not in ahead.body
            and "said" not in str(ahead.headers.get("Set-Cookie")), ahead)
    shown = ada.request("GET", "/ui/devices")
    t.check("but by the one that is shown", b"signed out" in shown.body, shown.body)
    t.check("no row was written", rows_of_flows(site) == before, (rows_of_flows(site), before))
    t.check("the session lives", ada.request("GET", "/sessions/whoami").status == 200)
    t.check("HEAD of what only reads is as ever", ada.request("HEAD", "/sessions/whoami").status == 200)
    ada.request("GET", path)
    t.check("a GET signs out", ada.request("GET", "/sessions/whoami").status == 401)


def ask_for_a_second_factor(site, name):
    """Sets the flag in the account's record, by the second implementation, as its owner will be able to."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "vectors"))
    import second
    store = second.Store(str(site.directory / "site"))
    record = store.record(name)
    where = "record", record["uuid"], struct.pack(">Q", record["id"])
    plain = bytearray(second.unpad(store.sk_open(*where, store.one("SELECT blob FROM accounts WHERE id = ?", record["id"])[0])))
    plain[22] |= 1  # u8 1, u64 seq, u64 floor, u32 generation, u8 state, then the flags (vault.md section 6)
    blob = second.seal(store.sk, where[0], where[1], store.kid, where[2], second.pad(bytes(plain)))
    store.db.execute("UPDATE accounts SET blob = ? WHERE id = ?", (blob, record["id"]))
    store.db.commit()
    store.db.close()


def half_a_sign_in_is_nobody_on_a_page(t, site):
    """Of a session that owes a second factor pages show nothing and change nothing."""
    try:
        import nacl  # noqa: F401
    except ImportError:
        t.skip("pending sessions on pages", "needs PyNaCl")
        return
    site.start()
    ada, page = Browser(site).register("ada@example.org"), {"Accept": "text/html"}
    devices = ada.request("GET", "/ui/devices", headers=page)
    t.check("a whole sign-in sees the pages", devices.status == 200 and b"ada@example.org" in devices.body, devices)
    fields = dict(re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', devices.body.decode()))
    ask_for_a_second_factor(site, "ada@example.org")
    for path in ("/ui/", "/ui/profile", "/ui/password", "/ui/codes", "/ui/devices", "/ui/activity", "/ui/close", "/ui/notes/new",
                 "/ui/sign-out"):
        seen = ada.request("GET", path, headers=page)
        t.check(f"half of one is sent to the second step from {path}", seen.status == 303 and "aal=aal2" in seen.header("Location")
                and "/self-service/login/browser" in seen.header("Location"), seen)
    form = urllib.parse.urlencode({k: html.unescape(v) for k, v in fields.items()}).encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    site_rows = rows_of_sessions(site)
    for path in ("/ui/sessions/end-others", "/ui/account/delete", "/ui/codes", "/ui/notes"):
        done = ada.request("POST", path, form, sent)
        t.check(f"and changes nothing at {path}", done.status in (303, 403) and rows_of_sessions(site) == site_rows, done)
    t.check("it is not told that it is signed out", ada.request("GET", "/ui/signed-out", headers=page).status == 303)
    out = ada.request("POST", "/ui/sign-out", form, sent)
    t.check("but may sign out", out.status == 303 and out.header("Location").endswith("/ui/signed-out"), out)
    t.check("and is", ada.request("GET", "/ui/signed-out", headers=page).status == 200)


def rows_of_sessions(site):
    with closing(sqlite3.connect(site.database)) as db:
        return db.execute("SELECT count(*), sum(expires) FROM sessions").fetchone()


def letting_in_anybody_trusts_nobody(t, site):
    site.start({**CORS, "SERVE_PUBLIC_CORS_ALLOWED_ORIGINS": "*", "SERVE_ADMIN_CORS_ENABLED": "true"})
    cookie = {"Cookie": f"ory_kratos_session={site.register('ada@example.org')}"}
    own = f"http://127.0.0.1:{site.public}"
    for origin, status in (("https://evil.example.com", 403), ("null", 403), (own, 201)):
        put = site.request("PUT", "/vault/items/a%d" % status, b"1", {**cookie, "Origin": origin})
        t.check(f"with * a change from {origin} is {status}", put.status == status, put)
    ended = site.request("DELETE", "/sessions", headers={**cookie, "Origin": "https://evil.example.com"})
    t.check("on Kratos' routes too", ended.status == 403, ended)
    seen = site.get("/sessions/whoami", headers={**cookie, "Origin": "https://evil.example.com"})
    t.check("and * is answered as *, which sends no cookies", seen.header("Access-Control-Allow-Origin") == "*", seen)
    listed = site.get("/identities", headers={"Origin": "https://evil.example.com"}, admin=True)
    t.check("nor may any page administer", listed.status == 403, listed)


def who_is_named_may_change_what_cookies_open(t, site):
    """Two origins, with and without cookies allowed: only one that is named, and may send cookies, is as ours."""
    for credentials in ("true", "false"):
        site.start({**CORS, "SERVE_PUBLIC_CORS_ALLOW_CREDENTIALS": credentials})
        cookie = {"Cookie": f"ory_kratos_session={site.register(f'{credentials}@example.org')}"}
        for origin in ("https://app.example.org", "https://other.example.org"):
            wanted = 201 if credentials == "true" and origin == "https://app.example.org" else 403
            put = site.request("PUT", "/vault/items/note", b"1", {**cookie, "Origin": origin})
            t.check(f"a change from {origin} with credentials {credentials} is {wanted}", put.status == wanted, put)
        site.stop()


def https_is_remembered(t, site):
    site.start()
    t.check("no HSTS over http", site.get("/ui/login").header("Strict-Transport-Security") is None)
    site.stop()
    site.start({"SERVE_PUBLIC_BASE_URL": "https://id.example.org/"})
    for path in ("/", "/ui/signed-out", "/sessions/whoami", "/nowhere"):
        t.check(f"HSTS under https on {path}", site.get(path).header("Strict-Transport-Security") == "max-age=31536000")
    t.check("not on the admin port", site.get("/health/alive", admin=True).header("Strict-Transport-Security") is None)


def serve_for_real(site, **settings):
    """Without --dev, under which nothing is counted."""
    with open(site.directory / "log", "ab") as log:
        site.process = subprocess.Popen([PROGRAM, "serve", "-c", str(site.config)], stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL, env=site.environment(settings))
    assert eventually(site.is_ready, 20), site.log()


def what_anybody_can_cause_is_counted_and_cut(t, site):
    serve_for_real(site, WATCHWORD_THROTTLE_FLOWS_FREE="20", SELFSERVICE_FLOWS_LOGIN_LIFESPAN="1s")

    def kept():
        with closing(sqlite3.connect(site.database)) as db:
            return db.execute("SELECT count(*), coalesce(sum(length(blob)), 0) FROM flows").fetchone()

    wants = {"Accept": "text/html"}
    first = site.get("/self-service/login/browser?return_to=https://evil.example.com/" + "a" * 15000, headers=wants)
    rows, size = kept()
    t.check("a forbidden return_to of 15 KB is refused without keeping it",
            first.status == 303 and "/ui/error?id=" in first.header("Location") and rows == 1 and size < 2000, (first, size))
    shown = site.get("/self-service/login/browser?return_to=https://evil.example.com/" + "a" * 15000,
                     headers={"Accept": "application/json"})
    t.check("nor repeating it", shown.status == 400 and len(shown.body) < 1000
            and shown.error["id"] == "self_service_flow_return_to_forbidden", shown)
    begun = site.get("/self-service/login/api?x=" + "a" * 15000)
    t.check("where a flow was begun is cut to what is kept", begun.status == 200 and len(begun.body) < 6000
            and begun.json["request_url"].endswith("/self-service/login/api"), begun)

    kept_before = kept()
    level = site.get("/self-service/login/browser?aal=" + "a" * 15000, headers=wants)
    t.check("a level of 15 KB is cut in the refusal that is kept", level.status == 303 and "/ui/error?id=" in
            level.header("Location") and kept()[1] - kept_before[1] < 2000, (level, kept_before, kept()))
    for where in ("/self-service/login/api?aal=", "/schemas/"):
        shown = site.get(where + "a" * 15000, headers={"Accept": "application/json"})
        t.check(f"nor is it repeated: {where}", shown.status in (400, 404) and len(shown.body) < 1000, shown)
    hosted = site.get("/self-service/login/api", headers={"Host": "a" * 9000})
    t.check("a host of 9 KB is none", hosted.status == 400, hosted)
    odd = site.get("/self-service/login/browser?identity_schema=" + "a" * 15000, headers={"Accept": "application/json"})
    t.check("a schema's name of 15 KB is not repeated", odd.status == 400 and len(odd.body) < 1000, odd)
    time.sleep(1.1)
    answers = [site.request("POST", f"/self-service/login?flow={begun.json['id']}", {"method": "password"}).status
               for _ in range(30)]
    t.check("one expired flow does not make rows without end", answers[0] == 410 and answers[-1] == 429, answers)
    full = kept()[0]
    t.check("as many as a network may", full <= 21, full)
    page = site.get("/self-service/login/browser?return_to=https://evil.example.com/", headers=wants)
    t.check("beyond that a page says so", page.status == 429 and b"<html" in page.body and page.header("Retry-After"), page)
    nowhere = site.request("POST", "/nowhere", b"a=b", {**wants, "Content-Type": "application/x-www-form-urlencoded"})
    t.check("of other refusals too", nowhere.status == 429, nowhere)
    t.check("and no row is written", kept()[0] == full, kept())


if __name__ == "__main__":
    run_all(one_header_gives_the_address, a_proxy_that_is_not_trusted_is_told_of, split_and_doubled_cookies,
            probes_ask_by_address, routes_have_their_own_names, refusals_of_the_connection_are_readable,
            looking_changes_nothing, half_a_sign_in_is_nobody_on_a_page, letting_in_anybody_trusts_nobody,
            who_is_named_may_change_what_cookies_open, https_is_remembered, what_anybody_can_cause_is_counted_and_cut)
