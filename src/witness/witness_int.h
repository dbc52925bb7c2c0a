/* Shared by the files of witness/ only. */
#ifndef WITNESS_INT_H
#define WITNESS_INT_H

#include <pthread.h>

#include "witness.h"

enum { WITNESS_PAGE = 4096, WITNESS_HEADER = 64, WITNESS_CHAIN = 64, WITNESS_SLOT = 16 };

/* A mapping that was outgrown stays until the end: others may be reading from it. */
struct witness_map {
    struct witness_map *older;
    uint8_t *at;
    size_t length;
};

struct witness {
    int fd;
    char *path;
    struct uuid deployment;
    _Atomic uint32_t line, accepting;
    _Atomic bool blank;
    atomic_int fault;
    pthread_mutex_t lock; /* of growing, and of the chains' entries */
    struct witness_map *maps;
    uint8_t *_Atomic at;   /* the newest mapping */
    _Atomic size_t length; /* of the file, as far as it is mapped; set after `at` */
};

/* ---- witness_file.c ---- */
/* Writes the header as the struct has it, to the disk. */
bool witness_write_header(struct witness *w);
/* Maps at least `length` bytes where the file has them; false: it is shorter, or there is no memory. */
bool witness_reach(struct witness *w, size_t length);
/* The highest id, in the header: raised by compare-and-swap. */
_Atomic uint64_t *witness_top_field(const struct witness *w);

#endif
