/* What the numbers of HTTP are called, what errors say (kratos.md §0.2), and which of them our codes become.
 */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>

#include "watchword/err.h"

/* "Not Found"; never NULL. */
const char *status_text(int status);
/* The `message` of an error where nothing finer is known; never NULL. */
const char *status_message(int status);

/* How a failure is told to a client. */
struct status_refusal {
    enum ww_err err;
    int status;
    const char *id; /* of the error, or NULL */
    bool told;      /* whether the problem's text may be its reason: it holds nothing of ours */
};

/* problem_id: what op_fail kept, or NULL. */
struct status_refusal status_of_error(enum ww_err err, const char *problem_id);

#endif
