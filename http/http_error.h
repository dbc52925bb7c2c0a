/* Sending an error as Kratos answers it (kratos.md §0.2); its body is js_error's. */
#ifndef HTTP_ERROR_H
#define HTTP_ERROR_H

#include "http_server.h"
#include "js_error.h"

/* Answers with it: Content-Type, Ory-Error-Id, Retry-After, and request_id filled in. Cache-Control is the
 * caller's. */
void http_error_answer(struct http_request *r, struct js_error e);

#endif
