#!/usr/bin/env python3
"""Who asks: the client's address behind a proxy, cookies as proxies split them, hosts of the admin port, origins, and
requests that must change nothing."""
import http.client
import json
from contextlib import closing

from harness import Answer, Browser
from operate import PASSWORD, run_all

PROXY = {"WATCHWORD_TRUSTED_PROXIES": "127.0.0.0/8"}


def address_seen(site, email, headers):
    """The address that a sign-in with these headers is kept under."""
    token = site.submit("login", {"method": "password", "identifier": email, "password": PASSWORD}, headers)
    shown = site.get("/sessions/whoami", headers={"X-Session-Token": token.json["session_token"]})
    return shown.json["devices"][0]["ip_address"]


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


def a_proxy_that_is_not_trusted_is_told_of(t, site):
    site.start()
    before = site.log().count("watchword.trusted_proxies")
    for _ in range(3):
        site.get("/health/alive", headers={"X-Forwarded-For": "192.0.2.7"})
    t.check("nothing is said where nobody forwards", before == 0)
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


if __name__ == "__main__":
    run_all(one_header_gives_the_address, a_proxy_that_is_not_trusted_is_told_of, split_and_doubled_cookies)
