/* The vault's tree (vault.md §8): where entries stand, how they are read and written, which leaf a name is
 * in, and how the tree deepens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "site.h"
#include "vault_int.h"

enum { FEW = 5, NAME_LENGTH = 1000, MANY = 60 };

static int begin(void **state)
{
    struct ww_op *op = calloc(1, sizeof *op);
    assert_non_null(op);
    op_init(op, NULL, NULL);
    *state = op;
    return 0;
}

static int end(void **state)
{
    op_free(*state);
    free(*state);
    return 0;
}

/* In the order of the tree: by space, then byte by byte, the shorter first. */
static const struct {
    uint8_t space;
    const char *name;
} sorted[FEW] = {{0, "a"}, {0, "aa"}, {0, "b"}, {1, "a"}, {2, "\xc3\xa9"}};

static void fill_leaf(struct ww_op *op, struct leaf *l)
{
    *l = (struct leaf){.loaded = true, .n = FEW, .capacity = FEW};
    l->entries = ARENA_ARRAY(&op->arena, FEW, struct entry);
    assert_non_null(l->entries);
    for (size_t i = 0; i < FEW; i++) {
        l->entries[i] =
            (struct entry){.space = sorted[i].space, .name = bytes_str(sorted[i].name), .version = i + 1};
        op_random(op, &l->entries[i].key, sizeof l->entries[i].key);
    }
}

static size_t position(const struct leaf *l, uint8_t space, const char *name, bool *found)
{
    return vault_entry_position(l, space, bytes_str(name), found);
}

static void entries_are_found_where_they_stand_or_would(void **state)
{
    struct leaf l, empty = {0};
    bool found;
    fill_leaf(*state, &l);
    for (size_t i = 0; i < FEW; i++) {
        assert_int_equal(position(&l, sorted[i].space, sorted[i].name, &found), i);
        assert_true(found);
    }
    assert_int_equal(position(&l, 0, "0", &found), 0);
    assert_false(found);
    assert_int_equal(position(&l, 0, "aaa", &found), 2);
    assert_false(found);
    assert_int_equal(position(&l, 1, "0", &found), 3); /* another space is another name */
    assert_false(found);
    assert_int_equal(position(&l, 255, "z", &found), FEW);
    assert_false(found);
    assert_int_equal(position(&empty, 0, "a", &found), 0);
    assert_false(found);
}

static struct bytes written(struct ww_op *op, const struct leaf *l)
{
    struct buf b = BUF(&op->arena);
    vault_entries_write(&b, l);
    assert_int_equal(buf_done(&b).n, vault_entries_length(l));
    return buf_done(&b);
}

static enum ww_err read_again(struct ww_op *op, struct bytes from, struct leaf *out)
{
    struct reader in = READER(from);
    *out = (struct leaf){0};
    return vault_entries_read(op, &in, out);
}

static void entries_are_read_as_they_were_written(void **state)
{
    struct leaf l, again;
    fill_leaf(*state, &l);
    assert_int_equal(read_again(*state, written(*state, &l), &again), WW_OK);
    assert_int_equal(again.n, FEW);
    for (size_t i = 0; i < FEW; i++) {
        assert_true(bytes_equal(again.entries[i].name, l.entries[i].name));
        assert_memory_equal(&again.entries[i].key, &l.entries[i].key, sizeof l.entries[i].key);
        assert_int_equal(again.entries[i].version, i + 1);
    }
    assert_int_equal(read_again(*state, BYTES("", 0), &again), WW_OK);
    assert_int_equal(again.n, 0);
}

static void entries_that_are_cut_unsorted_or_twice_are_tampering(void **state)
{
    struct leaf l, again;
    fill_leaf(*state, &l);
    struct bytes whole = written(*state, &l);
    size_t ends = 0; /* lengths at which an entry ends: nothing tells a shorter leaf from a whole one there */
    for (size_t n = 1; n < whole.n; n++) {
        ends += read_again(*state, BYTES(whole.p, n), &again) == WW_OK;
    }
    assert_int_equal(ends, FEW - 1);
    struct entry first = l.entries[0];
    l.entries[0] = l.entries[1];
    l.entries[1] = first;
    assert_int_equal(read_again(*state, written(*state, &l), &again), WW_ETAMPERED);
    l.entries[0] = l.entries[1];
    assert_int_equal(read_again(*state, written(*state, &l), &again), WW_ETAMPERED);
}

/* The leaf at depth d + 1 is one of the two that the leaf at depth d is dealt out to. */
static void a_leafs_number_is_the_first_bits_of_a_digest(void **state)
{
    struct ww_op *op = *state;
    struct vault v = {.account_uuid = uuid_new(op)};
    size_t used[1 << VAULT_DEPTH_MAX] = {0}, distinct = 0;
    op_random(op, &v.pick, sizeof v.pick);
    for (int i = 0; i < 5000; i++) {
        char name[20];
        size_t before = 0;
        snprintf(name, sizeof name, "name %d", i);
        for (v.depth = 0; v.depth <= VAULT_DEPTH_MAX; v.depth++) {
            size_t number = vault_leaf_number(&v, 0, bytes_str(name));
            assert_int_equal(v.depth ? number >> 1 : number, v.depth ? before : 0);
            before = number;
        }
        distinct += used[before]++ == 0;
    }
    assert_true(distinct > 900); /* of 1,024: names are spread over all */
    v.depth = VAULT_DEPTH_MAX;
    assert_int_not_equal(vault_leaf_number(&v, 0, bytes_str("a")), vault_leaf_number(&v, 1, bytes_str("a")));
}

static void a_tree_that_cannot_deepen_is_full(void **state)
{
    struct ww_op *op = *state;
    struct vault v = {.depth = VAULT_DEPTH_MAX};
    char *name = arena_alloc(&op->arena, NAME_LENGTH);
    v.leaves = ARENA_ARRAY(&op->arena, leaf_count(&v), struct leaf);
    struct leaf *l = &v.leaves[3];
    *l = (struct leaf){.loaded = true, .n = 16, .capacity = 16};
    l->entries = ARENA_ARRAY(&op->arena, 16, struct entry);
    memset(name, 'x', NAME_LENGTH);
    for (size_t i = 0; i < l->n; i++) {
        l->entries[i].name = BYTES(name, NAME_LENGTH);
    }
    assert_true(vault_entries_length(l) > VAULT_LEAF_MAX);
    assert_int_equal(vault_leaves_fit(op, NULL, &v), WW_EFULL);
    l->n = 15;
    assert_true(vault_entries_length(l) <= VAULT_LEAF_MAX);
    assert_int_equal(vault_leaves_fit(op, NULL, &v), WW_OK);
}

/* ---- a vault that grows and shrinks, beside a model of it ---- */

static void long_name(char out[NAME_LENGTH + 1], int i)
{
    memset(out, 'n', NAME_LENGTH);
    out[NAME_LENGTH] = 0;
    snprintf(out, 12, "%010d", i * 7919 % 1000);
    out[10] = '-';
}

static bool listed(struct site *s, struct ww_session *session, bool present[MANY])
{
    const struct ww_item_entry *const *entries;
    struct ww_page page = {.size = sizeof page, .limit = MANY + 1};
    size_t expected = 0;
    char name[NAME_LENGTH + 1];
    assert_int_equal(ww_item_list(s->op, session, NULL, &page, &entries), WW_OK);
    for (int i = 0; i < MANY; i++) {
        bool found = false;
        long_name(name, i);
        for (size_t j = 0; j < page.count; j++) {
            found = found || strcmp(entries[j]->name, name) == 0;
            assert_true(j == 0 || strcmp(entries[j - 1]->name, entries[j]->name) < 0);
        }
        assert_int_equal(found, present[i]);
        expected += present[i];
    }
    return page.count == expected;
}

static void a_vault_deepens_and_keeps_every_name(void **state)
{
    struct site s;
    bool present[MANY] = {false};
    char name[NAME_LENGTH + 1], *token;
    const void *value;
    size_t n;
    (void)state;
    site_open(&s, NULL);
    token = site_register(&s, "ada");
    for (int i = 0; i < MANY; i++) {
        long_name(name, i);
        assert_int_equal(site_put(&s, token, name, name), WW_OK);
        present[i] = true;
        if (i % 3 == 2) {
            long_name(name, i - 1);
            struct ww_session *session = site_resume(&s, token);
            assert_int_equal(ww_item_delete(s.op, session, name, NULL), WW_OK);
            present[i - 1] = false;
        }
        if (i % 10 == 9) {
            assert_true(listed(&s, site_resume(&s, token), present));
            assert_int_equal(site_check(&s), 0); /* leaves are none or 2^d */
        }
    }
    for (int i = 0; i < MANY; i++) {
        long_name(name, i);
        struct ww_session *session = site_resume(&s, token);
        enum ww_err err = ww_item_get(s.op, session, name, &value, &n, NULL);
        assert_int_equal(err, present[i] ? WW_OK : WW_ENOTFOUND);
        assert_true(err || (n == NAME_LENGTH && memcmp(value, name, n) == 0));
    }
    uint8_t *leaf = site_blob(&s, "SELECT blob FROM leaves WHERE number = 3", &n);
    assert_non_null(leaf); /* 40 names of 1,000 bytes do not fit two leaves of 16 KiB */
    free(leaf);
    free(token);
    site_close(&s);
}

/* ---- listings that are kept for their pages ---- */

enum { ITEMS = 1500, OF_A_PAGE = 100 };

static void put_many(struct site *s, const char *token)
{
    static struct ww_item_change changes[ITEMS];
    static char names[ITEMS][80];
    for (int i = 0; i < ITEMS; i++) {
        snprintf(names[i], sizeof names[i], "item %05d with a name of some length", i * 7 % ITEMS);
        changes[i] = (struct ww_item_change){.size = sizeof changes[i],
                                             .action = WW_ITEM_PUT,
                                             .name = names[i],
                                             .value = "",
                                             .value_length = 0};
    }
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_item_change(s->op, session, changes, ITEMS), WW_OK);
}

/* A page behind the item of this number (-1: the first), in an operation of its own. */
static enum ww_err page_after(struct site *s, const char *token, int number, const char *prefix,
                              struct ww_page *page, const struct ww_item_entry *const **entries)
{
    static char after[80];
    struct ww_session *session = site_resume(s, token);
    snprintf(after, sizeof after, "item %05d with a name of some length", number);
    *page = (struct ww_page){.size = sizeof *page, .limit = OF_A_PAGE, .token = number < 0 ? NULL : after};
    return ww_item_list(s->op, session, prefix, page, entries);
}

static void assert_page(struct site *s, const char *token, int number, const char *prefix, int first,
                        size_t n)
{
    const struct ww_item_entry *const *entries, *found;
    struct ww_page page;
    assert_int_equal(page_after(s, token, number, prefix, &page, &entries), WW_OK);
    assert_int_equal(page.count, n);
    for (size_t i = 0; i < n; i++) {
        char name[80];
        snprintf(name, sizeof name, "item %05zu with a name of some length", (size_t)first + i);
        assert_string_equal(entries[i]->name, name);
    }
    if (n) {
        struct ww_session *session = site_resume(s, token);
        char id[33];
        assert_int_equal(page_after(s, token, number, prefix, &page, &entries), WW_OK);
        strcpy(id, entries[n / 2]->id);
        session = site_resume(s, token);
        assert_int_equal(ww_item_find(s->op, session, id, &found), WW_OK);
        assert_string_equal(found->id, id);
    }
}

static enum ww_err page_error(struct site *s, const char *token, int number)
{
    const struct ww_item_entry *const *entries;
    struct ww_page page;
    return page_after(s, token, number, NULL, &page, &entries);
}

/* That no leaf is opened for a page behind the second is seen by altering all of them. */
static void one_listing_serves_its_pages(void **state)
{
    static const char swap[] = "UPDATE leaves SET number = -1 - number";
    struct site s;
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    put_many(&s, token);
    assert_page(&s, token, -1, NULL, 0, OF_A_PAGE);
    site_sql(&s, swap, NULL, 0);
    assert_int_equal(page_error(&s, token, 99), WW_ETAMPERED); /* the first page keeps nothing */
    site_sql(&s, swap, NULL, 0);
    assert_page(&s, token, 99, NULL, 100, OF_A_PAGE);
    site_sql(&s, swap, NULL, 0);
    for (int i = 99; i < 1399; i += 100) {
        assert_page(&s, token, i, NULL, i + 1, OF_A_PAGE);
    }
    assert_page(&s, token, 1450, NULL, 1451, 49);
    assert_page(&s, token, 1499, NULL, 0, 0);
    assert_page(&s, token, 3, "item 01", 1000, OF_A_PAGE);
    assert_page(&s, token, 1020, "item 010", 1021, 79);
    assert_page(&s, token, 1120, "item 010", 0, 0);
    assert_page(&s, token, 3, "nothing", 0, 0);
    /* A first page reads what is stored, and what was kept is forgotten after a while, or by a write. */
    assert_int_equal(page_error(&s, token, -1), WW_ETAMPERED);
    s.offset += 121000000;
    assert_int_equal(ww_maintain(site_next(&s)), WW_OK);
    assert_int_equal(page_error(&s, token, 99), WW_ETAMPERED);
    site_sql(&s, swap, NULL, 0);
    assert_page(&s, token, 99, NULL, 100, OF_A_PAGE);
    assert_int_equal(site_put(&s, token, "item 00100", "sorts before"), WW_OK);
    const struct ww_item_entry *const *entries;
    struct ww_page page;
    assert_int_equal(page_after(&s, token, 99, NULL, &page, &entries), WW_OK);
    assert_string_equal(entries[0]->name, "item 00100");
    free(token);
    site_close(&s);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(entries_are_found_where_they_stand_or_would),
        CASE(entries_are_read_as_they_were_written),
        CASE(entries_that_are_cut_unsorted_or_twice_are_tampering),
        CASE(a_leafs_number_is_the_first_bits_of_a_digest),
        CASE(a_tree_that_cannot_deepen_is_full),
        cmocka_unit_test(a_vault_deepens_and_keeps_every_name),
        cmocka_unit_test(one_listing_serves_its_pages),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
