/* Each row of the table in own-api.md, "Throttling", with the default settings. */
#include "throttle_fixture.h"

/* One wrong try. account 0: a name that does not exist. Returns the seconds to wait, 0 when it was admitted.
 */
static uint32_t wrong_try(struct fixture *f, const char *address, unsigned name, unsigned account)
{
    struct key tag = tag_of(name);
    struct uuid uuid = account_of(account);
    struct admit *a;
    f->op.client.address = address;
    enum ww_err err = throttle_admit(&f->op, f->throttle, &tag, account ? &uuid : NULL, &a);
    if (err == WW_OK) {
        assert_non_null(a);
        return 0;
    }
    assert_int_equal(err, WW_ETHROTTLED);
    assert_string_equal(f->op.problem.id, "throttled");
    assert_null(a);
    assert_null(f->op.conn);
    assert_true(f->op.problem.retry_after > 0);
    return f->op.problem.retry_after;
}

static bool right_try(struct fixture *f, const char *address, unsigned name, unsigned account)
{
    struct key tag = tag_of(name);
    struct uuid uuid = account_of(account);
    struct admit *a;
    f->op.client.address = address;
    if (throttle_admit(&f->op, f->throttle, &tag, &uuid, &a) != WW_OK) {
        return false;
    }
    throttle_succeeded(&f->op, f->throttle, a, &uuid);
    assert_null(f->op.conn);
    return true;
}

static void network_number(char out[32], unsigned n)
{
    snprintf(out, 32, "198.51.%u.%u", n / 250, n % 250 + 1);
}

static void one_name_on_one_network(struct fixture *f)
{
    static const uint32_t waits[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    }
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), waits[i]);
        assert_false(right_try(f, "192.0.2.1", 1, 1)); /* not looked at, so it tells nothing */
        assert_int_equal(wrong_try(f, "192.0.2.2", 1 + (unsigned)i, 0), 0);   /* other networks */
        assert_int_equal(wrong_try(f, "192.0.2.1", 100 + (unsigned)i, 0), 0); /* other names */
        f->now += SECONDS(waits[i]) - 1;
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 1);
        f->now += 1;
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    }
}

static void failures_drain(struct fixture *f)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
        }
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 1);
        f->now += MINUTES(16);
    }
    for (int i = 0; i < 40; i++) { /* fewer than five in fifteen minutes, for ten hours */
        f->now += MINUTES(4);
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    }
}

static void successes_cost_nothing(struct fixture *f)
{
    for (unsigned i = 0; i < 300; i++) { /* many people behind one address */
        assert_true(right_try(f, "192.0.2.1", 1 + i % 7, 1 + i % 7));
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    }
    assert_true(right_try(f, "192.0.2.1", 1, 1)); /* gives its own place back, not those of the failures */
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 1);
    f->now += SECONDS(1);
    assert_true(right_try(f, "192.0.2.1", 1, 1));
    assert_true(right_try(f, "192.0.2.1", 1, 1)); /* no wait of two seconds after a success */
}

static void one_name_from_many_networks(struct fixture *f)
{
    char address[32];
    assert_true(right_try(f, "203.0.113.5", 1, 1));
    for (unsigned i = 0; i < 50; i++) {
        network_number(address, i);
        assert_int_equal(wrong_try(f, address, 1, 1), 0);
    }
    assert_int_equal(wrong_try(f, "192.0.2.77", 1, 1), 10);
    f->now += SECONDS(10);
    assert_int_equal(wrong_try(f, "192.0.2.77", 1, 1), 0);
    assert_int_equal(wrong_try(f, "192.0.2.78", 1, 1), 10);
    /* the owner is not locked out from where the owner was before … */
    assert_true(right_try(f, "203.0.113.5", 1, 1));
    assert_int_equal(wrong_try(f, "203.0.113.5", 1, 1), 0);
    /* … and the network of somebody else is not the owner's */
    assert_true(right_try(f, "203.0.113.6", 2, 2));
    assert_int_equal(wrong_try(f, "203.0.113.6", 1, 1), 10);
}

static void known_networks_are_forgotten(struct fixture *f)
{
    char address[32];
    assert_true(right_try(f, "203.0.113.5", 1, 1));
    f->now += DAYS(29);
    assert_true(right_try(f, "203.0.113.6", 1, 1));
    f->now += DAYS(2);
    for (unsigned i = 0; i < 50; i++) {
        network_number(address, i);
        assert_int_equal(wrong_try(f, address, 1, 1), 0);
    }
    assert_int_equal(wrong_try(f, "203.0.113.5", 1, 1), 10);
    assert_int_equal(wrong_try(f, "203.0.113.6", 1, 1), 0);
    assert_true(right_try(f, "203.0.113.6", 1, 1)); /* remembered anew */
    f->now += DAYS(29);
    for (unsigned i = 0; i < 50; i++) {
        network_number(address, i);
        assert_int_equal(wrong_try(f, address, 1, 1), 0);
    }
    assert_int_equal(wrong_try(f, "203.0.113.6", 1, 1), 0);
}

static void one_account_over_all_its_names(struct fixture *f)
{
    char address[32];
    for (unsigned i = 0; i < 50; i++) {
        network_number(address, i);
        assert_int_equal(wrong_try(f, address, i % 2 ? 1 : 2, 1), 0);
    }
    assert_int_equal(wrong_try(f, "192.0.2.77", 3, 1), 10);
    assert_int_equal(wrong_try(f, "192.0.2.77", 4, 2), 0);
}

static void names_that_do_not_exist_behave_the_same(struct fixture *f)
{
    char address[32];
    for (unsigned i = 0; i < 120; i++) {
        network_number(address, i / 7);
        uint32_t existing = wrong_try(f, address, 1, 1);
        assert_int_equal(wrong_try(f, address, 2, 0), existing);
        f->now += i % 11 ? 0 : SECONDS(3);
    }
}

static void one_network(struct fixture *f)
{
    for (unsigned i = 0; i < 100; i++) {
        char address[64];
        snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
        assert_int_equal(wrong_try(f, address, 1000 + i, 0), 0);
    }
    assert_int_equal(wrong_try(f, "2001:db8:1:2:3::9", 1, 1), 2);
    assert_int_equal(wrong_try(f, "2001:db8:1:3::1", 1, 1), 0);
    f->now += SECONDS(2);
    assert_int_equal(wrong_try(f, "2001:db8:1:2:3::9", 2, 2), 0);
    assert_int_equal(wrong_try(f, "2001:db8:1:2:3::9", 3, 3), 2);
    f->now += SECONDS(2);
    assert_true(right_try(f, "2001:db8:1:2:3::9", 3, 3));
    assert_true(right_try(f, "2001:db8:1:2:3::9", 4, 4));
    f->now += MINUTES(11);
    for (unsigned i = 0; i < 99; i++) {
        assert_int_equal(wrong_try(f, "2001:db8:1:2::1", 2000 + i, 0), 0);
    }
}

static void without_an_address_names_are_still_counted(struct fixture *f)
{
    for (unsigned i = 0; i < 150; i++) {
        assert_int_equal(wrong_try(f, "", 1000 + i, 0), 0);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(f, "", 1, 1), 0);
    }
    assert_int_equal(wrong_try(f, "", 1, 1), 1);
}

static void a_session_guesses_no_faster(struct fixture *f)
{
    struct uuid uuid = account_of(1);
    struct admit *a;
    f->op.client.address = "192.0.2.1";
    for (int i = 0; i < 5; i++) {
        assert_int_equal(throttle_admit_account(&f->op, f->throttle, &uuid, &a), WW_OK);
    }
    assert_int_equal(throttle_admit_account(&f->op, f->throttle, &uuid, &a), WW_ETHROTTLED);
    assert_int_equal(f->op.problem.retry_after, 1);
    f->now += SECONDS(1);
    assert_int_equal(throttle_admit_account(&f->op, f->throttle, &uuid, &a), WW_OK);
    throttle_succeeded(&f->op, f->throttle, a, &uuid);
    assert_int_equal(throttle_admit_account(&f->op, f->throttle, &uuid, &a), WW_OK);
}

static void registrations(struct fixture *f)
{
    f->op.client.address = "192.0.2.1";
    for (int i = 0; i < 300; i++) {
        assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_OK);
    }
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_ETHROTTLED);
    assert_int_equal(f->op.problem.retry_after, 12); /* 300 an hour is one in 12 seconds */
    struct throttle *first = f->throttle;
    f->throttle = fixture_throttle(f); /* the next start */
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_ETHROTTLED);
    throttle_free(first);
    f->op.client.address = "192.0.2.2";
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_OK);
    f->op.client.address = "192.0.2.1";
    f->now += SECONDS(12);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_OK);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_ETHROTTLED);
}

static void new_flows(struct fixture *f)
{
    f->op.client.address = "192.0.2.1";
    for (int i = 0; i < 300; i++) {
        assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_OK);
    }
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_ETHROTTLED);
    assert_int_equal(f->op.problem.retry_after, 1);
    assert_int_equal(count_rows(f), 0); /* reads of a page do not write */
    f->op.client.address = "192.0.2.2";
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_OK);
    f->op.client.address = "192.0.2.1";
    f->now += MINUTES(1);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_OK);
}

static void under_dev_events_are_not_counted_but_failures_are(struct fixture *f)
{
    configure(f, NULL, 0, true);
    for (int i = 0; i < 700; i++) {
        assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_OK);
        assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_OK);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    }
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 1);
}

static void every_number_is_a_setting(struct fixture *f)
{
    static const char *const pairs[] = {
        "watchword.throttle.pair.free=2",
        "watchword.throttle.pair.window=10s",
        "watchword.throttle.pair.first_wait=3s",
        "watchword.throttle.pair.longest_wait=7s",
        "watchword.throttle.account.free=4",
        "watchword.throttle.account.window=1h",
        "watchword.throttle.account.interval=20s",
        "watchword.throttle.account.known_network=1h",
        "watchword.throttle.network.free=6",
        "watchword.throttle.network.window=1h",
        "watchword.throttle.network.interval=30s",
        "watchword.throttle.registrations.free=1",
        "watchword.throttle.registrations.window=1m",
        "watchword.throttle.flows.free=2",
        "watchword.throttle.flows.window=10s",
    };
    configure(f, pairs, sizeof pairs / sizeof pairs[0], false);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 3);
    f->now += SECONDS(3);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 6);
    f->now += SECONDS(6);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 7);
    f->now += SECONDS(7);
    assert_int_equal(wrong_try(f, "192.0.2.1", 1, 1), 13); /* what is left of the account's 20 */
    assert_int_equal(wrong_try(f, "192.0.2.1", 2, 2), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 3, 3), 0);
    assert_int_equal(wrong_try(f, "192.0.2.1", 4, 4), 30);
    f->op.client.address = "192.0.2.9";
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_OK);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_REGISTRATION), WW_ETHROTTLED);
    assert_int_equal(f->op.problem.retry_after, 60);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_OK);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_OK);
    assert_int_equal(throttle_count(&f->op, f->throttle, THROTTLE_FLOW), WW_ETHROTTLED);
    assert_int_equal(f->op.problem.retry_after, 5);
}

const struct check throttle_checks[] = {
    {"one name on one network", one_name_on_one_network},
    {"failures drain", failures_drain},
    {"successes cost nothing", successes_cost_nothing},
    {"one name from many networks", one_name_from_many_networks},
    {"known networks are forgotten", known_networks_are_forgotten},
    {"one account over all its names", one_account_over_all_its_names},
    {"names that do not exist behave the same", names_that_do_not_exist_behave_the_same},
    {"one network", one_network},
    {"without an address names are still counted", without_an_address_names_are_still_counted},
    {"a session guesses no faster", a_session_guesses_no_faster},
    {"registrations", registrations},
    {"new flows", new_flows},
    {"under dev events are not counted, failures are", under_dev_events_are_not_counted_but_failures_are},
    {"every number is a setting", every_number_is_a_setting},
    {NULL, NULL},
};
