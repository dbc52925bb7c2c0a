/* Values in PostgreSQL's binary format: integers big-endian, texts and bytes as they are. */
#include <string.h>

#include "db_postgres.h"

/* pg_type.dat: these numbers never change. */
enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_NAME = 19,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_BPCHAR = 1042,
    TYPE_VARCHAR = 1043,
    TYPE_NUMERIC = 1700,
};

Oid db_postgres_type(const struct db_value *v)
{
    switch (v->type) {
    case DB_INT:
        return TYPE_INT8;
    case DB_BLOB:
        return TYPE_BYTEA;
    case DB_TEXT:
        return TYPE_TEXT;
    /* 0: the server takes the type from the place where the argument stands. */
    case DB_NULL:
    default:
        return 0;
    }
}

static bool is_text(Oid type)
{
    return type == TYPE_TEXT || type == TYPE_VARCHAR || type == TYPE_BPCHAR || type == TYPE_NAME;
}

/* Bytes of an integer of this type that can hold the value, or 0. */
static int width(Oid type, int64_t value)
{
    switch (type) {
    case TYPE_INT8:
        return 8;
    case TYPE_INT4:
        /* No cutting: a value that does not fit is refused here, not by the server with a message that quotes
         * it. */
        return value >= INT32_MIN && value <= INT32_MAX ? 4 : 0;
    case TYPE_INT2:
        return value >= INT16_MIN && value <= INT16_MAX ? 2 : 0;
    case TYPE_BOOL:
        return value == 0 || value == 1 ? 1 : 0;
    default:
        return 0;
    }
}

/* In binary: no number is written as text and read back, and bytes need no escapes. */
static bool encode_one(Oid type, const struct db_value *v, struct postgres_arguments *out, int i)
{
    out->formats[i] = 1;
    out->values[i] = NULL;
    out->lengths[i] = 0;
    if (v->type == DB_NULL) {
        return true;
    }
    if (v->type == DB_INT) {
        int n = width(type, v->i);
        uint64_t bits = (uint64_t)v->i;
        for (int k = n; k > 0; k--, bits >>= 8) {
            out->numbers[i][k - 1] = (uint8_t)bits;
        }
        out->values[i] = (const char *)out->numbers[i];
        out->lengths[i] = n;
        return n > 0;
    }
    /* NULL would be SQL's NULL: an empty text or blob is a value. */
    out->values[i] = v->b.n > 0 ? (const char *)v->b.p : "";
    out->lengths[i] = (int)v->b.n;
    /* A text in a blob's place would go through the server's escapes: refused. */
    return v->b.n <= INT32_MAX && (v->type == DB_BLOB ? type == TYPE_BYTEA : is_text(type));
}

enum ww_err db_postgres_encode(struct ww_op *op, const struct postgres_statement *st,
                               const struct db_value *args, size_t n, struct postgres_arguments *out)
{
    if ((size_t)st->n > n) {
        return op_fail(op, WW_EINTERNAL, "db_arguments", "a statement has too few arguments");
    }
    for (int i = 0; i < st->n; i++) {
        if (!encode_one(st->types[i], &args[i], out, i)) {
            return op_fail(op, WW_EINTERNAL, "db_arguments",
                           "argument %d of a statement does not fit the type of its place", i + 1);
        }
    }
    return WW_OK;
}

static int64_t signed_number(struct bytes b)
{
    /* The sign is carried into the upper bytes. */
    uint64_t bits = b.n > 0 && (b.p[0] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = 0; i < b.n; i++) {
        bits = bits << 8 | b.p[i];
    }
    return (int64_t)bits;
}

/* What sum() of BIGINT gives: u16 digits, i16 weight, u16 sign, u16 scale, then digits of base 10000, the
 * first times 10000 to the weight. A fraction is cut off; what does not fit is NULL. */
static struct db_value decode_numeric(struct bytes b)
{
    struct reader r = READER(b);
    uint16_t digits = read_u16(&r);
    int16_t weight = (int16_t)read_u16(&r);
    uint16_t sign = read_u16(&r);
    int64_t value = 0;
    (void)read_u16(&r);
    /* Neither NaN nor infinite, and at most 20 digits before the point: more cannot fit into 64 bits. */
    bool good = (sign == 0 || sign == 0x4000) && weight < 5;
    for (int i = 0; good && i <= weight; i++) {
        int64_t digit = i < digits ? read_u16(&r) : 0;
        good = !__builtin_mul_overflow(value, 10000, &value) &&
               !__builtin_sub_overflow(value, digit, &value); /* negative: INT64_MIN has no positive */
    }
    if (sign == 0) {
        good = good && value != INT64_MIN;
        value = good ? -value : 0;
    }
    return good && !r.failed ? DB_I(value) : DB_NONE;
}

struct db_value db_postgres_decode(const PGresult *row, int column)
{
    if (column < 0 || column >= PQnfields(row) || PQgetisnull(row, 0, column)) {
        return DB_NONE;
    }
    struct bytes b = BYTES(PQgetvalue(row, 0, column), (size_t)PQgetlength(row, 0, column));
    Oid type = PQftype(row, column);
    switch (type) {
    case TYPE_INT8:
    case TYPE_INT4:
    case TYPE_INT2:
        return DB_I(signed_number(b));
    case TYPE_BOOL:
        return DB_I(b.n == 1 && b.p[0]);
    case TYPE_NUMERIC:
        return decode_numeric(b);
    case TYPE_BYTEA:
        return DB_B(b);
    default:
        /* A type that is not ours reads as NULL: whoever altered the tables gets no value interpreted. */
        return is_text(type) ? (struct db_value){DB_TEXT, 0, b} : DB_NONE;
    }
}
