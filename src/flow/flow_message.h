/* The messages of flows: one table of ids, kinds, texts and what stands in their context (kratos.md §3.4). */
#ifndef FLOW_MESSAGE_H
#define FLOW_MESSAGE_H

#include "js.h"

enum flow_message_id {
    MSG_LOGIN_SIGN_IN = 1010001,
    MSG_LOGIN_REFRESH = 1010003,
    MSG_LOGIN_SECOND_FACTOR = 1010004,
    MSG_LOGIN_WITH_PASSWORD = 1010022,
    MSG_REGISTRATION_SIGN_UP = 1040001,
    MSG_REGISTRATION_BACK = 1040008,
    MSG_REGISTRATION_CHOOSE_CREDENTIAL = 1040009,
    MSG_SETTINGS_SAVED = 1050001,
    MSG_LABEL_PASSWORD = 1070001,
    MSG_LABEL_TITLE = 1070002,
    MSG_LABEL_SAVE = 1070003,
    MSG_LABEL_ID = 1070004,
    MSG_LABEL_CONTINUE = 1070009,
    MSG_GENERIC = 4000001,
    MSG_REQUIRED = 4000002,
    MSG_MIN_LENGTH = 4000003,
    MSG_PATTERN = 4000004,
    MSG_PASSWORD_POLICY = 4000005,
    MSG_WRONG_CREDENTIALS = 4000006,
    MSG_DUPLICATE = 4000007,
    MSG_NO_IDENTIFIER = 4000009,
    MSG_ADDRESS_NOT_VERIFIED = 4000010,
    MSG_MAX_LENGTH = 4000017,
    MSG_MINIMUM = 4000018,
    MSG_EXCLUSIVE_MINIMUM = 4000019,
    MSG_MAXIMUM = 4000020,
    MSG_EXCLUSIVE_MAXIMUM = 4000021,
    MSG_MULTIPLE_OF = 4000022,
    MSG_MAX_ITEMS = 4000023,
    MSG_MIN_ITEMS = 4000024,
    MSG_UNIQUE_ITEMS = 4000025,
    MSG_WRONG_TYPE = 4000026,
    MSG_DUPLICATE_WITH_HINTS = 4000028,
    MSG_CONST = 4000029,
    MSG_PASSWORD_SIMILAR = 4000031,
    MSG_PASSWORD_SHORT = 4000032,
    MSG_PASSWORD_LONG = 4000033,
    MSG_PASSWORD_BREACHED = 4000034,
    MSG_NO_LOGIN_METHOD = 4000037,
    MSG_PASSWORD_UNCHANGED = 4000039,
    MSG_EMAIL_ADDRESS = 4000040,
    MSG_PHONE_NUMBER = 4000041,
    MSG_LOGIN_EXPIRED = 4010001,
    MSG_LOGIN_NO_STRATEGY = 4010002,
    MSG_REGISTRATION_NO_STRATEGY = 4010003,
    MSG_SETTINGS_NO_STRATEGY = 4010004,
    MSG_REGISTRATION_EXPIRED = 4040001,
    MSG_SETTINGS_EXPIRED = 4050001,
};

/* {"id","text","type","context"?}. values: what the text names in braces and what the context holds, an
 * object that is copied; NULL for none. An id that is not in the table aborts: it is a mistake of ours. */
struct js *flow_message(struct arena *a, int id, const struct js *values);
/* With one text as its only value. */
struct js *flow_message_with(struct arena *a, int id, const char *key, const char *value);
bool flow_message_known(int id);

#endif
