/* The hash formats, one row each (vault.md §7). */
#include "pwhash_format.h"

const struct pwhash_format *const pwhash_formats[] = {&pwhash_argon2id, &pwhash_bcrypt, NULL};
