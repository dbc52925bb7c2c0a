/* The program: one table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct command commands[] = {
    {"init", cmd_init, "make a site: configuration, data directory, server key"},
    {"serve", cmd_serve, "serve the public and the admin port"},
    {"user", cmd_user, "accounts: create, list, show, rename, password, delete, sessions, history"},
    {"item", cmd_item, "a user's items: list, get, put, delete"},
    {"share", cmd_share, "what a user shares with others: list, get, put, add, remove, withdraw"},
    {"inbox", cmd_inbox, "what others share with a user: list, get, adopt"},
    {"contact", cmd_contact, "whose keys a user knows: list, accept, fingerprint"},
    {"public", cmd_public, "data that every user of the site can read: list, get, put, delete"},
    {"letter", cmd_letter, "data sealed for a user or for others, and stored nowhere: seal, open"},
    {"check", cmd_check, "open everything that is stored, and tell what does not open"},
    {"audit", cmd_audit, "the audit log: write it to a file, verify such a file"},
    {"named", cmd_named, "keys and entries of programs without accounts"},
    {"backup", cmd_backup, "copy the database into one file, while the server works"},
    {"restore", cmd_restore, "put such a copy in the place of the database, and accept what was put back"},
    {"migrate", cmd_migrate, "bring the database to this version"},
    {"clean", cmd_clean, "delete what has expired, now"},
    {"hash", cmd_hash, "measure what password hashing costs on this machine"},
    {"config", cmd_config, "check or show a configuration, or list the settings"},
    {"server-key", cmd_server_key, "the server key: make it, print it, change over to another one"},
    {"reindex", cmd_reindex, "new keys for the indexes, after a theft of the server key"},
    {"version", cmd_version, "print the version"},
};

static const char about[] =
    "Watchword: user authentication whose stored data only the user's own credentials can "
    "open.";

static void print_exit_codes(void)
{
    printf("\nexit codes:\n");
#define ROW(name, value, meaning) printf("  %d  %s\n", (value), (meaning));
    CMD_EXIT_TABLE(ROW)
#undef ROW
}

int main(int argc, char **argv)
{
    bool version = argc >= 2 && strcmp(argv[1], "--version") == 0;
    bool help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0);

    if (version) {
        return cmd_version("watchword version", 1, argv);
    }
    int code = cmd_dispatch("watchword", about, commands, sizeof commands / sizeof commands[0], argc, argv);
    if (help) {
        print_exit_codes();
    }
    /* What was not written was not done: a full disk behind standard output must not pass for success. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return code == CMD_OK ? CMD_FAILED : code;
    }
    return code;
}
