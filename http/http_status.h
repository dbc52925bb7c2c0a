/* What the numbers of HTTP are called, and what errors say (kratos.md §0.2). */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* "Not Found"; never NULL. */
const char *http_status_text(int status);
/* The `message` of an error where nothing finer is known; never NULL. */
const char *http_status_message(int status);

#endif
