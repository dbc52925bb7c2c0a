/* The head of a request, and a body in chunks behind it, whole and in pieces. */
#include "fuzz.h"
#include "http_chunked.h"

static bool is_visible(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

/* However the bytes arrive, the end is found at the same place. */
static size_t end_in_pieces(const uint8_t *data, size_t size, struct http_refusal *refusal)
{
    size_t scanned = 0, end = 0;
    for (size_t n = 1; n <= size && !end && !refusal->status; n++) {
        end = http_head_end(data, n, &scanned, refusal);
    }
    return end;
}

struct body {
    size_t read, bytes, sum; /* of the input; of the data; a checksum of it */
    bool done, refused;
};

/* piece: at most so many bytes at a time. */
static struct body read_body(const uint8_t *data, size_t size, size_t piece)
{
    struct http_chunked chunked = {0};
    struct body b = {0};
    while (b.read < size && !b.refused && chunked.state != CHUNK_DONE) {
        size_t n = size - b.read < piece ? size - b.read : piece;
        struct http_refusal refusal;
        struct bytes out;
        size_t taken = http_chunked_read(&chunked, data + b.read, n, &out, &refusal);
        FUZZ_MUST(taken > 0 && taken <= n && out.n <= taken && chunked.left <= UINT32_MAX);
        FUZZ_MUST(chunked.trailers <= HTTP_TRAILERS_MAX + 1 && chunked.digits <= HTTP_CHUNK_DIGITS_MAX);
        for (size_t i = 0; i < out.n; i++) {
            b.sum = b.sum * 31 + out.p[i];
        }
        b.read += taken;
        b.bytes += out.n;
        b.refused = refusal.status != 0;
    }
    b.done = chunked.state == CHUNK_DONE;
    return b;
}

/* In whatever pieces they come, the same bytes are the same body, and end at the same place. */
static void check_body(const uint8_t *data, size_t size)
{
    struct body whole = read_body(data, size, size), pieces = read_body(data, size, 1);
    FUZZ_MUST(whole.read == pieces.read && whole.bytes == pieces.bytes && whole.sum == pieces.sum);
    FUZZ_MUST(whole.done == pieces.done && whole.refused == pieces.refused);
    FUZZ_MUST(!whole.done || !whole.refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_head head;
    struct arena a = {0};
    struct http_refusal whole = {0}, pieces = {0};
    size_t scanned = 0, end = http_head_end(data, size, &scanned, &whole);
    if (size < 2000) {
        size_t end2 = end_in_pieces(data, size, &pieces);
        FUZZ_MUST(whole.status || (end2 == end && !pieces.status));
    }
    http_head_clear(&head);
    struct http_refusal refusal = http_head_read(&a, data, end ? end : size, &head);
    FUZZ_MUST(head.method_name && head.target && head.path && head.query);
    FUZZ_MUST(head.field_count <= HTTP_FIELDS_MAX);
    if (end && !whole.status && !refusal.status) {
        FUZZ_MUST(is_visible(head.target) && http_head_field_count(&head, "Host") <= 1);
        for (size_t i = 0; i < head.field_count; i++) {
            FUZZ_MUST(is_visible(head.fields[i].name) && is_visible(head.fields[i].value));
        }
        FUZZ_MUST(!head.chunked || (!head.body_length && !http_head_field(&head, "Content-Length")));
    }
    check_body(data + end, size - end);
    check_body(data, size);
    arena_free(&a);
    return 0;
}
