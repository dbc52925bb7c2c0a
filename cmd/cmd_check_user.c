/* `watchword check --user NAME`: the user's part. Ring, head, leaves, items, and the values that were shared
 * both ways, each opened with the keys that the password gives; each that does not open is told by its name.
 */
#include <stdio.h>
#include <string.h>

#include "cmd_check.h"

/* One value, in an operation of its own: what it took is wiped before the next. */
struct own_op {
    struct ww_op *op;
    struct ww_session *session;
};

static enum ww_err own_begin(const struct cmd_checking *c, struct own_op *o)
{
    enum ww_err err = ww_op_begin(c->site.ww, NULL, &o->op);
    return err ? err : ww_session_resume(o->op, c->token, &o->session);
}

static bool is_damage(enum ww_err err)
{
    return err == WW_ETAMPERED || err == WW_EROLLEDBACK || err == WW_EKEYMISSING;
}

/* What somebody took away or changed meanwhile is no finding. */
static enum ww_err judge(struct cmd_checking *c, struct own_op *o, enum ww_err err, const char *what,
                         const char *name, const char *from)
{
    if (is_damage(err)) {
        cmd_check_tell(c, "the user's %s \"%s\"%s%s: %s", what, name, from ? " of " : "", from ? from : "",
                       ww_op_problem(o->op)->text);
    }
    ww_op_end(o->op);
    return is_damage(err) || err == WW_ENOTFOUND || err == WW_ECONFLICT ? WW_OK : err;
}

/* ---- one of each kind ---- */

static enum ww_err open_item(struct cmd_checking *c, const struct ww_item_entry *e)
{
    struct own_op o = {0};
    const void *value;
    size_t n;
    enum ww_err err = own_begin(c, &o);
    err = err ? err : ww_item_get(o.op, o.session, e->name, &value, &n, NULL);
    c->opened.items += !err;
    return judge(c, &o, err, "item", e->name, NULL);
}

static enum ww_err open_sent(struct cmd_checking *c, const struct ww_share *x)
{
    struct own_op o = {0};
    const void *value;
    size_t n;
    enum ww_err err = own_begin(c, &o);
    err = err ? err : ww_share_get(o.op, o.session, x->name, &value, &n, NULL);
    c->opened.sent += !err;
    return judge(c, &o, err, "share", x->name, NULL);
}

static enum ww_err open_received(struct cmd_checking *c, const struct ww_received *x)
{
    struct own_op o = {0};
    const void *value;
    size_t n;
    enum ww_err err = own_begin(c, &o);
    err = err ? err : ww_inbox_get(o.op, o.session, x->name, x->from, &value, &n, NULL);
    c->opened.received += !err;
    return judge(c, &o, err, "received value", x->name, x->from_identifier ? x->from_identifier : x->from);
}

/* ---- all of each kind ---- */

/* A list that does not open is one finding. */
static enum ww_err listed(struct cmd_checking *c, enum ww_err err, const char *what)
{
    if (is_damage(err)) {
        cmd_check_tell(c, "the list of the user's %s: %s", what, ww_op_problem(c->site.op)->text);
        return WW_OK;
    }
    return err;
}

static enum ww_err open_items(struct cmd_checking *c)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_item_entry *const *entries;
    enum ww_err err = WW_OK;
    do {
        page.token = page.next;
        page.count = 0;
        err = listed(c, ww_item_list(c->site.op, c->site.session, "", &page, &entries), "items");
        for (size_t i = 0; !err && i < page.count; i++) {
            err = open_item(c, entries[i]);
            cmd_progress("values", c->opened.items, 0);
        }
    } while (!err && page.next && page.count);
    return err;
}

static enum ww_err open_shares(struct cmd_checking *c)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *shares;
    enum ww_err err = WW_OK;
    do {
        page.token = page.next;
        page.count = 0;
        err = listed(c, ww_share_list(c->site.op, c->site.session, "", &page, &shares), "shares");
        for (size_t i = 0; !err && i < page.count; i++) {
            err = open_sent(c, shares[i]);
        }
    } while (!err && page.next && page.count);
    return err;
}

static enum ww_err open_inbox(struct cmd_checking *c)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_received *const *received;
    enum ww_err err = WW_OK;
    do {
        page.token = page.next;
        page.count = 0;
        err = listed(c, ww_inbox_list(c->site.op, c->site.session, &page, &received), "received values");
        for (size_t i = 0; !err && i < page.count; i++) {
            err = open_received(c, received[i]);
        }
    } while (!err && page.next && page.count);
    return err;
}

static enum ww_err count_rows(struct cmd_checking *c)
{
    struct ww_own_rows r = {.size = sizeof r};
    enum ww_err err = listed(c, ww_check_own(c->site.op, c->site.session, &r), "vault");
    if (err || r.unnamed_items == 0) {
        return err;
    }
    cmd_check_tell(c, "%lld item row(s) of the user that their vault does not name",
                   (long long)r.unnamed_items);
    return WW_OK;
}

static enum ww_err count_shares(struct cmd_checking *c)
{
    struct ww_own_rows r = {.size = sizeof r};
    enum ww_err err = ww_check_own(c->site.op, c->site.session, &r);
    if (!err && r.unnamed_shares) {
        cmd_check_tell(c, "%lld share row(s) of the user that their vault does not name",
                       (long long)r.unnamed_shares);
    }
    return is_damage(err) ? WW_OK : err;
}

enum ww_err cmd_check_user(struct cmd_checking *c)
{
    enum ww_err err = WW_EINTERNAL;
    c->token = ww_session_token(c->site.op, c->site.session);
    if (!c->token) {
        return err;
    }
    if ((err = count_rows(c)) || (err = count_shares(c)) || (err = open_items(c)) || (err = open_shares(c))) {
        return err;
    }
    return open_inbox(c);
}
