#!/usr/bin/env python3
"""Sharing over HTTP (own-api.md, "Sharing"), on every database."""
import base64
import sys
from urllib.parse import quote

from harness import check, refused, run, same


def person(site, name):
    return {"X-Session-Token": site.register(f"{name}@example.org")}


def share(site, who, name, value, *to, **headers):
    query = "?" + "&".join(f"to={quote(t)}" for t in to) if to else ""
    return site.request("PUT", f"/vault/shares/{quote(name, safe='')}{query}", value,
                        {**who, "Content-Type": "application/octet-stream", **headers})


def sent(site, who):
    answer = site.get("/vault/shares", headers=who)
    same(answer.status, 200, answer)
    return answer.json["shares"]


def test_a_share_is_sent_listed_and_read(site):
    ada, bob, cy = (person(site, f"{n}.sent") for n in ("ada", "bob", "cy"))
    answer = share(site, ada, "plans/März", b"\x00at noon", "bob.sent@example.org")
    same(answer.status, 201, answer)
    etag = answer.header("ETag")
    (only,) = sent(site, ada)
    same(only["name"], "plans/März")
    same(f'"{only["version"]}"', etag)
    check(only["updated_at"].endswith("Z"))
    same([(t["identifier"], t["state"]) for t in only["to"]], [("bob.sent@example.org", "sealed")])
    path = "/vault/inbox/plans%2FM%C3%A4rz"
    got = site.get(path, headers=bob)
    same((got.status, got.body), (200, b"\x00at noon"), got)
    same(got.header("ETag"), etag)
    same(got.header("Content-Type"), "application/octet-stream")
    same(got.header("Content-Disposition"), "attachment")
    same(got.header("X-Content-Type-Options"), "nosniff")
    same(got.header("Cache-Control"), "no-store")
    (received,) = site.get("/vault/inbox", headers=bob).json["shares"]
    same(received["name"], "plans/März")
    same(received["from"], {"id": got.header("X-Watchword-From"), "identifier": "ada.sent@example.org"})
    same(received["state"], "open")
    same(site.get(path, headers={**bob, "If-None-Match": etag}).status, 304)
    refused(site.get(path, headers=cy), 404, "item_not_found")
    same(site.get("/vault/inbox", headers=cy).json, {"shares": []})
    same(site.get("/vault/shares/plans%2FM%C3%A4rz", headers=ada).body, b"\x00at noon")
    refused(site.get("/vault/shares/none", headers=ada), 404, "item_not_found")
    same(site.request("HEAD", path, headers=bob).body, b"")


def test_updates_keep_or_replace_the_list(site):
    ada, bob, cy = (person(site, f"{n}.upd") for n in ("ada", "bob", "cy"))
    same(share(site, ada, "plan", b"1", "bob.upd@example.org").status, 201)
    same(share(site, ada, "plan", b"2").status, 204)
    same(site.get("/vault/inbox/plan", headers=bob).body, b"2")
    same(share(site, ada, "plan", b"3", "cy.upd@example.org").status, 204)
    refused(site.get("/vault/inbox/plan", headers=bob), 404, "item_not_found")
    same(site.get("/vault/inbox/plan", headers=cy).body, b"3")
    version = sent(site, ada)[0]["version"]
    refused(share(site, ada, "plan", b"4", **{"If-Match": '"1"'}), 412, "version_mismatch")
    refused(share(site, ada, "plan", b"4", **{"If-None-Match": "*"}), 412, "version_mismatch")
    same(share(site, ada, "plan", b"4", **{"If-Match": f'"{version}"'}).status, 204)
    same(share(site, ada, "plan", b"5", "").status, 204)  # to= without a value
    same(sent(site, ada)[0]["to"], [])


def test_people_are_added_removed_and_the_share_withdrawn(site):
    ada, bob, cy = (person(site, f"{n}.ppl") for n in ("ada", "bob", "cy"))
    share(site, ada, "plan", b"at noon", "bob.ppl@example.org")
    before = sent(site, ada)[0]
    answer = site.request("PATCH", "/vault/shares/plan", {"add": ["cy.ppl@example.org"]}, ada)
    same(answer.status, 200, answer)
    same(answer.json["version"], before["version"])
    same(len(answer.json["to"]), 2)
    same(site.get("/vault/inbox/plan", headers=cy).body, b"at noon")
    answer = site.request("PATCH", "/vault/shares/plan", {"remove": [before["to"][0]["id"]]}, ada)
    same([t["identifier"] for t in answer.json["to"]], ["cy.ppl@example.org"])
    check(answer.json["version"] != before["version"])
    refused(site.get("/vault/inbox/plan", headers=bob), 404, "item_not_found")
    same(site.request("DELETE", "/vault/shares/plan", headers=ada).status, 204)
    refused(site.get("/vault/inbox/plan", headers=cy), 404, "item_not_found")
    refused(site.request("DELETE", "/vault/shares/plan", headers=ada), 404, "item_not_found")
    events = [e["event"] for e in site.get("/account/history", headers=ada).json]
    check({"share.sent", "share.recipients_changed", "share.withdrawn"} <= set(events), events)


def test_adopting(site):
    ada, bob = person(site, "ada.adopt"), person(site, "bob.adopt")
    share(site, ada, "plan", b"at noon", "bob.adopt@example.org")
    answer = site.request("POST", "/vault/inbox/plan/adopt?from=ada.adopt@example.org", {"as": "mine"}, bob)
    same(answer.status, 201, answer)
    check(answer.header("ETag"))
    refused(site.request("POST", "/vault/inbox/plan/adopt", {"as": "mine"}, bob), 412, "version_mismatch")
    refused(site.request("POST", "/vault/inbox/plan/adopt", {"as": ""}, bob), 400, "field_invalid", "as")
    same(site.request("DELETE", "/account", {"confirm": "ada.adopt@example.org"}, ada).status, 204)
    same(site.get("/vault/items/mine", headers=bob).body, b"at noon")
    same(site.get("/vault/inbox", headers=bob).json, {"shares": []})


def test_recipients_without_a_vault_wait(site):
    ada = person(site, "ada.wait")
    made = site.request("POST", "/identities", {"schema_id": "default", "traits": {"email": "dee.wait@example.org"}},
                        admin=True)
    same(made.status, 201, made)
    same(share(site, ada, "plan", b"at noon", made.json["id"]).status, 201)
    (to,) = sent(site, ada)[0]["to"]
    same((to["id"], to["identifier"], to["state"]), (made.json["id"], None, "pending"))
    site.login("ada.wait@example.org")
    same(sent(site, ada)[0]["to"][0]["state"], "pending")


def test_contacts_and_fingerprints(site):
    ada, bob = person(site, "ada.fp"), person(site, "bob.fp")
    share(site, ada, "plan", b"at noon", "bob.fp@example.org")
    (contact,) = site.get("/vault/contacts", headers=ada).json
    same((contact["identifier"], contact["state"]), ("bob.fp@example.org", "current"))
    own = site.get("/vault/fingerprint", headers=bob).json["fingerprint"]
    same(contact["fingerprint"], own)
    same([len(group) for group in own.split(" ")], [5] * 12)
    accept = f"/vault/contacts/{contact['id']}/accept"
    same(site.request("POST", accept, {"fingerprint": own.replace(" ", "-")}, ada).status, 204)
    refused(site.request("POST", accept, {"fingerprint": "00000"}, ada), 409, "contact_changed")
    refused(site.request("POST", accept, {"fingerprint": ""}, ada), 400, "field_invalid", "fingerprint")
    refused(site.request("POST", "/vault/contacts/x/accept", {"fingerprint": own}, ada), 404, "contact_unknown")
    # who receives has the sender as a contact from the first reading on
    same(site.get("/vault/contacts", headers=bob).json, [])
    site.get("/vault/inbox/plan", headers=bob)
    same([c["identifier"] for c in site.get("/vault/contacts", headers=bob).json], ["ada.fp@example.org"])


def test_bad_input_is_refused_by_name(site):
    ada = person(site, "ada.bad")
    refused(share(site, ada, "plan", b"x", "nobody@example.org"), 404, "recipient_unknown")
    refused(share(site, ada, "plan", b"x", "ada.bad@example.org"), 400, "recipient_self")
    refused(share(site, ada, "plan", b"x", "y" * 1025), 400, "query_invalid", "to")
    refused(share(site, ada, "n" * 1025, b"x"), 400, "item_name_invalid")
    same(share(site, ada, "big", b"x" * (1 << 20) + b"y").status, 413)
    same(share(site, ada, "plan", b"x").status, 201)
    for body, field in (({"add": "bob"}, "add"), ({"remove": [7]}, "remove"), ({"add": ["x" * 1025]}, "add"),
                        ({"add": ["a\u0000b"]}, "add")):
        refused(site.request("PATCH", "/vault/shares/plan", body, ada), 400, "field_invalid", field)
    refused(site.request("PATCH", "/vault/shares/plan", {"more": []}, ada), 400, "field_unknown")
    refused(site.request("PATCH", "/vault/shares/plan", {"add": ["nobody@example.org"]}, ada), 404, "recipient_unknown")
    refused(site.get("/vault/inbox?page_token=x", headers=ada), 400, "page_token_invalid")
    refused(site.get("/vault/inbox/plan?from=nobody@example.org", headers=ada), 404, "item_not_found")


def test_lists_come_in_pages(site):
    ada, bob = person(site, "ada.page"), person(site, "bob.page")
    for i in range(5):
        share(site, ada, f"share {i}", b"x", "bob.page@example.org")
    for path, who in (("/vault/shares", ada), ("/vault/inbox", bob)):
        names, next_page = [], f"{path}?page_size=2"
        while next_page:
            answer = site.get(next_page, headers=who)
            names += [s["name"] for s in answer.json["shares"]]
            link = answer.header("Link")
            next_page = link.split(">")[0][1:] if link else None
        same(sorted(names), [f"share {i}" for i in range(5)])


def b64(data):
    return base64.b64encode(data).decode()


def test_letters_are_sealed_and_opened(site):
    ada, bob, cy = (person(site, f"{n}.letter") for n in ("ada", "bob", "cy"))
    answer = site.request("POST", "/vault/letters", {"data": b64(b"\x00at noon"), "to": ["bob.letter@example.org", "CY.letter@example.org"]}, ada)
    same(answer.status, 200, answer)
    same(answer.header("Cache-Control"), "no-store")
    first, second = answer.json["letters"]
    check(first["to"] != second["to"])
    opened = site.request("POST", "/vault/letters/open", {"letter": first["letter"]}, bob)
    same((opened.status, base64.b64decode(opened.json["data"])), (200, b"\x00at noon"), opened)
    same(site.request("POST", "/vault/letters/open", {"letter": second["letter"], "from": opened.json["from"]}, cy).status, 200)
    same(site.request("POST", "/vault/letters/open", {"letter": second["letter"], "from": "Ada.letter@example.org"}, cy).status, 200)
    refused(site.request("POST", "/vault/letters/open", {"letter": second["letter"], "from": "bob.letter@example.org"}, cy), 400,
            "letter_from_other", "from")
    refused(site.request("POST", "/vault/letters/open", {"letter": first["letter"]}, cy), 400, "letter_not_for_you", "letter")
    own = site.request("POST", "/vault/letters", {"data": ""}, ada).json["letters"]
    same(len(own), 1)
    same(site.request("POST", "/vault/letters/open", {"letter": own[0]["letter"]}, ada).json["data"], "")
    raw = bytearray(base64.b64decode(first["letter"]))
    raw[-1] ^= 1
    refused(site.request("POST", "/vault/letters/open", {"letter": b64(raw)}, bob), 400, "letter_altered", "letter")


def test_letters_are_refused(site):
    ada = person(site, "ada.strict")
    for body, field in (({}, "data"), ({"data": 7}, "data"), ({"data": "a"}, "data"), ({"data": "YQ"}, "data"),
                        ({"data": "YQ==\n"}, "data"), ({"data": "YR=="}, "data"), ({"data": "Y-=="}, "data"),
                        ({"data": "YQ==", "to": []}, "to"), ({"data": "YQ==", "to": "bob"}, "to"),
                        ({"data": "YQ==", "to": [1]}, "to"), ({"data": "YQ==", "to": ["a\u0000"]}, "to")):
        refused(site.request("POST", "/vault/letters", body, ada), 400, "field_invalid", field)
    refused(site.request("POST", "/vault/letters", {"data": "YQ==", "for": []}, ada), 400, "field_unknown")
    refused(site.request("POST", "/vault/letters", {"data": "YQ==", "to": ["nobody@example.org"]}, ada), 404, "recipient_unknown", "to")
    refused(site.request("POST", "/vault/letters", {"data": "YQ==", "to": ["ada.strict@example.org"]}, ada), 400, "recipient_self", "to")
    same(site.request("POST", "/vault/letters", b"data=YQ%3D%3D", ada | {"Content-Type": "application/x-www-form-urlencoded"}).status, 415)
    for body, field in (({}, "letter"), ({"letter": "!"}, "letter"), ({"letter": "YQ==", "from": 1}, "from"),
                        ({"letter": "YQ==", "from": ""}, "from"), ({"letter": "YQ==", "from": "x" * 1025}, "from")):
        refused(site.request("POST", "/vault/letters/open", body, ada), 400, "field_invalid", field)
    refused(site.request("POST", "/vault/letters/open", {"letter": "YQ=="}, ada), 400, "letter_altered", "letter")
    large = site.request("POST", "/vault/letters", {"data": b64(bytes((1 << 20) + 1))}, ada)
    refused(large, 413, "letter_too_large", "data")
    same(large.error["details"]["limit"], 1 << 20, large)
    most = site.request("POST", "/vault/letters", {"data": b64(bytes(1 << 20))}, ada)
    same(most.status, 200)
    same(len(base64.b64decode(site.request("POST", "/vault/letters/open", {"letter": most.json["letters"][0]["letter"]}, ada).json["data"])), 1 << 20)
    late = site.request("POST", "/admin/identities", {"schema_id": "default", "traits": {"email": "late.letter@example.org"}}, admin=True)
    same(late.status, 201, late)
    refused(site.request("POST", "/vault/letters", {"data": "YQ==", "to": ["late.letter@example.org"]}, ada), 409, "recipient_without_keys", "to")


def test_public_data_is_read_by_everybody(site):
    ada, bob = person(site, "ada.public"), person(site, "bob.public")
    path = "/vault/public/m%C3%A4rz%2Fmotto"
    octets = {"Content-Type": "application/octet-stream"}
    made = site.request("PUT", path + "?scope=deployment", b"\x00figs", ada | octets)
    same((made.status, made.header("ETag")), (201, '"1"'), made)
    again = site.request("PUT", path + "?scope=deployment", b"dates", ada | octets | {"If-Match": '"1"'})
    same((again.status, again.header("ETag")), (204, '"2"'), again)
    same(site.request("PUT", path + "?scope=deployment", b"x", ada | octets | {"If-Match": '"1"'}).status, 412)
    same(site.request("PUT", path + "?scope=deployment", b"x", ada | octets | {"If-None-Match": "*"}).status, 412)
    got = site.get("/public/m%C3%A4rz%2Fmotto", headers=bob)
    same((got.status, got.body, got.header("ETag")), (200, b"dates", '"2"'), got)
    same(got.header("Content-Type"), "application/octet-stream")
    same(got.header("Content-Disposition"), "attachment")
    same(got.header("X-Content-Type-Options"), "nosniff")
    same(got.header("Cache-Control"), "no-store")
    owner = got.header("X-Watchword-From")
    same(site.get("/public/m%C3%A4rz%2Fmotto", headers=bob | {"If-None-Match": '"2"'}).status, 304)
    refused(site.request("PUT", path + "?scope=deployment", b"x", bob | octets), 409, "name_taken", "name")
    refused(site.request("DELETE", path + "?scope=deployment", headers=bob), 409, "name_taken", "name")
    same(site.request("PUT", path, b"own", ada | octets).status, 201)
    same(site.request("PUT", path + "?scope=own", b"of bob", bob | octets).status, 201)
    same(site.get(f"/public/{owner}/m%C3%A4rz%2Fmotto", headers=bob).body, b"own")
    listed = site.get("/vault/public", headers=ada).json["public"]
    same(sorted((e["name"], e["scope"], e["version"]) for e in listed), [("m\u00e4rz/motto", "deployment", "2"), ("m\u00e4rz/motto", "own", "1")])
    first = site.get("/vault/public?page_size=1", headers=ada)
    same(len(first.json["public"]), 1)
    same(len(site.get(first.header("Link").split(">")[0][1:], headers=ada).json["public"]), 1)
    same(site.request("DELETE", path + "?scope=deployment", headers=ada).status, 204)
    refused(site.get("/public/m%C3%A4rz%2Fmotto", headers=bob), 404, "item_not_found")
    refused(site.request("DELETE", path + "?scope=deployment", headers=ada), 404, "item_not_found")
    events = [e["event"] for e in site.get("/account/history", headers=ada).json]
    check({"public.written", "public.deleted"} <= set(events), events)


def test_public_data_is_refused(site):
    ada = person(site, "ada.loud") | {"Content-Type": "application/octet-stream"}
    refused(site.request("PUT", "/vault/public/x?scope=all", b"x", ada), 400, "query_invalid", "scope")
    refused(site.request("PUT", "/vault/public/%00", b"x", ada), 400, "path_invalid")
    refused(site.request("PUT", "/vault/public/" + "x" * 1025, b"x", ada), 400, "item_name_invalid", "name")
    refused(site.request("PUT", "/vault/public/%FF", b"x", ada), 400, "path_invalid")
    for owner in ("nobody", "00000000-0000-4000-8000-000000000000", "%2e%2e"):
        refused(site.get(f"/public/{owner}/x", headers=ada), 404, "item_not_found")
    refused(site.get("/vault/public?page_token=x", headers=ada), 400, "page_token_invalid")
    large = site.request("PUT", "/vault/public/x", bytes((1 << 20) + 1), ada)
    same(large.status, 413)
    for i in range(100):
        same(site.request("PUT", f"/vault/public/{i}", b"x", ada).status, 201)
    refused(site.request("PUT", "/vault/public/more", b"x", ada), 413, "public_full")


def test_nothing_without_a_session(site):
    for method, path in (("GET", "/vault/shares"), ("PUT", "/vault/shares/x"), ("PATCH", "/vault/shares/x"),
                         ("DELETE", "/vault/shares/x"), ("GET", "/vault/inbox"), ("GET", "/vault/inbox/x"),
                         ("POST", "/vault/inbox/x/adopt"), ("GET", "/vault/contacts"),
                         ("POST", "/vault/contacts/x/accept"), ("GET", "/vault/fingerprint"),
                         ("POST", "/vault/letters"), ("POST", "/vault/letters/open"),
                         ("GET", "/vault/public"), ("PUT", "/vault/public/x"), ("DELETE", "/vault/public/x"),
                         ("GET", "/public/x"), ("GET", "/public/00000000-0000-4000-8000-000000000000/x")):
        same(site.request(method, path).status, 401, path)


def test_look_ups_are_counted(site):
    ada = person(site, "ada.many")
    answers = [share(site, ada, "plan", b"x", f"nobody{i}@example.org") for i in range(61)]
    same([a.status for a in answers], [404] * 60 + [429])
    check(int(answers[-1].header("Retry-After")) > 0)


if __name__ == "__main__":
    run(sys.modules[__name__])
