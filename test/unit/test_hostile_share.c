/* Hostile storage (vault.md §15) against shares: every blob and every plain column of shares, wraps and the
 * keys they rest on, altered by who may write to the database. Expected: refused by name, never a wrong
 * value, and who was not named reads nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account_int.h"
#include "api_int.h"
#include "curves.h"
#include "share.h"
#include "site.h"

struct trio {
    struct site site;
    char *ada, *bob, *eve; /* tokens; ada shares with bob, eve writes to the database */
};

static enum ww_err put(struct trio *t, const char *token, const char *name, const char *value, const char *to)
{
    const char *list[] = {to};
    struct ww_session *session = site_resume(&t->site, token);
    return ww_share_put(t->site.op, session, name, value, strlen(value), list, 1, NULL, NULL);
}

static int open_trio(void **state)
{
    struct trio *t = calloc(1, sizeof *t);
    assert_non_null(t);
    site_open(&t->site, NULL);
    t->ada = site_register(&t->site, "ada");
    t->bob = site_register(&t->site, "bob");
    t->eve = site_register(&t->site, "eve");
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_OK);
    assert_int_equal(put(t, t->eve, "plan", "of eve", "ada@example.org"), WW_OK);
    *state = t;
    return 0;
}

static int close_trio(void **state)
{
    struct trio *t = *state;
    free(t->ada);
    free(t->bob);
    free(t->eve);
    site_close(&t->site);
    free(t);
    return 0;
}

static enum ww_err receive(struct trio *t, const char *token)
{
    const void *value;
    size_t n;
    struct ww_session *session = site_resume(&t->site, token);
    enum ww_err err = ww_inbox_get(t->site.op, session, "plan", NULL, &value, &n, NULL);
    if (err == WW_OK) {
        assert_string_equal(value, "of ada"); /* never another value */
    }
    return err;
}

static enum ww_err read_own(struct trio *t)
{
    const void *value;
    size_t n;
    struct ww_session *session = site_resume(&t->site, t->ada);
    enum ww_err err = ww_share_get(t->site.op, session, "plan", &value, &n, NULL);
    if (err == WW_OK) {
        assert_string_equal(value, "of ada");
    }
    return err;
}

static enum ww_err list_inbox(struct trio *t)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_received *const *received;
    struct ww_session *resumed1 = site_resume(&t->site, t->bob);
    return ww_inbox_list(t->site.op, resumed1, &page, &received);
}

#define ADA      "(SELECT uuid FROM accounts WHERE id = (SELECT min(id) FROM accounts))"
#define BOB      "(SELECT uuid FROM accounts WHERE id = (SELECT min(id) + 1 FROM accounts))"
#define EVE      "(SELECT uuid FROM accounts WHERE id = (SELECT max(id) FROM accounts))"
#define OF_SHARE " WHERE sender = " ADA
#define OF_WRAP  " WHERE sender = " ADA

static void every_flipped_byte_is_refused(void **state)
{
    static const struct {
        const char *table, *column;
        enum ww_err own;
        bool found; /* the column is what it is found by: then it is not there */
    } blobs[] = {
        {"shares", "blob", WW_ETAMPERED, false}, {"shares", "signature", WW_ETAMPERED, false},
        {"shares", "id", WW_ETAMPERED, false},   {"wraps", "blob", WW_OK, false},
        {"wraps", "share", WW_OK, false},        {"wraps", "tag", WW_OK, true},
    };
    struct trio *t = *state;
    assert_int_equal(receive(t, t->bob), WW_OK);
    for (size_t i = 0; i < sizeof blobs / sizeof *blobs; i++) {
        char read[200], write[200];
        size_t n;
        snprintf(read, sizeof read, "SELECT %s FROM %s WHERE sender = " ADA, blobs[i].column, blobs[i].table);
        snprintf(write, sizeof write, "UPDATE %s SET %s = $1 WHERE sender = " ADA, blobs[i].table,
                 blobs[i].column);
        uint8_t *blob = site_blob(&t->site, read, &n);
        assert_non_null(blob);
        for (size_t at = 0; at < n; at += at < 80 ? 5 : 37) {
            blob[at] ^= 0x10;
            site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(blob, n))));
            enum ww_err got = receive(t, t->bob), listed = list_inbox(t), own = read_own(t);
            if (got != (blobs[i].found ? WW_ENOTFOUND : WW_ETAMPERED) || listed != WW_ETAMPERED ||
                own != blobs[i].own) {
                fail_msg("%s.%s byte %zu: received %s, listed %s, own %s", blobs[i].table, blobs[i].column,
                         at, ww_err_name(got), ww_err_name(listed), ww_err_name(own));
            }
            blob[at] ^= 0x10;
        }
        for (size_t cut = 0; cut < 2; cut++) {
            site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(blob, cut ? n - 1 : 0))));
            assert_int_not_equal(receive(t, t->bob), WW_OK);
            assert_int_equal(list_inbox(t), WW_ETAMPERED);
        }
        site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(blob, n))));
        assert_int_equal(receive(t, t->bob), WW_OK);
        free(blob);
    }
}

/* What is altered, and what bob gets then. */
static void plain_columns_are_never_believed(void **state)
{
    static const struct {
        const char *alter, *restore;
        enum ww_err received, own;
    } cases[] = {
        {"UPDATE shares SET version = version + 1" OF_SHARE,
         "UPDATE shares SET version = version - 1" OF_SHARE, WW_ETAMPERED, WW_ETAMPERED},
        {"UPDATE shares SET version = -1" OF_SHARE, NULL, WW_ETAMPERED, WW_ETAMPERED},
        {"UPDATE shares SET epoch = 2" OF_SHARE, "UPDATE shares SET epoch = 1" OF_SHARE, WW_ETAMPERED,
         WW_ETAMPERED},
        {"UPDATE shares SET epoch = 0" OF_SHARE, NULL, WW_ETAMPERED, WW_ETAMPERED},
        {"UPDATE shares SET sender = " EVE OF_SHARE, NULL, WW_ETAMPERED, WW_ETAMPERED},
        {"UPDATE wraps SET sender = " EVE OF_WRAP, NULL, WW_ENOTFOUND, WW_OK},
        {"UPDATE wraps SET recipient = " EVE OF_WRAP, NULL, WW_ENOTFOUND, WW_OK},
        {"UPDATE wraps SET sender_epoch = 2" OF_WRAP, NULL, WW_ETAMPERED, WW_OK},
        {"UPDATE wraps SET sender_epoch = 0" OF_WRAP, NULL, WW_ETAMPERED, WW_OK},
        {"UPDATE wraps SET recipient_epoch = 2" OF_WRAP, NULL, WW_ETAMPERED, WW_OK},
        {"UPDATE wraps SET recipient_epoch = -5" OF_WRAP, NULL, WW_ETAMPERED, WW_OK},
        {"DELETE FROM shares" OF_SHARE, NULL, WW_ETAMPERED, WW_ETAMPERED},
        {"DELETE FROM wraps" OF_WRAP, NULL, WW_ENOTFOUND, WW_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trio *t = *state;
        assert_int_equal(receive(t, t->bob), WW_OK);
        site_sql(&t->site, cases[i].alter, NULL, 0);
        enum ww_err received = receive(t, t->bob), own = read_own(t), other = receive(t, t->eve);
        if (received != cases[i].received || own != cases[i].own || other == WW_OK) {
            fail_msg("%s: received %s, own %s, by eve %s", cases[i].alter, ww_err_name(received),
                     ww_err_name(own), ww_err_name(other));
        }
        close_trio(state);
        open_trio(state);
    }
}

static void an_older_version_does_not_open_with_the_newer_keys(void **state)
{
    struct trio *t = *state;
    site_sql(&t->site, "CREATE TABLE saved AS SELECT * FROM shares" OF_SHARE, NULL, 0);
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_OK);
    site_sql(&t->site, "DELETE FROM shares" OF_SHARE, NULL, 0);
    site_sql(&t->site, "INSERT INTO shares SELECT * FROM saved", NULL, 0);
    assert_int_equal(receive(t, t->bob), WW_ETAMPERED);
    assert_int_equal(read_own(t), WW_ETAMPERED);
    site_sql(&t->site, "DROP TABLE saved", NULL, 0);
}

/* A wrap of somebody else's, and one that was made up: the recipient's list is not made from wraps. */
static void a_wrap_that_was_added_opens_nothing(void **state)
{
    struct trio *t = *state;
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *shares;
    site_sql(&t->site,
             "INSERT INTO wraps (share, recipient, sender, sender_epoch, recipient_epoch, tag, blob)"
             " SELECT share, " EVE ", sender, sender_epoch, recipient_epoch, tag, blob FROM wraps" OF_WRAP,
             NULL, 0);
    assert_int_not_equal(receive(t, t->eve), WW_OK);
    struct ww_session *resumed2 = site_resume(&t->site, t->ada);
    assert_int_equal(ww_share_list(t->site.op, resumed2, NULL, &page, &shares), WW_OK);
    assert_int_equal(shares[0]->to_count, 1);
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_OK);
    assert_int_equal(receive(t, t->eve), WW_ENOTFOUND); /* the next write sweeps it out */
    assert_int_equal(receive(t, t->bob), WW_OK);
}

static void an_identifier_pointed_elsewhere_gets_nothing(void **state)
{
    struct trio *t = *state;
    site_sql(&t->site,
             "UPDATE identifiers SET account = (SELECT max(id) FROM accounts)"
             " WHERE account = (SELECT min(id) + 1 FROM accounts)",
             NULL, 0);
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_ENOTFOUND);
    assert_string_equal(ww_op_problem(t->site.op)->id, "recipient_unknown");
    assert_int_equal(receive(t, t->eve), WW_ENOTFOUND);
}

static void altered_keys_are_refused(void **state)
{
    struct trio *t = *state;
    size_t n;
    uint8_t *blob = site_blob(&t->site, "SELECT blob FROM epochs WHERE uuid = " BOB, &n);
    assert_non_null(blob);
    blob[n - 1] ^= 1;
    site_sql(&t->site, "UPDATE epochs SET blob = $1 WHERE uuid = " BOB, DB_ARGS(DB_B(BYTES(blob, n))));
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_ETAMPERED);
    site_sql(&t->site, "DELETE FROM epochs WHERE uuid = " BOB, NULL, 0);
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_ETAMPERED);
    /* another's keys at bob's place */
    site_sql(&t->site,
             "INSERT INTO epochs (uuid, n, blob) SELECT " BOB ", n, blob FROM epochs WHERE uuid = " EVE, NULL,
             0);
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_ETAMPERED);
    free(blob);
}

/* ---- who has the server key too may seal records and epochs ---- */

/* Bob's record and his only epoch, changed and sealed again. */
static void forge_keys(struct trio *t, void (*change)(struct epoch_row *e, const struct uuid *id))
{
    struct ww_op *op = site_next(&t->site);
    struct store *s = op->ww->service.store;
    struct epoch_row *epochs;
    struct record *r;
    struct key tag;
    assert_int_equal(account_find(op, &op->ww->service, "bob@example.org", &tag, &r), WW_OK);
    assert_int_equal(store_epoch_list(op, s, &r->uuid, 1, &epochs), WW_OK);
    site_sql(&t->site, "DELETE FROM epochs WHERE uuid = " BOB, NULL, 0);
    assert_int_equal(store_tx_begin(op, s, DB_WRITE), WW_OK);
    change(&epochs[0], &r->uuid);
    r->box_key = epochs[0].box_key;
    r->sign_key = epochs[0].sign_key;
    assert_int_equal(store_record_update(op, s, r), WW_OK);
    assert_int_equal(store_epoch_insert(op, s, &r->uuid, &epochs[0]), WW_OK);
    assert_int_equal(store_tx_commit(op), WW_OK);
}

static const struct key forged_seed = {{9}};

static void another_box_key(struct epoch_row *e, const struct uuid *id)
{
    (void)id;
    curves_box_public(&e->box_key, &forged_seed);
}

static void no_start(struct epoch_row *e, const struct uuid *id)
{
    (void)id;
    e->start = false;
}

static void no_signature(struct epoch_row *e, const struct uuid *id)
{
    (void)id;
    memset(e->signature, 0, sizeof e->signature);
}

/* v1.sig-epoch ‖ uuid ‖ u32 n ‖ box key ‖ sign key, by a key of the attacker's. */
static void sign_forged(struct epoch_row *e, const struct uuid *id)
{
    uint8_t text[16 + 16 + 4 + 32 + 32] = "v1.sig-epoch";
    memcpy(text + 16, id->b, 16);
    text[35] = (uint8_t)e->n;
    memcpy(text + 36, e->box_key.b, 32);
    memcpy(text + 68, e->sign_key.b, 32);
    curves_sign(e->signature, &forged_seed, BYTES(text, sizeof text));
}

static void another_box_key_signed_by_another(struct epoch_row *e, const struct uuid *id)
{
    another_box_key(e, id);
    sign_forged(e, id);
}

static void keys_of_the_attacker(struct epoch_row *e, const struct uuid *id)
{
    another_box_key(e, id);
    curves_sign_public(&e->sign_key, &forged_seed);
    sign_forged(e, id);
}

/* The sign key that people compare stays, the box key beside it is another: the digits would still agree, so
 * nothing may be sealed for it, before the first contact or after. */
static void a_box_key_that_its_sign_key_does_not_vouch_for_is_refused(void **state)
{
    void (*const changes[])(struct epoch_row *, const struct uuid *) = {
        another_box_key, no_start, no_signature, another_box_key_signed_by_another};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct trio *t = *state;
        const char *fingerprint;
        forge_keys(t, changes[i]);
        assert_int_equal(put(t, t->eve, "new", "of eve", "bob@example.org"), WW_ETAMPERED);
        assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_ECONFLICT);
        assert_string_equal(ww_op_problem(t->site.op)->id, "contact_changed");
        assert_int_equal(put(t, t->bob, "plan", "of bob", "eve@example.org"), WW_OK); /* with his own keys */
        assert_int_equal(receive(t, t->eve), WW_ETAMPERED);
        struct ww_session *session = site_resume(&t->site, t->bob);
        assert_int_equal(ww_fingerprint(t->site.op, session, &fingerprint), WW_ETAMPERED);
        assert_true(site_check(&t->site) > 0);
        close_trio(state);
        open_trio(state);
    }
}

/* vault.md §2, writer with SK: "to offer false public keys to new contacts". The fingerprint tells. */
static void limit_false_keys_for_new_contacts_show_in_the_fingerprint(void **state)
{
    struct trio *t = *state;
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    const char *own;
    struct ww_session *session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_fingerprint(t->site.op, session, &own), WW_OK);
    char *true_one = strdup(own);
    forge_keys(t, keys_of_the_attacker);
    assert_int_equal(put(t, t->ada, "plan", "of ada", "bob@example.org"), WW_ECONFLICT); /* known before */
    assert_int_equal(put(t, t->eve, "new", "of eve", "bob@example.org"), WW_OK);
    session = site_resume(&t->site, t->eve);
    assert_int_equal(ww_contact_list(t->site.op, session, &page, &contacts), WW_OK);
    bool seen = false;
    for (size_t i = 0; i < page.count; i++) {
        seen = seen || (contacts[i]->identifier && strcmp(contacts[i]->identifier, "bob@example.org") == 0 &&
                        strcmp(contacts[i]->fingerprint, true_one) != 0);
    }
    assert_true(seen);
    session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_fingerprint(t->site.op, session, &own), WW_ETAMPERED); /* and the owner hears of it */
    free(true_one);
}

/* vault.md §14.6: with write access an older version of a share, with the wraps of then, is shown to those
 * who could read it. Its sender is told. */
static void limit_an_older_version_of_a_share_can_be_shown(void **state)
{
    struct trio *t = *state;
    site_sql(&t->site, "CREATE TABLE saved_shares AS SELECT * FROM shares" OF_SHARE, NULL, 0);
    site_sql(&t->site, "CREATE TABLE saved_wraps AS SELECT * FROM wraps" OF_WRAP, NULL, 0);
    assert_int_equal(put(t, t->ada, "plan", "newer", "bob@example.org"), WW_OK);
    site_sql(&t->site, "DELETE FROM shares" OF_SHARE, NULL, 0);
    site_sql(&t->site, "DELETE FROM wraps" OF_WRAP, NULL, 0);
    site_sql(&t->site, "INSERT INTO shares SELECT * FROM saved_shares", NULL, 0);
    site_sql(&t->site, "INSERT INTO wraps SELECT * FROM saved_wraps", NULL, 0);
    assert_int_equal(receive(t, t->bob), WW_OK); /* "of ada" */
    assert_int_equal(read_own(t), WW_ETAMPERED);
    assert_int_equal(receive(t, t->eve), WW_ENOTFOUND); /* and to nobody else */
    site_sql(&t->site, "DROP TABLE saved_shares", NULL, 0);
    site_sql(&t->site, "DROP TABLE saved_wraps", NULL, 0);
}

/* vault.md §14.7: who shares with whom is visible in the database. */
static void limit_who_shares_with_whom_is_visible(void **state)
{
    struct trio *t = *state;
    size_t n = 0;
    uint8_t *sender = site_blob(&t->site, "SELECT sender FROM wraps WHERE recipient = " BOB, &n);
    uint8_t *ada =
        site_blob(&t->site, "SELECT uuid FROM accounts WHERE id = (SELECT min(id) FROM accounts)", &n);
    assert_non_null(sender);
    assert_non_null(ada);
    assert_memory_equal(sender, ada, 16);
    free(sender);
    free(ada);
}

/* Rows that no share of a living account has: ignored, and told by check. */
static void rows_that_nothing_names_are_reported(void **state)
{
    static const char *const added[] = {
        "INSERT INTO shares (id, sender, version, epoch, signature, blob) SELECT $1, " ADA
        ", 1, 1, signature, blob FROM shares" OF_SHARE,
        "INSERT INTO shares (id, sender, version, epoch, signature, blob) VALUES ($1, $1, 1, 1, $1, $1)",
        "INSERT INTO wraps (share, recipient, sender, sender_epoch, recipient_epoch, tag, blob)"
        " SELECT $1, recipient, sender, 1, 1, tag, blob FROM wraps" OF_WRAP,
        "INSERT INTO wraps (share, recipient, sender, sender_epoch, recipient_epoch, tag, blob)"
        " VALUES ($1, $1, $1, 1, 1, $1, $1)",
        "UPDATE wraps SET blob = $1" OF_WRAP,
        "UPDATE shares SET signature = $1" OF_SHARE,
    };
    const uint8_t id[16] = {7};
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        struct trio *t = *state;
        assert_int_equal(site_check(&t->site), 0);
        site_sql(&t->site, added[i], DB_ARGS(DB_B(BYTES(id, sizeof id))));
        if (site_check(&t->site) != 1) {
            fail_msg("not one problem after: %s", added[i]);
        }
        close_trio(state);
        open_trio(state);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_trio, close_trio)
    const struct CMUnitTest tests[] = {
        CASE(every_flipped_byte_is_refused),
        CASE(plain_columns_are_never_believed),
        CASE(an_older_version_does_not_open_with_the_newer_keys),
        CASE(a_wrap_that_was_added_opens_nothing),
        CASE(an_identifier_pointed_elsewhere_gets_nothing),
        CASE(altered_keys_are_refused),
        CASE(a_box_key_that_its_sign_key_does_not_vouch_for_is_refused),
        CASE(limit_false_keys_for_new_contacts_show_in_the_fingerprint),
        CASE(limit_an_older_version_of_a_share_can_be_shown),
        CASE(limit_who_shares_with_whom_is_visible),
        CASE(rows_that_nothing_names_are_reported),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
