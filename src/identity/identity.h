/* Identities: from traits to identifiers and addresses, and the JSON that the wire speaks (kratos.md §5). */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "schema.h"
#include "store.h"

/* Fills traits, identifiers and addresses of r->identity from traits that are valid under schema; keeps the
 * id, verified state and times of addresses whose value did not change. Also sets schema and updated.
 * WW_EVALIDATION with id "no_identifier" when `need_identifier` and the traits yield none; id
 * "address_format" with the field when a marked address is no e-mail address or telephone number; id
 * "too_many_identifiers" above the limits of store_identity.h, problem.limit set. WW_EINVAL as
 * identity_ident. */
enum ww_err identity_set_traits(struct ww_op *op, struct record *r, const struct identity_schema *schema,
                                const struct js *traits, bool need_identifier) WW_MUST;
/* The one form of a name or address (vault.md §6), with a NUL behind. WW_EINVAL ids "identifier_too_long" and
 * "identifier_invalid" (a control character) with the field. */
enum ww_err identity_ident(struct ww_op *op, struct bytes value, const char *field,
                           struct bytes *out) WW_MUST;
/* Brings the identifiers and search rows in line with r->identity, in a transaction: `before` is what the
 * rows follow now (NULL: none). WW_ECONFLICT id "identifier_taken". */
enum ww_err identity_write_rows(struct ww_op *op, struct store *s, const struct identity_schema *schema,
                                const struct record *r, const struct identity *before) WW_MUST;
/* All tags that an identity stands for; an address to verify and to recover with has its tag twice. */
enum ww_err identity_tags(struct ww_op *op, const struct store *s, const struct identity *i, struct key **out,
                          size_t *n) WW_MUST;
size_t identity_distinct_tags(const struct key *tags, size_t n);
/* The tags of the record's searchable traits; equal ones of a list stand there as often as they are stored.
 */
enum ww_err identity_search_tags(struct ww_op *op, const struct store *s,
                                 const struct identity_schema *schema, const struct record *r,
                                 struct key **out, size_t *n) WW_MUST;
/* Login identifiers of the record, after ident(): *n texts in the arena. */
enum ww_err identity_identifiers(struct ww_op *op, const struct record *r, const char ***out,
                                 size_t *n) WW_MUST;
/* Whether the record holds this identifier (after ident()). */
bool identity_has_identifier(const struct record *r, enum identifier_kind kind, struct bytes value);
bool identity_has_verified_address(const struct record *r);
/* What an administrator says of addresses: an array of {"value","verified","status"}. Those of the record
 * with that use and value take it over; others count for nothing. given may be NULL. */
enum ww_err identity_override_addresses(struct ww_op *op, struct record *r, const struct js *given,
                                        enum address_use use) WW_MUST;
/* Whether new traits would change credentials, verifiable or recovery addresses: then a recent sign-in is
 * needed. */
bool identity_is_sensitive_change(const struct identity *before, const struct identity *after);

enum identity_view {
    IDENTITY_PUBLIC, /* what its owner sees in whoami and flows */
    IDENTITY_ADMIN,  /* and metadata_admin */
    IDENTITY_ADMIN_WITH_CREDENTIALS,
    IDENTITY_ADMIN_CREATED, /* as create answers: credential times are the zero time, no null metadata_admin
                             */
};
/* schema_base: serve.public.base_url. */
struct js *identity_json(struct ww_op *op, const struct record *r, const struct schema_set *schemas,
                         const char *schema_base, enum identity_view view);

#endif
