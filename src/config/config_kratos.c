#include "config_table.h"

/* Keys of Ory Kratos 26.2 (embedx/config.schema.json) that this version accepts and does not act on. A
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
    {"version", ""}, /* says for which Kratos the file was written: nothing to act on, nothing to warn of */
    {"revision", ""},
    {"dev", BY_FLAG},
    {"watch-courier", BY_FLAG},
    {"sqa-opt-out", "this program reports nothing to anybody"},
    {"help", BY_FLAG},
    {"config", BY_FLAG},
    {"expose-metrics-port", "metrics are on the admin port"},

    {"secrets", NO_SECRET},
    {"secrets.default", NO_SECRET},
    {"secrets.cookie", NO_SECRET},
    {"secrets.cipher", NO_SECRET},
    {"secrets.pagination", NO_SECRET},
    {"ciphers.algorithm", NO_SECRET},

    {"serve.public.tls", NO_TLS},
    {"serve.public.tls.key.path", NO_TLS},
    {"serve.public.tls.cert.path", NO_TLS},
    {"serve.public.request_log", NO_OTHER},
    {"serve.public.socket", NO_SOCKET},
    {"serve.public.cors.options_passthrough", NO_OTHER},
    {"serve.public.cors.debug", NO_OTHER},
    {"serve.admin.tls", NO_TLS},
    {"serve.admin.tls.key.path", NO_TLS},
    {"serve.admin.tls.cert.path", NO_TLS},
    {"serve.admin.request_log", NO_OTHER},
    {"serve.admin.socket", NO_SOCKET},
    {"serve.admin.cors.options_passthrough", NO_OTHER},
    {"serve.admin.cors.debug", NO_OTHER},

    {"selfservice.flows.login.before", NO_HOOKS},
    {"selfservice.flows.registration.before", NO_HOOKS},
    {"selfservice.flows.settings.before", NO_HOOKS},
    {"selfservice.flows.recovery.before", NO_HOOKS},
    {"selfservice.flows.recovery.notify_unknown_recipients", NO_MAIL},
    {"selfservice.flows.verification.before", NO_HOOKS},
    {"selfservice.flows.verification.notify_unknown_recipients", NO_MAIL},
    {"selfservice.methods.b2b", NO_METHOD},
    {"selfservice.methods.captcha", NO_METHOD},
    {"selfservice.methods.saml", NO_METHOD},
    {"selfservice.methods.link.config.base_url", NO_MAIL},
    {"selfservice.methods.link.config.lifespan", NO_MAIL},
    {"selfservice.methods.code.config.lifespan", NO_MAIL},
    {"selfservice.methods.code.config.max_submissions", NO_MAIL},
    {"selfservice.methods.code.config.missing_credential_fallback_enabled", NO_MAIL},
    {"selfservice.methods.password.config.haveibeenpwned_host", NO_BREACHES},
    {"selfservice.methods.password.config.max_breaches", NO_BREACHES},
    {"selfservice.methods.password.config.ignore_network_errors", NO_BREACHES},
    {"selfservice.methods.password.config.migrate_hook", NO_CALLS},
    {"selfservice.methods.totp.config.issuer", NO_METHOD},
    {"selfservice.methods.webauthn.config", NO_METHOD},
    {"selfservice.methods.passkey.config", NO_METHOD},
    {"selfservice.methods.oidc.config", NO_METHOD},

    {"hashers.argon2.expected_duration", "hashing an unknown name's password takes the time of a real one"},
    {"hashers.argon2.expected_deviation", "hashing an unknown name's password takes the time of a real one"},
    {"hashers.argon2.dedicated_memory", "watchword.hash.memory_budget bounds the memory of hashing"},

    {"session.whoami.tokenizer", NO_OTHER},

    {"courier.smtp", NO_MAIL},
    {"courier.smtp.connection_uri", NO_MAIL},
    {"courier.smtp.from_address", NO_MAIL},
    {"courier.smtp.from_name", NO_MAIL},
    {"courier.smtp.local_name", NO_MAIL},
    {"courier.http", NO_MAIL},
    {"courier.channels", NO_MAIL},
    {"courier.delivery_strategy", NO_MAIL},
    {"courier.templates", NO_MAIL},
    {"courier.template_override_path", NO_MAIL},
    {"courier.message_retries", NO_MAIL},
    {"courier.worker", NO_MAIL},
    {"courier.worker.pull_count", NO_MAIL},
    {"courier.worker.pull_wait", NO_MAIL},

    {"clients.http", NO_CALLS},
    {"clients.http.disallow_private_ip_ranges", NO_CALLS},
    {"clients.smtp", NO_MAIL},
    {"clients.web_hook", NO_CALLS},
    {"oauth2_provider", NO_CALLS},
    {"oauth2_provider.url", NO_CALLS},
    {"log.redaction_text", "nothing that would need it is logged"},
    {"tracing", NO_OTHER},
    {"preview", NO_OTHER},
    {"database.cleanup", "what is over is removed while the server runs, and by `watchword clean`"},
    {"organizations", NO_OTHER},
    {"enterprise", NO_OTHER},

    {"feature_flags.choose_recovery_address", NO_FLAG},
    {"feature_flags.legacy_continue_with_verification_ui", NO_FLAG},
    {"feature_flags.legacy_oidc_registration_node_group", NO_FLAG},
    {"feature_flags.legacy_allow_insecure_origins", NO_FLAG},
    {"feature_flags.refresh_login_choose_address", NO_FLAG},
};
const size_t config_foreign_count = sizeof config_foreigns / sizeof config_foreigns[0];
