/* The audit log as a file, and its verification without a site (vault.md §9a). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api_int.h"
#include "audit.h"
#include "config_keys.h"
#include "watchword/admin.h"

/* ---- export ---- */

static enum ww_err cannot_write(struct ww_op *op, const char *path)
{
    return op_fail(op, WW_EIO, "file_cannot_write", "%s cannot be written: %s", path, strerror(errno));
}

static enum ww_err write_line(struct ww_op *op, void *context, const char *line)
{
    FILE *f = context;
    return fputs(line, f) != EOF && fputc('\n', f) != EOF ? WW_OK : cannot_write(op, "the file");
}

enum ww_err ww_audit_export(struct ww_op *op, const char *file, uint64_t *rows)
{
    API_CALL(op);
    enum ww_err err = api_text(op, file, "file");
    if (err) {
        return err;
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        return op_fail(op, WW_ECONFLICT, "file_exists", "%s is there already; it was left alone", file);
    }
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f) {
        err = cannot_write(op, file);
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    err = audit_export(op, service_of(op)->store, write_line, f, rows);
    if (!err && (fflush(f) != 0 || fsync(fd) != 0)) {
        err = cannot_write(op, file);
    }
    if (fclose(f) != 0 && !err) {
        err = cannot_write(op, file);
    }
    if (err) {
        (void)unlink(file); /* half a log looks like one that was cut */
    }
    return err;
}

/* ---- verify ---- */

struct telling {
    void (*node)(void *context, const struct ww_audit_node *node);
    void *context;
};

static void tell_node(void *context, const struct audit_file_node *n)
{
    const struct telling *t = context;
    struct ww_audit_node out = {.size = sizeof out,
                                .first = (uint64_t)n->first,
                                .last = (uint64_t)n->last,
                                .events = n->events,
                                .erased = n->erased,
                                .first_time = n->first_time,
                                .last_time = n->last_time,
                                .missing = n->missing,
                                .forks = n->forks,
                                .altered = n->altered};
    snprintf(out.node, sizeof out.node, "%016llx", (unsigned long long)n->node);
    if (t->node) {
        t->node(t->context, &out);
    }
}

static enum ww_err read_ring(struct ww_op *op, const char *key_file, struct keyring **out)
{
    struct key *keys = ARENA_ARRAY(&op->arena, KEYRING_MAX, struct key); /* wiped */
    size_t n;
    *out = NULL;
    if (!key_file) {
        return WW_OK;
    }
    enum ww_err err = keys ? config_key_file_read(op, key_file, keys, KEYRING_MAX, &n) : op_no_memory(op);
    return err ? err : keyring_new(op, keys, n, out);
}

enum ww_err ww_audit_verify(const char *file, const char *key_file,
                            void (*node)(void *context, const struct ww_audit_node *node), void *context,
                            struct ww_audit_report *out, char *why, size_t length)
{
    struct ww_op op;
    struct keyring *ring = NULL;
    struct telling telling = {node, context};
    struct audit_file_report r = {0};
    crypto_init();
    op_init(&op, NULL, NULL);
    enum ww_err err = api_check_size(&op, "ww_audit_report", out);
    if (!err && !(err = api_text(&op, file, "file")) && !(err = read_ring(&op, key_file, &ring))) {
        err = audit_verify_file(&op, file, ring, &(struct audit_file_checker){tell_node, &telling}, &r);
        api_give(out, &(struct ww_audit_report){sizeof *out, r.events, r.nodes, r.missing, r.forks, r.altered,
                                                r.emptied, r.returned, r.cut, r.whole, r.keyed});
    }
    if (err && why && length) {
        snprintf(why, length, "%s", op.problem.text ? op.problem.text : ww_err_text(err));
    }
    keyring_free(ring);
    op_free(&op);
    return err;
}
