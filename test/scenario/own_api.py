#!/usr/bin/env python3
"""Watchword's own routes: the vault's items, the account's history and its end, against the running program."""
import base64
import json
import socket
import sqlite3
import sys
import time
from urllib.parse import quote

import harness
from harness import PASSWORD, Browser, Site, check, run, same

ITEM_MAX = 1 << 20


def refused(answer, status, error_id, field=None):
    same(answer.header("Cache-Control"), "no-store", answer)
    same(answer.header("Ory-Error-Id"), error_id or "", answer)
    return harness.refused(answer, status, error_id, field)


def token_of(site, name):
    return {"X-Session-Token": site.register(f"{name}@example.org")}


def item(name):
    return "/vault/items/" + quote(name, safe="")


# ---- one item ----


def test_item_is_stored_replaced_read_and_deleted(site):
    who = token_of(site, "life")
    made = site.request("PUT", item("note"), b"hello", who)
    same(made.status, 201, made)
    same(made.body, b"")
    same(made.header("Cache-Control"), "no-store")
    replaced = site.request("PUT", item("note"), b"hello again", who)
    same(replaced.status, 204)
    check(replaced.header("ETag") != made.header("ETag"), replaced)

    read = site.get(item("note"), headers=who)
    same((read.status, read.body), (200, b"hello again"))
    same(read.header("ETag"), replaced.header("ETag"))
    same(read.header("Content-Type"), "application/octet-stream")
    same(read.header("X-Content-Type-Options"), "nosniff")
    same(read.header("Content-Disposition"), "attachment")
    same(read.header("Cache-Control"), "no-store")
    head = site.request("HEAD", item("note"), headers=who)
    same((head.status, head.body, head.header("Content-Length")), (200, b"", "11"))

    same(site.request("DELETE", item("note"), headers=who).status, 204)
    refused(site.get(item("note"), headers=who), 404, "item_not_found")
    refused(site.request("DELETE", item("note"), headers=who), 404, "item_not_found")


def test_any_bytes_under_any_name(site):
    who = token_of(site, "names")
    values = {"a/b": bytes(range(256)), "ü ⚿ %2F": b"", "../..": b"\0", ".": b"dot", "x" * 1024: b"long",
              "line\nbreak": b"crlf\r\n\r\n", "a?b#c": b"q"}
    for name, value in values.items():
        same(site.request("PUT", item(name), value, who).status, 201, name)
    for name, value in values.items():
        same(site.get(item(name), headers=who).body, value, name)
    names = [i["name"] for i in site.get("/vault/items", headers=who).json["items"]]
    same(names, sorted(values, key=lambda n: n.encode()))


def test_names_that_are_none(site):
    who = token_of(site, "nonames")
    refused(site.request("PUT", item("x" * 1025), b"", who), 400, "item_name_invalid", "name")
    refused(site.request("PUT", "/vault/items/%00", b"", who), 400, "path_invalid", "path")
    refused(site.request("PUT", "/vault/items/%ff", b"", who), 400, "path_invalid", "path")
    refused(site.request("PUT", "/vault/items/%4", b"", who), 400, "path_invalid", "path")
    same(site.request("PUT", "/vault/items/", b"", who).status, 404)
    same(site.request("PUT", "/vault/items/a/b", b"", who).status, 404)
    same(site.get("/vault/items", headers=who).json, {"items": []})


def test_conditions(site):
    who = token_of(site, "conditions")

    def put(value, **headers):
        return site.request("PUT", item("c"), value, {**who, **{k.replace("_", "-"): v for k, v in headers.items()}})

    refused(put(b"0", If_Match='"1"'), 412, "version_mismatch")
    first = put(b"1", If_None_Match="*")
    same(first.status, 201)
    refused(put(b"2", If_None_Match="*"), 412, "version_mismatch")
    tag = first.header("ETag")
    for wrong in ('"0"', '"99"', '"x"', '""', "W/" + tag, '"18446744073709551616"'):
        refused(put(b"2", If_Match=wrong), 412, "version_mismatch")
    second = put(b"2", If_Match=tag)
    same(second.status, 204)
    refused(put(b"3", If_Match=tag), 412, "version_mismatch")
    for unknown in ("*", "7", '"1", "2"', '"1'):
        refused(put(b"3", If_Match=unknown), 400, "condition_invalid", "If-Match")
    refused(put(b"3", If_None_Match=tag), 400, "condition_invalid", "If-None-Match")
    same(site.get(item("c"), headers=who).body, b"2")

    tag = second.header("ETag")
    for known in (tag, "W/" + tag, '"1", ' + tag, "*"):
        answer = site.get(item("c"), headers={**who, "If-None-Match": known})
        same((answer.status, answer.body, answer.header("ETag")), (304, b"", tag), known)
    same(site.get(item("c"), headers={**who, "If-None-Match": '"1"'}).status, 200)

    refused(site.request("DELETE", item("c"), headers={**who, "If-Match": '"1"'}), 412, "version_mismatch")
    same(site.request("DELETE", item("c"), headers={**who, "If-Match": tag}).status, 204)


def test_item_too_large(site):
    who = token_of(site, "large")
    same(site.request("PUT", item("most"), b"x" * ITEM_MAX, who).status, 201)
    answer = refused(site.request("PUT", item("more"), b"x" * (ITEM_MAX + 1), who), 413, "item_too_large", "value")
    same(answer.error["details"]["limit"], ITEM_MAX)
    refused(site.get(item("more"), headers=who), 404, "item_not_found")
    same(len(site.get(item("most"), headers=who).body), ITEM_MAX)


def test_items_beyond_the_usual_body(_):
    with Site(WATCHWORD_VAULT_ITEM_MAX="8MB") as site:
        who, value = token_of(site, "huge"), b"x" * (7 << 20)
        same(site.request("PUT", item("huge"), value, who).status, 201)
        same(site.request("POST", "/vault/items", {"put": {"huge": b64(value)}}, who).status, 200)
        check(site.get(item("huge"), headers=who).body == value)
        with socket.create_connection(("127.0.0.1", site.public)) as s:
            s.sendall(f"PUT /vault/items/x HTTP/1.1\r\nHost: 127.0.0.1:{site.public}\r\n"
                      "Content-Length: 99999999\r\n\r\n".encode())
            check(s.recv(4096).startswith(b"HTTP/1.1 413 "))


# ---- lists ----


def test_list_by_prefix_and_page(site):
    who = token_of(site, "pages")
    names = [f"n/{i:02}" for i in range(7)] + ["other", "n", "ø"]
    for name in names:
        same(site.request("PUT", item(name), b"v", who).status, 201)
    seen, path = [], "/vault/items?prefix=n%2F&page_size=3"
    pages = 0
    while path:
        page = site.get(path, headers=who)
        same(page.status, 200, page)
        check(len(page.json["items"]) <= 3)
        seen += [i["name"] for i in page.json["items"]]
        link = page.header("Link")
        check(link is None or link.endswith('>; rel="next"'), link)
        path = link and link[1:link.index(">")]
        pages += 1
    same(seen, sorted(names[:7]))
    same(pages, 3)
    every = site.get("/vault/items", headers=who).json["items"]
    same([i["name"] for i in every], sorted(names, key=lambda n: n.encode()))
    check(all(i["version"].isdigit() and set(i) <= {"name", "version", "updated_at"} for i in every), every)


def test_list_refuses_what_it_cannot_read(site):
    who = token_of(site, "badpages")
    for query, field in [("page_size=x", "page_size"), ("page_size=" + "1" * 21, "page_size"),
                         ("prefix=" + "x" * 1025, "prefix"), ("page_token=!", "page_token"),
                         ("page_token=" + "A" * 2000, "page_token"), ("page_token=AA", "page_token"),
                         ("prefix=%ff", "query"), ("prefix=%", "query")]:
        answer = site.get("/vault/items?" + query, headers=who)
        same((answer.status, answer.error["details"]["field"]), (400, field), query)
    same(site.get("/vault/items?page_size=0", headers=who).status, 200)
    same(site.get("/vault/items?page_size=-1", headers=who).status, 200)


# ---- several at once ----


def b64(value):
    return base64.b64encode(value).decode()


def test_several_items_in_one_request(site):
    who = token_of(site, "several")
    first = site.request("POST", "/vault/items", {"put": {"a": b64(b"one"), "b": b64(b"\0\xff"), "c": ""}}, who)
    same(first.status, 200, first)
    same(set(first.json["put"]), {"a", "b", "c"})
    check(all(r["created"] for r in first.json["put"].values()))
    second = site.request("POST", "/vault/items",
                          {"put": {"a": b64(b"two")}, "delete": ["c"], "get": ["b"]}, who)
    same(second.status, 200, second)
    same(second.json["put"]["a"]["created"], False)
    same(second.json["delete"], ["c"])
    same(base64.b64decode(second.json["get"]["b"]["value"]), b"\0\xff")
    same(second.json["get"]["b"]["version"], first.json["put"]["b"]["version"])
    check(second.json["get"]["b"]["updated_at"].endswith("Z"), second)
    same(site.get(item("a"), headers=who).header("ETag"), f'"{second.json["put"]["a"]["version"]}"')


def test_several_items_all_or_nothing(site):
    who = token_of(site, "allornothing")
    site.request("PUT", item("kept"), b"old", who)
    refused(site.request("POST", "/vault/items", {"put": {"kept": b64(b"new"), "more": b64(b"x")}, "get": ["none"]},
                         who), 404, "item_not_found")
    refused(site.request("POST", "/vault/items", {"put": {"kept": b64(b"new"), "big": b64(b"x" * (ITEM_MAX + 1))}},
                         who), 413, "item_too_large", "value")
    same(site.get(item("kept"), headers=who).body, b"old")
    same(len(site.get("/vault/items", headers=who).json["items"]), 1)


def test_several_items_refused_by_name(site):
    who = {**token_of(site, "badbodies"), "Content-Type": "application/json"}
    deep = b'{"get":' + b"[" * 40 + b"]" * 40 + b"}"
    for body, error_id, field in [
            (b"", "json_invalid", "body"), (b"[]", "json_invalid", "body"), (b"{", "json_invalid", "body"),
            (b'{"get":["a"],"get":["b"]}', "json_invalid", "body"), (b'{"get":["\xff"]}', "json_invalid", "body"),
            (deep, "json_invalid", "body"), (b'{"get":["a"]} x', "json_invalid", "body"),
            (b"{}", "field_invalid", "body"), (b'{"rename":[]}', "field_unknown", "body"),
            (b'{"put":[]}', "field_invalid", "put"), (b'{"put":{"a":1}}', "field_invalid", "put"),
            (b'{"put":{"a":"x"}}', "field_invalid", "put"), (b'{"get":"a"}', "field_invalid", "get"),
            (b'{"delete":[1]}', "field_invalid", "delete"), (b'{"get":["a","a"]}', "field_invalid", "get"),
            (b'{"put":{"a":""},"delete":["a"]}', "field_invalid", "delete"),
            (b'{"get":[""]}', "item_name_invalid", "name"),
            (json.dumps({"get": [str(i) for i in range(1001)]}).encode(), "field_invalid", "body")]:
        refused(site.request("POST", "/vault/items", body, who), 400, error_id, field)
    text = site.request("POST", "/vault/items", b'{"get":["a"]}', {**who, "Content-Type": "text/plain"})
    same(text.status, 415)


# ---- who may ask ----


def test_every_carrier_of_a_session(site):
    token = site.register("carriers@example.org")
    same(site.get("/vault", headers={"X-Session-Token": token}).json,
         {"state": "open", "items": 0, "epoch": 1, "openers": {"password": 1, "codes": 0}, "waiting": []})
    same(site.get("/vault", headers={"Authorization": f"Bearer {token}"}).status, 200)
    same(Browser(site).register("cookie-carrier@example.org").request("GET", "/vault").json["state"], "open")
    for headers in ({}, {"X-Session-Token": "x" * 64}, {"Authorization": "Bearer nobody"},
                    {"X-Session-Token": token[:-1]}):
        for method, path in [("GET", "/vault"), ("GET", "/vault/items"), ("GET", item("a")), ("PUT", item("a")),
                             ("DELETE", item("a")), ("POST", "/vault/items"), ("GET", "/account/history"),
                             ("DELETE", "/account")]:
            answer = refused(site.request(method, path, headers=headers) if method != "HEAD" else None, 401,
                             "session_inactive")
            same(answer.status, 401)


def test_cookie_changes_only_from_our_own_pages(site):
    browser = Browser(site).register("origin@example.org")
    ours = f"http://127.0.0.1:{site.public}"
    cases = [({"Origin": ours}, 201), ({"Sec-Fetch-Site": "same-origin"}, 201), ({}, 403), ({"Origin": "null"}, 403),
             ({"Origin": "http://evil.example"}, 403), ({"Origin": ours + ".evil.example"}, 403),
             ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
             ({"Sec-Fetch-Site": "none"}, 403), ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 403),
             ({"Authorization": "Bearer x"}, 403), ({"X-Session-Token": ""}, 403)]
    for i, (headers, status) in enumerate(cases):
        answer = browser.request("PUT", item(str(i)), b"v", headers)
        same(answer.status, status, headers)
        if status == 403:
            refused(answer, 403, "security_csrf_violation")
    for method, path, body in [("DELETE", item("0"), None), ("POST", "/vault/items", {"delete": ["0"]}),
                               ("DELETE", "/account", {"confirm": "origin@example.org"})]:
        refused(browser.request(method, path, body, {"Origin": "http://evil.example"}), 403,
                "security_csrf_violation")
    same(browser.request("GET", item("0"), None, {"Origin": "http://evil.example"}).status, 200)
    same(browser.request("DELETE", item("0"), None, {"Origin": ours}).status, 204)


def test_nobody_reads_another_vault(site):
    first, second = token_of(site, "mine"), token_of(site, "yours")
    site.request("PUT", item("secret"), b"mine", first)
    refused(site.get(item("secret"), headers=second), 404, "item_not_found")
    same(site.request("PUT", item("secret"), b"yours", second).status, 201)
    same(site.get(item("secret"), headers=first).body, b"mine")


def test_items_outlive_sessions_and_restarts(site):
    who = token_of(site, "restart")
    site.request("PUT", item("note"), b"kept", who)
    site.stop()
    site.start()
    same(site.get(item("note"), headers=who).body, b"kept")
    same(site.get(item("note"), headers={"X-Session-Token": site.login("restart@example.org")}).body, b"kept")


def test_altered_storage_is_refused_and_told_no_further(_):
    with Site() as site:
        who = token_of(site, "tampered")
        site.request("PUT", item("note"), b"hello", who)
        site.request("PUT", item("other"), b"hello", who)
        site.stop()
        database = sqlite3.connect(site.directory / "site" / "data" / "watchword.db")
        rows = database.execute("SELECT rowid, blob FROM items").fetchall()
        for row, blob in rows:
            database.execute("UPDATE items SET blob = ? WHERE rowid = ?", (blob[:-1] + bytes([blob[-1] ^ 1]), row))
        database.commit()
        database.close()
        site.start()
        same(len(rows), 2)
        answer = refused(site.get(item("note"), headers=who), 500, "vault_tampered")
        check("reason" not in answer.error and "details" not in answer.error, answer)
        several = site.request("POST", "/vault/items", {"put": {"new": ""}, "get": ["other"]}, who)
        refused(several, 500, "vault_tampered")
        same(len(site.get("/vault/items", headers=who).json["items"]), 2)
        same(site.request("PUT", item("note"), b"written anew", who).status, 204)
        same(site.get(item("note"), headers=who).body, b"written anew")


def test_methods(site):
    answer = site.request("PATCH", "/vault/items")
    same((answer.status, answer.header("Allow")), (405, "GET, HEAD, POST"))
    answer = site.request("POST", item("a"), b"")
    same((answer.status, answer.header("Allow")), (405, "DELETE, GET, HEAD, PUT"))


# ---- the account ----


def test_history(site):
    who = token_of(site, "history")
    site.submit("login", {"method": "password", "identifier": "history@example.org", "password": "wrong one"})
    agent = "scenario/1.0"
    login = site.submit("login", {"method": "password", "identifier": "history@example.org", "password": PASSWORD},
                        {"User-Agent": agent})
    second = {"X-Session-Token": login.json["session_token"]}
    events = site.get("/account/history", headers=second)
    same(events.status, 200, events)
    same(events.header("Cache-Control"), "no-store")
    rows = events.json
    check({"id", "at", "event", "method", "address", "user_agent", "location", "this_session"} == set(rows[0]), rows)
    same(rows[0]["event"], "login.succeeded", rows)
    same((rows[0]["user_agent"], rows[0]["address"], rows[0]["this_session"]), (agent, "127.0.0.1", True), rows)
    same(rows[1]["event"], "login.failed", rows)
    check(not any(r["this_session"] for r in rows[1:]), rows)
    check([r["at"] for r in rows] == sorted((r["at"] for r in rows), reverse=True), rows)

    seen, path = [], "/account/history?page_size=1"
    while path:
        page = site.get(path, headers=who)
        seen += page.json
        link = page.header("Link")
        path = link and link[1:link.index(">")]
    same([r["id"] for r in seen], [r["id"] for r in rows])
    refused(site.get("/account/history?page_token=x", headers=who), 400, "page_token_invalid", "page_token")


def test_delete_account(site):
    who = token_of(site, "delete")
    site.request("PUT", item("note"), b"gone", who)
    for body, error_id in [({"confirm": "other@example.org"}, "confirm_mismatch"), ({}, "confirm_invalid"),
                           ({"confirm": ""}, "confirm_invalid"), ({"confirm": 1}, "confirm_invalid"),
                           ({"confirm": "x" * 1025}, "confirm_invalid")]:
        refused(site.request("DELETE", "/account", body, who), 400, error_id, "confirm")
    refused(site.request("DELETE", "/account", {"confirm": "delete@example.org", "force": True}, who), 400,
            "field_unknown", "body")
    same(site.get(item("note"), headers=who).body, b"gone")
    gone = site.request("DELETE", "/account", {"confirm": " Delete@Example.ORG "}, who)
    same((gone.status, gone.header("Cache-Control")), (204, "no-store"), gone)
    refused(site.get("/vault", headers=who), 401, "session_inactive")
    login = site.submit("login", {"method": "password", "identifier": "delete@example.org", "password": PASSWORD})
    same(login.status, 400)
    again = token_of(site, "delete")
    same(site.get("/vault/items", headers=again).json, {"items": []})


def test_delete_account_by_cookie(site):
    browser = Browser(site).register("delete-cookie@example.org")
    before = set(browser.cookies)
    gone = browser.request("DELETE", "/account", {"confirm": "delete-cookie@example.org"},
                           {"Origin": f"http://127.0.0.1:{site.public}"})
    same(gone.status, 204, gone)
    check(len(before - set(browser.cookies)) == 1, browser.cookies)


def test_delete_account_needs_a_recent_sign_in(_):
    with Site(SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE="1s") as old:
        who = token_of(old, "stale")
        time.sleep(1.1)
        refused(old.request("DELETE", "/account", {"confirm": "stale@example.org"}, who), 403,
                "session_refresh_required")
        same(old.get("/vault", headers=who).status, 200)


# ---- the description, and what is told to those who watch ----


def test_openapi(site):
    answer = site.get("/openapi.json")
    same(answer.status, 200)
    same(answer.header("Content-Type"), "application/json; charset=utf-8")
    described = {(p, m) for p, methods in answer.json["paths"].items() for m in methods}
    same(described, {("/vault", "get"), ("/vault/items", "get"), ("/vault/items", "post"),
                     ("/vault/items/{name}", "get"), ("/vault/items/{name}", "put"),
                     ("/vault/items/{name}", "delete"), ("/vault/codes", "get"), ("/vault/codes", "post"),
                     ("/vault/codes", "delete"), ("/vault/recover", "post"), ("/vault/unlock", "post"),
                     ("/vault/epoch", "post"), ("/vault/rekey", "post"), ("/vault/new", "post"),
                     ("/vault/waiting/{id}/open", "post"), ("/vault/waiting/{id}", "delete"), ("/vault/shares", "get"),
                     ("/vault/shares/{name}", "get"), ("/vault/shares/{name}", "put"),
                     ("/vault/shares/{name}", "patch"), ("/vault/shares/{name}", "delete"), ("/vault/inbox", "get"),
                     ("/vault/inbox/{name}", "get"), ("/vault/inbox/{name}/adopt", "post"),
                     ("/vault/contacts", "get"), ("/vault/contacts/{id}/accept", "post"),
                     ("/vault/fingerprint", "get"), ("/vault/letters", "post"), ("/vault/letters/open", "post"), ("/vault/public", "get"), ("/vault/public/{name}", "put"),
                     ("/vault/public/{name}", "delete"), ("/public/{name}", "get"), ("/public/{owner}/{name}", "get"), ("/account/history", "get"), ("/account", "delete")})
    check(b'"required":[]' not in answer.body)  # OpenAPI 3.0 forbids an empty one
    operations = [o for methods in answer.json["paths"].values() for o in methods.values()]
    check(all(o["operationId"] and o["summary"] and "500" in o["responses"] for o in operations), operations)
    put = answer.json["paths"]["/vault/items/{name}"]["put"]
    same([(p["name"], p["in"]) for p in put["parameters"]],
         [("name", "path"), ("If-Match", "header"), ("If-None-Match", "header")])
    check({"201", "204", "401", "403", "412", "413", "423"} <= set(put["responses"]), put)


def test_log_and_metrics_hold_templates_only(site):
    who = token_of(site, "quiet")
    site.request("PUT", item("typed-by-someone"), b"typed-value", who)
    site.get("/vault/items?prefix=typed-prefix", headers=who)
    log, metrics = site.log(), site.get("/metrics/prometheus", admin=True).body.decode()
    check("/vault/items/{name}" in log and "/vault/items/{name}" in metrics)
    for text in ("typed-by-someone", "typed-value", "typed-prefix", who["X-Session-Token"], PASSWORD,
                 "quiet@example.org"):
        check(text not in log and text not in metrics, text)


if __name__ == "__main__":
    run(sys.modules[__name__])
