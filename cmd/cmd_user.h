/* Shared by the files of `watchword user`. */
#ifndef CMD_USER_H
#define CMD_USER_H

#include "cmd_site.h"

int cmd_user_list(const char *name, int argc, char **argv);
int cmd_user_show(const char *name, int argc, char **argv);
int cmd_user_sessions(const char *name, int argc, char **argv);
int cmd_user_history(const char *name, int argc, char **argv);
/* cmd_user_keys.c */
int cmd_user_codes(const char *name, int argc, char **argv);
int cmd_user_recover(const char *name, int argc, char **argv);
int cmd_user_epoch(const char *name, int argc, char **argv);
int cmd_user_rekey(const char *name, int argc, char **argv);
/* cmd_user_vault.c */
int cmd_user_vault(const char *name, int argc, char **argv);
int cmd_user_set_password(const char *name, int argc, char **argv);

/* By login name or id. CMD_GO_ON, or the exit code after having said why. */
int cmd_user_find(struct cmd_site *s, const char *user, struct js **identity);

#endif
