/* The names of JSON's types, as schemas and their failures use them. */
#include "schema_int.h"

static const struct {
    const char *name;
    unsigned bit;
} types[] = {
    /* In the order in which messages list them. */
    {"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"object", TYPE_OBJECT},   {"array", TYPE_ARRAY},
    {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"integer", TYPE_INTEGER},
};

/* Integers are numbers here: whether a number is whole is asked where a schema says "integer". */
unsigned schema_type_of(const struct js *v)
{
    static const unsigned bits[] = {
        [JS_NULL] = TYPE_NULL,     [JS_BOOL] = TYPE_BOOLEAN,  [JS_INT] = TYPE_NUMBER,
        [JS_REAL] = TYPE_NUMBER,   [JS_STRING] = TYPE_STRING, [JS_ARRAY] = TYPE_ARRAY,
        [JS_OBJECT] = TYPE_OBJECT,
    };
    return bits[v->type];
}

const char *schema_type_name(unsigned bit)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].bit == bit) {
            return types[i].name;
        }
    }
    return "";
}

unsigned schema_type_named(struct bytes name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (bytes_equal(name, bytes_str(types[i].name))) {
            return types[i].bit;
        }
    }
    return 0;
}
