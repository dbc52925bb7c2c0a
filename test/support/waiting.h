/* For tests of what becomes of a vault: people whose sessions are locked, and what opens what (vault.md §10).
 */
#ifndef WAITING_H
#define WAITING_H

#include "site.h"

#define SET_PASSWORD "nine tired herons at the weir" /* what an administrator sets */

/* What is given out is copied with malloc. */

/* An administrator sets a password, and they sign in by it: a locked session's token. */
char *waiting_locked(struct site *s, const char *name, const char *password);
/* They start anew: the session's token, which stays; codes: ten of the new vault, or NULL. */
void waiting_new_vault(struct site *s, const char *token, const char *name, char *codes[10]);
/* How many wait; *id of the newest, or NULL. */
size_t waiting_count(struct site *s, const char *token, char **id);
/* Opens one by a password or a code (one of both NULL); merged may be NULL. */
enum ww_err waiting_open(struct site *s, const char *token, const char *id, const char *password,
                         const char *code, struct ww_merged *merged);
void waiting_free(char *codes[10]);
void waiting_codes(struct site *s, const char *token, char *codes[10]);

#endif
