/* The head of a request, whole and in pieces. */
#include "fuzz.h"
#include "http_strict.h"

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
    }
    arena_free(&a);
    return 0;
}
