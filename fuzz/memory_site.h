/* A store in memory with one account, made once per fuzzer, with the same randomness in every run. */
#ifndef MEMORY_SITE_H
#define MEMORY_SITE_H

#include "watchword.h"

struct memory_site {
    struct ww *ww;
    char token[65]; /* of a session of the account */
};

/* The same one at every call. */
struct memory_site *memory_site(void);

#endif
