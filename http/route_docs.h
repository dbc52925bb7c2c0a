/* What /openapi.json says of each of Watchword's own routes beyond what its row in routes.c says. */
#ifndef ROUTE_DOCS_H
#define ROUTE_DOCS_H

struct route_doc {
    const char *operation; /* operationId */
    const char *summary;
    const char *query;        /* names of parameters with blanks between, or NULL */
    const char *headers;      /* the same of request headers */
    const char *request_type; /* media type of the body, or NULL: none */
    const char *request;      /* its JSON Schema, when it is JSON */
    int status;               /* of success */
    const char *answer_type;  /* media type, or NULL: no body */
    const char *answer;       /* its JSON Schema, when it is JSON */
    const char *others;       /* further statuses, with blanks between */
};

extern const struct route_doc doc_codes_state, doc_codes_make, doc_codes_revoke, doc_recover, doc_unlock,
    doc_epoch, doc_rekey, doc_vault_new, doc_waiting_open, doc_waiting_discard, doc_share_list, doc_share_get,
    doc_share_put, doc_share_people, doc_share_withdraw, doc_inbox_list, doc_inbox_get, doc_inbox_adopt,
    doc_contact_list, doc_contact_accept, doc_fingerprint, doc_letter_seal, doc_letter_open, doc_public_list,
    doc_public_put, doc_public_delete, doc_public_get, doc_public_get_of, doc_vault, doc_item_list,
    doc_items_several, doc_item_get, doc_item_put, doc_item_delete, doc_account_history, doc_account_delete;

#endif
