/* Whether a client wants JSON or pages, as Kratos finds out (kratos.md §0.4). Header texts may be NULL. */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include <stdbool.h>

/* Errors and submits: by Accept, or because the request itself is JSON. */
bool negotiate_json(const char *accept, const char *content_type);
/* Endpoints that make a flow: by Accept alone, HTML where both are equal. */
bool negotiate_init_json(const char *accept);
/* Whether a Content-Type is that type, whatever its parameters. */
bool negotiate_is_type(const char *content_type, const char *type);

#endif
