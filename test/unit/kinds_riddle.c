/* The imaginary factor: a second step that is passed by the answer which was given when it was added. */
#include "kinds_fixture.h"

#include <string.h>

enum { CRED_RIDDLE = 100, ANSWER_MAX = 100 };

/* ---- the kind ---- */

static enum ww_err check(struct ww_op *op, const struct cred_context *x, struct record *r, struct bytes typed,
                         struct cred_found *out)
{
    for (size_t i = 0; r && i < r->credential_count; i++) {
        struct credential_row row;
        if (r->credentials[i].kind != CRED_RIDDLE) {
            continue;
        }
        enum ww_err err = store_credential_load(op, x->store, r, &r->credentials[i].id, &row);
        if (err) {
            return err;
        }
        out->credential = row.id;
        return crypto_equal(row.public_part, typed) ? WW_OK : cred_refuse_wrong(op);
    }
    return cred_refuse_wrong(op);
}

static enum ww_err add(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                       struct cred_ready *out)
{
    (void)x;
    if (typed.n == 0 || typed.n > ANSWER_MAX) {
        return op_fail_field(op, WW_EINVAL, "riddle_answer", "riddle_answer", "an answer has 1 to %d bytes",
                             ANSWER_MAX);
    }
    out->public_part = typed;
    return WW_OK;
}

const struct cred_kind cred_riddle = {
    .kind = (enum credential_kind)CRED_RIDDLE,
    .method = "riddle",
    .level = 2,
    .role = ROLE_SECOND,
    .check = check,
    .add = add,
};

/* ---- the method ---- */

static enum ww_err build(struct call *c, struct flow *f)
{
    js_push(
        flow_nodes(f),
        flow_node(c->a, &(struct flow_input){
                            .name = "riddle_answer", .type = "text", .group = "riddle", .required = true}));
    js_push(flow_nodes(f), flow_node_submit(c->a, "method", "riddle", "riddle", MSG_LABEL_CONTINUE));
    return WW_OK;
}

static enum ww_err decode(struct call *c)
{
    if (strcmp(c->payload.method, "riddle") == 0) {
        c->payload.secret = bytes_str(flow_decode_text(c->a, c->in, &c->payload, "riddle_answer"));
    }
    return WW_OK;
}

static enum ww_err run_login(struct call *c)
{
    const struct cred_proof proof = {.kind = cred_riddle.kind, .typed = c->payload.secret};

    flow_reset(c);
    return flow_login_sign_in(c,
                              &(struct account_sign_in){.proofs = &proof, .count = 1, .session = c->session});
}

static enum ww_err run_settings(struct call *c)
{
    flow_reset(c);
    return flow_settings_done(
        c, account_add_credential(c->op, c->s, c->session, cred_riddle.kind, c->payload.secret), NULL);
}

const struct flow_method flow_riddle = {
    .name = "riddle",
    .decode = decode,
    .login = {.shown = STAGE_SECOND_FACTOR, .taken = STAGE_SECOND_FACTOR, .build = build, .run = run_login},
    .settings = {.shown = STAGE_FORM, .taken = STAGE_FORM, .build = build, .run = run_settings},
};
