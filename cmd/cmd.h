/* The subcommands, one file each. */
#ifndef CMD_H
#define CMD_H

#include "cmd_util.h"

int cmd_init(const char *name, int argc, char **argv);
int cmd_config(const char *name, int argc, char **argv);
int cmd_server_key(const char *name, int argc, char **argv);
int cmd_serve(const char *name, int argc, char **argv);
int cmd_user(const char *name, int argc, char **argv);
int cmd_item(const char *name, int argc, char **argv);
int cmd_share(const char *name, int argc, char **argv);
int cmd_inbox(const char *name, int argc, char **argv);
int cmd_contact(const char *name, int argc, char **argv);
int cmd_letter(const char *name, int argc, char **argv);
int cmd_named(const char *name, int argc, char **argv);
int cmd_restore(const char *name, int argc, char **argv);
int cmd_audit(const char *name, int argc, char **argv);
int cmd_backup(const char *name, int argc, char **argv);
int cmd_restore_file(const char *name, int argc, char **argv);
int cmd_public(const char *name, int argc, char **argv);
int cmd_check(const char *name, int argc, char **argv);
int cmd_migrate(const char *name, int argc, char **argv);
int cmd_hash(const char *name, int argc, char **argv);
int cmd_reindex(const char *name, int argc, char **argv);
int cmd_clean(const char *name, int argc, char **argv);
int cmd_version(const char *name, int argc, char **argv);

#endif
