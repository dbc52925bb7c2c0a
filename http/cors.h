/* Cross-origin requests (Fetch standard), answered as Kratos does under serve.public.cors. */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

#include "arena.h"
#include "http_server.h"

struct cors {
    /* Origins, in full, or with one star in place of any characters: of the hosts below a domain, or of a
     * port; the star alone for all. */
    const char *const *origins;
    size_t origin_count;
    const char *const *methods;
    size_t method_count;
    const char *const *headers; /* "*" allows all */
    size_t header_count;
    const char *const *exposed;
    size_t exposed_count;
    bool credentials;
    uint32_t max_age; /* seconds; 0: not said */
};

/* What a request asks; texts NULL where the header is missing. */
struct cors_question {
    enum http_method method;
    const char *method_name;
    const char *origin;
    const char *request_method;  /* Access-Control-Request-Method */
    const char *request_headers; /* Access-Control-Request-Headers */
    bool refused;                /* whatever its method is: a refusal may be read by who may ask at all */
};

/* Header values to send; NULL: not sent. */
struct cors_verdict {
    bool preflight; /* the request is answered by 204 and these headers; no handler sees it */
    const char *vary;
    const char *allow_origin, *allow_methods, *allow_headers, *expose_headers, *max_age;
    bool allow_credentials;
};

/* Whether both are one origin: without case, and with the scheme's own port as without it. */
bool cors_same_origin(const char *a, const char *b);
/* Whether it is allowed by an entry that is about its site, not by one that lets in anybody: only then may
 * cookies go along or a change be trusted. */
bool cors_names_origin(const struct cors *c, const char *origin);
/* Texts live in the arena, in the question or forever; without memory nothing is allowed. */
struct cors_verdict cors_judge(struct arena *a, const struct cors *c, const struct cors_question *q);
/* Adds the headers. True when it was a preflight, which is then answered. */
bool cors_apply(struct http_request *r, const struct cors *c);
/* The headers alone, for a refusal that comes before any handler. */
void cors_headers(struct http_request *r, const struct cors *c);

#endif
