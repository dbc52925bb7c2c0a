/* What is submitted to a flow, as a form or as JSON, decoded under a schema with a trait of every type. The
 * first byte chooses: '{' and all that is no 'f' is JSON. */
#include <string.h>

#include "flow_decode.h"
#include "fuzz.h"
#include "secret.h"
#include "urlform.h"

static const char schema_url[] =
    "inline:{\"$id\":\"https://example.org/all\",\"$schema\":\"http://json-schema.org/draft-07/schema#\","
    "\"type\":\"object\",\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{"
    "\"email\":{\"type\":\"string\",\"format\":\"email\",\"ory.sh/kratos\":{\"credentials\":{\"password\":"
    "{\"identifier\":true}}}},"
    "\"age\":{\"type\":\"integer\",\"minimum\":0},\"score\":{\"type\":\"number\"},\"tos\":{\"type\":"
    "\"boolean\"},"
    "\"numbers\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}},"
    "\"flags\":{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}},"
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"maxItems\":3},"
    "\"name\":{\"type\":\"object\",\"properties\":{\"first\":{\"type\":\"string\",\"minLength\":2},"
    "\"last\":{\"type\":\"string\"}},\"required\":[\"first\"]}},\"required\":[\"email\",\"tos\"]}}}";

static const struct identity_schema *schema(void)
{
    static struct schema_set *set;
    if (!set) {
        struct ww_op op;
        struct schema_source source = {"all", schema_url, true};
        op_init(&op, NULL, NULL);
        crypto_init();
        FUZZ_MUST(schema_set_load(&op, &source, 1, "all", NULL, &set) == WW_OK);
        op_free(&op);
    }
    return schema_default(set);
}

static void validate(struct arena *a, const struct flow_payload *p)
{
    struct js *instance = js_object(a);
    struct schema_failure *failures;
    struct schema_value *values;
    js_put(a, instance, "traits", js_copy(a, p->traits));
    FUZZ_MUST(js_whole(instance));
    enum ww_err err = schema_validate(a, schema()->program, instance, &failures);
    FUZZ_MUST(err == WW_OK || (err == WW_EVALIDATION && failures));
    FUZZ_MUST(err == WW_OK || schema_failure_reason(a, failures));
    FUZZ_MUST(err != WW_OK || schema_marked_values(a, schema(), p->traits, &values) == WW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct ww_flow_request in = {.body = WW_BODY_JSON, .json_text = data, .json_length = size};
    struct flow_payload payload;
    const char *why = NULL;
    if (size && data[0] == 'f') {
        in.body = WW_BODY_FORM;
        if (urlform_read(&a, BYTES(data + 1, size - 1), &in.form, &in.form_count, &why) != WW_OK) {
            in.body = WW_BODY_REFUSED;
        }
    }
    if (flow_decode(&a, &in, schema(), &payload, &why) == WW_OK) {
        FUZZ_MUST(payload.method && payload.screen && payload.identifier && payload.traits);
        FUZZ_MUST(payload.traits->type == JS_OBJECT && js_depth(payload.traits) < LIMIT_JSON_DEPTH);
        validate(&a, &payload);
    } else {
        FUZZ_MUST(why != NULL);
    }
    arena_free(&a);
    return 0;
}
