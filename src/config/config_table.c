/* The settings, each once; docs/generated/settings.md is made from here. */
#include "config_table.h"

#include "timefmt.h"

/* Names and defaults are Kratos' where Kratos has the setting (its embedx/config.schema.json); where ours
 * differs, the sentence says so. */

#define SECONDS(n) ((uint64_t)(n)*SECOND_US)
#define MINUTES(n) (SECONDS(n) * 60)
#define HOURS(n)   (MINUTES(n) * 60)
#define DAYS(n)    (HOURS(n) * 24)
#define KIB(n)     ((uint64_t)(n) << 10)
#define MIB(n)     ((uint64_t)(n) << 20)

/* Bytes of a text and entries of a list, where nothing else is said: lists are searched for each request. */
enum { TEXT_MOST = 2048, LIST_MOST = 256 };

#define TEXT(key, otherwise, rule, what)                                                                     \
    {                                                                                                        \
        key, CONFIG_TEXT, otherwise, 0, TEXT_MOST, rule, what                                                \
    }
#define BOOL(key, otherwise, what)                                                                           \
    {                                                                                                        \
        key, CONFIG_BOOL, otherwise, 0, 1, "", what                                                          \
    }
#define INT(key, otherwise, least, most, what)                                                               \
    {                                                                                                        \
        key, CONFIG_INT, otherwise, least, most, "", what                                                    \
    }
#define SIZE(key, otherwise, least, most, what)                                                              \
    {                                                                                                        \
        key, CONFIG_SIZE, otherwise, least, most, "", what                                                   \
    }
#define TIME(key, otherwise, least, most, what)                                                              \
    {                                                                                                        \
        key, CONFIG_DURATION, otherwise, least, most, "", what                                               \
    }
#define LIST(key, otherwise, rule, what)                                                                     \
    {                                                                                                        \
        key, CONFIG_LIST, otherwise, 0, LIST_MOST, rule, what                                                \
    }
#define JSON(key, rule, what)                                                                                \
    {                                                                                                        \
        key, CONFIG_JSON, "", 0, 0, rule, what                                                               \
    }

#define CORS(port, methods, headers, exposed, credentials)                                                   \
    BOOL("serve." port ".cors.enabled", "false", "Whether other origins may call the " port " port."),       \
        LIST("serve." port ".cors.allowed_origins", "*", "",                                                 \
             "Origins that may; one * may stand in each. Who matches only * gets no cookies and is not "     \
             "trusted."),                                                                                    \
        LIST("serve." port ".cors.allowed_methods", methods, "<token>", "Methods that they may use."),       \
        LIST("serve." port ".cors.allowed_headers", headers, "<token>", "Headers that they may send."),      \
        LIST("serve." port ".cors.exposed_headers", exposed, "<token>", "Headers that their scripts see."),  \
        BOOL("serve." port ".cors.allow_credentials", credentials, "Whether cookies go along."),             \
        INT("serve." port ".cors.max_age", "0", 0, 86400, "Seconds that browsers may keep the answer.")

#define FLOW_UI(flow)                                                                                        \
    TEXT("selfservice.flows." flow ".ui_url", "", "<uri>",                                                   \
         "Page that shows the flow; the server's own page when unset and watchword.pages.enabled.")
#define FLOW_AFTER(flow)                                                                                     \
    JSON("selfservice.flows." flow ".after", "<after>", "Hooks and return addresses, as Kratos has them."),  \
        TEXT("selfservice.flows." flow ".after.default_browser_return_url", "", "<uri>",                     \
             "Where a browser goes after the flow.")
#define FLOW(flow)                                                                                           \
    FLOW_UI(flow), FLOW_AFTER(flow),                                                                         \
        TIME("selfservice.flows." flow ".lifespan", "1h", SECONDS(1), DAYS(30), "How long a flow is valid.")

#define METHOD(method, otherwise, what) BOOL("selfservice.methods." method, otherwise, what)

#define SAME_SITE "Strict|Lax|None"

const struct config_setting config_settings[] = {
    {"dsn", CONFIG_TEXT, "", 1, TEXT_MOST, "<dsn>",
     "The database: sqlite:///path, postgres://user:password@host/name, or memory."},
    TEXT("revision", "", "",
         "What /health/config answers on the admin port; when unset a digest of the settings."),

    TEXT("serve.public.base_url", "", "<url>", "Address that people see; made of host and port when unset."),
    /* This machine only, until somebody says otherwise: a fresh site is behind no proxy and without TLS,
     * and who reaches the admin port administers. */
    TEXT("serve.public.host", "127.0.0.1", "<listen>", "Address to listen on; * for all (Kratos: 0.0.0.0)."),
    INT("serve.public.port", "4433", 0, 65535, "Port to listen on; 0 takes a free one."),
    CORS("public", "POST,GET,PUT,PATCH,DELETE",
         "Authorization,Content-Type,Max-Age,X-Session-Token,X-XSRF-TOKEN,X-CSRF-TOKEN", "Content-Type",
         "true"),
    TEXT("serve.admin.base_url", "", "<url>", "Address of the admin port; made of host and port when unset."),
    TEXT("serve.admin.host", "127.0.0.1", "<listen>", "Address to listen on; * for all (Kratos: 0.0.0.0)."),
    INT("serve.admin.port", "4434", 0, 65535, "Port to listen on; 0 takes a free one."),
    CORS("admin", "POST,GET,PUT,PATCH,DELETE", "Authorization,Content-Type", "Content-Type", "false"),

    TEXT(
        "selfservice.default_browser_return_url", "", "<uri>",
        "Where browsers go when nothing else says; the account page when unset and watchword.pages.enabled."),
    /* None but our own by default: a link that signs people in and sends them elsewhere is what phishing
     * is made of. */
    LIST("selfservice.allowed_return_urls", "", "<uri>", "Addresses that return_to may name."),

    METHOD("password.enabled", "true", "Sign up and sign in with a password."),
    INT("selfservice.methods.password.config.min_password_length", "8", 6, 256,
        "Least code points of a password (Kratos counts bytes); 15 is what NIST SP 800-63B-4 asks for."),
    BOOL("selfservice.methods.password.config.identifier_similarity_check_enabled", "true",
         "Refuse passwords that resemble the identifier or that are easily guessed."),
    BOOL("selfservice.methods.password.config.haveibeenpwned_enabled", "false",
         "Compare passwords with a service's list."),
    METHOD("profile.enabled", "true", "Change traits in the settings flow."),
    METHOD("code.enabled", "true", "Codes by mail."),
    METHOD("code.passwordless_enabled", "false", "Sign in by a mailed code."),
    METHOD("code.mfa_enabled", "false", "A mailed code as second factor."),
    METHOD("link.enabled", "false", "Links by mail."),
    METHOD("totp.enabled", "false", "Time-based codes as second factor."),
    METHOD("lookup_secret.enabled", "false", "Backup codes as second factor."),
    METHOD("webauthn.enabled", "false", "Security keys."),
    METHOD("passkey.enabled", "false", "Passkeys."),
    METHOD("oidc.enabled", "false", "Sign in at another provider."),

    FLOW_UI("error"),
    FLOW("login"),
    TEXT("selfservice.flows.login.style", "unified", "unified|identifier_first",
         "All in one form, or the identifier first."),
    FLOW("registration"),
    BOOL("selfservice.flows.registration.enabled", "true", "Whether people can make accounts themselves."),
    TEXT("selfservice.flows.registration.style", "profile_first", "profile_first|unified",
         "The traits first and the password second, or both in one form."),
    BOOL("selfservice.flows.registration.enable_legacy_one_step", "false",
         "The old way to say style: unified."),
    BOOL("selfservice.flows.registration.login_hints", "false",
         "Tell which methods an account has when its identifier is registered again."),
    FLOW("settings"),
    TIME("selfservice.flows.settings.privileged_session_max_age", "1h", SECONDS(1), DAYS(365),
         "How long after signing in a password can be changed without signing in again."),
    TEXT("selfservice.flows.settings.required_aal", "highest_available", "aal1|highest_available",
         "Assurance level that settings ask for."),
    FLOW_AFTER("logout"),
    BOOL("selfservice.flows.logout.clear_browser_data", "false", "Send Clear-Site-Data when signing out."),
    FLOW("recovery"),
    BOOL("selfservice.flows.recovery.enabled", "false", "Recovery by mail."),
    TEXT("selfservice.flows.recovery.use", "code", "code|link", "What recovery mails carry."),
    FLOW("verification"),
    BOOL("selfservice.flows.verification.enabled", "false", "Verification by mail."),
    TEXT("selfservice.flows.verification.use", "code", "code|link", "What verification mails carry."),

    TIME("session.lifespan", "24h", SECONDS(1), DAYS(3650), "How long a session lasts."),
    TIME("session.earliest_possible_extend", "0s", 0, DAYS(3650),
         "How long before its end a session may be extended; 0 is any time."),
    TEXT("session.whoami.required_aal", "highest_available", "aal1|highest_available",
         "Assurance level that whoami asks for."),
    TEXT("session.cookie.name", "ory_kratos_session", "<token>", "Name of the session cookie."),
    TEXT("session.cookie.domain", "", "<host>", "Its domain; cookies.domain when unset."),
    TEXT("session.cookie.path", "", "<path>", "Its path; cookies.path when unset."),
    TEXT("session.cookie.same_site", "", SAME_SITE, "Its SameSite; cookies.same_site when unset."),
    BOOL("session.cookie.secure", "", "Its Secure; cookies.secure when unset."),
    BOOL("session.cookie.persistent", "true", "Whether it outlives the browser."),

    TEXT("cookies.domain", "", "<host>", "Domain of all cookies; none when unset."),
    TEXT("cookies.path", "/", "<path>", "Path of all cookies."),
    /* Lax: links from elsewhere still find people signed in, forms from elsewhere come without cookies. */
    TEXT("cookies.same_site", "Lax", SAME_SITE, "SameSite of all cookies."),
    BOOL("cookies.secure", "",
         "Secure of all cookies; when unset, whether serve.public.base_url is https, or is set and not under "
         "--dev."),

    /* RFC 9106 §4's second choice (64 MiB, 3 passes), with one lane since libsodium has one. The ceilings
     * are those that pwhash refuses above (vault.md §7). */
    TEXT("hashers.algorithm", "argon2", "argon2|bcrypt", "How new passwords are hashed (Kratos: bcrypt)."),
    SIZE("hashers.argon2.memory", "64MB", KIB(1), MIB(4096), "Memory of one hash (Kratos: 128MB)."),
    INT("hashers.argon2.iterations", "3", 1, 20, "Passes over it (Kratos: 1)."),
    INT("hashers.argon2.parallelism", "1", 1, 255, "Lanes of one hash."),
    INT("hashers.argon2.salt_length", "16", 8, 64, "Bytes of its salt."),
    INT("hashers.argon2.key_length", "32", 16, 64, "Bytes of what it gives."),
    INT("hashers.bcrypt.cost", "12", 4, 15, "Cost of bcrypt; 15 is the most that is accepted at login."),

    TEXT("identity.default_schema_id", "default", "", "Schema of new identities."),
    JSON("identity.schemas", "<schemas>",
         "List of {id, url}: identity schemas as file://, base64:// or preset://email|username|both."),

    TEXT("log.level", "info", "trace|debug|info|warning|error|fatal|panic", "Least level that is logged."),
    TEXT("log.format", "json", "json|text", "JSON lines, or text for people."),
    BOOL("log.leak_sensitive_values", "false", "Log secrets too."),

    BOOL("security.account_enumeration.mitigate", "false", "Hide from strangers whether an account exists."),
    BOOL("security.disallow_ref_in_identity_schemas", "false", "Refuse $ref in identity schemas."),

    BOOL("feature_flags.use_continue_with_transitions", "false", "Say in continue_with where to go next."),
    BOOL("feature_flags.cacheable_sessions", "false",
         "Let whoami answers be cached by Ory-Session-Cache-For."),
    TIME("feature_flags.cacheable_sessions_max_age", "0s", 0, DAYS(365),
         "The longest that it may be cached."),
    BOOL("feature_flags.faster_session_extend", "false", "Extending a session answers 204 without its body."),
    BOOL("feature_flags.legacy_require_verified_login_error", "false",
         "The old answer of the hook require_verified_address."),
    TEXT("feature_flags.password_profile_registration_node_group", "default", "default|password",
         "Group of the trait nodes at registration."),

    LIST("watchword.server_key_file", "", "",
         "Files of the server keys, each of one or more: the first seals, all open."),
    TEXT("watchword.witness_file", "", "",
         "File of the witness, which finds that the database was put back; not below the database's "
         "directory. "
         "Unset: `witness` beside the server key. `off`: none."),
    /* Nobody is believed by default: who may say which network a request comes from decides about every
     * limit by network. */
    LIST("watchword.trusted_proxies", "", "<cidr>",
         "Networks of reverse proxies (`unix`: Unix sockets): what they say of the client counts."),
    TEXT("watchword.forwarded_header", "X-Forwarded-For", "<address header>",
         "The one header in which they give the client's address; no other counts."),
    LIST("watchword.admin.allowed_hosts", "", "<host>", "Further Host headers that the admin port accepts."),
    TIME("watchword.vault.waiting", "30d", DAYS(1), DAYS(36500),
         "How long a vault that its owner gave up can still be opened, before its keys are deleted."),
    TIME("watchword.vault.cryptoperiod", "730d", 0, DAYS(36500),
         "How long an epoch of a vault's keys lasts; the sign-in after it starts another. 0 is for ever."),
    SIZE("watchword.vault.item_max", "1MB", 1, MIB(8), "Longest value of an item."),
    SIZE("watchword.vault.letter_max", "1MB", 1, MIB(16),
         "Most data of a letter; all letters of one call have at most 16 times as much."),
    INT("watchword.vault.public_most", "100", 0, 100000, "Most public entries of an account."),
    SIZE("watchword.hash.memory_budget", "0", 0, MIB(1 << 20),
         "Memory of all hashes at once; 0 is a quarter of the machine's, at most 1GB."),
    SIZE(
        "watchword.http.body_max", "64KB", KIB(16), MIB(8),
        "Longest body of a form or JSON of self-service; items and the admin port have limits of their own."),
    INT("watchword.http.connections", "10000", 16, 1000000,
        "Connections at once, as far as there are descriptors; one network has half of them."),
    SIZE(
        "watchword.http.in_flight_max", "128MB", MIB(1), MIB(1 << 20),
        "Bodies that are read and answers that are not yet taken, all together; one network has half of it."),
    INT("watchword.hash.workers", "0", 0, 1024, "Hashes at once; 0 is one for each core."),
    INT("watchword.hash.queue", "64", 1, 100000,
        "Requests that may wait for a hash, at most; no more than take one second."),
    INT("watchword.session.most", "200", 1, 1000000,
        "Sessions of one account; one more ends the oldest. One that is over goes first."),
    TIME("watchword.session.idle", "0s", 0, DAYS(3650),
         "Ends a session that was not used for so long; 0 is off."),

    /* Three limits beside each other (own-api.md, "Throttling"): of a name from one network, of a name
     * from everywhere, of a network. The first stops who tries one account, the second a botnet, the third
     * who tries many names. */
    INT("watchword.throttle.pair.free", "5", 1, 1000000,
        "Failures of one name from one network before waiting."),
    TIME("watchword.throttle.pair.window", "15m", SECONDS(1), DAYS(30), "Time in which they are counted."),
    TIME("watchword.throttle.pair.first_wait", "1s", SECONDS(1), HOURS(1),
         "First wait; each failure doubles it."),
    TIME("watchword.throttle.pair.longest_wait", "15m", SECONDS(1), DAYS(1), "The longest that it becomes."),
    INT("watchword.throttle.account.free", "50", 1, 1000000,
        "Failures of one name or account from everywhere."),
    TIME("watchword.throttle.account.window", "1h", SECONDS(1), DAYS(30), "Time in which they are counted."),
    TIME("watchword.throttle.account.interval", "10s", SECONDS(1), HOURS(1), "Then one try in this time."),
    TIME("watchword.throttle.account.known_network", "30d", 0, DAYS(365),
         "Networks that succeeded on the account within this time are not held back by it."),
    INT("watchword.throttle.network.free", "100", 1, 1000000,
        "Failures from one network, whatever the names."),
    TIME("watchword.throttle.network.window", "10m", SECONDS(1), DAYS(30), "Time in which they are counted."),
    TIME("watchword.throttle.network.interval", "2s", SECONDS(1), HOURS(1), "Then one try in this time."),
    INT("watchword.throttle.lookups.free", "60", 1, 100000000,
        "People whom one account may look up, to share with them."),
    TIME("watchword.throttle.lookups.window", "1h", SECONDS(1), DAYS(30), "Time in which they are counted."),
    INT("watchword.throttle.registrations.free", "300", 1, 100000000, "Registrations from one network."),
    TIME("watchword.throttle.registrations.window", "1h", SECONDS(1), DAYS(30),
         "Time in which they are counted."),
    INT("watchword.throttle.flows.free", "300", 1, 100000000, "New flows from one network."),
    TIME("watchword.throttle.flows.window", "1m", SECONDS(1), DAYS(30), "Time in which they are counted."),
    INT("watchword.throttle.queue_percent", "50", 1, 100,
        "Share of the hash queue that one network may take."),

    BOOL("watchword.pages.enabled", "true", "Serve the built-in pages under /ui/."),
    BOOL("watchword.device_cookie", "true",
         "A browser remembers how new an account was, and an older one is refused there; off when unset and "
         "selfservice.flows.login.ui_url is set."),
    {"watchword.pages.brand", CONFIG_TEXT, "Watchword", 1, 64, "", "Name that the pages show."},
    TEXT("watchword.pages.accent", "#1d4ed8", "<colour>", "The pages' one colour, #rrggbb."),
    TIME("watchword.history.retention", "180d", DAYS(1), DAYS(36500),
         "How long the history of an account is kept, by whole days."),
};
const size_t config_setting_count = sizeof config_settings / sizeof config_settings[0];
