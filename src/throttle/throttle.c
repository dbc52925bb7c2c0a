/* Subjects, limits and the leave to try (own-api.md, "Throttling"): counted before a hash, given back when
 * it was right. */
#include "throttle.h"

#include <stdlib.h>
#include <string.h>

#include "netaddr.h"
#include "throttle_memory.h"
#include "timefmt.h"

/* The first byte of what a subject is derived from: never renumber. */
enum subject_kind {
    SUBJECT_PAIR = 1, /* identifier tag, network */
    SUBJECT_TAG,      /* identifier tag */
    SUBJECT_ACCOUNT,  /* account uuid; for a name without account its tag, so that both do the same work */
    SUBJECT_NETWORK,  /* network */
    SUBJECT_KNOWN,    /* account uuid, network: succeeded there; `until` is when that is forgotten */
    SUBJECT_ACCOUNT_PAIR, /* account uuid, network */
    SUBJECT_REGISTRATION, /* network */
    SUBJECT_FLOW,         /* network; in memory only */
    SUBJECT_LOOKUP,       /* account uuid */
};

enum { SUBJECTS_MAX = 4, FAILURE_PLACES = 1 << 15, EVENT_PLACES = 1 << 14, SWEEP_BATCH = 1000 };

struct throttle {
    struct store *store;
    struct throttle_memory *failures, *events;
    struct counter_rule pair, account, network, registrations, flows, lookups;
    /* How long a network counts as known after a success there; 0 switches it off. */
    int64_t known_for; /* µs */
    bool dev;
};

struct admit {
    struct throttle_subject
        subjects[SUBJECTS_MAX]; /* in one order: no two transactions wait for each other */
    size_t n;
    int64_t at;
    struct network network;
    /* What was read when the leave was given, so that a success need not read it again. */
    struct key known;
    int64_t known_until;
};

/* ---- making ---- */

#define SETTING(name) "watchword.throttle." name

/* A limit without waits of its own: past it, as fast as it drains. */
static struct counter_rule limit_rule(const struct config *c, const char *free, const char *window)
{
    int64_t n = config_int(c, free);
    /* µs for one event to be forgotten. */
    uint64_t each = config_duration(c, window) / (uint64_t)(n > 0 ? n : 1);
    return throttle_rule_make(n, config_duration(c, window), each, each);
}

static void read_rules(struct throttle *t, const struct config *c)
{
    /* For account and network the first wait is the longest: guessing from many networks slows to one try
     * in each interval, and an owner never waits longer than that. */
    uint64_t account = config_duration(c, SETTING("account.interval"));
    uint64_t network = config_duration(c, SETTING("network.interval"));
    t->pair = throttle_rule_make(
        config_int(c, SETTING("pair.free")), config_duration(c, SETTING("pair.window")),
        config_duration(c, SETTING("pair.first_wait")), config_duration(c, SETTING("pair.longest_wait")));
    t->account = throttle_rule_make(config_int(c, SETTING("account.free")),
                                    config_duration(c, SETTING("account.window")), account, account);
    t->network = throttle_rule_make(config_int(c, SETTING("network.free")),
                                    config_duration(c, SETTING("network.window")), network, network);
    t->registrations = limit_rule(c, SETTING("registrations.free"), SETTING("registrations.window"));
    t->flows = limit_rule(c, SETTING("flows.free"), SETTING("flows.window"));
    t->lookups = limit_rule(c, SETTING("lookups.free"), SETTING("lookups.window"));
    t->known_for = (int64_t)config_duration(c, SETTING("account.known_network"));
    t->dev = config_dev(c);
}

enum ww_err throttle_new(struct ww_op *op, const struct config *config, struct store *store,
                         struct throttle **out)
{
    enum ww_err err = WW_EINTERNAL;
    *out = NULL;
    struct throttle *t = calloc(1, sizeof *t);
    if (!t) {
        return op_no_memory(op);
    }
    t->store = store;
    read_rules(t, config);
    if ((err = throttle_memory_new(op, FAILURE_PLACES, &t->failures)) != WW_OK ||
        (err = throttle_memory_new(op, EVENT_PLACES, &t->events)) != WW_OK) {
        throttle_free(t);
        return err;
    }
    *out = t;
    return WW_OK;
}

void throttle_free(struct throttle *t)
{
    if (t) {
        throttle_memory_free(t->failures);
        throttle_memory_free(t->events);
        free(t);
    }
}

/* ---- subjects ---- */

/* Keyed by IK: the table of counters names neither accounts nor addresses to who copies it. The kind keeps
 * the same bytes of two meanings apart. */
static struct key subject_id(const struct throttle *t, enum subject_kind kind, struct bytes who,
                             const struct network *network)
{
    struct key id;
    uint8_t byte = (uint8_t)kind;
    struct bytes parts[] = {BYTES_OF(byte), who,
                            BYTES(network ? network->b : NULL, network ? NETWORK_SIZE : 0)};
    derive_parts(&id, keyring_ik(store_keyring(t->store)), "throttle", NULL, parts, 3);
    return id;
}

/* Callers add in one order (pair, tag, account, network), in which every transaction locks its rows. */
static void add_subject(const struct throttle *t, struct admit *a, enum subject_kind kind, struct bytes who,
                        bool with_network, const struct counter_rule *rule)
{
    a->subjects[a->n++] = (struct throttle_subject){
        .id = subject_id(t, kind, who, with_network ? &a->network : NULL), .rule = rule};
}

/* Where no address is known (embedded use) a limit per network would be one for everybody. */
static void add_network(const struct throttle *t, struct admit *a, bool has_network)
{
    if (has_network) {
        add_subject(t, a, SUBJECT_NETWORK, BYTES(NULL, 0), true, &t->network);
    }
}

static struct admit *admit_new(struct ww_op *op, bool *has_network)
{
    struct admit *a = ARENA_NEW(&op->arena, struct admit);
    if (a) {
        a->at = (int64_t)op_now(op);
        /* An IPv4 address, or the /64 of an IPv6 one: whoever has one of those addresses has all. */
        *has_network = netaddr_network(&a->network, op->client.address);
    }
    return a;
}

/* ---- admitting ---- */

static enum ww_err fail_throttled(struct ww_op *op, int64_t now, int64_t until)
{
    /* Rounded up: who comes back after Retry-After must not be a moment early. */
    int64_t seconds = until > now ? (until - now + (int64_t)SECOND_US - 1) / (int64_t)SECOND_US : 1;
    enum ww_err err = op_fail(op, WW_ETHROTTLED, "throttled", "too many attempts; try again later");
    op->problem.retry_after = seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
    return err;
}

/* A network that succeeded on the account is not held back by what others do: its failures count for the pair
 * and the network only. */
static enum ww_err load_known(struct ww_op *op, const struct throttle *t, struct admit *a)
{
    struct counter known;
    enum ww_err err = store_counter_load(op, t->store, &a->known, &known);
    if (err != WW_OK && err != WW_ENOTFOUND) {
        return err;
    }
    a->known_until = known.until;
    if (t->known_for == 0 || known.until <= a->at) {
        return WW_OK;
    }
    size_t kept = 0;
    for (size_t i = 0; i < a->n; i++) {
        /* Without this anybody could hold an owner out of their account by failing on it from elsewhere. */
        if (a->subjects[i].rule != &t->account) {
            a->subjects[kept++] = a->subjects[i];
        }
    }
    a->n = kept;
    return WW_OK;
}

/* WW_ETHROTTLED, without op_fail: *until is when to come back. */
static enum ww_err reserve_rows(struct ww_op *op, struct store *store, struct admit *a,
                                struct throttle_memory *memory, int64_t *until)
{
    const struct counter unused = {0};
    for (size_t i = 0; i < a->n; i++) {
        struct throttle_subject *x = &a->subjects[i];
        /* Test and count are one statement in the store, so that a thousand tries at once on many nodes
         * are not all admitted by the same number. */
        struct counter fresh = throttle_rule_add(x->rule, &unused, a->at);
        enum ww_err err = store_counter_reserve(op, store, &x->id, x->rule, &fresh, a->at, &x->stored);
        if (err == WW_ETHROTTLED) {
            *until = x->stored.until;
        }
        if (err != WW_OK && err != WW_ETHROTTLED) {
            return err;
        }
        /* Also where the row refuses: the next try from here is then refused without the database. */
        throttle_memory_raise(memory, x, a->at);
        if (err != WW_OK) {
            return err;
        }
    }
    return WW_OK;
}

/* Reserves in memory, then in the open transaction. */
static enum ww_err reserve(struct ww_op *op, struct store *store, struct throttle_memory *memory,
                           struct admit *a)
{
    int64_t until = 0;
    /* Both count and the larger one rules: who can reset rows in the database does not reset this process
     * (docs/SECURITY.md). */
    if (!throttle_memory_reserve(memory, a->subjects, a->n, a->at, &until)) {
        return store_tx_abort(op, fail_throttled(op, a->at, until));
    }
    enum ww_err err = reserve_rows(op, store, a, memory, &until);
    if (err == WW_OK) {
        err = store_tx_commit(op);
    } else {
        err = store_tx_abort(op, err == WW_ETHROTTLED ? fail_throttled(op, a->at, until) : err);
    }
    if (err != WW_OK) {
        /* Refused tries are not counted: who waits as told is not punished for asking. */
        throttle_memory_give_back(memory, a->subjects, a->n, a->at);
    }
    return err;
}

/* The reservation commits before any hash is begun: a crash, a slow hash or a hundred parallel tries all
 * count as failures until the right answer gives back. */
static enum ww_err admit(struct ww_op *op, struct throttle *t, struct admit *a, struct admit **out)
{
    int64_t until;
    /* What has to wait anyhow costs the database nothing. Pair and network, first and last, always apply. */
    if (!throttle_memory_admits(t->failures, &a->subjects[0], 1, a->at, &until) ||
        !throttle_memory_admits(t->failures, &a->subjects[a->n - 1],
                                a->subjects[a->n - 1].rule == &t->network, a->at, &until)) {
        return fail_throttled(op, a->at, until);
    }
    enum ww_err err = store_tx_begin(op, t->store, DB_WRITE);
    if (err != WW_OK) {
        return err;
    }
    if ((err = load_known(op, t, a)) != WW_OK) {
        return store_tx_abort(op, err);
    }
    if ((err = reserve(op, t->store, t->failures, a)) == WW_OK) {
        *out = a;
    }
    return err;
}

enum ww_err throttle_admit(struct ww_op *op, struct throttle *t, const struct key *tag,
                           const struct uuid *account, struct admit **out)
{
    bool has_network = false;
    /* An unknown name has as many subjects as a known one, so that neither rows nor time tell which it is. */
    struct bytes name = BYTES_OF(tag->b), who = account ? BYTES_OF(account->b) : name;
    *out = NULL;
    struct admit *a = admit_new(op, &has_network);
    if (!a) {
        return op_no_memory(op);
    }
    add_subject(t, a, SUBJECT_PAIR, name, true, &t->pair);
    add_subject(t, a, SUBJECT_TAG, name, false, &t->account);
    add_subject(t, a, SUBJECT_ACCOUNT, who, false, &t->account);
    add_network(t, a, has_network);
    a->known = subject_id(t, SUBJECT_KNOWN, who, &a->network);
    return admit(op, t, a, out);
}

enum ww_err throttle_admit_account(struct ww_op *op, struct throttle *t, const struct uuid *account,
                                   struct admit **out)
{
    bool has_network = false;
    /* By UUID, as everywhere here: internal ids are of one database. */
    struct bytes who = BYTES_OF(account->b);
    *out = NULL;
    struct admit *a = admit_new(op, &has_network);
    if (!a) {
        return op_no_memory(op);
    }
    add_subject(t, a, SUBJECT_ACCOUNT_PAIR, who, true, &t->pair);
    add_subject(t, a, SUBJECT_ACCOUNT, who, false, &t->account);
    add_network(t, a, has_network);
    a->known = subject_id(t, SUBJECT_KNOWN, who, &a->network);
    return admit(op, t, a, out);
}

/* ---- after the check ---- */

static enum ww_err give_back_rows(struct ww_op *op, struct store *store, const struct admit *a)
{
    enum ww_err err = WW_OK;
    for (size_t i = 0; err == WW_OK && i < a->n; i++) {
        const struct throttle_subject *x = &a->subjects[i];
        err = store_counter_give_back(op, store, &x->id, x->rule, &x->stored, a->at);
    }
    return err;
}

/* Where that is known to hold for most of its time, it is not written again. */
static enum ww_err remember_network(struct ww_op *op, const struct throttle *t, const struct admit *a,
                                    const struct uuid *account_uuid)
{
    struct key known = subject_id(t, SUBJECT_KNOWN, BYTES_OF(account_uuid->b), &a->network);
    struct counter row = {0, a->at + t->known_for};
    /* A sixteenth of the time may pass before it is written again: frequent sign-ins cause no writes. */
    bool fresh = crypto_equal(BYTES_OF(known.b), BYTES_OF(a->known.b)) &&
                 a->known_until - a->at > t->known_for - t->known_for / 16;
    return t->known_for == 0 || fresh ? WW_OK : store_counter_put(op, t->store, &known, &row);
}

/* account_uuid: NULL when nothing succeeded. */
static void give_back(struct ww_op *op, struct throttle *t, struct admit *a, const struct uuid *account_uuid)
{
    struct op_problem before = op->problem;
    if (store_in_tx(op)) {
        abort(); /* a mistake of the program: the counters would share the fate of that transaction */
    }
    /* Memory first: it cannot fail, and when the database does, its rows count one try too many, which is
     * the safe side. */
    throttle_memory_give_back(t->failures, a->subjects, a->n, a->at);
    enum ww_err err = store_tx_begin(op, t->store, DB_WRITE);
    if (err == WW_OK) {
        if ((err = give_back_rows(op, t->store, a)) == WW_OK && account_uuid) {
            err = remember_network(op, t, a, account_uuid);
        }
        err = err == WW_OK ? store_tx_commit(op) : store_tx_abort(op, err);
    }
    if (err != WW_OK) {
        op->problem = before; /* the reservation stands as a failure and drains like one */
    }
    a->n = 0; /* a second call gives nothing back */
}

void throttle_succeeded(struct ww_op *op, struct throttle *t, struct admit *a,
                        const struct uuid *account_uuid)
{
    give_back(op, t, a, account_uuid);
}

void throttle_not_tried(struct ww_op *op, struct throttle *t, struct admit *a)
{
    give_back(op, t, a, NULL);
}

/* ---- events ---- */

enum ww_err throttle_count(struct ww_op *op, struct throttle *t, enum throttle_event event)
{
    bool has_network = false, registration = event == THROTTLE_REGISTRATION;
    int64_t until;
    /* Tests and trials begin thousands of flows from one address. Limits on guessing hold even then. */
    if (t->dev) {
        return WW_OK;
    }
    struct admit *a = admit_new(op, &has_network);
    if (!a) {
        return op_no_memory(op);
    }
    if (!has_network) {
        return WW_OK;
    }
    add_subject(t, a, registration ? SUBJECT_REGISTRATION : SUBJECT_FLOW, BYTES(NULL, 0), true,
                registration ? &t->registrations : &t->flows);
    /* Flows are begun without a sign-in: a count in the database would be the anonymous write that it is
     * to prevent. */
    if (!registration) {
        return throttle_memory_reserve(t->events, a->subjects, 1, a->at, &until)
                   ? WW_OK
                   : fail_throttled(op, a->at, until);
    }
    /* Refused without a statement, so that a flood of registrations reaches the database at its limit's
     * pace only. */
    if (!throttle_memory_admits(t->events, a->subjects, 1, a->at, &until)) {
        return fail_throttled(op, a->at, until);
    }
    enum ww_err err = store_tx_begin(op, t->store, DB_WRITE);
    return err == WW_OK ? reserve(op, t->store, t->events, a) : err;
}

enum ww_err throttle_count_lookup(struct ww_op *op, struct throttle *t, const struct uuid *account)
{
    bool has_network = false;
    int64_t until;
    struct admit *a = admit_new(op, &has_network);
    if (!a) {
        return op_no_memory(op);
    }
    add_subject(t, a, SUBJECT_LOOKUP, BYTES_OF(account->b), false, &t->lookups);
    if (!throttle_memory_admits(t->events, a->subjects, 1, a->at, &until)) {
        return fail_throttled(op, a->at, until);
    }
    enum ww_err err = store_tx_begin(op, t->store, DB_WRITE);
    return err == WW_OK ? reserve(op, t->store, t->events, a) : err;
}

enum ww_err throttle_sweep(struct ww_op *op, struct throttle *t)
{
    int64_t removed = SWEEP_BATCH, now = (int64_t)op_now(op);
    enum ww_err err = WW_OK;
    /* In pieces, so that nobody waits long for the rows that are locked. */
    while (err == WW_OK && removed == SWEEP_BATCH) {
        if ((err = store_tx_begin(op, t->store, DB_WRITE)) == WW_OK) {
            err = store_counter_sweep(op, t->store, now, SWEEP_BATCH, &removed);
            err = err == WW_OK ? store_tx_commit(op) : store_tx_abort(op, err);
        }
    }
    return err;
}
