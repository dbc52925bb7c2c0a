/* docs/formats/vectors.md holds what one journey stores when clock and randomness are fixed. The same journey
 * is made here, and every byte compared. usage: test_formats VECTORS | test_formats --print > VECTORS */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "api_int.h"
#include "encode.h"
#include "flow_wait.h"
#include "share.h"
#include "store_named.h"

enum { VECTORS_MOST = 96, LINE_BYTES = 48 };

struct vector {
    const char *name;
    struct bytes value;
};

/* What was stored, and the keys that open it, in one operation that lives as long as the program. */
struct journey {
    char directory[64];
    uint64_t drawn;
    struct ww_env env;
    struct ww *ww;
    struct ww_op *op;
    struct ww_session *given; /* the same, as callers have it */
    struct session *session;
    char *continuity; /* the cookie */
    struct vector vectors[VECTORS_MOST];
    size_t n;
};

static struct journey journey;
static const char *vectors_path;

static uint64_t fixed_now(void *ctx)
{
    (void)ctx;
    return UINT64_C(1700000000000000);
}

/* SplitMix64 over a counter: the n-th eight bytes drawn are the same in every run. */
static void fixed_random(void *ctx, void *out, size_t n)
{
    struct journey *j = ctx;
    uint8_t *p = out;
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (++j->drawn) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        p[i] = (uint8_t)(z >> 56);
    }
}

static void must(enum ww_err err)
{
    if (err) {
        fprintf(stderr, "%s: %s\n", ww_err_name(err), journey.op ? ww_op_problem(journey.op)->text : "");
        abort();
    }
}

/* ---- the journey ---- */

static void add(const char *name, struct bytes value)
{
    if (journey.n == VECTORS_MOST || !value.p) {
        abort();
    }
    journey.vectors[journey.n++] = (struct vector){name, value};
}

static void write_server_key(const char *path)
{
    FILE *f = fopen(path, "w");
    for (int i = 0; f && i < 32; i++) {
        fputc(i, f);
    }
    if (!f || fchmod(fileno(f), 0600) || fclose(f)) {
        abort();
    }
}

static void open_site(void)
{
    char dsn[128], key[128], why[400] = "";
    snprintf(journey.directory, sizeof journey.directory, "/tmp/watchword-formats-XXXXXX");
    if (!mkdtemp(journey.directory)) {
        abort();
    }
    snprintf(key, sizeof key, "%s/keys", journey.directory);
    mkdir(key, 0700);
    snprintf(dsn, sizeof dsn, "%s/data", journey.directory);
    mkdir(dsn, 0700);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", journey.directory);
    write_server_key(strchr(key, '=') + 1);
    snprintf(dsn, sizeof dsn, "dsn=sqlite://%s/data/watchword.db", journey.directory);
    const char *settings[] = {dsn, key, "hashers.argon2.memory=19MB", "hashers.argon2.iterations=2"};
    journey.env = (struct ww_env){
        .size = sizeof journey.env, .now = fixed_now, .random = fixed_random, .ctx = &journey};
    struct ww_options options = {
        .size = sizeof options, .settings = settings, .setting_count = 4, .env = &journey.env};
    if (ww_open(&options, &journey.ww, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void live(void)
{
    struct ww_session *session;
    struct ww_client client = {.size = sizeof client, .address = "192.0.2.7", .user_agent = "vectors"};
    must(ww_op_begin(journey.ww, &client, &journey.op));
    must(ww_register(journey.op, "{\"email\":\"ada@example.org\"}", "a long walk by the sea", 22, &session));
    must(ww_item_put(journey.op, session, "note", "hello", 5, NULL, NULL));
    journey.given = session;
    journey.session = api_session(journey.op, session);
    struct flow_row flow = {
        .id = uuid_new(journey.op), .kind = FLOW_LOGIN, .expires = fixed_now(NULL) + 3600000000};
    flow.json = js_object(&journey.op->arena);
    js_put(&journey.op->arena, flow.json, "type", js_text(&journey.op->arena, "api"));
    must(store_flow_row_insert(journey.op, service_of(journey.op)->store, &flow));
    must(ww_register(journey.op, "{\"email\":\"bob@example.org\"}", "another walk by the sea", 23, &session));
    must(ww_account_delete(journey.op, session, "bob@example.org"));
    struct js *waits = js_object(&journey.op->arena);
    js_put(&journey.op->arena, waits, "method", js_text(&journey.op->arena, "password"));
    must(flow_wait_keep(journey.op, service_of(journey.op), &journey.session->record->uuid, waits,
                        &journey.continuity));
}

/* ---- opening what was stored ---- */

/* The first row of a statement whose columns are all blobs. */
static void row(const char *sql, struct bytes *blobs, int n)
{
    struct db_rows rows = {0};
    must(store_tx_begin(journey.op, service_of(journey.op)->store, DB_READ));
    must(db_query(journey.op, journey.op->conn, &rows, sql, NULL, 0));
    must(db_next(&rows));
    for (int i = 0; i < n; i++) {
        blobs[i] = db_blob(&rows, i);
    }
    db_done(&rows);
    store_tx_abort(journey.op, WW_OK);
}

static struct bytes unpadded(struct bytes padded)
{
    struct bytes pt;
    must(unpad(journey.op, padded, &pt));
    return pt;
}

static struct bytes open_sk(struct place where, struct bytes blob)
{
    struct bytes pt;
    must(keyring_open(journey.op, store_keyring(service_of(journey.op)->store), where, blob, &pt));
    return pt;
}

static struct bytes open_key(const void *key, struct place where, struct bytes blob)
{
    struct key k;
    struct bytes pt;
    memcpy(k.b, key, sizeof k.b);
    must(seal_open(journey.op, &k, where, blob, &pt));
    return unpadded(pt);
}

static struct bytes joined(struct bytes a, struct bytes b)
{
    struct buf out = BUF(&journey.op->arena);
    buf_bytes(&out, a);
    buf_bytes(&out, b);
    return buf_done(&out);
}

static void account_vectors(const struct record *r)
{
    struct bytes b[3];
    row("SELECT blob FROM meta", b, 1);
    add("meta.blob", b[0]);
    add("meta.content", open_sk((struct place){.label = "meta"}, b[0]));
    row("SELECT uuid, blob FROM accounts", b, 2);
    add("accounts.uuid", b[0]);
    add("accounts.blob", b[1]);
    struct place place = {"record", &r->uuid, 0, BYTES("\0\0\0\0\0\0\0\1", 8)};
    add("accounts.content", unpadded(open_sk(place, b[1])));
    row("SELECT tag FROM identifiers ORDER BY tag", b, 1);
    add("identifiers.tag", b[0]);
    row("SELECT id, blob FROM credentials", b, 2);
    add("credentials.id", b[0]);
    add("credentials.blob", b[1]);
    place = (struct place){"cred", &r->uuid, 0, joined(b[0], BYTES("\1", 1))};
    add("credentials.content", open_sk(place, b[1]));
    row("SELECT blob FROM epochs", b, 1);
    add("epochs.blob", b[0]);
    add("epochs.content", open_sk((struct place){"epoch", &r->uuid, 0, BYTES("\0\0\0\1", 4)}, b[0]));
}

/* ring: u8 1 | leaf-pick key 32 | u32 n | u32 epoch, u64 begun, secret 32. head at depth 0: u8 1 | u64 | u64
 * | u8 0 | entry: u8 space | u16 4 "note" | id 16 | key 32 | u64 version. */
static void vault_vectors(const struct record *r)
{
    struct bytes b[3];
    add("root-key", BYTES_OF(*journey.session->root));
    row("SELECT vid, ring, head FROM vaults", b, 3);
    add("vaults.vid", b[0]);
    add("vaults.ring", b[1]);
    struct bytes ring = open_key(journey.session->root->b, (struct place){"ring", &r->uuid, 1, b[0]}, b[1]);
    add("vaults.ring.content", ring);
    add("vaults.head", b[2]);
    struct bytes head =
        open_key(ring.p + 1 + 32 + 4 + 4 + 8, (struct place){"head", &r->uuid, 1, b[0]}, b[2]);
    add("vaults.head.content", head);
    static struct record_waiting w; /* read later */
    vault_give_up(r, &(struct vault_row){b[1], b[2]}, &w);
    add("waiting.digest", BYTES_OF(w.stored));
    row("SELECT id, blob FROM items", b, 2);
    add("items.id", b[0]);
    add("items.blob", b[1]);
    const uint8_t *entry = head.p + 1 + 8 + 8 + 1;
    add("items.content", open_key(entry + 1 + 2 + 4 + 16, (struct place){"item", &r->uuid, 0, b[0]}, b[1]));
}

/* "audit.erased", the fourth event: the third, bob's registration, was erased with his account. */
static void erased_vectors(uint64_t node)
{
    struct bytes blob;
    struct buf where = BUF(&journey.op->arena);
    row("SELECT blob FROM audit WHERE n = 4", &blob, 1);
    buf_u64(&where, node);
    buf_u64(&where, 4);
    add("audit.erased.content",
        unpadded(open_sk((struct place){.label = "audit", .aad = buf_done(&where)}, blob)));
}

/* The second event of the chain, which has a link before it. */
static void audit_vectors(void)
{
    struct db_rows rows = {0};
    struct bytes b[4];
    struct buf where = BUF(&journey.op->arena);
    must(store_tx_begin(journey.op, service_of(journey.op)->store, DB_READ));
    must(db_query(journey.op, journey.op->conn, &rows, "SELECT node, n FROM audit WHERE n = 2", NULL, 0));
    must(db_next(&rows));
    uint64_t node = (uint64_t)db_int(&rows, 0);
    buf_u64(&where, node);
    buf_u64(&where, (uint64_t)db_int(&rows, 1));
    db_done(&rows);
    store_tx_abort(journey.op, WW_OK);
    row("SELECT a.link, b.mark, b.link, b.blob FROM audit a, audit b WHERE a.n = 1 AND b.n = 2", b, 4);
    add("audit.place", buf_done(&where));
    add("audit.link.before", b[0]);
    add("audit.mark", b[1]);
    add("audit.link", b[2]);
    add("audit.blob", b[3]);
    struct place place = {.label = "audit", .aad = buf_done(&where)};
    add("audit.content", unpadded(open_sk(place, b[3])));
    erased_vectors(node);
}

/* cookie: id 16 ‖ secret 32. */
static void continuity_vectors(const struct record *r)
{
    struct bytes b[2], cookie, payload;
    struct js *row_json;
    add("continuity.cookie", bytes_str(journey.continuity));
    row("SELECT id, blob FROM flows WHERE kind = 5", b, 2);
    struct place place = {.label = "flow", .aad = joined(BYTES("\5", 1), b[0])};
    struct bytes content = unpadded(open_sk(place, b[1]));
    add("continuity.flows.content", content);
    must(js_read_own(&journey.op->arena, content, &row_json));
    if (!base64_decode(&journey.op->arena, BASE64, js_get(row_json, "payload")->string, &payload) ||
        !base64_decode(&journey.op->arena, BASE64_URL, bytes_str(journey.continuity), &cookie)) {
        abort();
    }
    add("continuity.content", open_key(cookie.p + 16, (struct place){"contin", &r->uuid, 0, b[0]}, payload));
}

static void other_vectors(const struct record *r)
{
    struct bytes b[4];
    add("token", bytes_str(journey.session->token));
    row("SELECT lookup, blob FROM sessions", b, 2);
    add("sessions.lookup", b[0]);
    add("sessions.blob", b[1]);
    add("sessions.content", open_sk((struct place){"session", &r->uuid, 0, b[0]}, b[1]));
    row("SELECT id, blob FROM flows WHERE kind = 1", b, 2);
    add("flows.id", b[0]);
    add("flows.blob", b[1]);
    struct place place = {.label = "flow", .aad = joined(BYTES("\1", 1), b[0])};
    add("flows.content", unpadded(open_sk(place, b[1])));
    continuity_vectors(r);
    audit_vectors();
}

/* What a browser keeps of who signed up last: Cleo. Last, since it draws a nonce. */
static void device_vectors(void)
{
    static uint8_t raw[STORE_DEVICE_BYTES]; /* the vectors point into it */
    const char *text = ww_device(journey.op);
    assert_non_null(text);
    assert_true(base64_decode_exactly(BASE64_URL, bytes_str(text), raw, sizeof raw));
    add("device.blob", BYTES_OF(raw));
    add("device.content",
        open_sk((struct place){"device", &journey.op->device->account, 0, BYTES("", 0)}, BYTES_OF(raw)));
}

/* The first of ten codes: its credential has no public part, and its slot opens to the root key. */
static void code_vectors(struct ww_session *session)
{
    const char *const *codes;
    struct bytes b[2];
    char sql[128], hex[33];
    size_t n, i = 0;
    must(ww_codes_make(journey.op, session, &codes, &n));
    const struct record *r = journey.session->record;
    while (r->credentials[i].kind != CRED_RECOVERY) {
        i++;
    }
    hex_encode(hex, r->credentials[i].id.b, sizeof r->credentials[i].id.b);
    snprintf(sql, sizeof sql, "SELECT id, blob FROM credentials WHERE id = x'%s'", hex);
    row(sql, b, 2);
    add("codes.text", bytes_str(codes[0]));
    add("codes.id", b[0]);
    add("codes.blob", b[1]);
    add("codes.content", open_sk((struct place){"cred", &r->uuid, 0, joined(b[0], BYTES("\2", 1))}, b[1]));
}

/* A second epoch: it stands in the ring behind the first, and the first has signed its public keys. */
static void epoch_vectors(struct ww_session *session)
{
    uint32_t epoch;
    struct bytes b[2];
    must(ww_epoch_start(journey.op, session, &epoch));
    const struct record *r = journey.session->record;
    row("SELECT blob FROM epochs WHERE n = 2", b, 1);
    add("epochs.2.blob", b[0]);
    add("epochs.2.content", open_sk((struct place){"epoch", &r->uuid, 0, BYTES("\0\0\0\2", 4)}, b[0]));
    row("SELECT vid, ring FROM vaults", b, 2);
    add("vaults.ring.2.content",
        open_key(journey.session->root->b, (struct place){"ring", &r->uuid, 1, b[0]}, b[1]));
}

/* Cleo comes last, so that nothing of before changes: Ada shares "plan" = "at noon" with her. */
static void share_vectors(const struct record *r)
{
    struct ww_session *cleo, *ada;
    struct vault_row stored;
    struct vault *v;
    struct vault_entry entry;
    struct bytes b[6];
    struct key box, sign, pair;
    const char *fingerprint;
    const char *const to[] = {"cleo@example.org"};
    must(ww_register(journey.op, "{\"email\":\"cleo@example.org\"}", "a third walk by the sea", 23, &cleo));
    ada = journey.given;
    must(ww_share_put(journey.op, ada, "plan", "at noon", 7, to, 1, NULL, NULL));
    must(ww_fingerprint(journey.op, ada, &fingerprint));
    struct store *store = service_of(journey.op)->store;
    const struct record *recipient = api_session(journey.op, cleo)->record;
    must(store_vault_row_load(journey.op, store, &r->vid, r->id, false, &stored));
    must(vault_open(journey.op, store, r, journey.session->root, &stored, &v));
    must(vault_epoch_secrets(v, r->epoch, &box, &sign));
    must(vault_look(journey.op, store, v, SPACE_SHARES, bytes_str("plan"), &entry));
    const struct share_end from = {r->uuid, r->epoch, r->box_key},
                           end = {recipient->uuid, 1, recipient->box_key};
    must(share_pair_key(journey.op, &box, &from, &end, true, &pair));
    add("recipient.uuid", bytes_dup(&journey.op->arena, BYTES_OF(recipient->uuid)));
    add("recipient.box-key", bytes_dup(&journey.op->arena, BYTES_OF(recipient->box_key)));
    add("pair-key", bytes_dup(&journey.op->arena, BYTES_OF(pair)));
    row("SELECT tag, blob FROM wraps", b, 2);
    add("wraps.tag", b[0]);
    add("wraps.blob", b[1]);
    uint8_t version[8] = {[7] = (uint8_t)entry.version};
    row("SELECT id, signature, blob FROM shares", b + 2, 3);
    struct bytes aad = joined(b[2], bytes_dup(&journey.op->arena, BYTES_OF(version)));
    struct key content;
    must(share_unwrap(journey.op, &pair, &end, &entry.id, entry.version, b[1], &content));
    add("wraps.content", bytes_dup(&journey.op->arena, BYTES_OF(content)));
    add("shares.id", b[2]);
    add("shares.signature", b[3]);
    add("shares.blob", b[4]);
    add("shares.content", open_key(content.b, (struct place){"share", &r->uuid, 0, aad}, b[4]));
    add("fingerprint", bytes_str(fingerprint));
}

/* Of Ada's second epoch: to herself, and to Cleo with the pair key of the share. */
static void letter_vectors(void)
{
    const struct ww_letter *const *letters;
    const char *const to[] = {"cleo@example.org"};
    size_t n;
    must(ww_letter_seal(journey.op, journey.given, "for myself", 10, NULL, 0, &letters, &n));
    add("letters.own", BYTES(letters[0]->letter, letters[0]->length));
    must(ww_letter_seal(journey.op, journey.given, "for Cleo", 8, to, 1, &letters, &n));
    add("letters.sent", BYTES(letters[0]->letter, letters[0]->length));
}

/* Of the deployment: "motto" = "figs for all". */
static void public_vectors(const struct record *r)
{
    struct bytes b[3];
    must(ww_public_put(journey.op, journey.given, WW_PUBLIC_DEPLOYMENT, "motto", "figs for all", 12, NULL,
                       NULL));
    row("SELECT id, tag, blob FROM publics", b, 3);
    add("publics.id", b[0]);
    add("publics.tag", b[1]);
    add("publics.blob", b[2]);
    add("publics.content", unpadded(open_sk((struct place){"public", &r->uuid, 0, b[0]}, b[2])));
}

/* An entry "dsn" = "kept" with the password of vectors.md's head. */
static void named_vectors(void)
{
    struct bytes b[3];
    must(ww_named_entry_create(journey.op, "dsn", "a long walk by the sea", 22, "kept", 4, NULL));
    row("SELECT id, tag, blob FROM named", b, 3);
    add("named.id", b[0]);
    add("named.tag", b[1]);
    add("named.blob", b[2]);
    static const uint8_t store = NAMED_ENTRIES;
    struct bytes aad = joined(b[0], BYTES(&store, 1));
    add("named.content", unpadded(open_sk((struct place){"named", NULL, 0, aad}, b[2])));
}

static void make_vectors(void)
{
    open_site();
    live();
    account_vectors(journey.session->record);
    vault_vectors(journey.session->record);
    other_vectors(journey.session->record);
    code_vectors(journey.given);
    epoch_vectors(journey.given);
    share_vectors(journey.session->record);
    device_vectors();
    letter_vectors();
    public_vectors(journey.session->record);
    named_vectors();
}

/* ---- the document ---- */

static void print_vectors(void)
{
    printf(
        "# Vectors\n\n"
        "What one journey stores when the clock stands at 1700000000000000 and randomness is SplitMix64 "
        "over a\n"
        "counter (`test/unit/test_formats.c`, which compares every byte and writes this page with "
        "`--print`):\n"
        "the server key is 00 01 … 1f, Ada registers as `ada@example.org` with the password\n"
        "`a long walk by the sea` (Argon2id, 19 MiB, t = 2), and puts the item `note` = `hello`. Bob "
        "registers and\ncloses his account. At the end Ada makes ten recovery codes and starts a new epoch "
        "(`codes.*`, `epochs.2.*`,\n`vaults.ring.2.content`); then she shares `plan` = `at noon` with "
        "Cleo,\nand writes letters (`letters.*`): `for myself` and `for Cleo`; `publics.*` is `motto` = "
        "`figs for all` of the deployment.\n"
        "`content` is what the blob opens to, without its padding.\n");
    for (size_t i = 0; i < journey.n; i++) {
        const struct vector *v = &journey.vectors[i];
        printf("\n## %s\n```\n", v->name);
        for (size_t at = 0; at < v->value.n; at++) {
            printf("%02x%s", v->value.p[at], (at + 1) % LINE_BYTES == 0 || at + 1 == v->value.n ? "\n" : "");
        }
        printf("```\n");
    }
}

/* The hex below "## name", without its line ends; malloc. */
static char *documented(const char *name)
{
    FILE *f = fopen(vectors_path, "r");
    char line[256], heading[80];
    bool here = false;
    size_t n = 0;
    char *hex = calloc(1, 1 << 16);
    assert_non_null(f);
    assert_non_null(hex);
    snprintf(heading, sizeof heading, "## %s\n", name);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#') {
            here = strcmp(line, heading) == 0;
        } else if (here && line[0] != '`') {
            size_t length = strcspn(line, "\n");
            assert_true(n + length < 1 << 16);
            memcpy(hex + n, line, length);
            n += length;
        }
    }
    fclose(f);
    return hex;
}

static void every_stored_byte_is_as_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < journey.n; i++) {
        const struct vector *v = &journey.vectors[i];
        char *made = malloc(2 * v->value.n + 1), *wanted = documented(v->name);
        assert_non_null(made);
        hex_encode(made, v->value.p, v->value.n);
        if (strcmp(made, wanted) != 0) {
            fail_msg("%s is %s", v->name, made);
        }
        free(made);
        free(wanted);
    }
}

static void no_documented_vector_is_unmade(void **state)
{
    FILE *f = fopen(vectors_path, "r");
    char line[256];
    size_t headings = 0;
    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        headings += strncmp(line, "## ", 3) == 0;
    }
    fclose(f);
    assert_int_equal(headings, journey.n);
}

static void clean_up(void)
{
    static const char *const names[] = {"data/watchword.db",
                                        "data/watchword.db-wal",
                                        "data/watchword.db-shm",
                                        "keys/server.key",
                                        "data",
                                        "keys",
                                        ""};
    ww_op_end(journey.op);
    ww_close(journey.ww);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", journey.directory, names[i]);
        remove(path);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stored_byte_is_as_documented),
        cmocka_unit_test(no_documented_vector_is_unmade),
    };
    int code = 0;
    if (argc != 2) {
        return 2;
    }
    make_vectors();
    if (strcmp(argv[1], "--print") == 0) {
        print_vectors();
    } else {
        vectors_path = argv[1];
        cmocka_set_message_output(CM_OUTPUT_TAP);
        code = cmocka_run_group_tests(tests, NULL, NULL);
    }
    clean_up();
    return code;
}
