/* The built-in pages (under /ui/): HTML over the same flows and calls that everybody else uses. */
#ifndef PAGES_H
#define PAGES_H

#include "routes.h"

/* Makes what the pages need when watchword.pages.enabled; without it their routes answer 404. WW_ECONFIG with
 * *why, a text in the site's arena, when the accent cannot be read. */
enum ww_err pages_open(struct site *site, const char **why) WW_MUST;
void pages_close(struct site *site);

/* What a flow could not do (429, 500, 503), for a person at a browser; false when the pages are off or the
 * client did not ask for HTML. */
bool pages_answer_failure(struct route_call *c, int status);
/* Where the answer to a form of ours leads: the two steps of a registration have an address each, so that the
 * browser's Back button leads from the second to the first. */
const char *pages_sent_url(struct route_call *c, const struct ww_flow_request *in, const char *location);
/* Remembers what a flow has done, for the page that comes next to tell. */
void pages_note_outcome(struct route_call *c, enum ww_flow_action action, const struct ww_flow_answer *out);
/* A settings form of ours whose sign-in ended, or changed, since it was made: what was typed is kept, and the
 * person is asked to sign in. False: the flow may answer. */
bool pages_keep_form(struct route_call *c, enum ww_flow_action action, const struct ww_flow_request *in);

/* A path that nobody serves, told to a person at a browser; false as above. */
bool pages_answer_missing(struct route_call *c);

route_handler handle_page_change_password;
route_handler handle_page_root, handle_page_static, handle_page_missing;
/* page_flow.c; one row each for login, registration, settings */
route_handler handle_page_login, handle_page_registration, handle_page_to_login, handle_page_settings,
    handle_page_profile, handle_page_password, handle_page_error;
/* page_notes.c, page_note.c */
route_handler handle_page_notes, handle_page_note_new, handle_page_file_add, handle_page_note,
    handle_page_note_save, handle_page_note_file, handle_page_note_delete, handle_page_note_deleted;
/* page_codes.c */
route_handler handle_page_codes, handle_page_codes_make, handle_page_codes_file, handle_page_codes_end,
    handle_page_codes_ended;
/* page_share.c, page_inbox.c, page_people.c */
route_handler handle_page_note_share, handle_page_note_sharing, handle_page_shared, handle_page_share,
    handle_page_share_add, handle_page_share_remove, handle_page_share_renew, handle_page_share_end,
    handle_page_share_ended;
route_handler handle_page_inbox, handle_page_received, handle_page_received_file, handle_page_received_adopt;
route_handler handle_page_people, handle_page_person, handle_page_person_accept;
/* page_recover.c */
route_handler handle_page_recover, handle_page_recovering;
/* page_unlock.c */
route_handler handle_page_unlock;
/* page_security.c, page_older.c */
route_handler handle_page_security, handle_page_locks, handle_page_keys, handle_page_anew,
    handle_page_anew_sent, handle_page_older_open, handle_page_older_delete, handle_page_older_deleted;
/* page_kept.c */
route_handler handle_page_kept;
/* page_account.c */
route_handler handle_page_devices, handle_page_device_end, handle_page_devices_end, handle_page_activity,
    handle_page_close, handle_page_closing, handle_page_closed, handle_page_sign_out, handle_page_signing_out,
    handle_page_signed_out;

#endif
