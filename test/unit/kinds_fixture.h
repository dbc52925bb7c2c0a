/* An imaginary factor and an imaginary hash format, as a newcomer would add them: kinds_riddle.c and
 * kinds_count.c are a file each, and each has its rows in the tables of test_kinds.c. */
#ifndef KINDS_FIXTURE_H
#define KINDS_FIXTURE_H

#include "cred_kind.h"
#include "flow_method.h"
#include "pwhash_format.h"

extern const struct cred_kind cred_riddle;
extern const struct flow_method flow_riddle;
extern const struct pwhash_format pwhash_count;

#endif
