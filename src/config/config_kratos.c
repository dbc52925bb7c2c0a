/* What a Kratos configuration may hold that this version does not obey: one list, from which warnings and
 * documents come. */
#include "config_table.h"

/* Keys that this version accepts and does not act on, nearly all of them Ory Kratos' (26.2,
 * embedx/config.schema.json). A
 * folder of keys stands for all that is in it; leaves stand here too where they are commonly overridden from
 * the environment, so that an override is named as well. */

#define NO_MAIL     "no mail or message is sent by this version"
#define NO_METHOD   "this method is not available in this version"
#define NO_TLS      "TLS is the reverse proxy's part"
#define NO_SOCKET   "this version listens on TCP ports only"
#define NO_CALLS    "this version makes no outgoing HTTP requests"
#define NO_HOOKS    "hooks before a flow are not run by this version"
#define NO_SECRET   "not needed: everything is sealed under the server key (watchword.server_key_file)"
#define NO_FLAG     "this version does not have the behaviour that it switches"
#define NO_BREACHES "passwords are judged without asking a service"
#define BY_FLAG     "only the option of the command line counts"
#define NO_OTHER    "this version does not act on it"

const struct config_foreign config_foreigns[] = {
    {"version", "",
     NULL}, /* says for which Kratos the file was written: nothing to act on, nothing to warn of */
    {"dev", BY_FLAG, NULL},
    {"watch-courier", BY_FLAG, NULL},
    {"sqa-opt-out", "this program reports nothing to anybody", NULL},
    {"help", BY_FLAG, NULL},
    {"config", BY_FLAG, NULL},
    {"expose-metrics-port", "metrics are on the admin port", NULL},

    /* Kratos signs and encrypts with these; here none of them is read, so that a leaked one opens nothing. */
    {"secrets", NO_SECRET, NULL},
    {"secrets.default", NO_SECRET, NULL},
    {"secrets.cookie", NO_SECRET, NULL},
    {"secrets.cipher", NO_SECRET, NULL},
    {"secrets.pagination", NO_SECRET, NULL},
    {"ciphers.algorithm", NO_SECRET, NULL},

    {"serve.public.tls", NO_TLS, NULL},
    {"serve.public.tls.key.path", NO_TLS, NULL},
    {"serve.public.tls.cert.path", NO_TLS, NULL},
    {"serve.public.request_log", NO_OTHER, NULL},
    {"serve.public.socket", NO_SOCKET, NULL},
    {"serve.public.cors.options_passthrough", NO_OTHER, NULL},
    {"serve.public.cors.debug", NO_OTHER, NULL},
    {"serve.admin.tls", NO_TLS, NULL},
    {"serve.admin.tls.key.path", NO_TLS, NULL},
    {"serve.admin.tls.cert.path", NO_TLS, NULL},
    {"serve.admin.request_log", NO_OTHER, NULL},
    {"serve.admin.socket", NO_SOCKET, NULL},
    {"serve.admin.cors.options_passthrough", NO_OTHER, NULL},
    {"serve.admin.cors.debug", NO_OTHER, NULL},

    {"selfservice.flows.login.before", NO_HOOKS, NULL},
    {"selfservice.flows.registration.before", NO_HOOKS, NULL},
    {"selfservice.flows.settings.before", NO_HOOKS, NULL},
    {"selfservice.flows.recovery.before", NO_HOOKS, NULL},
    {"selfservice.flows.recovery.notify_unknown_recipients", NO_MAIL, NULL},
    {"selfservice.flows.verification.before", NO_HOOKS, NULL},
    {"selfservice.flows.verification.notify_unknown_recipients", NO_MAIL, NULL},
    {"selfservice.methods.b2b", NO_METHOD, NULL},
    {"selfservice.methods.captcha", NO_METHOD, NULL},
    {"selfservice.methods.saml", NO_METHOD, NULL},
    {"selfservice.methods.link.config.base_url", NO_MAIL, NULL},
    {"selfservice.methods.link.config.lifespan", NO_MAIL, NULL},
    {"selfservice.methods.code.config.lifespan", NO_MAIL, NULL},
    {"selfservice.methods.code.config.max_submissions", NO_MAIL, NULL},
    {"selfservice.methods.code.config.missing_credential_fallback_enabled", NO_MAIL, NULL},
    {"selfservice.methods.password.config.haveibeenpwned_host", NO_BREACHES, NULL},
    {"selfservice.methods.password.config.max_breaches", NO_BREACHES, NULL},
    {"selfservice.methods.password.config.ignore_network_errors", NO_BREACHES, NULL},
    {"selfservice.methods.password.config.migrate_hook", NO_CALLS, NULL},
    {"selfservice.methods.totp.config.issuer", NO_METHOD, NULL},
    {"selfservice.methods.webauthn.config", NO_METHOD, NULL},
    {"selfservice.methods.passkey.config", NO_METHOD, NULL},
    {"selfservice.methods.oidc.config", NO_METHOD, NULL},

    {"hashers.argon2.expected_duration", "hashing an unknown name's password takes the time of a real one",
     NULL},
    {"hashers.argon2.expected_deviation", "hashing an unknown name's password takes the time of a real one",
     NULL},
    {"hashers.argon2.dedicated_memory", "watchword.hash.memory_budget bounds the memory of hashing", NULL},

    /* Told where a file asks for something else: hashes that are taken over keep their own parameters. */
    {"hashers.argon2.parallelism", "it is always 1", "1"},
    {"hashers.argon2.salt_length", "it is always 16", "16"},
    {"hashers.argon2.key_length", "it is always 32", "32"},

    {"selfservice.methods.code.enabled", NO_MAIL, NULL},
    {"selfservice.methods.code.passwordless_enabled", NO_METHOD, NULL},
    {"selfservice.methods.code.mfa_enabled", NO_METHOD, NULL},
    {"selfservice.methods.link.enabled", NO_MAIL, NULL},
    {"selfservice.methods.totp.enabled", NO_METHOD, NULL},
    {"selfservice.methods.lookup_secret.enabled", NO_METHOD, NULL},
    {"selfservice.methods.webauthn.enabled", NO_METHOD, NULL},
    {"selfservice.methods.passkey.enabled", NO_METHOD, NULL},
    {"selfservice.methods.oidc.enabled", NO_METHOD, NULL},
    {"selfservice.methods.password.config.haveibeenpwned_enabled", NO_BREACHES, NULL},
    {"selfservice.flows.recovery.enabled", NO_MAIL, NULL},
    {"selfservice.flows.verification.enabled", NO_MAIL, NULL},
    {"log.leak_sensitive_values", "secrets are never logged", NULL},

    {"session.whoami.tokenizer", NO_OTHER, NULL},

    {"courier.smtp", NO_MAIL, NULL},
    {"courier.smtp.connection_uri", NO_MAIL, NULL},
    {"courier.smtp.from_address", NO_MAIL, NULL},
    {"courier.smtp.from_name", NO_MAIL, NULL},
    {"courier.smtp.local_name", NO_MAIL, NULL},
    {"courier.http", NO_MAIL, NULL},
    {"courier.channels", NO_MAIL, NULL},
    {"courier.delivery_strategy", NO_MAIL, NULL},
    {"courier.templates", NO_MAIL, NULL},
    {"courier.template_override_path", NO_MAIL, NULL},
    {"courier.message_retries", NO_MAIL, NULL},
    {"courier.worker", NO_MAIL, NULL},
    {"courier.worker.pull_count", NO_MAIL, NULL},
    {"courier.worker.pull_wait", NO_MAIL, NULL},

    {"clients.http", NO_CALLS, NULL},
    {"clients.http.disallow_private_ip_ranges", NO_CALLS, NULL},
    {"clients.smtp", NO_MAIL, NULL},
    {"clients.web_hook", NO_CALLS, NULL},
    {"oauth2_provider", NO_CALLS, NULL},
    {"oauth2_provider.url", NO_CALLS, NULL},
    {"log.redaction_text", "nothing that would need it is logged", NULL},
    {"tracing", NO_OTHER, NULL},
    {"preview", NO_OTHER, NULL},
    {"database.cleanup", "what is over is removed while the server runs, and by `watchword clean`", NULL},
    {"organizations", NO_OTHER, NULL},
    {"enterprise", NO_OTHER, NULL},

    {"feature_flags.choose_recovery_address", NO_FLAG, NULL},
    {"feature_flags.legacy_continue_with_verification_ui", NO_FLAG, NULL},
    {"feature_flags.legacy_oidc_registration_node_group", NO_FLAG, NULL},
    {"feature_flags.legacy_allow_insecure_origins", NO_FLAG, NULL},
    {"feature_flags.refresh_login_choose_address", NO_FLAG, NULL},
};
const size_t config_foreign_count = sizeof config_foreigns / sizeof config_foreigns[0];
