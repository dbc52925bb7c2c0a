/* A way to prove something in a flow, or to change it: "password", "profile" (kratos.md §2.5). A method is
 * one file and one row of flow_methods.c; login, registration and settings find it there. */
#ifndef FLOW_METHOD_H
#define FLOW_METHOD_H

#include "flow_int.h"

/* What a method does in one kind of flow; without `run` it has no part in it. */
struct flow_part {
    const char *setting; /* a switch of the configuration, or NULL: always on */
    unsigned shown;      /* stages (enum stage) whose form has its nodes */
    unsigned taken;      /* stages in which it may be submitted */
    bool of_a_name;      /* login: it is told the identifier */
    /* Adds its nodes to the form; their group is the method's name, so pages draw them together. NULL: none.
     */
    enum ww_err (*build)(struct call *c, struct flow *f);
    /* What is submitted: c->payload, of which decode has read the method's own fields. Answers. */
    enum ww_err (*run)(struct call *c);
};

struct flow_method {
    const char *name; /* the value of `method`, the group of its nodes, "active" of a flow */
    /* Reads its own fields by flow_decode_text into c->payload; NULL: it has none. */
    enum ww_err (*decode)(struct call *c);
    struct flow_part login, registration, settings;
};

/* Ends with NULL. */
extern const struct flow_method *const flow_methods[];
extern const struct flow_method flow_password, flow_profile, flow_identifier_first;

/* The method's part in this kind of flow; NULL where it has none, or is switched off. */
const struct flow_part *flow_method_part(const struct call *c, const struct flow_method *m);
/* The method of that name that may be submitted in this stage, or NULL. */
const struct flow_method *flow_method_find(const struct call *c, const char *name, enum stage stage);
/* Adds the nodes of all methods that are shown in the flow's stage. */
enum ww_err flow_methods_build(struct call *c, struct flow *f) WW_MUST;
/* Whether one of them is told the identifier. */
bool flow_methods_ask_name(const struct call *c, enum stage stage);
/* Whether a group is that of a method which is shown in this stage. */
bool flow_methods_show(const struct call *c, const char *group, enum stage stage);

#endif
