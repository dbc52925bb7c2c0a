#include "route_docs.h"

#include <stddef.h>

#define JSON_TYPE  "application/json"
#define BYTES_TYPE "application/octet-stream"

#define TEXT        "{\"type\":\"string\"}"
#define TEXT_OR_NOT "{\"type\":\"string\",\"nullable\":true}"
#define TIME        "{\"type\":\"string\",\"format\":\"date-time\"}"
#define BASE64_TEXT "{\"type\":\"string\",\"format\":\"byte\"}"
#define FLAG        "{\"type\":\"boolean\"}"
#define COUNT       "{\"type\":\"integer\"}"

#define OBJECT(required, properties)                                                                         \
    "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define OBJECT_OF_ANY(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"
#define LIST(of)                  "{\"type\":\"array\",\"items\":" of "}"
#define MAP(of)                   "{\"type\":\"object\",\"additionalProperties\":" of "}"

const struct route_doc doc_vault = {
    .operation = "getVault",
    .summary = "Whether this session opens the vault, and how many items it holds",
    .status = 200,
    .answer_type = JSON_TYPE,
    .answer =
        OBJECT("\"state\",\"items\",\"epoch\",\"waiting\"",
               "\"state\":{\"type\":\"string\",\"enum\":[\"open\",\"locked\",\"none\"]},\"items\":" COUNT
               ",\"epoch\":" COUNT ",\"waiting\":" LIST("{}")),
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
