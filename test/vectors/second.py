#!/usr/bin/env python3
"""A second implementation of the vault (docs/formats), in Python, that shares no code with the first.

It makes a site with the program, writes through the program, and then opens the whole SQLite database by itself: meta,
records, credentials, slots, rings, heads, leaves, items, epochs, sessions and the audit chain. Shares it opens from vectors.md. Then it writes: a new item
value, leaf and head, sealed here, which the program must read. Needs PyNaCl (XChaCha20-Poly1305, Argon2id, Ed25519) and idna.

usage: WATCHWORD_BIN=build/watchword second.py        last line: N passed, N failed
"""
import base64
import hashlib, hmac, json, os, sqlite3, struct, subprocess, sys, tempfile, time, unicodedata, uuid

import nacl.bindings as na
import nacl.signing
from nacl.pwhash import argon2id

from ident import ident, wrong_rows

BIN = os.path.abspath(os.environ.get("WATCHWORD_BIN", "build/watchword"))
ZERO = bytes(16)
passed = failed = 0


def check(what, ok):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(("ok    " if ok else "FAIL  ") + what)


# ---- vault.md section 3 ----

def D(key, label, uid, msg, n=32):
    return hashlib.blake2b(msg, digest_size=n, key=key or b"", salt=uid, person=b"v1." + label.encode()).digest()


def seal(key, label, uid, kn, aad, pt, nonce=None):
    nonce = nonce or os.urandom(24)
    hdr = b"\x01" + struct.pack(">I", kn) + nonce
    x = D(key, label, uid, hdr + aad, 64)
    return hdr + x[32:] + na.crypto_aead_xchacha20poly1305_ietf_encrypt(pt, None, nonce, x[:32])


def unseal(key, label, uid, kn, aad, blob):
    assert blob[0] == 1 and struct.unpack(">I", blob[1:5])[0] == kn, "kn of " + label
    x = D(key, label, uid, blob[:29] + aad, 64)
    assert hmac.compare_digest(x[32:], blob[29:61]), "commitment of " + label
    return na.crypto_aead_xchacha20poly1305_ietf_decrypt(blob[61:], None, blob[5:29], x[:32])


def padded_length(n):
    L = n + 4
    if L <= 64:
        return 64
    E = L.bit_length() - 1
    step = 1 << (E - E.bit_length())
    return -(-L // step) * step


def pad(pt):
    return (struct.pack(">I", len(pt)) + pt).ljust(padded_length(len(pt)), b"\0")


def unpad(p):
    n = struct.unpack(">I", p[:4])[0]
    assert len(p) == padded_length(n) and not any(p[4 + n:]), "padding"
    return p[4:4 + n]


class Reader:
    def __init__(self, b):
        self.b, self.i = b, 0

    def take(self, n):
        assert self.i + n <= len(self.b), "short"
        self.i += n
        return self.b[self.i - n:self.i]

    def u(self, n):
        return int.from_bytes(self.take(n), "big")

    def rest(self):
        return self.take(len(self.b) - self.i)


def normative_values():
    key, uid = bytes(range(32)), bytes(range(0xa0, 0xb0))
    check("D has its check value", D(key, "root-check", uid, struct.pack(">I", 1)).hex() ==
          "67764667d862750d41052904fe22c1cb0c65eb57649a28dc65b6951e72b095ce")
    blob = seal(key, "item", uid, 0, bytes(range(0xb0, 0xc0)), b"hello", bytes(range(0x40, 0x58)))
    check("S has its check value", blob.hex() == "0100000000" + bytes(range(0x40, 0x58)).hex() +
          "d5b9692022cab014db74bb94c4aa1eed0bd20895dd3ca8c8516e069656b4da33b302526538298ced31d3d477ae92e04fdd3aa110ec")
    wrong, rows = wrong_rows()
    check(f"ident() holds in {rows} rows" + "".join(f"; not {r}" for r in wrong), rows > 30 and not wrong)


def documented_vectors():
    """docs/formats/vectors.md: name to bytes."""
    page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/formats/vectors.md")
    parts = open(page, encoding="utf-8").read().split("\n## ")[1:]
    return {p.split("\n")[0]: bytes.fromhex("".join(p.split("```")[1].split())) for p in parts}


def share_vectors():
    """The documented share from Ada (epoch 2) to Cleo (epoch 1), with the secret in Ada's documented ring."""
    v = documented_vectors()
    ada, cleo = v["accounts.uuid"], v["recipient.uuid"]
    ring = Reader(v["vaults.ring.2.content"])
    ring.take(1 + 32)
    epochs = [(ring.u(4), ring.u(8), ring.take(32)) for _ in range(ring.u(4))]
    n, _, E = epochs[-1]
    own, theirs = struct.pack(">I", n), struct.pack(">I", 1)
    secret = D(E, "box", ada, own)
    shared = na.crypto_scalarmult(secret, v["recipient.box-key"])
    pair = D(b"", "pair", ZERO, shared + ada + own + na.crypto_scalarmult_base(secret) + cleo + theirs + v["recipient.box-key"])
    check("a pair key follows from one's own secret and the other's key", pair == v["pair-key"])
    content = Reader(v["shares.content"])
    name, _, value = content.take(content.u(2)), content.u(8), content.rest()
    check("a wrap is found by its tag", (name, value) == (b"plan", b"at noon") and
          D(pair, "share-tag", ZERO, name)[:16] == v["wraps.tag"])
    aad = v["shares.id"] + struct.pack(">Q", 2)
    key = unseal(pair, "wrap", cleo, 1, aad, v["wraps.blob"])
    check("a wrap opens to the content key, and the share with it", key == v["wraps.content"] and
          unpad(unseal(key, "share", ada, 0, aad, v["shares.blob"])) == v["shares.content"])
    signer = nacl.signing.SigningKey(D(E, "sign", ada, own)).verify_key
    text = b"v1.sig-share".ljust(16, b"\0") + ada + own + aad + D(b"", "digest", ZERO, v["shares.blob"])
    check("the share is signed by the sender's epoch", signer.verify(text, v["shares.signature"]) == text)
    first = nacl.signing.SigningKey(D(epochs[0][2], "sign", ada, struct.pack(">I", 1))).verify_key
    d = D(b"", "fingerprint", ada, bytes(first), 64)
    groups = [f"{int.from_bytes(d[5 * i:5 * i + 5], 'big') % 100000:05}" for i in range(12)]
    check("the fingerprint is that of the key that started the chain", " ".join(groups).encode() == v["fingerprint"])


def device_vectors():
    """The device cookie of Cleo's registration: line 1, record 1, vault 0."""
    v = documented_vectors()
    sk = bytes(range(32))
    kid = struct.unpack(">I", D(sk, "key-id", ZERO, b"")[:4])[0]
    content = unseal(sk, "device", v["recipient.uuid"], kid, b"", v["device.blob"])
    check("a device cookie opens to line, record, vault and time",
          content == v["device.content"] and struct.unpack(">IQQQ", content)[:3] == (1, 1, 0))


def argon2(public, password):
    _, kind, _, params, salt = public.split("$")
    assert kind == "argon2id"
    m, t, _ = (int(x.split("=")[1]) for x in params.split(","))
    salt = base64.b64decode(salt + "=" * (-len(salt) % 4))
    return argon2id.kdf(32, unicodedata.normalize("NFC", password).encode(), salt, opslimit=t, memlimit=m * 1024)


def named_vectors():
    """The entry "dsn" = "kept": by its password, and nothing else of it."""
    v = documented_vectors()
    sk = bytes(range(32))
    kid = struct.unpack(">I", D(sk, "key-id", ZERO, b"")[:4])[0]
    content = unpad(unseal(sk, "named", ZERO, kid, v["named.id"] + b"\x02", v["named.blob"]))
    check("a named row opens, and is found by its tag", content == v["named.content"] and
          D(v["meta.content"][:32], "named-tag", ZERO, b"\x02dsn") == v["named.tag"])
    r = Reader(content)
    made, expires, name, kdf = r.u(8), r.u(8), r.take(r.u(2)), r.take(r.u(2))
    slot, value = r.take(109), r.rest()
    ikm = D(b"", "ikm", ZERO, b"\x01" + argon2(kdf.decode(), "a long walk by the sea"))
    k = unseal(ikm, "named-slot", ZERO, 0, v["named.id"] + kdf, slot)
    check("its password opens its key, and that its value", name == b"dsn" and expires > made and
          unpad(unseal(k, "named-value", ZERO, 0, v["named.id"], value)) == b"kept")


# ---- the witness ----

def check_witness(site, s, rec):
    """The file beside the server key holds what the database says, and the end of a chain that is there."""
    with open(site + "/keys/witness", "rb") as f:
        header = f.read(4096)
        f.seek(4096 + 16 * rec["id"])
        record, vault = struct.unpack(">QQ", f.read(16))
        f.seek(4096 + 16 * s.one("SELECT max(id) FROM accounts")[0] + 16)
        deleted = f.read(16)
    deployment = header[16:32]
    check("the witness has a sound header", header[:16] == b"watchwordwitness" and
          header[56:64] == D(b"", "witness", deployment, header[:48])[:8] and struct.unpack(">I", header[32:36])[0] == 1)
    check("the witness has the numbers of the database", record == rec["seq"] and vault > 0)
    check("a deleted account is all ones", deleted == b"\xff" * 16)
    ends = [header[64 + 64 * i:128 + 64 * i] for i in range(63)]
    ends = [e for e in ends if D(b"", "witness-end", ZERO, e[:56])[:8] == e[56:]]
    check("the ends of chains that it has are there", ends and all(
        s.one("SELECT link FROM audit WHERE node = ? AND n = ?", *struct.unpack(">QQ", e[:16]))[0] == e[24:56] for e in ends))


def open_letter(letter, uid, secrets, box_of=None):
    """secrets: epoch to secret, of the reader; box_of(uuid, epoch) gives a sender's box key."""
    r = Reader(letter)
    assert r.u(1) == 2
    if r.u(1) == 0:
        owner, n = r.take(16), r.u(4)
        assert owner == uid
        return unseal(secrets[n], "self", uid, n, b"", r.rest())
    sender, e_s, reader, e_r = r.take(16), r.u(4), r.take(16), r.u(4)
    assert reader == uid
    box, own = box_of(sender, e_s), D(secrets[e_r], "box", uid, struct.pack(">I", e_r))
    pair = D(b"", "pair", ZERO, na.crypto_scalarmult(own, box) + sender + struct.pack(">I", e_s) + box + uid +
             struct.pack(">I", e_r) + na.crypto_scalarmult_base(own))
    return unseal(pair, "letter", uid, e_r, letter[:42], r.rest())


def letter_vectors():
    v = documented_vectors()
    ring = Reader(v["vaults.ring.2.content"])
    ring.take(1 + 32)
    secrets = {n: E for n, _, E in ((ring.u(4), ring.u(8), ring.take(32)) for _ in range(ring.u(4)))}
    check("a letter to oneself opens with the epoch's secret",
          open_letter(v["letters.own"], v["accounts.uuid"], secrets) == b"for myself")
    check("a letter to another opens with the pair key, which the share had",
          unseal(v["pair-key"], "letter", v["recipient.uuid"], 1, v["letters.sent"][:42], v["letters.sent"][42:]) == b"for Cleo")


def public_row(content):
    r = Reader(content)
    row = dict(scope=r.u(1), version=r.u(8), time=r.u(8), epoch=r.u(4), signature=r.take(64))
    row.update(name=r.take(r.u(2)), value=r.rest())
    return row


def public_text(row, owner, ident):
    said = struct.pack(">BQH", row["scope"], row["time"], len(row["name"])) + row["name"] + row["value"]
    return b"v1.sig-public".ljust(16, b"\0") + owner + struct.pack(">I", row["epoch"]) + ident + \
        struct.pack(">Q", row["version"]) + D(b"", "digest", ZERO, said)


def public_vectors():
    v = documented_vectors()
    sk, owner = bytes(range(32)), v["accounts.uuid"]
    kid = struct.unpack(">I", D(sk, "key-id", ZERO, b"")[:4])[0]
    content = unpad(unseal(sk, "public", owner, kid, v["publics.id"], v["publics.blob"]))
    row = public_row(content)
    ring = Reader(v["vaults.ring.2.content"])
    ring.take(1 + 32)
    secrets = {n: E for n, _, E in ((ring.u(4), ring.u(8), ring.take(32)) for _ in range(ring.u(4)))}
    seed = D(secrets[row["epoch"]], "sign", owner, struct.pack(">I", row["epoch"]))
    text = public_text(row, owner, v["publics.id"])
    check("a public row opens, and its owner's epoch has signed it", content == v["publics.content"] and
          (row["name"], row["value"], row["version"], row["scope"]) == (b"motto", b"figs for all", 1, 0) and
          nacl.signing.SigningKey(seed).verify_key.verify(text, row["signature"]) == text)
    check("it is found by its tag", D(v["meta.content"][:32], "public-tag", ZERO, b"\0" + ZERO + b"motto") == v["publics.tag"])


# ---- the database ----

class Store:
    def __init__(self, site):
        self.db = sqlite3.connect(site + "/data/watchword.db")
        self.sk = open(site + "/keys/server.key", "rb").read()
        self.kid = struct.unpack(">I", D(self.sk, "key-id", ZERO, b"")[:4])[0]
        meta = unseal(self.sk, "meta", ZERO, self.kid, b"", self.one("SELECT blob FROM meta")[0])
        self.ik, self.ak, self.former = meta[:32], meta[32:64], []
        if len(meta) > 84:  # after a reindex: audit keys of before
            r = Reader(meta[84:])
            self.former = [r.take(32) for _ in range(r.u(1))]
            assert r.u(1) == 0 and not r.rest()  # none is under way

    def one(self, sql, *args):
        row = self.db.execute(sql, args).fetchone()
        assert row is not None, sql
        return row

    def sk_open(self, label, uid, aad, blob):
        return unseal(self.sk, label, uid, self.kid, aad, blob)

    def record(self, name):
        tag = D(self.ik, "ident", ZERO, b"\x01" + ident(name).encode())
        account = self.one("SELECT account FROM identifiers WHERE tag = ?", tag)[0]
        uid, seq, blob = self.one("SELECT uuid, seq, blob FROM accounts WHERE id = ?", account)
        r = Reader(unpad(self.sk_open("record", uid, struct.pack(">Q", account), blob)))
        assert r.u(1) == 1
        rec = dict(id=account, uuid=uid, seq=r.u(8), floor=r.u(8), session_generation=r.u(4), state=r.u(1), flags=r.u(1),
                   generation=r.u(4), vid=r.take(16), root_check=r.take(32), epoch=r.u(4), box=r.take(32), sign=r.take(32))
        rec["credentials"] = [dict(id=r.take(16), kind=r.u(1), role=r.u(1), generation=r.u(4), added=r.u(8))
                              for _ in range(r.u(2))]
        rec["waiting"] = [dict(vid=r.take(16), generation=r.u(4), root_check=r.take(32), epoch=r.u(4), floor=r.u(8),
                               stored=r.take(32), since=r.u(8), until=r.u(8)) for _ in range(r.u(1))]
        rec["json"] = json.loads(r.rest())
        assert rec["seq"] == seq
        return rec

    def slot_of_code(self, rec, c, code):
        """R, when the code opens the slot of this credential, else None."""
        blob = self.one("SELECT blob FROM credentials WHERE id = ?", c["id"])[0]
        r = Reader(self.sk_open("cred", rec["uuid"], c["id"] + bytes([c["kind"]]), blob))
        assert r.u(2) == 0
        ikm = D(b"", "ikm", rec["uuid"], bytes([c["kind"]]) + code.encode())
        try:
            return unseal(ikm, "slot", rec["uuid"], c["generation"], c["id"] + bytes([c["kind"]]), r.rest())
        except AssertionError:
            return None

    def root(self, rec, password, generation=None):
        c = next(c for c in rec["credentials"] if c["kind"] == 1 and c["generation"] == (generation or rec["generation"]))
        blob = self.one("SELECT blob FROM credentials WHERE id = ?", c["id"])[0]
        r = Reader(self.sk_open("cred", rec["uuid"], c["id"] + bytes([c["kind"]]), blob))
        public = r.take(r.u(2))
        slot = r.rest()
        ikm = D(b"", "ikm", rec["uuid"], bytes([c["kind"]]) + argon2(public.decode(), password))
        return unseal(ikm, "slot", rec["uuid"], c["generation"], c["id"] + bytes([c["kind"]]) + public, slot)

    def tree(self, rec, R):
        uid, vid = rec["uuid"], rec["vid"]
        assert D(R, "root-check", uid, struct.pack(">I", rec["generation"])) == rec["root_check"]
        ring, head = self.one("SELECT ring, head FROM vaults WHERE vid = ?", vid)
        r = Reader(unpad(unseal(R, "ring", uid, rec["generation"], vid, ring)))
        assert r.u(1) == 1
        tree = dict(pick=r.take(32), epochs={})
        for _ in range(r.u(4)):
            n, begun = r.u(4), r.u(8)
            tree["epochs"][n] = r.take(32)
        E = tree["E"] = tree["epochs"][rec["epoch"]]
        r = Reader(unpad(unseal(E, "head", uid, rec["epoch"], vid, head)))
        assert r.u(1) == 1
        tree.update(seq=r.u(8), record_seq=r.u(8), depth=r.u(1))
        if tree["depth"] == 0:
            tree["entries"] = entries(r)
        else:
            keys = [r.take(32) for _ in range(1 << tree["depth"])]
            tree["entries"] = []
            for number, key in enumerate(keys):
                blob = self.one("SELECT blob FROM leaves WHERE vid = ? AND number = ?", vid, number)[0]
                leaf = entries(Reader(unpad(unseal(key, "leaf", uid, 0, vid + struct.pack(">H", number), blob))))
                for e in leaf:
                    first = D(tree["pick"], "leaf-pick", uid, bytes([e["space"]]) + e["name"])
                    assert int.from_bytes(first[:2], "big") >> (16 - tree["depth"]) == number, "leaf of a name"
                tree["entries"] += leaf
        return tree

    def box_key(self, uid, n):
        blob = self.one("SELECT blob FROM epochs WHERE uuid = ? AND n = ?", uid, n)[0]
        r = Reader(self.sk_open("epoch", uid, struct.pack(">I", n), blob))
        assert r.u(4) == n
        return r.take(32)

    def item(self, rec, e):
        blob = self.one("SELECT blob FROM items WHERE id = ? AND account = ?", e["id"], rec["id"])[0]
        return unpad(unseal(e["key"], "item", rec["uuid"], 0, e["id"], blob))[8:]


def entries(r):
    out = []
    while r.i < len(r.b):
        space = r.u(1)
        name = r.take(r.u(2))
        out.append(dict(space=space, name=name, id=r.take(16), key=r.take(32), version=r.u(8)))
    return out


def write_value(s, rec, tree, name, value):
    """Seals a new value, entry and head the way the program does, at depth 0."""
    e = next(x for x in tree["entries"] if x["name"] == name)
    e["key"] = os.urandom(32)
    tree["seq"] += 1
    e["version"] = tree["seq"]
    blob = seal(e["key"], "item", rec["uuid"], 0, e["id"], pad(struct.pack(">Q", 1700000000000000) + value))
    s.db.execute("UPDATE items SET blob = ? WHERE id = ?", (blob, e["id"]))
    head = struct.pack(">BQQB", 1, tree["seq"], rec["seq"], 0) + b"".join(
        struct.pack(">BH", x["space"], len(x["name"])) + x["name"] + x["id"] + x["key"] + struct.pack(">Q", x["version"])
        for x in tree["entries"])
    s.db.execute("UPDATE vaults SET head = ? WHERE vid = ?",
                 (seal(tree["E"], "head", rec["uuid"], rec["epoch"], rec["vid"], pad(head)), rec["vid"]))
    s.db.commit()


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def check_codes(s, rec, R, texts):
    """Each code has the two check symbols that follow from it, and opens one slot of the record, to the same root key."""
    listed = [c for c in rec["credentials"] if c["kind"] == 2]
    symbols = [t.replace("-", "") for t in texts]
    bits = [int.from_bytes(D(b"", "code-check", ZERO, code[:26].encode())[:2], "big") >> 6 for code in symbols]
    check("ten codes bear their check symbols", len(texts) == 10 and
          all(code[26:] == CROCKFORD[b >> 5] + CROCKFORD[b & 31] for code, b in zip(symbols, bits)))
    opened = [sum(s.slot_of_code(rec, c, code[:26]) == R for c in listed) for code in symbols]
    check("each code opens one slot, to the root key", len(listed) == 10 and opened == [1] * 10)


def check_second_epoch(s, rec, tree):
    """The ring holds both epochs, and the first has signed the public keys of the second."""
    blob = s.one("SELECT blob FROM epochs WHERE uuid = ? AND n = 2", rec["uuid"])[0]
    r = Reader(s.sk_open("epoch", rec["uuid"], struct.pack(">I", 2), blob))
    n, box, sign, start, _, signature = r.u(4), r.take(32), r.take(32), r.u(1), r.u(8), r.take(64)
    signed = b"v1.sig-epoch".ljust(16, b"\0") + rec["uuid"] + struct.pack(">I", 2) + box + sign
    first = nacl.signing.SigningKey(D(tree["epochs"][1], "sign", rec["uuid"], struct.pack(">I", 1)))
    first.verify_key.verify(signed, signature)
    check("the second epoch is signed by the first", (n, start) == (2, 0) and sign == rec["sign"] and box == rec["box"]
          and set(tree["epochs"]) == {1, 2} and rec["epoch"] == 2)


def check_epoch(s, rec, tree):
    blob = s.one("SELECT blob FROM epochs WHERE uuid = ? AND n = ?", rec["uuid"], rec["epoch"])[0]
    r = Reader(s.sk_open("epoch", rec["uuid"], struct.pack(">I", rec["epoch"]), blob))
    n, box, sign, start, _, signature = r.u(4), r.take(32), r.take(32), r.u(1), r.u(8), r.take(64)
    num = struct.pack(">I", rec["epoch"])
    signed = b"v1.sig-epoch".ljust(16, b"\0") + rec["uuid"] + num + box + sign
    check("the epoch that starts a chain is signed by itself", nacl.signing.VerifyKey(sign).verify(signed, signature) == signed)
    secret, seed = D(tree["E"], "box", rec["uuid"], num), D(tree["E"], "sign", rec["uuid"], num)
    check("the epoch's public keys follow from its secret",
          n == rec["epoch"] and start == 1 and box == rec["box"] == na.crypto_scalarmult_base(secret) and
          sign == rec["sign"] == bytes(nacl.signing.SigningKey(seed).verify_key))


def check_waiting(s, site, password):
    """A vault that waits is opened with its own password, and what the program merged reads like any other."""
    set_one = "one that was set for ada"
    name = "ada@example.org"
    run(site, "user", "set-password", name, password=set_one)
    run(site, "user", "vault", "--new", "--yes", name, password=set_one)
    run(site, "item", "put", "--user", name, "note", password=set_one, stdin=b"of the new vault")
    rec = s.record(name)
    R, w = s.root(rec, set_one), rec["waiting"][0]
    ring, head = s.one("SELECT ring, head FROM vaults WHERE vid = ?", w["vid"])
    check("the row of a waiting vault is the one that was noted",
          D(b"", "waiting", rec["uuid"], w["vid"] + struct.pack(">I", len(ring)) + ring + head) == w["stored"])
    then = dict(rec, vid=w["vid"], generation=w["generation"], root_check=w["root_check"], epoch=w["epoch"])
    old = s.tree(then, s.root(rec, password, w["generation"]))
    check("a waiting vault opens with its own password", w["floor"] <= old["seq"] and w["since"] < w["until"] and
          s.item(rec, next(e for e in old["entries"] if e["name"] == b"note")) == b"written by the other" and
          all(c["role"] == 4 for c in rec["credentials"] if c["generation"] == w["generation"]))
    cmd = [BIN, "user", "vault", "-c", site + "/watchword.yml", "--password-fd", "0", "--opener-fd", "0", "--open",
           str(uuid.UUID(bytes=w["vid"])), name]
    subprocess.run(cmd, input=f"{set_one}\n{password}\n".encode(), stdout=subprocess.DEVNULL, check=True)
    rec = s.record(name)
    tree = s.tree(rec, R)
    value = {e["name"]: s.item(rec, e) for e in tree["entries"] if e["space"] == 0}
    day = time.strftime("%Y-%m-%d", time.gmtime(w["since"] // 1000000))
    check("after a merge all notes are in one vault, and all epochs in one ring", not rec["waiting"] and
          value[b"note"] == b"of the new vault" and value[f"note (before {day})".encode()] == b"written by the other" and
          value[b"item 5"] == b"xxxxx" and sorted(tree["epochs"]) == list(range(1, rec["epoch"] + 1)) and
          tree["seq"] > max(e["version"] for e in tree["entries"]) - 1)
    blob = s.one("SELECT blob FROM epochs WHERE uuid = ? AND n = ?", rec["uuid"], rec["epoch"])[0]
    check("a new vault starts a chain", s.sk_open("epoch", rec["uuid"], struct.pack(">I", rec["epoch"]), blob)[68] == 1)


def erased_places(event):
    return {(int(node, 16), n) for node, first, last in event.get("erased", []) for n in range(first, last + 1)}


def check_audit(s):
    """Chains, time and account of every event, the ends that chains name of others, what is empty against what was erased."""
    links, ok, empty, erased, ends = {}, True, set(), set(), set()
    owner = {account: str(uuid.UUID(bytes=uid)) for account, uid in s.db.execute("SELECT id, uuid FROM accounts")}
    for node, n, time, account, mark, link, blob in s.db.execute(
            "SELECT node, n, time, account, mark, link, blob FROM audit ORDER BY node, n"):
        where, before = struct.pack(">QQ", node, n), links.get((node, n - 1), bytes(32))
        if n == 1:  # a chain of before a reindex keeps the key of its time
            ak = next((k for k in (s.ak, *s.former) if link == D(k, "audit-link", ZERO, where + before + mark)), s.ak)
        ok = ok and (n == 1 or (node, n - 1) in links) and link == D(ak, "audit-link", ZERO, where + before + mark)
        links[node, n] = link
        if blob is None:
            empty.add((node, n))
            continue
        event = unpad(s.sk_open("audit", ZERO, where, blob))
        ok = ok and mark == D(ak, "audit-mark", ZERO, event)
        event = json.loads(event)
        ok = ok and event["time"] == time and event.get("account") == owner.get(account) and \
            (event["event"] == "audit.chain_started") == (n == 1)
        erased |= erased_places(event)
        ends |= {bytes.fromhex(e) for e in event.get("chains", [])}
    check(f"the audit chains hold over {len(links)} events", ok and len(links) > 2)
    check(f"{len(ends)} ends that chains name of others are there",
          ends and all(links.get(struct.unpack(">QQ", e[:16])) == e[16:] for e in ends))
    check(f"{len(empty)} empty events are those that erasures name", empty and empty == erased)


def check_letters(s, site, rec, tree, password):
    """Both ways between Ada and Eva, and to oneself: each reads what the other implementation sealed."""
    eva = s.record("eva@strasse.de")
    secrets = s.tree(eva, s.root(eva, password))["epochs"]
    ada, who, to = ("--user", "ada@example.org"), ("--user", "eva@strasse.de"), ("--to", "eva@strasse.de")
    sent = run(site, "letter", "seal", *ada, *to, password=password, stdin=b"for Eva")
    check("the second opens a letter that the first sealed", open_letter(sent, eva["uuid"], secrets, s.box_key) == b"for Eva")
    n = rec["epoch"]
    number = struct.pack(">I", n)
    own = b"\2\0" + rec["uuid"] + number + seal(tree["epochs"][n], "self", rec["uuid"], n, b"", b"for Ada")
    check("the first opens a letter to oneself that the second sealed",
          run(site, "letter", "open", *ada, password=password, stdin=own) == b"for Ada")
    secret, theirs = D(tree["epochs"][n], "box", rec["uuid"], number), struct.pack(">I", eva["epoch"])
    pair = D(b"", "pair", ZERO, na.crypto_scalarmult(secret, eva["box"]) + rec["uuid"] + number + rec["box"] +
             eva["uuid"] + theirs + eva["box"])
    header = b"\2\1" + rec["uuid"] + number + eva["uuid"] + theirs
    letter = header + seal(pair, "letter", eva["uuid"], eva["epoch"], header, b"for Eva too")
    check("and one to another", run(site, "letter", "open", *who, "--from", "ada@example.org", password=password,
                                    stdin=letter) == b"for Eva too")


def check_public(s, site, rec, tree, password):
    """The second reads what the first made public, and writes another version that the first reads and verifies."""
    ada, n = ("--user", "ada@example.org"), rec["epoch"]
    run(site, "public", "put", *ada, "motto", password=password, stdin=b"figs")
    tag = D(s.ik, "public-tag", ZERO, b"\1" + rec["uuid"] + b"motto")
    ident, blob = s.one("SELECT id, blob FROM publics WHERE tag = ? AND account = ?", tag, rec["id"])
    row = public_row(unpad(s.sk_open("public", rec["uuid"], ident, blob)))
    key = nacl.signing.SigningKey(D(tree["epochs"][n], "sign", rec["uuid"], struct.pack(">I", n)))
    text = public_text(row, rec["uuid"], ident)
    check("the second reads what the first made public", row["value"] == b"figs" and
          key.verify_key.verify(text, row["signature"]) == text)
    row.update(version=2, value=b"dates")
    signature = key.sign(public_text(row, rec["uuid"], ident)).signature
    content = struct.pack(">BQQI", 1, 2, row["time"], n) + signature + struct.pack(">H", 5) + b"motto" + b"dates"
    s.db.execute("UPDATE publics SET blob = ? WHERE id = ?",
                 (seal(s.sk, "public", rec["uuid"], s.kid, ident, pad(content)), ident))
    s.db.commit()
    owner = str(uuid.UUID(bytes=rec["uuid"]))
    check("the first reads what the second made public",
          run(site, "public", "get", *ada, "--owner", owner, "motto", password=password) == b"dates")


def run(site, *args, password=None, stdin=b""):
    words = 1 if args[0] == "reindex" else 2
    cmd, fds = [BIN, *args[:words], "-c", site + "/watchword.yml"], []
    if password is not None:
        r, w = os.pipe()
        os.write(w, password.encode() + b"\n")
        os.close(w)
        cmd += ["--password-fd", str(r)]
        fds = [r]
    p = subprocess.run(cmd + list(args[words:]), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=fds)
    for fd in fds:
        os.close(fd)
    if p.returncode:
        raise SystemExit(f"{' '.join(args)}: {p.stderr.decode()}")
    return p.stdout


def main():
    normative_values()
    share_vectors()
    device_vectors()
    named_vectors()
    letter_vectors()
    public_vectors()
    password = "correct horse battery staple \u00e5"
    with tempfile.TemporaryDirectory() as top:
        site = top + "/site"
        subprocess.run([BIN, "init", site], check=True, stdout=subprocess.DEVNULL)
        run(site, "user", "create", "--trait", "email=ada@example.org", password=password)
        run(site, "item", "put", "--user", "ada@example.org", "note", password=password, stdin=b"nobody else reads this")
        for i in range(8):
            run(site, "item", "put", "--user", "ada@example.org", f"item {i}", password=password, stdin=b"x" * i)
        run(site, "user", "create", "--trait", "email=Eva@XN--STRAE-OQA.de", password=password)
        run(site, "user", "create", "--trait", "email=bob@example.org", password=password)
        run(site, "user", "delete", "--without-password", "--yes", "bob@example.org")
        s = Store(site)
        rec = s.record("ada@example.org")
        check("the record opens", rec["json"]["traits"] == {"email": "ada@example.org"} and rec["state"] == 1)
        check("an identifier is found in another spelling",
              s.record("eva@STRASSE.de")["json"]["identifiers"][0]["value"] == "eva@strasse.de")
        R = s.root(rec, password)
        tree = s.tree(rec, R)
        check("record and head agree", tree["record_seq"] <= rec["seq"] and rec["floor"] <= tree["seq"])
        names = [e["name"] for e in tree["entries"]]
        check("entries are sorted and complete", names == sorted(names) and len(names) == 9)
        value = {e["name"]: s.item(rec, e) for e in tree["entries"]}
        check("items open", value[b"note"] == b"nobody else reads this" and value[b"item 5"] == b"xxxxx")
        check_epoch(s, rec, tree)
        codes = json.loads(run(site, "user", "codes", "--make", "--json", "ada@example.org", password=password))["codes"]
        check_codes(s, s.record("ada@example.org"), R, codes)
        run(site, "user", "epoch", "ada@example.org", password=password)
        rec = s.record("ada@example.org")
        tree = s.tree(rec, R)
        check_second_epoch(s, rec, tree)
        check("items open after a new epoch", s.item(rec, next(e for e in tree["entries"] if e["name"] == b"note"))
              == b"nobody else reads this")
        check_letters(s, site, rec, tree, password)
        check_public(s, site, rec, tree, password)
        rec = s.record("ada@example.org")
        tree = s.tree(rec, R)  # with the contact that a letter made
        check_audit(s)
        check_witness(site, s, rec)
        tree = s.tree(s.record("ada@example.org"), R)  # letters pinned whom they met
        old = json.loads(run(site, "server-key", "list", "--json"))["keys"][0]["id"]
        new = json.loads(run(site, "server-key", "add", "--json"))["id"]
        run(site, "server-key", "first", new)
        run(site, "server-key", "rotate")
        run(site, "server-key", "retire", "--destroy", old)
        s.db.close()  # a reindex has the database for itself
        run(site, "reindex", "--yes")
        ik, s = s.ik, Store(site)
        rec = s.record("ada@example.org")
        check("another server key and new index keys leave the record and the vault", s.ik != ik and len(s.former) == 1
              and s.tree(rec, R)["entries"] == tree["entries"])
        check_audit(s)
        write_value(s, rec, tree, b"note", b"written by the other")
        check("the first reads what the second wrote", run(site, "item", "get", "--user", "ada@example.org", "note",
                                                           password=password) == b"written by the other")
        check_waiting(s, site, password)
        s.db.close()
        out = subprocess.run([BIN, "check", "-c", site + "/watchword.yml"], stdout=subprocess.PIPE)
        check("check is clean afterwards", out.returncode == 0)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
