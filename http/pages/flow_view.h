/* From a flow as the wire has it (kratos.md §2.1, §3) to what the templates show: fields with labels, one
 * text for each error, and what the page is called. */
#ifndef FLOW_VIEW_H
#define FLOW_VIEW_H

#include "js.h"

enum flow_view_kind { VIEW_LOGIN, VIEW_REGISTRATION, VIEW_SETTINGS };

struct flow_view_options {
    enum flow_view_kind kind;
    const char *group;        /* settings: only this group's form; NULL: all */
    int64_t least;            /* the shortest password that is taken */
    const struct js *sign_in; /* [{name, kind}]: the fields that are sign-in names (ww_sign_in_traits) */
    const struct js *words;   /* {identifier, Identifier}: what those are called */
    const char *username;     /* settings: the sign-in name, beside a new password */
    bool again;               /* login: confirms who is signed in already */
    const char *back;         /* with again: where "Cancel" leads */
    const char *recover;      /* login: where who forgot the password goes */
    const char *rename;       /* login: where "Change" sends the name */
    const struct js *typed;   /* [{name, value}]: what fields show instead of the flow's values, or NULL */
};

/* Puts title, intro, failed, summary, done, notes_told and forms into the page's model. */
void flow_view(struct arena *a, const struct js *flow, const struct flow_view_options *options,
               struct js *model);

/* The groups that have a page of their own, NULL behind the last; what their button says. */
const char *flow_view_group_at(size_t i);
const char *flow_view_save_key(const char *group);

/* ---- for pages with forms of their own ---- */
/* A form without fields, with csrf_token when it is not NULL. */
struct js *view_form(struct arena *a, const char *action, const char *csrf_token);
void view_hidden(struct arena *a, struct js *form, const char *name, const char *value);
struct js *view_input(struct arena *a, struct js *form, const char *name, const char *label, const char *type,
                      const char *value);
/* With keys set as flags: "is_area", "required", … */
void view_flag(struct arena *a, struct js *object, const char *key);
struct js *view_area(struct arena *a, struct js *form, const char *name, const char *label,
                     const char *value);
/* The n-th field of a list, from 0. */
void view_rename(struct arena *a, struct js *field, size_t n);
/* For one of several forms on a page: another id, the same name. */
void view_number(struct arena *a, struct js *field, size_t n);
void view_hint(struct arena *a, struct js *field, const char *hint);
struct js *view_button(struct arena *a, struct js *form, const char *label);
void view_cancel(struct arena *a, struct js *form, const char *href, const char *label);
/* The text at the field, and in the summary with a link; field NULL: in the summary only. */
void view_error(struct arena *a, struct js *model, struct js *field, const char *text);
void view_add_form(struct arena *a, struct js *model, struct js *form);

#endif
