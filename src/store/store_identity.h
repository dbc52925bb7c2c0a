/* What the JSON of a record says (vault.md §6), decoded once, when the record is opened, and written from
 * here when it is sealed. Everything lives in the operation's arena. Lists are replaced, never changed in
 * place, so that a copy of the struct keeps what was. */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "js.h"
#include "limit.h"
#include "uuid.h"

/* More than any person has; so the work of comparing them stays small. Who writes traits refuses more, and a
 * stored record that holds more was not written by us. */
enum { IDENTITY_IDENTIFIERS_MAX = LIMIT_IDENTIFIERS, IDENTITY_ADDRESSES_MAX = LIMIT_ADDRESSES };

enum identifier_kind { IDENT_LOGIN = 1, IDENT_ADDRESS, IDENT_EXTERNAL, IDENT_PROVIDER, IDENT_PASSKEY };
struct identity_identifier {
    enum identifier_kind kind;
    const char *value; /* after ident() */
};

enum address_use { ADDRESS_VERIFY, ADDRESS_RECOVER };
/* The numbers stand in the tags of addresses (vault.md §5). */
enum address_via { ADDRESS_EMAIL = 1, ADDRESS_SMS = 2 };
struct identity_address {
    struct uuid id;
    enum address_use use;
    enum address_via via;
    const char *value; /* after ident() */
    bool verified;
    const char *status;                     /* Kratos' words: "pending", "sent", "completed" */
    uint64_t verified_at, created, updated; /* µs; verified_at 0: never */
};

struct identity {
    const char *schema;                                         /* its id */
    const struct js *traits, *metadata_public, *metadata_admin; /* any JSON; JS_NULL where unset */
    const char *external_id;                                    /* or NULL */
    uint64_t created, updated, state_changed;                   /* µs; state_changed 0: not told */
    const struct js *credentials; /* {"<id, hex>": {"name","created"}}: what people call their credentials */
    const struct identity_identifier *identifiers;
    size_t identifier_count;
    const struct identity_address *addresses;
    size_t address_count;
};

/* "email", "sms". */
const char *store_address_via(enum address_via via);

#endif
