/* What stands sealed in the database, as it is after opening: the first byte chooses the kind, the rest is
 * the plaintext, which is sealed at its place and opened by the module that reads it. */
#include <string.h>

#include "api_int.h"
#include "audit.h"
#include "fuzz.h"
#include "memory_site.h"
#include "session_int.h"
#include "store_int.h"
#include "vault_int.h"
#include "watchword/flow.h"

static struct store *store_of(struct ww_op *op)
{
    return op->ww->service.store;
}

static void integer_bytes(uint8_t *out, size_t n, uint64_t v)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
}

/* A read ends with one of these and nothing else. */
static bool is_refusal(enum ww_err err)
{
    return err == WW_OK || err == WW_ETAMPERED || err == WW_EROLLEDBACK || err == WW_EDENIED ||
           err == WW_ENOTFOUND;
}

static void record(struct ww_op *op, struct bytes pt)
{
    struct uuid uuid = {{1, 2, 3}};
    uint8_t aad[8];
    struct record *r;
    struct bytes blob;
    struct reader in = READER(pt);
    read_u8(&in);
    int64_t seq = (int64_t)read_u64(&in);
    integer_bytes(aad, sizeof aad, 1);
    struct place place = {.label = "record", .uuid = &uuid, .aad = BYTES(aad, sizeof aad)};
    FUZZ_MUST(store_seal(op, store_of(op), place, pt, &blob) == WW_OK);
    enum ww_err err = store_record_open(op, store_of(op), 1, BYTES_OF(uuid), seq, blob, &r);
    FUZZ_MUST(is_refusal(err));
    if (err == WW_OK) {
        struct js *shown =
            identity_json(op, r, op->ww->service.schemas, "http://127.0.0.1/", IDENTITY_PUBLIC);
        FUZZ_MUST(shown && js_write(&op->arena, shown));
    }
}

static void session_content(struct ww_op *op, struct bytes pt)
{
    struct session_content c = {0};
    struct bytes again;
    enum ww_err err = session_content_read(op, pt, &c);
    FUZZ_MUST(is_refusal(err));
    if (err == WW_OK) {
        FUZZ_MUST(session_content_write(op, &c, &again) == WW_OK &&
                  session_content_read(op, again, &c) == WW_OK);
    }
}

/* ---- the vault ---- */

static struct bytes seal_padded(struct ww_op *op, const struct key *key, struct place place, struct bytes pt)
{
    struct bytes padded, blob;
    FUZZ_MUST(pad(&op->arena, pt, &padded) == WW_OK && seal(op, key, place, padded, &blob) == WW_OK);
    return blob;
}

/* Epoch 1, whose secret is 32 bytes of 'e'. */
static struct bytes right_ring(struct ww_op *op)
{
    uint8_t key[32];
    struct buf b = BUF(&op->arena);
    memset(key, 'p', sizeof key);
    buf_u8(&b, 1);
    buf_add(&b, key, sizeof key);
    buf_u32(&b, 1);
    buf_u32(&b, 1);
    buf_u64(&b, 0);
    memset(key, 'e', sizeof key);
    buf_add(&b, key, sizeof key);
    return buf_done(&b);
}

static struct bytes right_head(struct ww_op *op)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, 1);
    buf_u64(&b, 5);
    buf_u64(&b, 1);
    buf_u8(&b, 0);
    return buf_done(&b);
}

static void open_vault(struct ww_op *op, struct bytes ring, struct bytes head)
{
    struct record r = {.id = 1, .uuid = {{7}}, .seq = 1, .root_generation = 1, .vid = {{9}}, .epoch = 1};
    struct key root = {{4}}, epoch;
    struct vault *v;
    struct vault_entry *entries;
    struct vault_value value;
    size_t n;
    memset(epoch.b, 'e', sizeof epoch.b);
    vault_root_check(&root, &r.uuid, 1, &r.root_check);
    struct vault_row row = {
        .ring = seal_padded(op, &root, (struct place){"ring", &r.uuid, 1, BYTES_OF(r.vid)}, ring),
        .head = seal_padded(op, &epoch, (struct place){"head", &r.uuid, 1, BYTES_OF(r.vid)}, head)};
    enum ww_err err = vault_open(op, store_of(op), &r, &root, &row, &v);
    FUZZ_MUST(is_refusal(err));
    if (err == WW_OK) {
        err = vault_list(op, store_of(op), v, SPACE_ITEMS, bytes_str(""), BYTES(NULL, 0), 100, &entries, &n);
        FUZZ_MUST(is_refusal(err));
        for (size_t i = 0; !err && i < n; i++) { /* there are no such items in the store */
            FUZZ_MUST(vault_get(op, store_of(op), v, SPACE_ITEMS, entries[i].name, &value) != WW_OK);
        }
    }
}

static void ring(struct ww_op *op, struct bytes pt)
{
    open_vault(op, pt, right_head(op));
}

static void head(struct ww_op *op, struct bytes pt)
{
    open_vault(op, right_ring(op), pt);
}

static void leaf(struct ww_op *op, struct bytes pt)
{
    struct leaf l = {0};
    struct reader in = READER(pt);
    struct buf b = BUF(&op->arena);
    enum ww_err err = vault_entries_read(op, &in, &l);
    FUZZ_MUST(is_refusal(err));
    if (err == WW_OK) {
        vault_entries_write(&b, &l);
        FUZZ_MUST(vault_entries_length(&l) == pt.n && bytes_equal(buf_done(&b), pt));
    }
}

/* ---- rows that are read from the store ---- */

static void audit_event(struct ww_op *op, struct bytes pt)
{
    uint8_t aad[16];
    struct bytes blob;
    struct ww_session *session;
    struct ww_page page = {.size = sizeof page, .limit = 10};
    const struct ww_event *const *events;
    integer_bytes(aad, 8, 77);
    integer_bytes(aad + 8, 8, 1);
    struct place place = {.label = "audit", .aad = BYTES(aad, sizeof aad)};
    FUZZ_MUST(ww_session_resume(op, memory_site()->token, &session) == WW_OK);
    int64_t account = api_session(op, session)->record->id;
    FUZZ_MUST(store_seal(op, store_of(op), place, pt, &blob) == WW_OK);
    FUZZ_MUST(
        store_exec(
            op, store_of(op),
            "INSERT INTO audit (node, n, time, account, mark, link, blob) VALUES (77, 1, 1, $1, $2, $2, $2)"
            " ON CONFLICT (node, n) DO UPDATE SET blob = excluded.blob",
            DB_ARGS(DB_I(account), DB_B(blob))) == WW_OK);
    FUZZ_MUST(ww_account_history(op, session, &page, &events) == WW_OK && events);
}

static void flow_row(struct ww_op *op, struct bytes pt)
{
    static const struct uuid id = {{0xf1, 0x0e}};
    struct ww_flow_request in = {.size = sizeof in,
                                 .api = true,
                                 .json = true,
                                 .request_url = "http://127.0.0.1/",
                                 .body = WW_BODY_JSON};
    struct ww_pair query = {.name = "id"};
    struct ww_flow_answer answer = {.size = sizeof answer};
    uint8_t aad[17] = {FLOW_LOGIN};
    struct js *json = NULL;
    struct bytes blob;
    const char *why;
    memcpy(aad + 1, id.b, sizeof id.b);
    struct place place = {.label = "flow", .aad = BYTES(aad, sizeof aad)};
    int64_t expires = js_read(&op->arena, pt, &json, &why) == WW_OK ? js_get_int(json, "expires", 0) : 0;
    FUZZ_MUST(store_seal(op, store_of(op), place, pt, &blob) == WW_OK);
    FUZZ_MUST(store_exec(
                  op, store_of(op),
                  "INSERT INTO flows (id, kind, expires, rev, blob) VALUES ($1, 1, $2, 1, $3)"
                  " ON CONFLICT (id) DO UPDATE SET expires = excluded.expires, blob = excluded.blob, rev = 1",
                  DB_ARGS(DB_B(BYTES_OF(id)), DB_I(expires), DB_B(blob))) == WW_OK);
    query.value = uuid_text(&op->arena, id);
    query.length = strlen(query.value);
    in.query = &query;
    in.query_count = 1;
    FUZZ_MUST(ww_flow_answer(op, WW_LOGIN_FETCH, &in, &answer) == WW_OK && answer.status);
    query.name = "flow";
    in.json_text = "{\"method\":\"password\"}";
    in.json_length = strlen(in.json_text);
    FUZZ_MUST(ww_flow_answer(op, WW_LOGIN_SUBMIT, &in, &answer) == WW_OK && answer.status);
}

/* Bytes that were never sealed. */
static void no_seal(struct ww_op *op, struct bytes blob)
{
    static const struct key key = {{3}};
    struct bytes pt;
    FUZZ_MUST(seal_try(op, &key, (struct place){.label = "item"}, blob, &pt) != WW_OK);
    FUZZ_MUST(store_unseal(op, store_of(op), (struct place){.label = "record"}, blob, &pt) != WW_OK);
    if (unpad(op, blob, &pt) == WW_OK) {
        FUZZ_MUST(padded_length(pt.n) == blob.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct ww_op *, struct bytes) = {record, session_content, ring,     head,
                                                                  leaf,   audit_event,     flow_row, no_seal};
    struct ww_op *op;
    if (size == 0 || data[0] < 'a' || data[0] >= 'a' + sizeof kinds / sizeof kinds[0]) {
        return 0;
    }
    FUZZ_MUST(ww_op_begin(memory_site()->ww, NULL, &op) == WW_OK);
    kinds[data[0] - 'a'](op, BYTES(data + 1, size - 1));
    ww_op_end(op);
    return 0;
}
