/* The handlers that rows of routes.c name. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "routes.h"

/* handle_self_service.c: one action of watchword/flow.h */
route_handler handle_flow, handle_flow_api, handle_flow_admin;
/* handle_health.c */
route_handler handle_alive, handle_ready, handle_version, handle_config, handle_metrics;
/* handle_identities.c, handle_identity_list.c */
route_handler handle_identity_create, handle_identity_get, handle_identity_list, handle_identity_delete,
    handle_identity_external, handle_identity_update, handle_identity_patch, handle_identity_batch,
    handle_credentials_delete;
/* handle_vault.c, handle_vault_several.c, handle_recovery.c, handle_account.c, openapi.c: Watchword's own
 * (own-api.md) */
route_handler handle_unlock, handle_password_set, handle_codes_state, handle_codes_make, handle_codes_revoke,
    handle_recover, handle_epoch, handle_rekey, handle_vault_new, handle_waiting_open, handle_waiting_discard;
/* handle_share.c, handle_inbox.c */
route_handler handle_share_list, handle_share_get, handle_share_put, handle_share_people,
    handle_share_withdraw;
route_handler handle_inbox_list, handle_inbox_get, handle_inbox_adopt, handle_contact_list,
    handle_contact_accept, handle_fingerprint;
/* handle_letter.c */
route_handler handle_letter_seal, handle_letter_open;
/* handle_public.c */
route_handler handle_public_list, handle_public_put, handle_public_delete, handle_public_get,
    handle_public_get_of;
route_handler handle_vault, handle_item_list, handle_item_get, handle_item_put, handle_item_delete;
route_handler handle_items_several, handle_account_history, handle_account_delete, handle_openapi;
/* handle_elsewhere.c */
route_handler handle_to_admin, handle_to_public, handle_not_here, handle_webauthn_script;

/* What several handlers need. */
/* The request as flows want it. False: it could not be read, and was answered. */
bool handle_flow_request(struct route_call *c, struct ww_flow_request *in) WW_MUST;
/* Sets and ends the cookies that a flow's answer names, and clears what the browser keeps if it says so. */
void handle_flow_cookies(struct route_call *c, const struct ww_flow_answer *out);
/* The refusal of a changing request without its anti-CSRF token. */
void handle_csrf_refused(struct route_call *c, bool token_sent);
/* What the library refused, with the status that its code has (own-api.md, "Refusals of its own"). */
void answer_problem(struct route_call *c, enum ww_err err);
/* 404 "404 page not found", as for a path that nobody serves. */
void dispatch_not_found(struct http_request *r);
/* Whether a browser asks ahead of time for what may never be shown. */
bool dispatch_is_ahead(const struct http_request *r);
void dispatch_answer_text(struct http_request *r, int status, const char *type, const char *text);

#endif
