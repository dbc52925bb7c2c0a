#!/usr/bin/env python3
"""The admin port: identities in Kratos' format, health, version, metrics, and who may ask."""
import json
import sys
import uuid

from harness import PASSWORD, Site, check, run, same

JSON = {"Content-Type": "application/json"}


def admin(site, method, path, body=None, headers=None):
    return site.request(method, path, body, headers, admin=True)


def create(site, name, **more):
    answer = admin(site, "POST", "/admin/identities", {"traits": {"email": f"{name}@example.org"}, **more})
    same(answer.status, 201, answer)
    return answer


def with_password(password):
    return {"password": {"config": {"password": password}}}


# ---- identities ----


def test_create_get_delete(site):
    made = create(site, "crud", metadata_public={"plan": "free"}, metadata_admin={"note": "x"}, external_id="crud-1")
    identity = made.json
    same(made.header("Content-Type"), "application/json; charset=utf-8")
    same(made.header("Location"), f"http://127.0.0.1:{site.admin}/identities/{identity['id']}")
    same(identity["credentials"]["password"],
         {"type": "password", "identifiers": ["crud@example.org"], "version": 0,
          "created_at": "0001-01-01T00:00:00Z", "updated_at": "0001-01-01T00:00:00Z"})
    same((identity["state"], identity["schema_id"], identity["external_id"]), ("active", "default", "crud-1"))
    same(identity["schema_url"], f"http://127.0.0.1:{site.public}/schemas/ZGVmYXVsdA")
    same((identity["metadata_public"], identity["metadata_admin"]), ({"plan": "free"}, {"note": "x"}))
    same(str(uuid.UUID(identity["id"])), identity["id"])

    for prefix in ("/admin", ""):
        got = admin(site, "GET", f"{prefix}/identities/{identity['id']}")
        same(got.status, 200)
        same(got.header("Cache-Control"), "private, no-cache, no-store, must-revalidate")
        same(set(got.json), set(identity))
        same(got.json["traits"], {"email": "crud@example.org"})
        check(got.json["credentials"]["password"]["created_at"] > "2020", got)

    path = f"/admin/identities/{identity['id']}"
    same(admin(site, "DELETE", path).status, 204)
    missing = {"error": {"code": 404, "status": "Not Found", "message": "Unable to locate the resource"}}
    for method in ("GET", "DELETE"):
        answer = admin(site, method, path)
        same((answer.status, answer.json, answer.header("Ory-Error-Id")), (404, missing, ""), method)
    same(admin(site, "GET", "/admin/identities/not-a-uuid").json, missing)


def test_null_metadata_as_kratos_shows_it(site):
    made = create(site, "null").json
    check("metadata_admin" not in made and made["metadata_public"] is None, made)
    got = admin(site, "GET", f"/identities/{made['id']}").json
    check("metadata_admin" in got and got["metadata_admin"] is None, got)


def test_a_clear_password_makes_an_account_that_works(site):
    create(site, "clear", credentials=with_password(PASSWORD))
    who = {"X-Session-Token": site.login("clear@example.org")}
    same(site.get("/vault", headers=who).json["state"], "open")
    same(site.request("PUT", "/vault/items/note", b"hello", who).status, 201)
    same(site.get("/vault/items/note", headers=who).body, b"hello")


def test_a_deleted_identity_has_no_session_and_no_login(site):
    identity = create(site, "ended", credentials=with_password(PASSWORD)).json
    who = {"X-Session-Token": site.login("ended@example.org")}
    same(admin(site, "DELETE", f"/identities/{identity['id']}").status, 204)
    same(site.get("/vault", headers=who).status, 401)
    same(site.get("/sessions/whoami", headers=who).status, 401)
    answer = site.submit("login", {"method": "password", "identifier": "ended@example.org", "password": PASSWORD})
    same(answer.status, 400)


def test_an_inactive_identity_does_not_sign_in(site):
    identity = create(site, "inactive", state="inactive", credentials=with_password(PASSWORD)).json
    same(identity["state"], "inactive")
    answer = site.submit("login", {"method": "password", "identifier": "inactive@example.org", "password": PASSWORD})
    check(answer.status in (400, 401), answer)
    check("session_token" not in answer.json, answer)


def test_create_refuses(site):
    create(site, "taken", external_id="taken-1")
    fine = {"email": "refused@example.org"}
    conflict = "This identity conflicts with another identity that already exists."
    malformed = "The request was malformed or contained invalid parameters"
    for body, status, reason, message in [
            ({"traits": {}}, 400, 'I[#/traits] S[#/properties/traits/required] missing properties: "email"', malformed),
            ({"traits": {"email": "taken@example.org"}}, 409, conflict, None),
            ({"traits": {"email": "TAKEN@example.org"}}, 409, conflict, None),
            ({"traits": fine, "external_id": "taken-1"}, 409, conflict, None),
            ({"traits": fine, "state": "asleep"}, 400, "identity state is not valid", malformed),
            ({"traits": fine, "foo": 1}, 400, None, 'json: unknown field "foo"'),
            ({"traits": "x"}, 400, "I[#/traits] S[#/properties/traits/type] expected object, but got string", malformed),
            ({"traits": fine, "state": 1}, 400, None, 'json: the field "state" has the wrong type'),
            ({"traits": fine, "credentials": []}, 400, None, 'json: the field "credentials" has the wrong type'),
            ({"traits": fine, "credentials": {"password": {"config": {"hashed_password": "$2a$10$x"}}}}, 400,
             "The imported password hash could not be parsed.", malformed),
            ({"traits": fine, "credentials": {"oidc": {}}}, 400,
             'importing credentials of the type "oidc" is not supported', malformed)]:
        answer = admin(site, "POST", "/admin/identities", body)
        same(answer.status, status, body, answer)
        same(answer.error.get("reason"), reason, body)
        check(message is None or answer.error["message"] == message, answer)
        same(answer.header("Content-Type"), "application/json")
    unknown = admin(site, "POST", "/admin/identities", {"schema_id": "nope", "traits": fine})
    same((unknown.status, "schema" in unknown.error["reason"].lower()), (400, True), unknown)
    same(admin(site, "GET", "/identities?credentials_identifier=refused@example.org").json, [])


def test_every_text_has_a_bound(site):
    traits = {"email": "long@example.org"}
    for field, body in [
            ("external_id", {"external_id": "x" * 40000}), ("external_id", {"external_id": "x" * 1025}),
            ("external_id", {"external_id": "a\u0001b"}),
            ("metadata_public", {"metadata_public": {"a": "x" * 65536}}),
            ("metadata_admin", {"metadata_admin": [["x" * 1000] * 70]}),
            ("traits.email", {"traits": {"email": "x" * 20000 + "@example.org"}}),
            ("traits", {"traits": {"email": "a@example.org", "x" * 2000: 1}}),
            ("verifiable_addresses", {"verifiable_addresses": [{"value": "a"}] * 129}),
            ("verifiable_addresses.0.status", {"verifiable_addresses": [{"value": "a", "status": "x" * 1025}]}),
            ("recovery_addresses.0.value", {"recovery_addresses": [{"value": "x" * 1025}]}),
            ("credentials", {"credentials": with_password("x" * 5000)}),
            ("Schema", {"schema_id": "x" * 40000}), ("state", {"state": "x" * 40000}), ("json", {"x" * 40000: 1})]:
        answer = admin(site, "POST", "/admin/identities", {"traits": traits, **body})
        check(answer.status == 400 and len(answer.body) < 1500, field, answer.status, answer)
        same(field in answer.body.decode() or field == "credentials", True, field, answer)
    fits = create(site, "long", external_id="é" * 512, metadata_public={"a": "x" * 65000},
                  recovery_addresses=[{"value": "a", "status": "x"}] * 128).json
    same((fits["external_id"], len(fits["metadata_public"]["a"])), ("é" * 512, 65000))
    same(admin(site, "GET", f"/identities?credentials_identifier={'x' * 3000}").json, [])
    same(admin(site, "GET", f"/identities?page_token={'1' * 3000}").status, 400)


def test_create_refuses_bodies_that_are_no_json(site):
    deep = b'{"traits":' + b"[" * 40 + b"]" * 40 + b"}"
    for body in (b"", b"{", b"[]", b"null", b'{"traits":{},"traits":{}}', b'{"traits":{"email":"\xff"}}', deep,
                 b'{"traits":{}} {}'):
        answer = admin(site, "POST", "/admin/identities", body, JSON)
        same(answer.status, 400, body)
        check(answer.error["message"], answer)


def test_list_by_page(_):
    with Site() as site:  # an empty store of its own
        ids = [create(site, f"list-{i}").json["id"] for i in range(5)]
        every = admin(site, "GET", "/admin/identities")
        same([i["id"] for i in every.json], ids)
        check(all("credentials" not in i and i["metadata_admin"] is None for i in every.json), every)
        link = every.header("Link")
        check(link.startswith("</admin/identities?page_size=250&page_token=") and link.endswith('>; rel="first"'), link)

        seen, path, pages = [], "/admin/identities?page_size=2", 0
        while path:
            page = admin(site, "GET", path)
            seen += [i["id"] for i in page.json]
            links = dict(reversed(part.split("; ")) for part in page.header("Link").split(","))
            path = links.get('rel="next"', "").strip("<>")
            pages += 1
        same((seen, pages), (ids, 3))

        for size, shown in (("0", 250), ("-1", 250), ("501", 500), ("500", 500)):
            answer = admin(site, "GET", f"/admin/identities?page_size={size}")
            check(f"page_size={shown}&" in answer.header("Link"), answer)


def test_list_refuses(site):
    for query, reason in [("page_size=abc", "page_size must be a number"),
                          ("page_token=garbage", "The page token is invalid, do not craft your own page tokens"),
                          ("ids=x", "Invalid UUID value `x` for parameter `ids`.")]:
        answer = admin(site, "GET", "/admin/identities?" + query)
        same((answer.status, answer.error["reason"]), (400, reason), query)


def test_find_by_identifier(site):
    identity = create(site, "found").json
    for text in ("found@example.org", "FOUND@example.org"):
        found = admin(site, "GET", "/admin/identities?credentials_identifier=" + text)
        same([i["id"] for i in found.json], [identity["id"]])
        check("credentials" in found.json[0])
    same(admin(site, "GET", "/admin/identities?credentials_identifier=nobody@example.org").json, [])


def test_nothing_here_opens_a_vault(site):
    identity = create(site, "closed", credentials=with_password(PASSWORD)).json
    who = {"X-Session-Token": site.login("closed@example.org")}
    site.request("PUT", "/vault/items/closed-name", b"closed-value", who)
    for path in ("/identities", f"/identities/{identity['id']}", "/metrics/prometheus", "/vault", "/vault/items"):
        body = admin(site, "GET", path, headers=who).body
        check(b"closed-name" not in body and b"closed-value" not in body and b"argon2" not in body, path)
    same(admin(site, "GET", "/vault/items/closed-name", headers=who).status, 404)


# ---- those who watch ----


def test_health_version_metrics(site):
    for prefix in ("/admin", ""):
        for path in ("/health/alive", "/health/ready"):
            same(admin(site, "GET", prefix + path).json, {"status": "ok"})
        same(set(admin(site, "GET", prefix + "/version").json), {"version"})
        metrics = admin(site, "GET", prefix + "/metrics/prometheus")
        check(metrics.header("Content-Type").startswith("text/plain; version=0.0.4"), metrics)
        check(all(line.startswith("#") or " " in line for line in metrics.body.decode().splitlines()))
    for path in ("/version", "/metrics/prometheus"):
        same(site.get(path).status, 404, path)


def test_wrong_port_and_wrong_method(site):
    answer = site.get("/identities?page_size=1")
    same((answer.status, answer.header("Location")),
         (307, f"http://127.0.0.1:{site.admin}/admin/identities?page_size=1"))
    answer = admin(site, "GET", "/sessions/whoami")
    same((answer.status, answer.header("Location")), (307, f"http://127.0.0.1:{site.public}/sessions/whoami"))
    answer = admin(site, "DELETE", "/admin/version")
    same((answer.status, answer.header("Allow"), answer.body), (405, "GET, HEAD", b"Method Not Allowed\n"))
    answer = admin(site, "GET", "/admin/nope")
    same((answer.status, answer.body), (404, b"404 page not found\n"))


# ---- who may ask ----


def test_web_pages_may_not_ask(site):
    port = site.admin
    cases = [({}, 200), ({"Host": f"localhost:{port}"}, 200), ({"Host": f"127.0.0.1:{port}"}, 200),
             ({"Sec-Fetch-Site": "none"}, 200), ({"Sec-Fetch-Site": "cross-site"}, 403),
             ({"Sec-Fetch-Site": "same-site"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 403),
             ({"Origin": "null"}, 403), ({"Origin": "http://evil.example"}, 403),
             ({"Origin": f"http://127.0.0.1:{port}"}, 403), ({"Host": "evil.example"}, 403),
             ({"Host": f"evil.example:{port}"}, 403), ({"Host": f"127.0.0.1.evil.example:{port}"}, 403),
             ({"Host": f"localhost.evil.example:{port}"}, 403)]
    for headers, status in cases:
        for path in ("/health/alive", "/admin/identities", "/metrics/prometheus", "/nothing"):
            answer = admin(site, "GET", path, headers=headers)
            same(answer.status, 404 if (path, status) == ("/nothing", 200) else status, headers, path)
    identity = create(site, "guarded").json
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        same(admin(site, "DELETE", f"/identities/{identity['id']}", headers=headers).status, 403)
    same(admin(site, "GET", f"/identities/{identity['id']}").status, 200)


def test_bodies_must_be_json(site):
    body = json.dumps({"traits": {"email": "form@example.org"}}).encode()
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"):
        answer = admin(site, "POST", "/admin/identities", body, {"Content-Type": kind} if kind else {})
        same(answer.status, 400, kind)
    same(admin(site, "POST", "/admin/identities", body, {"Content-Type": "application/json; charset=utf-8"}).status,
         201)


def test_allowed_hosts_and_origins(_):
    with Site(WATCHWORD_ADMIN_ALLOWED_HOSTS="admin.example.org", SERVE_ADMIN_CORS_ENABLED="true",
              SERVE_ADMIN_CORS_ALLOWED_ORIGINS="https://console.example.org") as site:
        same(admin(site, "GET", "/health/alive", headers={"Host": "admin.example.org"}).status, 200)
        same(admin(site, "GET", "/health/alive", headers={"Host": "other.example.org"}).status, 403)
        allowed = {"Origin": "https://console.example.org", "Sec-Fetch-Site": "cross-site"}
        answer = admin(site, "GET", "/admin/identities", headers=allowed)
        same((answer.status, answer.header("Access-Control-Allow-Origin")), (200, "https://console.example.org"))
        same(admin(site, "GET", "/admin/identities", headers={"Origin": "https://evil.example"}).status, 403)


if __name__ == "__main__":
    run(sys.modules[__name__])
