/* Finding methods in their table, by kind of flow and stage. */
#include <string.h>

#include "flow_method.h"

const struct flow_part *flow_method_part(const struct call *c, const struct flow_method *m)
{
    const struct flow_part *part = c->kind->part(m);
    /* Without `run` the method has no part in this kind of flow; switched off, it is as if it were not there.
     */
    return part->run && (!part->setting || flow_call_setting(c, part->setting)) ? part : NULL;
}

/* By the flow's stage too: a method that the form did not offer is not taken, whatever name is sent. At most
 * a handful of methods: a walk is quicker than an index. */
const struct flow_method *flow_method_find(const struct call *c, const char *name, enum stage stage)
{
    for (const struct flow_method *const *m = flow_methods; *m; m++) {
        const struct flow_part *part = flow_method_part(c, *m);
        if (part && (part->taken & (unsigned)stage) && strcmp((*m)->name, name) == 0) {
            return *m;
        }
    }
    return NULL;
}

enum ww_err flow_methods_build(struct call *c, struct flow *f)
{
    enum ww_err err = WW_OK;
    for (const struct flow_method *const *m = flow_methods; *m && !err; m++) {
        const struct flow_part *part = flow_method_part(c, *m);
        if (part && part->build && (part->shown & (unsigned)f->stage)) {
            err = part->build(c, f);
        }
    }
    return err;
}

bool flow_methods_ask_name(const struct call *c, enum stage stage)
{
    for (const struct flow_method *const *m = flow_methods; *m; m++) {
        const struct flow_part *part = flow_method_part(c, *m);
        if (part && part->of_a_name && (part->shown & (unsigned)stage)) {
            return true;
        }
    }
    return false;
}

bool flow_methods_show(const struct call *c, const char *group, enum stage stage)
{
    for (const struct flow_method *const *m = flow_methods; *m; m++) {
        const struct flow_part *part = flow_method_part(c, *m);
        if (part && (part->shown & (unsigned)stage) && strcmp((*m)->name, group) == 0) {
            return true;
        }
    }
    return false;
}
