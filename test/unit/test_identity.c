/* Identities: what traits yield, what an administrator overrides, what the wire shows, and the JSON of a
 * record (vault.md §6): written, read, and refused when it is not as it was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "identity.h"
#include "store_int.h"

static const char schema_text[] =
    "inline:{\"type\":\"object\",\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{"
    "\"email\":{\"type\":\"string\",\"ory.sh/kratos\":{\"credentials\":{\"password\":{\"identifier\":true}},"
    "\"verification\":{\"via\":\"email\"},\"recovery\":{\"via\":\"email\"}},\"format\":\"no-validate\"},"
    "\"names\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"ory.sh/kratos\":{\"credentials\":{"
    "\"password\":{\"identifier\":true}}}}},"
    "\"phone\":{\"type\":\"string\",\"ory.sh/"
    "kratos\":{\"verification\":{\"via\":\"sms\"}},\"format\":\"no-validate\"},"
    "\"mails\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"ory.sh/kratos\":{\"verification\":{"
    "\"via\":\"email\"}},\"format\":\"no-validate\"}},"
    "\"city\":{\"type\":\"string\"}}}}}";

struct fixture {
    struct ww_op op;
    struct schema_set *schemas;
    const struct identity_schema *schema;
    struct record *record;
};

static int set_up(void **state)
{
    static struct fixture f;
    static const struct schema_source source = {"person", schema_text, false};
    op_init(&f.op, NULL, NULL);
    if (schema_set_load(&f.op, &source, 1, "person", NULL, &f.schemas) != WW_OK) {
        fail_msg("%s", f.op.problem.text);
    }
    f.schema = schema_default(f.schemas);
    f.record = ARENA_NEW(&f.op.arena, struct record);
    f.record->identity = (struct identity){.created = 1, .updated = 1, .state_changed = 1};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    schema_set_free(f->schemas);
    op_free(&f->op);
    return 0;
}

static struct js *json(struct fixture *f, const char *text)
{
    struct js *v;
    const char *why;
    assert_int_equal(js_read(&f->op.arena, bytes_str(text), &v, &why), WW_OK);
    return v;
}

static enum ww_err set_traits(struct fixture *f, const char *traits)
{
    return identity_set_traits(&f->op, f->record, f->schema, json(f, traits), true);
}

/* ---- what traits yield ---- */

static void names_and_addresses_come_in_one_form_and_once(void **state)
{
    struct fixture *f = *state;
    const struct identity *i = &f->record->identity;
    assert_int_equal(set_traits(f, "{\"email\":\" Ada@Example.ORG \",\"names\":[\"ada@example.org\",\"ADA\"],"
                                   "\"phone\":\"+49 (89) 1234567\",\"city\":\"Turin\"}"),
                     WW_OK);
    assert_int_equal(i->identifier_count, 2);
    assert_string_equal(i->identifiers[0].value, "ada@example.org");
    assert_string_equal(i->identifiers[1].value, "ada");
    assert_int_equal(i->identifiers[1].kind, IDENT_LOGIN);
    assert_int_equal(i->address_count, 3);
    assert_string_equal(i->addresses[0].value, "ada@example.org");
    assert_int_equal(i->addresses[0].use, ADDRESS_VERIFY);
    assert_int_equal(i->addresses[1].use, ADDRESS_RECOVER);
    assert_string_equal(i->addresses[2].value, "+49891234567");
    assert_int_equal(i->addresses[2].via, ADDRESS_SMS);
    assert_string_equal(i->addresses[2].status, "pending");
    assert_string_equal(i->schema, "person");
}

static void an_address_that_stays_keeps_its_id_and_state(void **state)
{
    struct fixture *f = *state;
    struct identity *i = &f->record->identity;
    assert_int_equal(set_traits(f, "{\"email\":\"ada@example.org\",\"phone\":\"+49891234567\"}"), WW_OK);
    assert_int_equal(
        identity_override_addresses(
            &f->op, f->record,
            json(f, "[{\"value\":\"ADA@example.org\",\"verified\":true,\"status\":\"completed\"},"
                    "{\"value\":\"nobody@example.org\",\"verified\":true}]"),
            ADDRESS_VERIFY),
        WW_OK);
    struct identity_address before = i->addresses[0];
    assert_true(before.verified && before.verified_at > 0);
    assert_false(i->addresses[1].verified);
    assert_true(identity_has_verified_address(f->record));
    assert_int_equal(set_traits(f, "{\"email\":\"ada@example.org\",\"phone\":\"+49891234568\"}"), WW_OK);
    assert_memory_equal(&i->addresses[0].id, &before.id, sizeof before.id);
    assert_true(i->addresses[0].verified);
    assert_string_equal(i->addresses[0].status, "completed");
    assert_int_equal(set_traits(f, "{\"email\":\"ada@example.net\"}"), WW_OK);
    assert_false(i->addresses[0].verified);
    assert_false(identity_has_verified_address(f->record));
}

static void only_names_and_addresses_are_a_sensitive_change(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *traits;
        bool sensitive;
    } after[] = {
        {"{\"email\":\"ada@example.org\",\"names\":[\"ada\"]}", false},
        {"{\"email\":\"ADA@example.org\",\"names\":[\"ada\"],\"city\":\"Turin\"}", false},
        {"{\"email\":\"ada@example.net\",\"names\":[\"ada\"]}", true},
        {"{\"email\":\"ada@example.org\",\"names\":[\"eve\"]}", true},
        {"{\"email\":\"ada@example.org\"}", true},
        {"{\"email\":\"ada@example.org\",\"names\":[\"ada\"],\"phone\":\"+49891234567\"}", true},
    };
    for (size_t k = 0; k < sizeof after / sizeof after[0]; k++) {
        assert_int_equal(set_traits(f, "{\"email\":\"ada@example.org\",\"names\":[\"ada\"]}"), WW_OK);
        struct identity before = f->record->identity;
        assert_int_equal(set_traits(f, after[k].traits), WW_OK);
        assert_int_equal(identity_is_sensitive_change(&before, &f->record->identity), after[k].sensitive);
    }
}

static void what_is_no_address_names_its_field(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(set_traits(f, "{\"email\":\"ada\"}"), WW_EVALIDATION);
    assert_string_equal(f->op.problem.id, "address_format");
    assert_string_equal(f->op.problem.field, "traits.email");
    assert_int_equal(set_traits(f, "{\"email\":\"a@b.example\",\"phone\":\"ada\"}"), WW_EVALIDATION);
    assert_string_equal(f->op.problem.field, "traits.phone");
    assert_int_equal(set_traits(f, "{\"city\":\"Turin\"}"), WW_EVALIDATION);
    assert_string_equal(f->op.problem.id, "no_identifier");
}

static char *many(struct fixture *f, const char *trait, int n)
{
    struct buf b = BUF(&f->op.arena);
    buf_printf(&b, "{\"email\":\"ada@example.org\",\"%s\":[", trait);
    for (int k = 0; k < n; k++) {
        buf_printf(&b, "%s\"n%d@example.org\"", k ? "," : "", k);
    }
    buf_str(&b, "]}");
    return buf_text(&b);
}

/* 5,000 addresses in one list cost seconds of a registration otherwise: every two of them were compared. */
static void more_names_than_a_person_has_are_refused_before_they_are_compared(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(set_traits(f, many(f, "names", IDENTITY_IDENTIFIERS_MAX - 1)), WW_OK);
    assert_int_equal(set_traits(f, many(f, "names", IDENTITY_IDENTIFIERS_MAX)), WW_EVALIDATION);
    assert_string_equal(f->op.problem.id, "too_many_identifiers");
    assert_string_equal(f->op.problem.field, "traits.names");
    assert_int_equal(f->op.problem.limit, IDENTITY_IDENTIFIERS_MAX);
    assert_int_equal(f->record->identity.identifier_count, IDENTITY_IDENTIFIERS_MAX);
    assert_int_equal(set_traits(f, many(f, "mails", IDENTITY_ADDRESSES_MAX - 2)), WW_OK);
    assert_int_equal(set_traits(f, many(f, "mails", 5000)), WW_EVALIDATION);
    assert_int_equal(f->op.problem.limit, IDENTITY_ADDRESSES_MAX);
}

/* ---- as it is stored ---- */

static char *stored(struct fixture *f)
{
    struct buf b = BUF(&f->op.arena);
    store_identity_write(&b, &f->record->identity);
    return buf_text(&b);
}

static void what_was_written_is_read_back_the_same(void **state)
{
    struct fixture *f = *state;
    struct identity again;
    f->record->identity.external_id = "crm \"7\"";
    f->record->identity.metadata_admin = json(f, "{\"plan\":[1,2.5,null]}");
    assert_int_equal(
        set_traits(f, "{\"email\":\"ada@example.org\",\"names\":[\"ada\"],\"city\":\"Tur\\nin\"}"), WW_OK);
    assert_int_equal(identity_override_addresses(
                         &f->op, f->record, json(f, "[{\"value\":\"ada@example.org\",\"verified\":true}]"),
                         ADDRESS_VERIFY),
                     WW_OK);
    f->record->identity.state_changed = 0;
    char *text = stored(f);
    assert_int_equal(store_identity_read(&f->op, json(f, text), &again), WW_OK);
    assert_string_equal(again.external_id, "crm \"7\"");
    assert_int_equal(again.identifier_count, 3);
    assert_int_equal(again.identifiers[2].kind, IDENT_EXTERNAL);
    assert_true(again.addresses[0].verified);
    f->record->identity = again;
    assert_string_equal(stored(f), text);
}

/* Each pair is a cut of the written text and what stands there instead. */
static void what_was_not_written_so_is_tampering(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *was, *is;
    } changes[] = {
        {"\"schema\":\"person\"", "\"schema\":null"},
        {"\"schema\":\"person\"", "\"schema\":7"},
        {"\"external_id\":null", "\"external_id\":{}"},
        {"\"created\":1", "\"created\":-1"},
        {"\"created\":1", "\"created\":null"},
        {"\"created\":1", "\"created\":1.5"},
        {"\"state_changed\":1", "\"state_changed\":\"1\""},
        {"\"credentials\":{}", "\"credentials\":[]"},
        {"\"credentials\":{}", "\"other\":{}"},
        {"\"traits\":{", "\"trait\":{"},
        {"\"kind\":1", "\"kind\":0"},
        {"\"kind\":1", "\"kind\":6"},
        {"\"kind\":1", "\"kind\":4294967297"},
        {"\"value\":\"ada@example.org\"", "\"value\":\"ada\\u0000\""},
        {"\"use\":\"verify\"", "\"use\":\"\""},
        {"\"via\":\"email\"", "\"via\":\"fax\""},
        {"\"verified\":false", "\"verified\":0"},
        {"\"status\":\"pending\"", "\"status\":null"},
        {"\"identifiers\":[", "\"identifiers\":[null,"},
        {"\"addresses\":[", "\"addresses\":[{},"},
        {"\"addresses\":[", "\"addresses\":{},\"x\":["},
    };
    assert_int_equal(set_traits(f, "{\"email\":\"ada@example.org\"}"), WW_OK);
    char *text = stored(f);
    for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
        char *at = strstr(text, changes[k].was);
        assert_non_null(at);
        char *changed = arena_printf(&f->op.arena, "%.*s%s%s", (int)(at - text), text, changes[k].is,
                                     at + strlen(changes[k].was));
        struct identity out;
        enum ww_err err = store_identity_read(&f->op, json(f, changed), &out);
        if (err != WW_ETAMPERED) {
            fail_msg("taken for what we wrote: %s", changed);
        }
    }
    struct identity out;
    assert_int_equal(store_identity_read(&f->op, json(f, "[]"), &out), WW_ETAMPERED);
}

static void more_than_an_account_may_have_is_tampering(void **state)
{
    struct fixture *f = *state;
    struct buf b = BUF(&f->op.arena);
    struct identity out;
    buf_str(&b, "{\"schema\":\"person\",\"traits\":{},\"metadata_public\":null,\"metadata_admin\":null,"
                "\"created\":1,\"updated\":1,\"credentials\":{},\"addresses\":[],\"identifiers\":[");
    for (int k = 0; k <= IDENTITY_IDENTIFIERS_MAX; k++) {
        buf_printf(&b, "%s{\"kind\":1,\"value\":\"%d\"}", k ? "," : "", k);
    }
    buf_str(&b, "]}");
    assert_int_equal(store_identity_read(&f->op, json(f, buf_text(&b)), &out), WW_ETAMPERED);
}

/* ---- as it is shown ---- */

static void only_an_administrator_sees_what_is_the_administrators(void **state)
{
    struct fixture *f = *state;
    f->record->identity.metadata_admin = json(f, "{\"note\":\"pays late\"}");
    assert_int_equal(set_traits(f, "{\"email\":\"ada@example.org\"}"), WW_OK);
    struct js *open = identity_json(&f->op, f->record, f->schemas, "http://127.0.0.1/", IDENTITY_PUBLIC);
    struct js *all = identity_json(&f->op, f->record, f->schemas, "http://127.0.0.1/", IDENTITY_ADMIN);
    assert_null(js_get(open, "metadata_admin"));
    assert_string_equal(js_get_text(js_get(all, "metadata_admin"), "note"), "pays late");
    assert_string_equal(js_get_text(open, "schema_url"), "http://127.0.0.1/schemas/cGVyc29u");
    assert_int_equal(js_get(open, "verifiable_addresses")->count, 1);
    assert_null(js_get(js_at(js_get(open, "recovery_addresses"), 0), "verified"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_and_addresses_come_in_one_form_and_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_that_stays_keeps_its_id_and_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_names_and_addresses_are_a_sensitive_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_address_names_its_field, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_names_than_a_person_has_are_refused_before_they_are_compared,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_written_is_read_back_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_written_so_is_tampering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_than_an_account_may_have_is_tampering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_an_administrator_sees_what_is_the_administrators, set_up,
                                        tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
