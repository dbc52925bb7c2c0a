/* The routes of both ports, a row each with what it needs. A row that states no need does not start. */
#include "routes.h"

#include "handlers.h"
#include "pages.h"

#define ALL_METHODS                                                                                          \
    (HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE | HTTP_CONNECT | HTTP_OPTIONS | HTTP_TRACE)

#define ROW(methods, path, needs, csrf, where, handler, action)                                              \
    {                                                                                                        \
        methods, path, needs, csrf, where, handler, action, path, NULL, BODY_FORM                            \
    }
/* Watchword's own: for whoever has a session, and what changes something comes from us. */
#define OWN_ROW(methods, path, needs, body, handler, doc)                                                    \
    {                                                                                                        \
        methods, path, NEED_SESSION | NEED_ORIGIN | (needs), CSRF_IGNORED, HTTP_SLOW, handler, 0, path,      \
            &(doc), body                                                                                     \
    }
/* The same for what may hash a password. */
#define OWN_ROW_HASH(path, needs, handler, doc)                                                              \
    {                                                                                                        \
        HTTP_POST, path, needs, CSRF_IGNORED, HTTP_HASH, handler, 0, path, &(doc), BODY_FORM                 \
    }
/* The four routes of a flow: what begins it writes, what submits it may hash. */
#define FLOW_ROWS(name, NAME)                                                                                \
    ROW(HTTP_GET, "/self-service/" name "/browser", NEED_FLOW | NEED_WISH, CSRF_ON, HTTP_SLOW, handle_flow,  \
        WW_##NAME##_INIT),                                                                                   \
        ROW(HTTP_GET, "/self-service/" name "/api", NEED_FLOW | NEED_WISH, CSRF_IGNORED, HTTP_SLOW,          \
            handle_flow_api, WW_##NAME##_INIT),                                                              \
        ROW(HTTP_GET, "/self-service/" name "/flows", NEED_FLOW, CSRF_ON, HTTP_SLOW, handle_flow,            \
            WW_##NAME##_FETCH),                                                                              \
        ROW(HTTP_GET | HTTP_POST, "/self-service/" name, NEED_FLOW | NEED_WISH, CSRF_IGNORED, HTTP_HASH,     \
            handle_flow, WW_##NAME##_SUBMIT)

/* Pages look for the session themselves, since a person is sent to the sign-in page rather than refused; what
 * they change needs their form's anti-CSRF token. */
/* A form of whoever is signed in: the page judges where it comes from, and keeps what was typed. */
#define PAGE_SENT(path, body, handler)                                                                       \
    {                                                                                                        \
        HTTP_POST, "/ui/" path, NEED_FLOW, CSRF_TOLD, HTTP_SLOW, handler, 0, "/ui/" path, NULL, body         \
    }
/* The same for what may hash a password. */
#define PAGE_SENT_HASH(path, handler)                                                                        \
    {                                                                                                        \
        HTTP_POST, "/ui/" path, NEED_FLOW, CSRF_TOLD, HTTP_HASH, handler, 0, "/ui/" path, NULL, BODY_FORM    \
    }
#define PAGE(method, path, handler) ROW(method, "/ui/" path, NEED_FLOW, CSRF_ON, HTTP_SLOW, handler, 0)

/* Its GET begins a flow, or takes what was kept. */
#define PAGE_THAT_WRITES(path, handler)                                                                      \
    ROW(HTTP_GET, "/ui/" path, NEED_FLOW | NEED_WISH, CSRF_ON, HTTP_SLOW, handler, 0)

const struct route routes_public[] = {
    FLOW_ROWS("login", LOGIN),
    FLOW_ROWS("registration", REGISTRATION),
    FLOW_ROWS("settings", SETTINGS),
    ROW(HTTP_GET, "/self-service/logout/browser", NEED_FLOW | NEED_WISH, CSRF_ON, HTTP_SLOW, handle_flow,
        WW_LOGOUT_INIT),
    ROW(HTTP_GET, "/self-service/logout", NEED_FLOW | NEED_WISH, CSRF_ON, HTTP_SLOW, handle_flow,
        WW_LOGOUT_SUBMIT),
    ROW(HTTP_DELETE, "/self-service/logout/api", NEED_FLOW, CSRF_IGNORED, HTTP_SLOW, handle_flow,
        WW_LOGOUT_NATIVE),
    ROW(HTTP_GET, "/self-service/errors", NEED_NOTHING, CSRF_ON, HTTP_SLOW, handle_flow, WW_ERROR_FETCH),

    ROW(ALL_METHODS, "/sessions/whoami", NEED_FLOW | NEED_READ, CSRF_IGNORED, HTTP_QUICK, handle_flow,
        WW_WHOAMI),
    ROW(HTTP_GET, "/sessions", NEED_FLOW, CSRF_IGNORED, HTTP_SLOW, handle_flow, WW_SESSIONS_LIST),
    ROW(HTTP_DELETE, "/sessions", NEED_FLOW | NEED_NOT_FOREIGN, CSRF_IGNORED, HTTP_SLOW, handle_flow,
        WW_SESSIONS_END_OTHERS),
    ROW(HTTP_DELETE, "/sessions/{id}", NEED_FLOW | NEED_NOT_FOREIGN, CSRF_IGNORED, HTTP_SLOW, handle_flow,
        WW_SESSION_END),

    ROW(HTTP_GET, "/schemas", NEED_NOTHING, CSRF_ON, HTTP_QUICK, handle_flow, WW_SCHEMAS_LIST),
    ROW(HTTP_GET, "/schemas/{id}", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_flow, WW_SCHEMA_FETCH),
    ROW(HTTP_GET, "/.well-known/ory/webauthn.js", NEED_NOTHING, CSRF_ON, HTTP_QUICK, handle_webauthn_script,
        0),

    ROW(HTTP_GET, "/health/alive", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_alive, 0),
    ROW(HTTP_GET, "/health/ready", NEED_NOTHING, CSRF_OFF, HTTP_SLOW, handle_ready, 0),
    ROW(HTTP_GET, "/version", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_not_here, 0),
    ROW(HTTP_GET, "/metrics/prometheus", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_not_here, 0),

    OWN_ROW(HTTP_GET, "/vault", 0, BODY_FORM, handle_vault, doc_vault),
    OWN_ROW(HTTP_GET, "/vault/items", 0, BODY_FORM, handle_item_list, doc_item_list),
    OWN_ROW(HTTP_POST, "/vault/items", 0, BODY_ITEMS, handle_items_several, doc_items_several),
    OWN_ROW(HTTP_GET, "/vault/items/{name}", 0, BODY_FORM, handle_item_get, doc_item_get),
    OWN_ROW(HTTP_PUT, "/vault/items/{name}", 0, BODY_ITEM, handle_item_put, doc_item_put),
    OWN_ROW(HTTP_DELETE, "/vault/items/{name}", 0, BODY_FORM, handle_item_delete, doc_item_delete),
    OWN_ROW(HTTP_GET, "/vault/codes", 0, BODY_FORM, handle_codes_state, doc_codes_state),
    OWN_ROW(HTTP_POST, "/vault/codes", 0, BODY_FORM, handle_codes_make, doc_codes_make),
    OWN_ROW(HTTP_DELETE, "/vault/codes", 0, BODY_FORM, handle_codes_revoke, doc_codes_revoke),
    OWN_ROW_HASH("/vault/recover", NEED_NOTHING, handle_recover, doc_recover),
    OWN_ROW_HASH("/vault/unlock", NEED_SESSION | NEED_ORIGIN, handle_unlock, doc_unlock),
    OWN_ROW(HTTP_POST, "/vault/epoch", 0, BODY_FORM, handle_epoch, doc_epoch),
    OWN_ROW_HASH("/vault/rekey", NEED_SESSION | NEED_ORIGIN, handle_rekey, doc_rekey),
    OWN_ROW(HTTP_POST, "/vault/new", NEED_RECENT, BODY_FORM, handle_vault_new, doc_vault_new),
    OWN_ROW_HASH("/vault/waiting/{id}/open", NEED_SESSION | NEED_ORIGIN, handle_waiting_open,
                 doc_waiting_open),
    OWN_ROW(HTTP_DELETE, "/vault/waiting/{id}", NEED_RECENT, BODY_FORM, handle_waiting_discard,
            doc_waiting_discard),
    OWN_ROW(HTTP_GET, "/vault/shares", 0, BODY_FORM, handle_share_list, doc_share_list),
    OWN_ROW(HTTP_GET, "/vault/shares/{name}", 0, BODY_FORM, handle_share_get, doc_share_get),
    OWN_ROW(HTTP_PUT, "/vault/shares/{name}", 0, BODY_ITEM, handle_share_put, doc_share_put),
    OWN_ROW(HTTP_PATCH, "/vault/shares/{name}", 0, BODY_FORM, handle_share_people, doc_share_people),
    OWN_ROW(HTTP_DELETE, "/vault/shares/{name}", 0, BODY_FORM, handle_share_withdraw, doc_share_withdraw),
    /* reading pins the keys of who is met for the first time */
    OWN_ROW(HTTP_GET, "/vault/inbox", NEED_WISH, BODY_FORM, handle_inbox_list, doc_inbox_list),
    OWN_ROW(HTTP_GET, "/vault/inbox/{name}", NEED_WISH, BODY_FORM, handle_inbox_get, doc_inbox_get),
    OWN_ROW(HTTP_POST, "/vault/inbox/{name}/adopt", 0, BODY_FORM, handle_inbox_adopt, doc_inbox_adopt),
    OWN_ROW(HTTP_GET, "/vault/contacts", 0, BODY_FORM, handle_contact_list, doc_contact_list),
    OWN_ROW(HTTP_POST, "/vault/contacts/{id}/accept", 0, BODY_FORM, handle_contact_accept,
            doc_contact_accept),
    OWN_ROW(HTTP_GET, "/vault/fingerprint", 0, BODY_FORM, handle_fingerprint, doc_fingerprint),
    OWN_ROW(HTTP_POST, "/vault/letters", 0, BODY_LETTER, handle_letter_seal, doc_letter_seal),
    OWN_ROW(HTTP_POST, "/vault/letters/open", 0, BODY_LETTER, handle_letter_open, doc_letter_open),
    OWN_ROW(HTTP_GET, "/vault/public", 0, BODY_FORM, handle_public_list, doc_public_list),
    OWN_ROW(HTTP_PUT, "/vault/public/{name}", 0, BODY_ITEM, handle_public_put, doc_public_put),
    OWN_ROW(HTTP_DELETE, "/vault/public/{name}", 0, BODY_FORM, handle_public_delete, doc_public_delete),
    OWN_ROW(HTTP_GET, "/public/{name}", 0, BODY_FORM, handle_public_get, doc_public_get),
    OWN_ROW(HTTP_GET, "/public/{owner}/{name}", 0, BODY_FORM, handle_public_get_of, doc_public_get_of),
    OWN_ROW(HTTP_GET, "/account/history", 0, BODY_FORM, handle_account_history, doc_account_history),
    OWN_ROW(HTTP_DELETE, "/account", NEED_RECENT, BODY_FORM, handle_account_delete, doc_account_delete),
    ROW(HTTP_GET, "/openapi.json", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_openapi, 0),

    /* the admin port's, sent there (kratos.md §0.1) */
    ROW(ALL_METHODS, "/admin/identities", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin, 0),
    ROW(ALL_METHODS, "/admin/identities/{id}", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin, 0),
    ROW(ALL_METHODS, "/admin/identities/{id}/{below}", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK,
        handle_to_admin, 0),
    ROW(ALL_METHODS, "/admin/identities/{id}/{below}/{type}", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK,
        handle_to_admin, 0),
    ROW(ALL_METHODS, "/admin/sessions", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin, 0),
    ROW(ALL_METHODS, "/admin/sessions/{id}", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin, 0),
    ROW(ALL_METHODS, "/admin/sessions/{id}/extend", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin,
        0),
    ROW(ALL_METHODS, "/identities", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin, 0),
    ROW(ALL_METHODS, "/identities/{id}", NEED_NOTHING, CSRF_IGNORED, HTTP_QUICK, handle_to_admin, 0),

    /* the built-in pages (own-api.md, "Pages"); what no other row has is a page that is not there */
    ROW(HTTP_GET, "/", NEED_NOTHING, CSRF_ON, HTTP_QUICK, handle_page_root, 0),
    ROW(HTTP_GET, "/ui", NEED_NOTHING, CSRF_ON, HTTP_QUICK, handle_page_root, 0),
    ROW(HTTP_GET, "/.well-known/change-password", NEED_NOTHING, CSRF_ON, HTTP_QUICK,
        handle_page_change_password, 0),
    ROW(HTTP_GET, "/ui/static/{file}", NEED_NOTHING | NEED_CACHE, CSRF_OFF, HTTP_QUICK, handle_page_static,
        0),
    PAGE_THAT_WRITES("login", handle_page_login),
    PAGE_THAT_WRITES("registration", handle_page_registration),
    PAGE(HTTP_POST, "to-login", handle_page_to_login),
    PAGE(HTTP_GET, "recover", handle_page_recover),
    PAGE_SENT_HASH("recover", handle_page_recovering),
    PAGE(HTTP_GET, "unlock", handle_page_root),
    PAGE_SENT_HASH("unlock", handle_page_unlock),
    PAGE_THAT_WRITES("settings", handle_page_settings),
    PAGE(HTTP_GET, "error", handle_page_error),
    PAGE(HTTP_GET, "", handle_page_notes),
    PAGE(HTTP_GET, "notes", handle_page_root),
    PAGE_SENT("notes", BODY_NOTE, handle_page_note_save),
    PAGE(HTTP_GET, "notes/new", handle_page_note_new),
    PAGE(HTTP_GET, "notes/{id}", handle_page_note),
    PAGE_SENT("files", BODY_NOTE, handle_page_file_add),
    PAGE_SENT("notes/{id}", BODY_NOTE, handle_page_note_save),
    PAGE(HTTP_GET, "notes/{id}/file", handle_page_note_file),
    PAGE(HTTP_GET, "notes/{id}/delete", handle_page_note_delete),
    PAGE_SENT("notes/{id}/delete", BODY_FORM, handle_page_note_deleted),
    PAGE(HTTP_GET, "notes/{id}/share", handle_page_note_share),
    PAGE_SENT("notes/{id}/share", BODY_FORM, handle_page_note_sharing),
    PAGE(HTTP_GET, "shared", handle_page_shared),
    PAGE(HTTP_GET, "shared/{id}", handle_page_share),
    PAGE_SENT("shared/{id}", BODY_FORM, handle_page_share_add),
    PAGE_SENT("shared/{id}/remove", BODY_FORM, handle_page_share_remove),
    PAGE_SENT("shared/{id}/renew", BODY_FORM, handle_page_share_renew),
    PAGE(HTTP_GET, "shared/{id}/end", handle_page_share_end),
    PAGE_SENT("shared/{id}/end", BODY_FORM, handle_page_share_ended),
    PAGE_THAT_WRITES("inbox", handle_page_inbox), /* pins the keys of who is new */
    PAGE_THAT_WRITES("inbox/{id}", handle_page_received),
    PAGE_SENT("inbox/{id}", BODY_FORM, handle_page_received_adopt),
    PAGE_THAT_WRITES("inbox/{id}/file", handle_page_received_file),
    PAGE(HTTP_GET, "people", handle_page_people),
    PAGE(HTTP_GET, "people/{id}", handle_page_person),
    PAGE_SENT("people/{id}", BODY_FORM, handle_page_person_accept),
    PAGE_THAT_WRITES("kept", handle_page_kept),
    PAGE_THAT_WRITES("profile", handle_page_profile),
    PAGE_THAT_WRITES("password", handle_page_password),
    PAGE(HTTP_GET, "codes", handle_page_codes),
    PAGE_SENT("codes", BODY_FORM, handle_page_codes_make),
    PAGE(HTTP_POST, "codes/file", handle_page_codes_file),
    PAGE(HTTP_GET, "codes/end", handle_page_codes_end),
    PAGE_SENT("codes/end", BODY_FORM, handle_page_codes_ended),
    PAGE(HTTP_GET, "security", handle_page_security),
    PAGE_SENT_HASH("security/locks", handle_page_locks),
    PAGE_SENT("security/keys", BODY_FORM, handle_page_keys),
    PAGE(HTTP_GET, "start-anew", handle_page_anew),
    PAGE_SENT("start-anew", BODY_FORM, handle_page_anew_sent),
    PAGE_SENT_HASH("older/{id}/open", handle_page_older_open),
    PAGE(HTTP_GET, "older/{id}/delete", handle_page_older_delete),
    PAGE_SENT("older/{id}/delete", BODY_FORM, handle_page_older_deleted),
    PAGE(HTTP_GET, "devices", handle_page_devices),
    PAGE_SENT("sessions/end-others", BODY_FORM, handle_page_devices_end),
    PAGE_SENT("sessions/{id}/end", BODY_FORM, handle_page_device_end),
    PAGE(HTTP_GET, "activity", handle_page_activity),
    PAGE(HTTP_GET, "close", handle_page_close),
    PAGE_SENT("account/delete", BODY_FORM, handle_page_closing),
    PAGE(HTTP_GET, "closed", handle_page_closed),
    PAGE(HTTP_GET, "sign-out", handle_page_sign_out),
    PAGE_SENT("sign-out", BODY_FORM, handle_page_signing_out),
    PAGE(HTTP_GET, "signed-out", handle_page_signed_out),
    PAGE(HTTP_GET, "{a}", handle_page_missing),
    PAGE(HTTP_GET, "{a}/{b}", handle_page_missing),
    PAGE(HTTP_GET, "{a}/{b}/{c}", handle_page_missing),
};
const size_t routes_public_count = sizeof routes_public / sizeof routes_public[0];

/* Without the prefix /admin, which every path may have. */
const struct route routes_admin[] = {
    ROW(HTTP_GET, "/health/alive", NEED_ADMIN, CSRF_OFF, HTTP_QUICK, handle_alive, 0),
    ROW(HTTP_GET, "/health/ready", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_ready, 0),
    ROW(HTTP_GET, "/health/config", NEED_ADMIN, CSRF_OFF, HTTP_QUICK, handle_config, 0),
    ROW(HTTP_GET, "/version", NEED_ADMIN, CSRF_OFF, HTTP_QUICK, handle_version, 0),
    ROW(HTTP_GET, "/metrics/prometheus", NEED_ADMIN, CSRF_OFF, HTTP_QUICK, handle_metrics, 0),

    ROW(HTTP_GET, "/identities", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_identity_list, 0),
    ROW(HTTP_POST, "/identities", NEED_ADMIN, CSRF_OFF, HTTP_HASH, handle_identity_create, 0),
    ROW(HTTP_PATCH, "/identities", NEED_ADMIN, CSRF_OFF, HTTP_HASH, handle_identity_batch, 0),
    ROW(HTTP_GET, "/identities/{id}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_identity_get, 0),
    ROW(HTTP_PUT, "/identities/{id}", NEED_ADMIN, CSRF_OFF, HTTP_HASH, handle_identity_update, 0),
    ROW(HTTP_PATCH, "/identities/{id}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_identity_patch, 0),
    ROW(HTTP_GET, "/identities/by/external/{id}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_identity_external,
        0),
    ROW(HTTP_DELETE, "/identities/{id}/credentials/{type}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW,
        handle_credentials_delete, 0),
    ROW(HTTP_DELETE, "/identities/{id}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_identity_delete, 0),
    ROW(HTTP_GET, "/identities/{id}/sessions", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_flow_admin,
        WW_ADMIN_ACCOUNT_SESSIONS),
    ROW(HTTP_DELETE, "/identities/{id}/sessions", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_flow_admin,
        WW_ADMIN_ACCOUNT_SESSIONS_END),
    /* the public port's; before what would take it for a session */
    ROW(ALL_METHODS, "/sessions/whoami", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_to_public, 0),
    ROW(HTTP_GET, "/sessions", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_flow_admin, WW_ADMIN_SESSIONS),
    ROW(HTTP_GET, "/sessions/{id}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_flow_admin, WW_ADMIN_SESSION),
    ROW(HTTP_DELETE, "/sessions/{id}", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_flow_admin,
        WW_ADMIN_SESSION_END),
    ROW(HTTP_PATCH, "/sessions/{id}/extend", NEED_ADMIN, CSRF_OFF, HTTP_SLOW, handle_flow_admin,
        WW_ADMIN_SESSION_EXTEND),
    ROW(HTTP_POST, "/identities/{id}/password", NEED_ADMIN, CSRF_OFF, HTTP_HASH, handle_password_set, 0),

    /* the public port's, sent there */
    ROW(HTTP_GET, "/schemas", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_to_public, 0),
    ROW(HTTP_GET, "/schemas/{id}", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_to_public, 0),
    ROW(ALL_METHODS, "/self-service/{flow}", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_to_public, 0),
    ROW(ALL_METHODS, "/self-service/{flow}/{step}", NEED_NOTHING, CSRF_OFF, HTTP_QUICK, handle_to_public, 0),
};
const size_t routes_admin_count = sizeof routes_admin / sizeof routes_admin[0];
