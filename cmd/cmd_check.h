/* `watchword check`: what its two files share. */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "cmd_site.h"

struct cmd_checking {
    struct cmd_site site;
    struct cmd_json j;
    const char *user;  /* whose part is checked too; NULL: nobody's */
    const char *token; /* of that user's session */
    size_t problems;
    struct {
        size_t items, sent, received;
    } opened;
};

/* One problem, as a line or an element of the JSON list. */
void cmd_check_tell(struct cmd_checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The part of the user who is signed in. Findings are told, and no error. */
enum ww_err cmd_check_user(struct cmd_checking *c);

#endif
