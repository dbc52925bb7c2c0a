/* One note, and the form for it. */
#ifndef NOTE_H
#define NOTE_H

#include "page.h"

enum { NOTE_TEXT_MOST = 256 << 10 };

struct note {
    const char *id; /* NULL: not stored yet */
    const char *name, *text;
    uint64_t version;   /* that the form was made from */
    uint64_t time;      /* of the last write, 0 when it is not shown */
    const char *theirs; /* what another device wrote meanwhile, or NULL */
    bool conflict;      /* it may be saved as a copy, too */
    bool as_copy;       /* under a name of its own */
};

/* The form; error at that field ("name", "text") when there is one. */
void note_show(struct page *p, int status, const struct note *note, const char *field, const char *error);
/* Opens the page that a note's form is sent to. False: answered; the note waits if its writer must sign in.
 */
bool note_open_sent(struct page *p, struct route_call *c, const char *title_key) WW_MUST;
/* From what was sent, lines ended by LF. False: the form was shown again, with the reason. */
bool note_read_sent(struct page *p, struct note *out) WW_MUST;
/* Stores it, new or changed, and answers. */
void note_store(struct page *p, struct note *note);
/* From what waited (page_kept.c), and stores it. */
void note_store_kept(struct page *p, const struct js *kept);
/* Whether it can be shown and changed as text: anything else is a file. */
bool note_is_text(struct bytes value);
/* Whether exactly this is stored under its name. */
bool note_is_stored(struct page *p, const struct note *note);
/* What storing it was refused for: at the form when it is about the note, else as a page. */
void note_refused(struct page *p, const struct note *note, enum ww_err err);

#endif
