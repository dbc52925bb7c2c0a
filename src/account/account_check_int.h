/* Shared by the files that check a whole store. */
#ifndef ACCOUNT_CHECK_INT_H
#define ACCOUNT_CHECK_INT_H

#include "account_int.h"
#include "share.h"

struct account_walk {
    struct service *service;
    const struct account_checker *checker;
    struct account_check_report *report;
    size_t total;
};

void account_check_problem(struct account_walk *w, struct ww_op *op, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A failure of the database ends the walk; anything else is a finding. */
bool account_check_finds(enum ww_err err);

/* ---- account_check_share.c ---- */
enum ww_err account_check_shares(struct ww_op *op, struct account_walk *w, const struct record *r,
                                 const char *who) WW_MUST;
enum ww_err account_check_publics(struct ww_op *op, struct account_walk *w, const struct record *r,
                                  const char *who) WW_MUST;

#endif
