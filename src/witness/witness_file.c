/* The file of the witness (vault.md §12): made, opened, mapped, and its header.
 *
 * Header, 64 bytes: "watchwordwitness" 16 | deployment id 16 | u32 line | u32 line being accepted | u8 blank
 * | 7 zeros | u64 highest id | the first 8 bytes of D(–, witness, deployment, the 56 bytes before, the id as
 * zeros). The digest finds damage; whoever may write this file may write the slots as well, and no key would
 * change that. */
#include "witness_int.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal.h"

static const char magic[] = "watchwordwitness";
enum { MAGIC = 16, TOP_AT = 48, SMALLEST_MAP = 1 << 20 };

/* ---- the header ---- */

static void put_u32(uint8_t *at, uint32_t v)
{
    v = htobe32(v);
    memcpy(at, &v, sizeof v);
}

static void digest_of(const uint8_t header[WITNESS_HEADER], const struct uuid *deployment, uint8_t out[8])
{
    struct key digest;
    derive(&digest, NULL, "witness", deployment, BYTES(header, TOP_AT));
    memcpy(out, digest.b, 8);
}

static void encode_header(const struct witness *w, uint8_t out[WITNESS_HEADER])
{
    memset(out, 0, WITNESS_HEADER);
    memcpy(out, magic, MAGIC);
    memcpy(out + MAGIC, w->deployment.b, sizeof w->deployment.b);
    put_u32(out + 32, w->line);
    put_u32(out + 36, w->accepting);
    out[40] = w->blank;
    digest_of(out, &w->deployment, out + TOP_AT + 8);
}

_Atomic uint64_t *witness_top_field(const struct witness *w)
{
    return (_Atomic uint64_t *)(void *)(atomic_load(&w->at) + TOP_AT);
}

/* Around the highest id, which other programs may be raising. */
bool witness_write_header(struct witness *w)
{
    uint8_t header[WITNESS_HEADER];
    encode_header(w, header);
    return pwrite(w->fd, header, TOP_AT, 0) == TOP_AT &&
           pwrite(w->fd, header + TOP_AT + 8, 8, TOP_AT + 8) == 8 && fsync(w->fd) == 0;
}

/* ---- mapping ---- */

static bool map(struct witness *w, size_t length)
{
    size_t size = SMALLEST_MAP;
    while (size < length) {
        size *= 2; /* beyond the file's end too: nothing there is touched before the file reaches it */
    }
    struct witness_map *m = calloc(1, sizeof *m);
    void *at = m ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0) : MAP_FAILED;
    if (at == MAP_FAILED) {
        free(m);
        return false;
    }
    *m = (struct witness_map){w->maps, at, size};
    w->maps = m;
    atomic_store_explicit(&w->at, at, memory_order_release);
    return true;
}

bool witness_reach(struct witness *w, size_t length)
{
    struct stat st;
    pthread_mutex_lock(&w->lock);
    bool reaches = fstat(w->fd, &st) == 0 && (size_t)st.st_size >= length;
    if (reaches && (!w->maps || w->maps->length < (size_t)st.st_size)) {
        reaches = map(w, (size_t)st.st_size);
    }
    if (reaches) {
        atomic_store_explicit(&w->length, (size_t)st.st_size, memory_order_release);
    }
    pthread_mutex_unlock(&w->lock);
    return reaches;
}

/* ---- opening ---- */

static enum ww_err refuse(struct ww_op *op, const char *id, const char *path, const char *why)
{
    return op_fail_field(op, WW_ECONFIG, id, "watchword.witness_file", "witness %s: %s", path, why);
}

static enum ww_err refuse_place(struct ww_op *op, const char *path, const char *what)
{
    if (errno == ENOSPC || errno == EDQUOT) {
        return op_fail_field(op, WW_EFULL, "witness_full", "watchword.witness_file",
                             "witness %s: there is no room on the disk", path);
    }
    return op_fail_field(op, WW_ECONFIG, "witness_place", "watchword.witness_file", "witness %s: %s: %s",
                         path, what, strerror(errno));
}

/* Under another name first: whoever sees the file sees a whole one. Of two programs that make it at once, one
 * is too late, and both open the same. */
static enum ww_err make_file(struct ww_op *op, struct witness *w)
{
    uint8_t header[WITNESS_HEADER];
    char *name = arena_printf(&op->arena, "%s.XXXXXX", w->path);
    if (!name) {
        return op_no_memory(op);
    }
    int fd = mkostemp(name, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return refuse_place(op, w->path, "cannot be made");
    }
    encode_header(w, header);
    bool made = fallocate(fd, 0, 0, WITNESS_PAGE) == 0 &&
                pwrite(fd, header, sizeof header, 0) == sizeof header && fsync(fd) == 0 &&
                (link(name, w->path) == 0 || errno == EEXIST);
    enum ww_err err = made ? WW_OK : refuse_place(op, w->path, "cannot be made");
    unlink(name);
    close(fd);
    return err;
}

static enum ww_err open_file(struct ww_op *op, struct witness *w)
{
    struct stat st;
    w->fd = open(w->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (w->fd < 0 && errno == ENOENT) {
        enum ww_err err = make_file(op, w);
        if (err) {
            return err;
        }
        w->fd = open(w->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    if (w->fd < 0 || fstat(w->fd, &st) != 0) {
        return refuse_place(op, w->path, "cannot be opened for writing");
    }
    return S_ISREG(st.st_mode) ? WW_OK : refuse(op, "witness_place", w->path, "is not a file");
}

static enum ww_err read_header(struct ww_op *op, struct witness *w)
{
    uint8_t header[WITNESS_HEADER], digest[8];
    struct uuid deployment;
    if (!witness_reach(w, WITNESS_PAGE)) {
        return refuse(op, "witness_damaged", w->path,
                      "is cut short: put its copy back, or move it away and run `watchword restore accept`");
    }
    memcpy(header, atomic_load(&w->at), sizeof header);
    memcpy(deployment.b, header + MAGIC, sizeof deployment.b);
    digest_of(header, &deployment, digest);
    if (memcmp(header, magic, MAGIC) != 0 || memcmp(digest, header + TOP_AT + 8, sizeof digest) != 0) {
        return refuse(op, "witness_damaged", w->path,
                      "is no witness, or damaged: put its copy back, or move it away and run `watchword "
                      "restore accept`");
    }
    if (!uuid_equal(deployment, w->deployment)) {
        return refuse(op, "witness_foreign", w->path,
                      "is of another database: name another file, or move this one away if that database is "
                      "gone for good");
    }
    struct reader r = READER(BYTES(header + 32, 9));
    w->line = read_u32(&r);
    w->accepting = read_u32(&r);
    w->blank = read_u8(&r) != 0;
    int64_t top = witness_top(w);
    return top <= WITNESS_ID_MAX &&
                   (top == 0 || witness_reach(w, WITNESS_PAGE + ((size_t)top + 1) * WITNESS_SLOT))
               ? WW_OK
               : refuse(
                     op, "witness_damaged", w->path,
                     "is cut short: put its copy back, or move it away and run `watchword restore accept`");
}

/* Held as long as the file is open. `restore accept` writes numbers down, which raising would undo. */
static enum ww_err hold(struct ww_op *op, struct witness *w, enum witness_use use)
{
    if (flock(w->fd, (use == WITNESS_ALONE ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) {
        return WW_OK;
    }
    return errno != EWOULDBLOCK
               ? refuse_place(op, w->path, "cannot be locked")
               : op_fail(op, WW_EBUSY, "witness_in_use", "%s",
                         use == WITNESS_ALONE ? "another program has this site open: stop the server first"
                                              : "a restore is being accepted: wait for its end");
}

enum ww_err witness_open(struct ww_op *op, const char *path, const struct uuid *deployment, uint32_t line,
                         enum witness_use use, struct witness **out)
{
    struct witness *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w) {
        return op_no_memory(op);
    }
    *w = (struct witness){.fd = -1, .path = strdup(path), .deployment = *deployment, .line = line};
    pthread_mutex_init(&w->lock, NULL);
    enum ww_err err = w->path ? WW_OK : op_no_memory(op);
    if (err || (err = open_file(op, w)) || (err = hold(op, w, use)) || (err = read_header(op, w))) {
        witness_close(w);
        return err;
    }
    *out = w;
    return WW_OK;
}

void witness_close(struct witness *w)
{
    if (!w) {
        return;
    }
    while (w->maps) {
        struct witness_map *m = w->maps;
        w->maps = m->older;
        munmap(m->at, m->length);
        free(m);
    }
    if (w->fd >= 0) {
        close(w->fd);
    }
    pthread_mutex_destroy(&w->lock);
    free(w->path);
    free(w);
}

const char *witness_path(const struct witness *w)
{
    return w->path;
}
