/* What /openapi.json says of Watchword's own routes, beyond their rows in routes.c. */
#include "route_docs.h"

#include <stddef.h>

#define JSON_TYPE  "application/json"
#define BYTES_TYPE "application/octet-stream"

#define TEXT        "{\"type\":\"string\"}"
#define TEXT_OR_NOT "{\"type\":\"string\",\"nullable\":true}"
#define TIME        "{\"type\":\"string\",\"format\":\"date-time\"}"
#define TIME_OR_NOT "{\"type\":\"string\",\"format\":\"date-time\",\"nullable\":true}"
#define BASE64_TEXT "{\"type\":\"string\",\"format\":\"byte\"}"
#define FLAG        "{\"type\":\"boolean\"}"
#define COUNT       "{\"type\":\"integer\"}"

#define OBJECT(required, properties)                                                                         \
    "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define OBJECT_OF_ANY(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"
#define LIST(of)                  "{\"type\":\"array\",\"items\":" of "}"
#define MAP(of)                   "{\"type\":\"object\",\"additionalProperties\":" of "}"

#define WAITING_LIST                                                                                         \
    "\"waiting\":" LIST(OBJECT("\"id\",\"since\",\"kept_until\"",                                            \
                               "\"id\":" TEXT ",\"since\":" TIME ",\"kept_until\":" TIME))

const struct route_doc doc_vault = {
    .operation = "getVault",
    .summary = "Whether this session opens the vault, and how many items it holds",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer =
        OBJECT("\"state\",\"items\",\"epoch\",\"waiting\"",
               "\"state\":{\"type\":\"string\",\"enum\":[\"open\",\"locked\",\"none\"]},\"items\":" COUNT
               ",\"epoch\":" COUNT ",\"openers\":" MAP(COUNT) "," WAITING_LIST),
};

const struct route_doc doc_item_list = {
    .operation = "listItems",
    .summary = "The names of the items in byte order, a page at a time; no value is opened",
    .query = "prefix page_size page_token",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"items\"",
                     "\"items\":" LIST(OBJECT("\"name\",\"version\"", "\"name\":" TEXT ",\"version\":" TEXT
                                                                      ",\"updated_at\":" TIME))),
    .others = "400 409 423 429",
};

const struct route_doc doc_items_several = {
    .operation = "changeItems",
    .summary = "Several items in one transaction, all or nothing: put, then delete, then get",
    .request_type = JSON_TYPE,
    .request = OBJECT_OF_ANY("\"put\":" MAP(BASE64_TEXT) ",\"delete\":" LIST(TEXT) ",\"get\":" LIST(TEXT)),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT(
        "\"put\",\"delete\",\"get\"",
        "\"put\":" MAP(OBJECT(
            "\"version\",\"updated_at\",\"created\"",
            "\"version\":" TEXT ",\"updated_at\":" TIME
            ",\"created\":" FLAG)) ",\"delete\":" LIST(TEXT) ",\"get\":" MAP(OBJECT("\"version\",\"updated_"
                                                                                    "at\",\"value\"",
                                                                                    "\"version\":" TEXT
                                                                                    ",\"updated_at\":" TIME
                                                                                    ",\"value\""
                                                                                    ":" BASE64_TEXT))),
    .others = "400 404 409 413 415 423",
};

const struct route_doc doc_item_get = {
    .operation = "getItem",
    .summary = "The item's bytes as they were stored; ETag is its version",
    .headers = "If-None-Match",
    .status = 200,
    .answer_type = BYTES_TYPE,
    .others = "304 400 404 409 423",
};

const struct route_doc doc_item_put = {
    .operation = "putItem",
    .summary = "Stores an item: 201 when it is new, 204 when it was replaced",
    .headers = "If-Match If-None-Match",
    .request_type = BYTES_TYPE,
    .status = 201,
    .others = "204 400 409 412 413 423",
};

const struct route_doc doc_item_delete = {
    .operation = "deleteItem",
    .summary = "Deletes an item",
    .headers = "If-Match",
    .status = 204,
    .others = "400 404 409 412 423",
};

#define CODES_LIST "\"codes\":" LIST(TEXT)

const struct route_doc doc_codes_state = {
    .operation = "getRecoveryCodes",
    .summary = "How many recovery codes are left",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"left\",\"made_at\"", "\"left\":" COUNT ",\"made_at\":" TIME_OR_NOT),
};

const struct route_doc doc_codes_make = {
    .operation = "makeRecoveryCodes",
    .summary = "Ten new recovery codes, shown this once; all earlier ones stop. Needs a recent sign-in",
    .status = 201,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"codes\"", CODES_LIST),
    .others = "409 423",
};

const struct route_doc doc_codes_revoke = {
    .operation = "revokeRecoveryCodes",
    .summary = "Ends all recovery codes; 409 where nothing else opens the vault. Needs a recent sign-in",
    .status = 204,
    .others = "409",
};

const struct route_doc doc_recover = {
    .operation = "recoverVault",
    .summary = "A recovery code and a new password sign in and open the vault; the used code is replaced",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"identifier\",\"code\",\"password\",\"carrier\"",
                      "\"identifier\":" TEXT ",\"code\":" TEXT ",\"password\":" TEXT
                      ",\"carrier\":{\"type\":\"string\",\"enum\":[\"token\",\"cookie\"]}"),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"session\",\"new_code\"",
                     "\"session_token\":" TEXT ",\"session\":" OBJECT_OF_ANY("") ",\"new_code\":" TEXT),
    .others = "400 415 429",
};

const struct route_doc doc_unlock = {
    .operation = "unlockVault",
    .summary = "A locked session and an old password or a recovery code: a new session that opens the vault",
    .request_type = JSON_TYPE,
    .request = OBJECT_OF_ANY("\"password\":" TEXT ",\"code\":" TEXT),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"state\"", "\"state\":" TEXT ",\"session_token\":" TEXT ",\"new_code\":" TEXT),
    .others = "400 409 415 429",
};

const struct route_doc doc_epoch = {
    .operation = "startEpoch",
    .summary = "A new epoch of the vault's keys; needs a recent sign-in",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"epoch\"", "\"epoch\":" COUNT),
    .others = "409 423",
};

const struct route_doc doc_rekey = {
    .operation = "rekeyVault",
    .summary =
        "A new root key: all sessions end, earlier passwords and codes open nothing. Needs a recent sign-in",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"password\"", "\"password\":" TEXT),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"codes\"", "\"session_token\":" TEXT "," CODES_LIST),
    .others = "400 409 415 423 429",
};

const struct route_doc doc_vault_new = {
    .operation = "startVault",
    .summary = "A locked session: an empty vault that it opens; the old one waits. Needs a recent sign-in",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"confirm\"", "\"confirm\":" TEXT),
    .status = 201,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"state\",\"waiting\",\"codes\"",
                     "\"state\":" TEXT ",\"session_token\":" TEXT "," WAITING_LIST "," CODES_LIST),
    .others = "400 409 413 415",
};

const struct route_doc doc_waiting_open = {
    .operation = "openWaitingVault",
    .summary =
        "An old password or a recovery code of a vault that waits: what is in it joins the vault of now",
    .request_type = JSON_TYPE,
    .request = OBJECT_OF_ANY("\"password\":" TEXT ",\"code\":" TEXT),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"merged\",\"renamed\",\"codes\"",
                     "\"merged\":" COUNT ",\"renamed\":" LIST(
                         OBJECT("\"from\",\"to\"", "\"from\":" TEXT ",\"to\":" TEXT)) "," CODES_LIST),
    .others = "400 404 409 413 415 423 429",
};

const struct route_doc doc_waiting_discard = {
    .operation = "discardWaitingVault",
    .summary = "A vault that waits is gone for good. Needs a recent sign-in",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"confirm\"", "\"confirm\":" TEXT),
    .status = 204,
    .others = "400 404 415",
};

#define SHARE                                                                                                \
    OBJECT("\"name\",\"version\",\"updated_at\",\"to\"",                                                     \
           "\"name\":" TEXT ",\"version\":" TEXT ",\"updated_at\":" TIME ",\"to\":" LIST(                    \
               OBJECT("\"id\",\"identifier\",\"state\"",                                                     \
                      "\"id\":" TEXT ",\"identifier\":" TEXT_OR_NOT                                          \
                      ",\"state\":{\"type\":\"string\",\"enum\":[\"sealed\",\"pending\",\"changed\"]}")))

const struct route_doc doc_share_list = {
    .operation = "listShares",
    .summary = "What is shared with others, in byte order of names, with whom and whether they have it",
    .query = "prefix page_size page_token",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"shares\"", "\"shares\":" LIST(SHARE)),
    .others = "400 409 423",
};

const struct route_doc doc_share_get = {
    .operation = "getShare",
    .summary = "The sender's own copy; ETag is its version",
    .headers = "If-None-Match",
    .status = 200,
    .answer_type = BYTES_TYPE,
    .others = "304 400 404 409 423",
};

const struct route_doc doc_share_put = {
    .operation = "putShare",
    .summary = "Shares a value with the people named by to, or with those who have it already",
    .query = "to",
    .headers = "If-Match If-None-Match",
    .request_type = BYTES_TYPE,
    .status = 201,
    .others = "204 400 404 409 412 413 423 429",
};

const struct route_doc doc_share_people = {
    .operation = "changeRecipients",
    .summary = "Gives a share to more people or to fewer; then it gets a new key",
    .request_type = JSON_TYPE,
    .request = OBJECT_OF_ANY("\"add\":" LIST(TEXT) ",\"remove\":" LIST(TEXT)),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = SHARE,
    .others = "400 404 409 413 415 423 429",
};

const struct route_doc doc_share_withdraw = {
    .operation = "withdrawShare",
    .summary = "Withdraws a share: nobody reads it from then on",
    .headers = "If-Match",
    .status = 204,
    .others = "400 404 409 412 423",
};

const struct route_doc doc_inbox_list = {
    .operation = "listInbox",
    .summary = "What others share with this account",
    .query = "page_size page_token",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT(
        "\"shares\"",
        "\"shares\":" LIST(OBJECT(
            "\"name\",\"from\",\"version\",\"updated_at\",\"state\"",
            "\"name\":" TEXT ",\"from\":" OBJECT(
                "\"id\",\"identifier\"",
                "\"id\":" TEXT ",\"identifier\":" TEXT_OR_NOT) ",\"version\":" TEXT ",\"updated_at\":" TIME
                                                               ",\"state\":{\"type\":\"string\",\"enum\":["
                                                               "\"open\",\"changed\"]}"))),
    .others = "400 409 423",
};

const struct route_doc doc_inbox_get = {
    .operation = "getReceived",
    .summary = "A shared value; X-Watchword-From is the sender. Of several of that name the newest",
    .query = "from",
    .headers = "If-None-Match",
    .status = 200,
    .answer_type = BYTES_TYPE,
    .others = "304 400 404 409 423",
};

const struct route_doc doc_inbox_adopt = {
    .operation = "adoptReceived",
    .summary = "Makes a shared value an item of one's own",
    .query = "from",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"as\"", "\"as\":" TEXT),
    .status = 201,
    .others = "400 404 409 412 413 415 423",
};

const struct route_doc doc_contact_list = {
    .operation = "listContacts",
    .summary = "Whose keys are pinned, with the fingerprints of their keys as they are now",
    .query = "page_size page_token",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = LIST(OBJECT("\"id\",\"identifier\",\"fingerprint\",\"pinned_at\",\"state\"",
                          "\"id\":" TEXT ",\"identifier\":" TEXT_OR_NOT ",\"fingerprint\":" TEXT
                          ",\"pinned_at\":" TIME
                          ",\"state\":{\"type\":\"string\",\"enum\":[\"current\",\"changed\",\"reset\"]}")),
    .others = "400 409 423",
};

const struct route_doc doc_contact_accept = {
    .operation = "acceptContact",
    .summary = "Says that the keys with this fingerprint are the contact's",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"fingerprint\"", "\"fingerprint\":" TEXT),
    .status = 204,
    .others = "400 404 409 415 423",
};

const struct route_doc doc_fingerprint = {
    .operation = "getFingerprint",
    .summary = "The fingerprint of one's own keys, for others to compare",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"fingerprint\"", "\"fingerprint\":" TEXT),
    .others = "409 423",
};

const struct route_doc doc_letter_seal = {
    .operation = "sealLetters",
    .summary = "Seals data for each who is named, or without them for oneself; nothing is stored",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"data\"", "\"data\":" BASE64_TEXT ",\"to\":" LIST(TEXT)),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"letters\"", "\"letters\":" LIST(OBJECT("\"to\",\"letter\"",
                                                               "\"to\":" TEXT ",\"letter\":" BASE64_TEXT))),
    .others = "400 404 409 413 415 423 429",
};

const struct route_doc doc_letter_open = {
    .operation = "openLetter",
    .summary = "Opens a letter that was sealed for this account",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"letter\"", "\"letter\":" BASE64_TEXT ",\"from\":" TEXT),
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"data\",\"from\"", "\"data\":" BASE64_TEXT ",\"from\":" TEXT),
    .others = "400 409 413 415 423",
};

const struct route_doc doc_public_list = {
    .operation = "listPublic",
    .summary = "What this account has made public",
    .query = "page_size page_token",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = OBJECT("\"public\"",
                     "\"public\":" LIST(OBJECT(
                         "\"name\",\"scope\",\"version\",\"updated_at\"",
                         "\"name\":" TEXT ",\"scope\":{\"type\":\"string\",\"enum\":[\"own\",\"deployment\"]}"
                         ",\"version\":" TEXT ",\"updated_at\":" TIME))),
    .others = "400",
};

const struct route_doc doc_public_put = {
    .operation = "putPublic",
    .summary = "Makes bytes readable for every user, signed by this account",
    .query = "scope",
    .headers = "If-Match If-None-Match",
    .request_type = BYTES_TYPE,
    .status = 201,
    .others = "204 400 409 412 413 423",
};

const struct route_doc doc_public_delete = {
    .operation = "deletePublic",
    .summary = "Deletes a public entry of this account",
    .query = "scope",
    .headers = "If-Match",
    .status = 204,
    .others = "400 404 409 412 423",
};

const struct route_doc doc_public_get = {
    .operation = "getPublic",
    .summary = "A public entry of the deployment, its signature verified; X-Watchword-From is its owner",
    .headers = "If-None-Match",
    .status = 200,
    .answer_type = BYTES_TYPE,
    .others = "304 400 404",
};

const struct route_doc doc_public_get_of = {
    .operation = "getPublicOf",
    .summary = "A public entry of an account",
    .headers = "If-None-Match",
    .status = 200,
    .answer_type = BYTES_TYPE,
    .others = "304 400 404",
};

const struct route_doc doc_account_history = {
    .operation = "getAccountHistory",
    .summary = "What happened to the account, newest first",
    .query = "page_size page_token",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer = LIST(OBJECT("\"id\",\"at\",\"event\",\"this_session\"",
                          "\"id\":" TEXT ",\"at\":" TIME ",\"event\":" TEXT ",\"method\":" TEXT_OR_NOT
                          ",\"address\":" TEXT_OR_NOT ",\"user_agent\":" TEXT_OR_NOT
                          ",\"location\":" TEXT_OR_NOT ",\"this_session\":" FLAG)),
    .others = "400",
};

const struct route_doc doc_account_delete = {
    .operation = "deleteAccount",
    .summary = "Deletes the account and all that belongs to it; needs a recent sign-in",
    .request_type = JSON_TYPE,
    .request = OBJECT("\"confirm\"", "\"confirm\":" TEXT),
    .status = 204,
    .others = "400 415",
};
