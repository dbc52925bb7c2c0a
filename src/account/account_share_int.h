/* Shared by the files of account/ that share (vault.md §11): an open vault with its contacts. */
#ifndef ACCOUNT_SHARE_INT_H
#define ACCOUNT_SHARE_INT_H

#include "account_int.h"
#include "share.h"

/* Somebody, as the vault notes them and as their keys are now. */
struct account_person {
    struct share_contact contact;
    bool noted, changed;      /* the vault has a note; it must be written */
    bool looked;              /* what follows is set */
    struct record *record;    /* NULL: the account is gone; its chain is there still */
    struct share_chain chain; /* n 0: no vault yet */
    enum share_state state;
};

struct account_noted {
    struct uuid id;
    struct account_person *person; /* NULL until it is asked for */
};

/* A vault with which something is shared or received. Lives in the operation's arena. */
struct account_sharing {
    struct service *service;
    const struct record *record;
    struct vault *vault;
    struct share_end self;       /* the current epoch */
    struct key box, sign;        /* its secrets */
    struct account_noted *noted; /* in order of ids */
    size_t noted_count;
    struct account_person **more; /* without a note */
    size_t more_count, more_capacity;
    struct vault_change *notes; /* of space 1, written at the end */
    size_t note_count, note_capacity;
    struct share_waiting waiting;
    bool waiting_read, waiting_noted, waiting_changed;
};

/* ---- account_people.c ---- */
enum ww_err account_sharing_open(struct ww_op *op, struct service *s, const struct record *r, struct vault *v,
                                 struct account_sharing *out) WW_MUST;
/* The same of a session, locked, in a transaction. */
enum ww_err account_sharing_begin(struct ww_op *op, struct service *s, struct session *x, struct record **r,
                                  struct account_sharing *out) WW_MUST;
/* What the vault notes of somebody; a new, empty contact where there is nothing. */
enum ww_err account_person_find(struct ww_op *op, struct account_sharing *w, const struct uuid *id,
                                struct account_person **out) WW_MUST;
/* Their record and keys as they are now; at first contact the keys are pinned. */
enum ww_err account_person_look(struct ww_op *op, struct account_sharing *w,
                                struct account_person *p) WW_MUST;
/* An entry of the vault; *found says whether it is there. */
enum ww_err account_sharing_look(struct ww_op *op, struct account_sharing *w, enum vault_space space,
                                 struct bytes name, struct vault_entry *out, bool *found) WW_MUST;
/* A change of a note, applied by account_sharing_write. */
enum ww_err account_sharing_note(struct ww_op *op, struct account_sharing *w, enum vault_change_kind kind,
                                 const char *name, struct bytes value) WW_MUST;
/* Runs body over the vault of a session, and once more in a transaction where somebody was met for the first
 * time, so that their keys are pinned; with `write` (or NULL), which comes after it, at once in a
 * transaction. */
typedef enum ww_err account_sharing_body(struct ww_op *op, struct account_sharing *w, void *context);
enum ww_err account_sharing_run(struct ww_op *op, struct service *s, struct session *x,
                                account_sharing_body *body, account_sharing_body *write,
                                void *context) WW_MUST;
enum ww_err account_sharing_write(struct ww_op *op, struct account_sharing *w) WW_MUST;
enum ww_err account_refuse_changed(struct ww_op *op);

/* ---- account_named.c ---- */

enum { ACCOUNT_RECIPIENTS_MOST = 1000 };
/* Somebody who was named in a call. */
struct account_named {
    struct uuid id;
    const char *identifier; /* after ident(); NULL: named by id */
};
struct account_named_list {
    struct account_named *people; /* each once, in the order of the call */
    size_t n;
};
/* Outside of a transaction. WW_ENOTFOUND "recipient_unknown", WW_EINVAL "recipient_self",
 * "recipients_too_many", WW_ETHROTTLED. by_id_at_once: an id is taken as it stands, for those who are on a
 * list already. */
enum ww_err account_named_resolve(struct ww_op *op, struct service *s, struct session *x,
                                  struct account_names in, bool by_id_at_once,
                                  struct account_named_list *out) WW_MUST;
bool account_named_holds(const struct account_named_list *l, const struct uuid *id);
/* Notes what they were called; refuses those whose keys changed, since nothing could be sealed for them. */
enum ww_err account_named_meet(struct ww_op *op, struct account_sharing *w,
                               const struct account_named_list *l) WW_MUST;

/* ---- account_share.c ---- */
/* A share whose entry has another name since the vaults of its owner were merged: sealed again under it. One
 * that does not open stays as it is. */
enum ww_err account_share_rename(struct ww_op *op, struct account_sharing *w, struct bytes from,
                                 struct bytes to) WW_MUST;

/* A share that an earlier chain of keys signed, signed by the one of now: who meets its owner from here on
 * knows no other. One that was altered stays as it is. */
enum ww_err account_share_sign_again(struct ww_op *op, struct account_sharing *w,
                                     const struct vault_entry *e) WW_MUST;

/* ---- account_share_write.c ---- */
enum ww_err account_share_read_list(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                    struct share_list *out) WW_MUST;
enum ww_err account_share_write_list(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                     const struct share_list *l) WW_MUST;
/* Seals the content key of an entry for one on its list, who must not have it yet. to->sealed says whether
 * that could be done. */
enum ww_err account_share_seal_to(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e,
                                  struct share_recipient *to) WW_MUST;
/* Whether somebody waits for a share. */
enum ww_err account_share_waits(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                bool waits) WW_MUST;
/* All that waits. */
enum ww_err account_share_complete_all(struct ww_op *op, struct account_sharing *w) WW_MUST;
/* After somebody's keys were accepted: all that they get waits for them. */
enum ww_err account_share_renew(struct ww_op *op, struct account_sharing *w, const struct uuid *who) WW_MUST;

#endif
