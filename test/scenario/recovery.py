#!/usr/bin/env python3
"""Getting back in over HTTP (own-api.md, "Getting back in, and the vault's keys"), on every database."""
import sys
from urllib.parse import quote

from harness import check, PASSWORD, refused, run, same

OTHER = "seven quiet otters by the river"
NOTE = "/vault/items/note"


def person(site, name):
    """Somebody with a note and ten codes: (headers, codes)."""
    who = {"X-Session-Token": site.register(f"{name}@example.org")}
    same(site.request("PUT", NOTE, b"only mine", who).status, 201)
    made = site.request("POST", "/vault/codes", headers=who)
    same(made.status, 201, made)
    same(made.header("Cache-Control"), "no-store")
    return who, made.json["codes"]


def recover(site, name, code, password=OTHER, carrier="token", **headers):
    return site.request("POST", "/vault/recover", {"identifier": f"{name}@example.org", "code": code,
                                                   "password": password, "carrier": carrier}, headers)


def test_codes_are_counted_made_and_revoked(site):
    who = {"X-Session-Token": site.register("counts@example.org")}
    same(site.get("/vault/codes", headers=who).json, {"left": 0, "made_at": None})
    made = site.request("POST", "/vault/codes", headers=who).json["codes"]
    same(len(set(made)), 10)
    for code in made:
        same([len(group) for group in code.split("-")], [4] * 7, code)
    state = site.get("/vault/codes", headers=who).json
    same(state["left"], 10)
    check(state["made_at"].endswith("Z"), state)
    same(site.request("DELETE", "/vault/codes", headers=who).status, 204)
    same(site.get("/vault/codes", headers=who).json["left"], 0)
    refused(recover(site, "counts", made[0]), 400, "recovery_code_wrong", "code")


def test_a_code_signs_in_and_opens_the_vault(site):
    who, codes = person(site, "back")
    answer = recover(site, "back", codes[4].lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    same(answer.status, 200, answer)
    same(answer.json["session"]["identity"]["traits"]["email"], "back@example.org")
    same(answer.json["session"]["authentication_methods"][0]["method"], "code_recovery")
    check(answer.json["new_code"] not in codes)
    back = {"X-Session-Token": answer.json["session_token"]}
    same(site.get(NOTE, headers=back).body, b"only mine")
    same(site.get("/vault/codes", headers=back).json["left"], 10)
    same(site.get(NOTE, headers=who).status, 401)
    refused(recover(site, "back", codes[4]), 400, "recovery_code_wrong")
    same(recover(site, "back", answer.json["new_code"], PASSWORD).status, 200)
    site.login("back@example.org")
    events = [e["event"] for e in site.get("/account/history", headers={
        "X-Session-Token": site.login("back@example.org")}).json]
    check("codes.made" in events and "codes.used" in events, events)


def test_names_are_not_told_apart(site):
    _, codes = person(site, "known")
    _, others = person(site, "other")
    site.register("without@example.org")
    answers = [recover(site, name, others[0]) for name in ("known", "without", "nobody")]
    for answer in answers:
        refused(answer, 400, "recovery_code_wrong", "code")
        same(answer.error["reason"], answers[0].error["reason"])
    wrong = codes[0][:-1] + ("0" if codes[0][-1] != "0" else "1")
    for name in ("known", "nobody"):
        check("typing error" in refused(recover(site, name, wrong), 400, "recovery_code_wrong", "code").error["reason"])


def test_bad_bodies_are_refused_by_name(site):
    _, codes = person(site, "bad")
    for field, value in (("identifier", ""), ("identifier", "x" * 1025), ("code", ""), ("code", "A" * 129),
                         ("password", ""), ("carrier", "pigeon"), ("carrier", 7), ("code", None)):
        body = {"identifier": "bad@example.org", "code": codes[0], "password": OTHER, "carrier": "token", field: value}
        refused(site.request("POST", "/vault/recover", body), 400, "field_invalid", field)
    refused(site.request("POST", "/vault/recover", {"more": 1}), 400, "field_unknown")
    refused(recover(site, "bad", codes[0], "short"), 400, "password_too_short", "password")
    same(recover(site, "bad", codes[0]).status, 200)  # not used up by what was refused


def test_a_cookie_only_for_our_own_pages(site):
    _, codes = person(site, "cookie")
    refused(recover(site, "cookie", codes[0], carrier="cookie", Origin="https://elsewhere.example"), 403,
            "security_csrf_violation")
    refused(recover(site, "cookie", codes[0], carrier="cookie"), 403, "security_csrf_violation")
    origin = f"http://127.0.0.1:{site.public}"
    answer = recover(site, "cookie", codes[0], carrier="cookie", Origin=origin)
    same(answer.status, 200, answer)
    check("session_token" not in answer.json)
    cookies = answer.headers.get_all("Set-Cookie")
    check(all("HttpOnly" in c and "SameSite=" in c for c in cookies), cookies)
    cookie, = (c for c in cookies if c.startswith("ory_kratos_session="))
    value = cookie.split(";")[0]
    same(site.get(NOTE, headers={"Cookie": value}).body, b"only mine")


def test_a_new_epoch(site):
    who, codes = person(site, "epoch")
    same(site.request("POST", "/vault/epoch", headers=who).json, {"epoch": 2})
    same(site.get("/vault", headers=who).json["epoch"], 2)
    same(site.get(NOTE, headers=who).body, b"only mine")
    same(recover(site, "epoch", codes[9]).status, 200)


def test_rekey(site):
    who, codes = person(site, "rekey")
    refused(site.request("POST", "/vault/rekey", {"password": OTHER}, who), 400, "wrong_credentials")
    same(site.get(NOTE, headers=who).status, 200)
    answer = site.request("POST", "/vault/rekey", {"password": PASSWORD}, who)
    same(answer.status, 200, answer)
    same(len(answer.json["codes"]), 10)
    new = {"X-Session-Token": answer.json["session_token"]}
    same(site.get(NOTE, headers=new).body, b"only mine")
    same(site.get(NOTE, headers=who).status, 401)
    refused(recover(site, "rekey", codes[0]), 400, "recovery_code_wrong")
    same(recover(site, "rekey", answer.json["codes"][0]).status, 200)


def locked(site, name):
    """Somebody with a note whose password an administrator set: (id, codes, headers of the locked session)."""
    who, codes = person(site, name)
    identity = site.get("/sessions/whoami", headers=who).json["identity"]["id"]
    answer = site.request("POST", f"/admin/identities/{identity}/password", {"password": OTHER}, admin=True)
    same((answer.status, answer.body), (204, b""), answer)
    same(site.get(NOTE, headers=who).status, 401)  # all sessions have ended
    return identity, codes, {"X-Session-Token": site.login(f"{name}@example.org", OTHER)}


def test_an_administrators_password_opens_nothing(site):
    identity, _, session = locked(site, "locked")
    same(site.get("/vault", headers=session).json["state"], "locked")
    refused(site.get(NOTE, headers=session), 423, "vault_locked")
    refused(site.request("PUT", NOTE, b"x", session), 423, "vault_locked")
    refused(site.request("POST", "/vault/codes", headers=session), 423, "vault_locked")
    for bad, field in (({"password": ""}, "password"), ({}, "password"), ({"code": "x", "password": "y"}, "code"),
                       ({"code": "A" * 129}, "code")):
        refused(site.request("POST", "/vault/unlock", bad, session), 400, "field_invalid", field)
    refused(site.request("POST", "/vault/unlock", {"code": "7K2M"}, session), 400, "recovery_code_wrong", "code")
    refused(site.request("POST", "/vault/unlock", {"password": OTHER}, session), 400, "wrong_credentials")
    refused(site.request("POST", f"/admin/identities/{identity}/password", {"password": "short"}, admin=True), 400,
            "password_too_short", "password")
    nobody = identity[:-4] + "0000"
    same(site.request("POST", f"/admin/identities/{nobody}/password", {"password": OTHER}, admin=True).status, 404)


def test_the_old_password_unlocks_and_the_new_one_opens_from_then_on(site):
    _, codes, session = locked(site, "unlocks")
    answer = site.request("POST", "/vault/unlock", {"password": PASSWORD}, session)
    same((answer.status, answer.json["state"]), (200, "open"), answer)
    opened = {"X-Session-Token": answer.json["session_token"]}
    same(site.get(NOTE, headers=opened).body, b"only mine")
    same(site.get("/vault", headers=session).status, 401)  # the locked one has stopped
    again = {"X-Session-Token": site.login("unlocks@example.org", OTHER)}
    same(site.get(NOTE, headers=again).body, b"only mine")
    refused(site.request("POST", "/vault/unlock", {"password": PASSWORD}, again), 409, "vault_open")
    same(recover(site, "unlocks", codes[0], PASSWORD).status, 200)


def test_a_code_unlocks_and_is_used_up(site):
    _, codes, session = locked(site, "bycode")
    answer = site.request("POST", "/vault/unlock", {"code": codes[2]}, session)
    same(answer.status, 200, answer)
    opened = {"X-Session-Token": answer.json["session_token"]}
    same(site.get(NOTE, headers=opened).body, b"only mine")
    check(answer.json["new_code"] not in codes)
    refused(recover(site, "bycode", codes[2]), 400, "recovery_code_wrong")
    same(site.get("/vault/codes", headers=opened).json["left"], 10)
    events = [e["event"] for e in site.get("/account/history", headers=opened).json]
    check("password.set" in events and "vault.unlocked" in events, events)


def test_a_code_and_a_new_password_help_a_locked_account_too(site):
    _, codes, session = locked(site, "both")
    answer = recover(site, "both", codes[0], PASSWORD)
    same(answer.status, 200, answer)
    same(site.get(NOTE, headers={"X-Session-Token": answer.json["session_token"]}).body, b"only mine")
    same(site.get("/vault", headers=session).status, 401)


def anew(site, name, session):
    """A new vault: the answer's JSON."""
    answer = site.request("POST", "/vault/new", {"confirm": f"{name}@example.org"}, session)
    same(answer.status, 201, answer)
    same(answer.header("Cache-Control"), "no-store")
    return answer.json


def test_a_new_vault_and_the_old_one_joins_it(site):
    _, codes, session = locked(site, "anew")
    refused(site.request("POST", "/vault/new", {"confirm": "other@example.org"}, session), 400, "confirm_mismatch",
            "confirm")
    for bad in ({}, {"confirm": ""}, {"confirm": 1}, {"confirm": "x" * 5000}):
        refused(site.request("POST", "/vault/new", bad, session), 400, "confirm_invalid", "confirm")
    made = anew(site, "anew", session)
    same((made["state"], len(made["codes"]), len(made["waiting"])), ("open", 10, 1), made)
    waiting = made["waiting"][0]
    same(set(waiting), {"id", "since", "kept_until"})
    check(waiting["since"] < waiting["kept_until"], waiting)
    same(made["session_token"], session["X-Session-Token"])
    state = site.get("/vault", headers=session).json
    same(state, {"state": "open", "items": 0, "epoch": 2, "openers": {"password": 1, "codes": 10},
                 "waiting": [waiting]}, state)
    refused(site.request("POST", "/vault/new", {"confirm": "anew@example.org"}, session), 409, "vault_open")
    refused(site.get(NOTE, headers=session), 404, "item_not_found")
    same(site.request("PUT", NOTE, b"new", session).status, 201)
    there = f"/vault/waiting/{waiting['id']}"
    refused(recover(site, "anew", codes[0]), 400, "recovery_code_wrong")  # of a vault that waits
    refused(site.request("POST", there + "/open", {"password": OTHER}, session), 400, "wrong_credentials")
    refused(site.request("POST", there + "/open", {"password": "", "code": "x"}, session), 400, "field_invalid", "code")
    nowhere = "/vault/waiting/00000000-0000-4000-8000-000000000000"
    refused(site.request("POST", nowhere + "/open", {"password": PASSWORD}, session), 404, "waiting_not_found")
    merged = site.request("POST", there + "/open", {"code": codes[0].lower()}, session)
    same(merged.status, 200, merged)
    same((merged.json["merged"], len(merged.json["codes"])), (1, 10), merged)
    renamed = merged.json["renamed"]
    same(renamed, [{"from": "note", "to": f"note (before {waiting['since'][:10]})"}])
    same(site.get(NOTE, headers=session).body, b"new")
    same(site.get("/vault/items/" + quote(renamed[0]["to"]), headers=session).body, b"only mine")
    same(site.get("/vault", headers=session).json["waiting"], [])
    refused(site.request("POST", there + "/open", {"password": PASSWORD}, session), 404, "waiting_not_found")
    events = [e["event"] for e in site.get("/account/history", headers=session).json]
    check("vault.new" in events and "vault.merged" in events, events)
    same(recover(site, "anew", merged.json["codes"][3], PASSWORD).status, 200)


def test_who_can_open_it_starts_no_new_vault(site):
    who, _ = person(site, "opens")
    refused(site.request("POST", "/vault/new", {"confirm": "opens@example.org"}, who), 409, "vault_open")


def test_a_waiting_vault_is_discarded(site):
    _, _, session = locked(site, "discards")
    waiting = anew(site, "discards", session)["waiting"][0]["id"]
    there = f"/vault/waiting/{waiting}"
    refused(site.request("DELETE", there, {"confirm": "nobody"}, session), 400, "confirm_mismatch", "confirm")
    refused(site.request("DELETE", "/vault/waiting/nothing", {"confirm": "discards@example.org"}, session), 404,
            "waiting_not_found")
    same(site.request("DELETE", there, {"confirm": "Discards@example.org"}, session).status, 204)
    refused(site.request("DELETE", there, {"confirm": "discards@example.org"}, session), 404, "waiting_not_found")
    same(site.get("/vault", headers=session).json["waiting"], [])


def test_others_vaults_that_wait_are_not_there(site):
    _, _, session = locked(site, "mine")
    _, _, other = locked(site, "yours")
    waiting = anew(site, "mine", session)["waiting"][0]["id"]
    anew(site, "yours", other)
    refused(site.request("POST", f"/vault/waiting/{waiting}/open", {"password": PASSWORD}, other), 404,
            "waiting_not_found")
    refused(site.request("DELETE", f"/vault/waiting/{waiting}", {"confirm": "yours@example.org"}, other), 404,
            "waiting_not_found")


def test_a_new_vault_by_cookie_gets_a_new_one(site):
    _, _, session = locked(site, "cookies")
    origin = f"http://127.0.0.1:{site.public}"
    flow = site.get("/self-service/login/browser", headers={"Accept": "application/json"})
    csrf = next(n["attributes"]["value"] for n in flow.json["ui"]["nodes"] if n["attributes"].get("name") == "csrf_token")
    jar = flow.header("Set-Cookie").split(";")[0]
    done = site.request("POST", "/self-service/login?flow=" + flow.json["id"],
                        {"method": "password", "identifier": "cookies@example.org", "password": OTHER,
                         "csrf_token": csrf}, {"Cookie": jar, "Accept": "application/json"})
    same(done.status, 200, done)
    cookie = next(h.split(";")[0] for h in done.headers.get_all("Set-Cookie") if "session" in h.split("=")[0])
    body = {"confirm": "cookies@example.org"}
    refused(site.request("POST", "/vault/new", body, {"Cookie": cookie, "Origin": "https://elsewhere.example"}), 403,
            "security_csrf_violation")
    answer = site.request("POST", "/vault/new", body, {"Cookie": cookie, "Origin": origin})
    same(answer.status, 201, answer)
    check("session_token" not in answer.json)
    fresh = answer.header("Set-Cookie").split(";")[0]
    check(fresh != cookie)
    same(site.get("/vault", headers={"Cookie": fresh}).json["state"], "open")
    same(site.get("/vault", headers={"Cookie": cookie}).status, 401)  # who had it before gains nothing
    same(site.get("/vault", headers=session).status, 401)  # all others have ended


def test_tries_to_unlock_are_throttled(site):
    _, _, session = locked(site, "guesses")
    statuses = [site.request("POST", "/vault/unlock", {"password": f"{n} wrong guesses here"}, session).status
                for n in range(53)]
    check(429 in statuses and 200 not in statuses, statuses)


def test_nothing_without_a_session(site):
    for method, path in (("GET", "/vault/codes"), ("POST", "/vault/codes"), ("DELETE", "/vault/codes"),
                         ("POST", "/vault/epoch"), ("POST", "/vault/rekey"), ("POST", "/vault/unlock"),
                         ("POST", "/vault/new"), ("POST", "/vault/waiting/x/open"), ("DELETE", "/vault/waiting/x")):
        same(site.request(method, path).status, 401, path)


def test_wrong_codes_are_throttled(site):
    _, codes = person(site, "many")
    _, others = person(site, "more")
    statuses = [recover(site, "many", others[0]).status for _ in range(12)]
    check(429 in statuses, statuses)
    answer = recover(site, "many", others[0])
    refused(answer, 429, "throttled")
    check(int(answer.header("Retry-After")) > 0, answer)


if __name__ == "__main__":
    run(sys.modules[__name__])
