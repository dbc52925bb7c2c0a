#!/usr/bin/env python3
"""Self-service flows and sessions against the running program: what the recorded exchanges do not show."""
import base64
import json
import re
import sys
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from harness import PASSWORD, Browser, Site, check, run, same

HTML = {"Accept": "text/html"}
FORM = {**HTML, "Content-Type": "application/x-www-form-urlencoded"}


def html_form(browser, flow):
    """Begins a flow as a browser without script does: its id and the form's token."""
    begun = browser.request("GET", f"/self-service/{flow}/browser", headers=HTML)
    same(begun.status, 303, begun)
    flow_id = parse_qs(urlsplit(begun.header("Location")).query)["flow"][0]
    shown = browser.request("GET", f"/self-service/{flow}/flows?id={flow_id}")
    token = next(n["attributes"]["value"] for n in shown.json["ui"]["nodes"]
                 if n["attributes"].get("name") == "csrf_token")
    return flow_id, token


def post_form(browser, flow, flow_id, **fields):
    return browser.request("POST", f"/self-service/{flow}?flow={flow_id}", urlencode(fields).encode(), FORM)


def messages(flow):
    return [m["id"] for m in flow["ui"].get("messages", [])]


# ---- throttling ----


def fail_to_sign_in(site, identifier, times):
    answer = None
    for _ in range(times):
        answer = site.submit("login", {"method": "password", "identifier": identifier, "password": "wrong wrong"})
    return answer


def test_throttled_tries_say_how_long(site):
    site.register("slow@example.org")
    for name in ("slow@example.org", "nobody-at-all@example.org"):
        answer = fail_to_sign_in(site, name, 7)
        same(answer.status, 429, answer)
        same(answer.error["id"], "throttled")
        check(int(answer.header("Retry-After")) >= 1, answer)
        check(name not in answer.body.decode(), answer)


def test_throttled_people_read_it_in_the_form(site):
    browser = Browser(site)
    fail_to_sign_in(site, "people@example.org", 7)
    flow_id, token = html_form(browser, "login")
    answer = post_form(browser, "login", flow_id, method="password", identifier="people@example.org",
                       password="wrong wrong", csrf_token=token)
    same(answer.status, 303, answer)
    check(f"flow={flow_id}" in answer.header("Location"), answer)
    shown = browser.request("GET", f"/self-service/login/flows?id={flow_id}").json
    same(messages(shown), [4000001])
    check(re.match(r"Too many tries\. Try again in \d+ (second|minute)s?\.$", shown["ui"]["messages"][0]["text"]), shown)


# ---- who may ask ----


def test_settings_without_a_session_lead_to_the_sign_in(site):
    answer = site.get("/self-service/settings/browser", headers=HTML)
    same(answer.status, 303)
    url = urlsplit(answer.header("Location"))
    same(url.path, "/self-service/login/browser")
    same(parse_qs(url.query)["return_to"], [f"http://127.0.0.1:{site.public}/self-service/settings/browser"])


def test_sessions_are_not_ended_from_elsewhere(site):
    browser = Browser(site).register("origin@example.org")
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = browser.request("DELETE", "/sessions", headers=headers)
        same((answer.status, answer.error["id"]), (403, "security_csrf_violation"), headers)
    for headers in ({}, {"Origin": f"http://127.0.0.1:{site.public}"}, {"Sec-Fetch-Site": "same-origin"}):
        same(browser.request("DELETE", "/sessions", headers=headers).status, 200, headers)
    token = {"X-Session-Token": site.register("origin2@example.org"), "Origin": "https://evil.example"}
    same(site.request("DELETE", "/sessions", headers=token).status, 200)


def test_admin_port_answers_no_web_page(site):
    ask = lambda **headers: site.get("/identities", headers={k.replace("_", "-"): v for k, v in headers.items()}, admin=True)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": f"http://127.0.0.1:{site.public}"},
                    {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-origin"}, {"Host": "evil.example"},
                    {"Host": "localhost.evil.example"}):
        same(ask(**headers).status, 403, headers)
    for headers in ({}, {"Sec_Fetch_Site": "none"}, {"Host": "localhost"}, {"Host": f"127.0.0.1:{site.admin}"}):
        same(ask(**headers).status, 200, headers)
    body = json.dumps({"traits": {"email": "admin-guard@example.org"}}).encode()
    same(site.request("POST", "/identities", body, {"Content-Type": "text/plain"}, admin=True).status, 400)
    same(site.request("POST", "/identities", body, {"Content-Type": "application/json"}, admin=True).status, 201)


def test_wrong_port_leads_to_the_right_one(site):
    answer = site.get("/identities?page_size=1")
    same((answer.status, answer.header("Location")),
         (307, f"http://127.0.0.1:{site.admin}/admin/identities?page_size=1"))
    answer = site.get("/admin/identities")
    same(answer.header("Location"), f"http://127.0.0.1:{site.admin}/admin/identities")
    answer = site.get("/self-service/login/api", admin=True)
    same((answer.status, answer.header("Location")), (307, f"http://127.0.0.1:{site.public}/self-service/login/api"))
    same(site.get("/version").status, 404)
    same(site.get("/metrics/prometheus").status, 404)


def test_changing_requests_need_the_token_even_where_nobody_is(site):
    browser = Browser(site)
    same(browser.request("POST", "/nope", b"x", HTML).status, 303)
    same(browser.request("POST", "/nope", {}).error["id"], "security_csrf_violation")
    _, token = html_form(browser, "login")
    same(browser.request("POST", "/nope", {}, {"X-CSRF-Token": token}).status, 404)
    same(browser.request("POST", "/self-service/login/flows", {}, {"X-CSRF-Token": token}).status, 405)
    same(Browser(site).request("POST", "/nope", {}, {"X-CSRF-Token": token}).status, 403)


def test_a_flow_is_shown_only_to_its_browser(site):
    one, other = Browser(site), Browser(site)
    flow_id, token = html_form(one, "registration")
    html_form(other, "registration")
    same(other.request("GET", f"/self-service/registration/flows?id={flow_id}").error["id"], "security_csrf_violation")
    answer = other.request("POST", f"/self-service/registration?flow={flow_id}",
                           {"method": "password", "password": PASSWORD, "csrf_token": token,
                            "traits": {"email": "stolen@example.org"}})
    same((answer.status, answer.error["id"]), (403, "security_csrf_violation"))


# ---- registration in two steps ----


def shown_flow(browser, flow, flow_id):
    return browser.request("GET", f"/self-service/{flow}/flows?id={flow_id}").json


def nodes(flow):
    """Name (of buttons: name=value) -> attributes."""
    return {f"{a['name']}={a['value']}" if a["type"] == "submit" else a["name"]: a
            for a in (n["attributes"] for n in flow["ui"]["nodes"])}


def test_back_leads_to_the_traits_as_they_were_typed(site):
    """The button of a form names its screen and no method; older clients send profile:back."""
    for fields in ({"screen": "previous"}, {"screen": "previous", "method": "profile"}, {"method": "profile:back"}):
        browser = Browser(site)
        flow_id, token = html_form(browser, "registration")
        first = sorted(nodes(shown_flow(browser, "registration", flow_id)))
        post_form(browser, "registration", flow_id, method="profile", csrf_token=token, **{"traits.email": "mistypd@example.org"})
        second = nodes(shown_flow(browser, "registration", flow_id))
        check("password" in second and second["traits.email"]["type"] == "hidden", second)
        answer = post_form(browser, "registration", flow_id, csrf_token=token, **fields)
        same((answer.status, f"flow={flow_id}" in answer.header("Location")), (303, True), answer)
        flow = shown_flow(browser, "registration", flow_id)
        same((flow["ui"].get("messages", []), sorted(nodes(flow))), ([], first))
        same((nodes(flow)["traits.email"]["type"], nodes(flow)["traits.email"]["value"]), ("email", "mistypd@example.org"))
        name = f"back{len(fields)}{len(fields.get('method', ''))}@example.org"
        post_form(browser, "registration", flow_id, method="profile", csrf_token=token, **{"traits.email": name})
        answer = post_form(browser, "registration", flow_id, method="password", password=PASSWORD, csrf_token=token,
                           **{"traits.email": name})
        same(answer.status, 303, answer)
        site.login(name)


def first_step(site, email, **headers):
    browser = Browser(site)
    flow_id, token = html_form(browser, "registration")
    post_form(browser, "registration", flow_id, method="profile", csrf_token=token, **{"traits.email": email})
    return shown_flow(browser, "registration", flow_id)


def test_a_taken_address_is_told_before_a_password_is_asked_for(site):
    """On the built-in pages only, and not where names are hidden."""
    database = "postgres" if str(site.settings.get("DSN", "")).startswith("postgres") else "sqlite"
    site.register("taken@example.org")
    flow = first_step(site, "TAKEN@example.org")
    email = next(n for n in flow["ui"]["nodes"] if n["attributes"]["name"] == "traits.email")
    same([m["id"] for m in email["messages"]], [4000007], flow)
    same((email["attributes"]["type"], email["attributes"]["value"]), ("email", "TAKEN@example.org"))
    check("password" not in nodes(flow), flow)
    check("password" in nodes(first_step(site, "free@example.org")), flow)
    for settings in ({"SECURITY_ACCOUNT_ENUMERATION_MITIGATE": "true"},
                     {"SELFSERVICE_FLOWS_REGISTRATION_UI_URL": "http://127.0.0.1:4455/registration"}):
        with Site(database, **settings) as own:
            own.register("taken@example.org")
            check("password" in nodes(first_step(own, "taken@example.org")), settings)


# ---- traits of every type ----

PERSON = {"type": "object", "properties": {"traits": {"type": "object", "properties": {
    "email": {"type": "string", "format": "email", "ory.sh/kratos": {"credentials": {"password": {"identifier": True}}}},
    "plan": {"type": "string", "title": "Plan", "enum": ["free", "pro"]},
    "tags": {"type": "array", "items": {"type": "string"}}}}}}


def test_lists_are_kept_and_enums_can_be_chosen(site):
    database = "postgres" if str(site.settings.get("DSN", "")).startswith("postgres") else "sqlite"
    schema = "base64://" + base64.b64encode(json.dumps(PERSON).encode()).decode()
    with Site(database, IDENTITY_SCHEMAS=json.dumps([{"id": "person", "url": schema}]),
              IDENTITY_DEFAULT_SCHEMA_ID="person") as own:
        browser = Browser(own)
        traits = {"email": "lists@example.org", "plan": "free", "tags": ["a", "b"]}
        same(browser.submit("registration", {"method": "password", "password": PASSWORD, "traits": traits}).status, 200)
        now = lambda: browser.request("GET", "/sessions/whoami").json["identity"]["traits"]
        flow_id, token = html_form(browser, "settings")
        same(nodes(shown_flow(browser, "settings", flow_id))["traits.plan"]["options"], [{"value": "free"}, {"value": "pro"}])
        fields = {"method": "profile", "csrf_token": token, "traits.email": "lists@example.org", "traits.plan": "pro"}
        same(post_form(browser, "settings", flow_id, **fields, **{"traits.tags": ""}).status, 303)
        same(now(), {**traits, "plan": "pro"})
        answer = browser.submit("settings", {"method": "profile", "traits": {"email": "lists@example.org"}})
        same((answer.status, now()), (200, {"email": "lists@example.org"}), answer)  # JSON says what it means


# ---- what is hostile ----


def test_hostile_queries_and_bodies(site):
    same(site.get("/self-service/login/api?return_to=%zz").status, 400)
    same(site.get("/self-service/login/api?" + "&".join("a=b" for _ in range(1001))).status, 400)
    same(site.get("/self-service/login/api?return_to=javascript:alert(1)").error["id"],
         "self_service_flow_return_to_forbidden")
    flow = site.get("/self-service/login/api").json["id"]
    for body in (b'{"method":"password","method":"x"}', b"[" * 5000, b'{"identifier":"\xff"}', b'{"a":1}x', b"\x00"):
        answer = site.request("POST", f"/self-service/login?flow={flow}", body, {"Content-Type": "application/json"})
        same((answer.status, messages(answer.json)), (400, [4000001]), body[:40])
    deep = {"method": "password", "traits": {"email": ["x"] * 3000}, "password": PASSWORD}
    same(site.submit("registration", deep).status, 400)


def test_names_and_passwords_that_cannot_be_are_simply_wrong(site):
    for identifier, password in (("a\u0000b", PASSWORD), ("x" * 30000, PASSWORD), ("x@example.org", "p" * 30000),
                                 ("x@example.org", "p\u0000q"), ("\u200b", PASSWORD)):
        answer = site.submit("login", {"method": "password", "identifier": identifier, "password": password})
        check(answer.status == 400 and messages(answer.json) in ([4000006], []), answer)


def test_control_characters_in_names_are_told_at_the_sign_in_too(site):
    for identifier in ("a\u0000b", "a\u0007b", "a\u0085b"):
        answer = site.submit("login", {"method": "password", "identifier": identifier, "password": PASSWORD})
        check(answer.status == 400 and "no control characters" in answer.body.decode(), ascii(identifier), answer)


def test_a_body_is_no_larger_than_its_route_says(site):
    answer = site.submit("login", {"method": "password", "identifier": "x" * 65536, "password": PASSWORD})
    same((answer.status, answer.error["details"]), (413, {"limit": 65536}))
    check("65536 bytes" in answer.error["reason"], answer)


def test_two_clicks_do_no_harm(site):
    site.register("clicks@example.org")
    flow = site.get("/self-service/login/api").json["id"]
    body = {"method": "password", "identifier": "clicks@example.org", "password": PASSWORD}
    answers = []
    click = lambda: answers.append(site.request("POST", f"/self-service/login?flow={flow}", body))
    threads = [threading.Thread(target=click) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    same([a.status for a in answers], [200] * 4, answers)
    same(len({a.json["session_token"] for a in answers}), 4)


# ---- a change that waits for a fresh sign-in ----


def test_a_waiting_change_is_its_own_browsers(site):
    """Own site: sign-ins are fresh for one second."""
    database = "postgres" if str(site.settings.get("DSN", "")).startswith("postgres") else "sqlite"
    with Site(database, SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE="1s") as own:
        one = Browser(own).register("waits@example.org")
        other = Browser(own).register("other@example.org")
        time.sleep(1.2)
        flow_id, token = html_form(one, "settings")
        answer = post_form(one, "settings", flow_id, method="password", password="another long password", csrf_token=token)
        same(answer.status, 303)
        check("/self-service/login/browser?refresh=true" in answer.header("Location"), answer)
        kept = one.cookies["ory_kratos_continuity"]

        other.cookies["ory_kratos_continuity"] = kept
        answer = other.request("GET", f"/self-service/settings?flow={flow_id}", headers=HTML)
        check("error" in answer.header("Location"), answer)
        one.cookies["ory_kratos_continuity"] = "A" * len(kept)
        one.request("GET", f"/self-service/settings?flow={flow_id}", headers=HTML)
        same(own.submit("login", {"method": "password", "identifier": "waits@example.org",
                                  "password": "another long password"}).status, 400)

        one.cookies["ory_kratos_continuity"] = kept
        login = one.request("GET", "/self-service/login/browser?refresh=true").json
        form_token = next(n["attributes"]["value"] for n in login["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token")
        one.request("POST", f"/self-service/login?flow={login['id']}",
                    {"method": "password", "identifier": "waits@example.org", "password": PASSWORD,
                     "csrf_token": form_token})
        same(one.request("GET", f"/self-service/settings?flow={flow_id}", headers=HTML).status, 303)
        own.login("waits@example.org", "another long password")


def sign_in_again_as(browser, email):
    """Through the flow that asks a browser that is signed in to sign in again."""
    login = browser.request("GET", "/self-service/login/browser?refresh=true").json
    token = next(n["attributes"]["value"] for n in login["ui"]["nodes"] if n["attributes"]["name"] == "csrf_token")
    answer = browser.request("POST", f"/self-service/login?flow={login['id']}",
                             {"method": "password", "identifier": email, "password": PASSWORD, "csrf_token": token})
    same(answer.status, 200, answer)


def test_a_sign_in_as_somebody_else_ends_the_session_it_replaces(site):
    site.register("replacing@example.org")
    elsewhere = site.login("replacing@example.org")
    browser = Browser(site).register("replaced@example.org")
    before = Browser(site)
    before.cookies = dict(browser.cookies)
    same(before.request("GET", "/sessions/whoami").status, 200)
    sign_in_again_as(browser, "replacing@example.org")
    same(before.request("GET", "/sessions/whoami").status, 401)
    same(browser.request("GET", "/sessions/whoami").json["identity"]["traits"]["email"], "replacing@example.org")
    same(site.get("/sessions/whoami", headers={"X-Session-Token": elsewhere}).status, 200)


def test_errors_are_kept_for_the_error_page(site):
    same(site.get("/self-service/errors?id=stub:500").json["error"]["reason"], "This is a stub error.")
    same(site.get("/self-service/errors?id=7c9e6679-7425-40de-944b-e07fc1f90ae7").status, 404)
    same(site.get("/self-service/errors").status, 404)


def test_whoami_answers_every_method(site):
    who = {"X-Session-Token": site.register("methods@example.org")}
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        same(site.request(method, "/sessions/whoami", headers=who).status, 200, method)
    same(site.request("HEAD", "/sessions/whoami", headers=who).status, 200)


if __name__ == "__main__":
    run(sys.modules[__name__])
