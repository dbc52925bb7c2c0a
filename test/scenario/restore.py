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

    def __init__(self, site):
        self.site = site
        site.stop()
        if "DSN" in site.settings:
            self.copy = f"moment_{os.getpid()}_{id(self)}"
            psql(f"CREATE DATABASE {self.copy} TEMPLATE {self.name()}")
        else:
            self.copy = site.directory / f"moment-{id(self)}"
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


SCENARIOS = [the_browser_remembers, the_browser_of_somebody_else]

if __name__ == "__main__":
    run_all(*SCENARIOS, databases=databases())
