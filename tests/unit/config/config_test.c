#include "config/config.h"

#include "base/log.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/tidings-config-XXXXXX";
static char file[64], secret[64];

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/t.yaml", folder);
    snprintf(secret, sizeof(secret), "%s/secret", folder);
    put(secret, "s3cret word\nsecond line\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    unlink(secret);
    rmdir(folder);
    return 0;
}

/* Messages are those after "FILE:". */
static const struct { const char *name, *text, *message; } mistakes[] = {
    { "wrong type", "crawler:\n  delay_ms: \"30s\"\n",
      "2: crawler.delay_ms = \"30s\": expected a whole number of milliseconds from 0 to 3600000 (without quotes)" },
    { "not a number", "crawler:\n  timeout_ms: 30s\n",
      "2: crawler.timeout_ms = \"30s\": expected a whole number of milliseconds from 100 to 600000" },
    { "too large", "health:\n  port: 65536\n", "2: health.port = \"65536\": expected a whole number from 0 to 65535" },
    { "too small", "\n\ncrawler: { timeout_ms: 5 }\n", "3: crawler.timeout_ms = \"5\": expected a whole number of milliseconds from 100 to 600000" },
    { "larger than any number", "loader:\n  ttl_s: 99999999999999999999\n",
      "2: loader.ttl_s = \"99999999999999999999\": expected a whole number of seconds from 1 to 315360000" },
    { "a mapping for a number", "loader:\n  ttl_s: {a: 1}\n", "2: loader.ttl_s = (a mapping): expected a whole number of seconds from 1 to 315360000" },
    { "a list for a text", "contact: [a, b]\n", "1: contact = (a list): expected a mail address or a URL" },
    { "nothing", "contact:\n", "1: contact = (nothing): expected a mail address or a URL" },
    { "no contact at all", "contact: hello\n", "1: contact = \"hello\": expected a mail address or a URL" },
    { "header injection", "contact: \"a@b.vn\\r\\nX: y\"\n", "1: contact = \"a@b.vn\\u000d\\u000aX: y\": expected a mail address or a URL" },
    { "boolean", "crawler:\n  robots: yes\n", "2: crawler.robots = \"yes\": expected true or false" },
    { "choice", "log:\n  level: loud\n", "2: log.level = \"loud\": expected debug, info, warn or error" },
    { "choice is whole", "log:\n  level: inf\n", "2: log.level = \"inf\": expected debug, info, warn or error" },
    { "misspelt", "crawler:\n  dealy_ms: 3\n", "2: \"crawler.dealy_ms\": no such setting, did you mean \"crawler.delay_ms\"?" },
    { "misspelt section", "crawlr:\n  delay_ms: 3\n", "1: \"crawlr\": no such setting; config/tidings.yaml shows them all" },
    { "in no section", "delay_ms: 3\n", "1: \"delay_ms\": no such setting, did you mean \"crawler.delay_ms\"?" },
    { "unknown", "colour: red\n", "1: \"colour\": no such setting; config/tidings.yaml shows them all" },
    { "twice", "prefix: a\nprefix: b\n", "2: \"prefix\" stands here a second time: remove one" },
    { "section is a list", "log: [a]\n", "1: log = (a list): expected a section with settings" },
    { "root is a list", "- a\n", "1: (a list): expected settings, as config/tidings.yaml shows them" },
    { "not YAML", "a: b\n c: d\n", "2: not valid YAML: mapping values are not allowed in this context" },
    { "a tab", "log:\n\tlevel: info\n", "2: not valid YAML: found character that cannot start any token" },
    { "prefix", "prefix: a b\n", "1: prefix = \"a b\": expected letters, digits, '-' and '_'" },
    { "address", "redis:\n  frontier: somewhere\n", "2: redis.frontier = \"somewhere\": expected HOST:PORT or the path of a socket" },
    { "port in an address", "redis:\n  cache: \"host:99999\"\n", "2: redis.cache = \"host:99999\": expected HOST:PORT or the path of a socket" },
    { "ports", "crawler:\n  allow_ports: [80, http]\n", "2: crawler.allow_ports = \"http\": expected a list of at most 16 ports" },
    { "backfill", "crawler:\n  backfill: 2 days\n", "2: crawler.backfill = \"2 days\": expected \"12h\", \"2d\", \"none\" or \"all\"" },
    { "secret is not shown", "redis:\n  frontier_password: \"\"\n", "2: redis.frontier_password = (not shown): expected a password of at most 1000 bytes" },
    { "property refused", "kafka:\n  properties:\n    acks: 1\n",
      "3: kafka.properties.acks = (not shown): acks is set by tidings because its promises rest on it: leave it out" },
    { "property elsewhere", "kafka:\n  properties:\n    bootstrap.servers: a:1\n",
      "3: kafka.properties.bootstrap.servers = (not shown): bootstrap.servers is set by tidings because its promises rest on it: set "
      "kafka.bootstrap instead" },
    { "property of a wrong type", "kafka:\n  properties:\n    a: [1]\n", "3: kafka.properties.a = (a list): expected a text or number" },
    { "sources", "sources: here\n", "1: sources = \"here\": expected a list, one \"- url: …\" a source" },
    { "source without url", "sources:\n  - name: a\n", "2: this source has no url: it needs at least that" },
    { "source misspelt", "sources:\n  - ulr: http://a/\n", "2: \"ulr\": no such setting, did you mean \"url\"?" },
    { "source twice", "sources:\n  - http://a/\n  - url: http://a/\n", "3: source \"http://a/\": line 2 has the same url: remove one" },
    { "source interval", "sources:\n  - url: http://a/\n    interval_ms: soon\n",
      "3: interval_ms = \"soon\": expected a whole number of milliseconds from 0 to 604800000" },
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct error err = { 0 };
        char wanted[600];
        put(file, mistakes[i].text);
        struct config *c = config_load(file, NULL, 0, &err);
        snprintf(wanted, sizeof(wanted), "%s:%s", file, mistakes[i].message);
        CHECK(!c && err.kind == ERROR_INVALID && strcmp(err.message, wanted) == 0, "%s:\n  %s\n  %s", mistakes[i].name, err.message, wanted);
    }
}

static void test_defaults(void **state)
{
    (void)state;
    struct error err;
    struct config *c = config_load(NULL, NULL, 0, &err);
    assert_non_null(c);
    assert_string_equal(c->prefix, "tidings");
    assert_null(c->kafka.bootstrap);
    assert_null(c->redis.frontier);
    assert_int_equal(c->loader.ttl_ms, 7LL * 24 * 3600 * 1000);
    assert_string_equal(c->crawler.allow_ports.items[3], "8443");
    assert_true(c->crawler.robots);
    assert_false(c->crawler.allow_private);
    assert_non_null(c->state_dir);
    assert_false(c->state_dir_chosen);
    config_role_defaults(c);
    assert_string_equal(c->kafka.bootstrap, "localhost:9092");
    config_destroy(c);
}

static void test_file(void **state)
{
    (void)state;
    struct error err = { 0 };
    char text[1000];
    snprintf(text, sizeof(text),
             "contact: https://example.org/bot\n"
             "crawler: {delay_ms: 20, allow_private: true, allow_ports: [80, 8000]}\n"
             "log:\n"
             "redis:\n  frontier: /run/r.sock\n  frontier_password_file: %s\n"
             "kafka:\n  bootstrap: \"a:1,b:2\"\n  properties:\n    security.protocol: SASL_SSL\n    sasl.password_file: %s\n"
             "sources:\n  - https://a.vn/\n  - url: https://b.vn/\n    name: b\n    feeds: https://b.vn/rss\n    timezone: \"+07:00\"\n", secret, secret);
    put(file, text);
    struct config *c = config_load(file, NULL, 0, &err);
    CHECK(c, "%s", err.message);
    assert_int_equal(c->crawler.delay_ms, 20);
    assert_string_equal(c->crawler.allow_ports.items[1], "8000");
    assert_null(c->crawler.allow_ports.items[2]);
    assert_string_equal(c->redis.frontier_password, "s3cret word");
    assert_int_equal(c->kafka.property_count, 2);
    assert_string_equal(c->kafka.properties[1].name, "sasl.password");
    assert_string_equal(c->kafka.properties[1].value, "s3cret word");
    assert_int_equal(c->source_count, 2);
    assert_string_equal(c->sources[0].url, "https://a.vn/");
    assert_int_equal(c->sources[0].line, 13);
    assert_string_equal(c->sources[1].feeds.items[0], "https://b.vn/rss");
    config_destroy(c);
}

static void test_layers(void **state)
{
    (void)state;
    struct error err = { 0 };
    const char *sets[] = { "crawler.timeout_ms=300", "kafka.properties.client.rack=r1" };
    put(file, "crawler: {delay_ms: 1, timeout_ms: 100, transfers: 7}\n");
    setenv("TIDINGS_CRAWLER_DELAY_MS", "2", 1);
    setenv("TIDINGS_CRAWLER_TIMEOUT_MS", "200", 1);
    setenv("TIDINGS_REDIS_CACHE_PASSWORD_FILE", secret, 1);
    setenv("TIDINGS_SERVICE_HOST", "10.0.0.1", 1); /* a container platform's */
    setenv("TIDINGS_CONFIG", file, 1);
    struct config *c = config_load(NULL, sets, 2, &err);
    CHECK(c, "%s", err.message);
    assert_int_equal(c->crawler.transfers, 7);
    assert_int_equal(c->crawler.delay_ms, 2);
    assert_int_equal(c->crawler.timeout_ms, 300);
    assert_string_equal(c->redis.cache_password, "s3cret word");
    assert_string_equal(c->kafka.properties[0].name, "client.rack");
    config_destroy(c);

    setenv("TIDINGS_CRAWLER_DELAY_MS", "x", 1);
    assert_null(config_load(NULL, NULL, 0, &err));
    assert_string_equal(err.message, "variable TIDINGS_CRAWLER_DELAY_MS: crawler.delay_ms = \"x\": expected a whole number of milliseconds from 0 to 3600000");
    unsetenv("TIDINGS_CRAWLER_DELAY_MS");
    unsetenv("TIDINGS_CRAWLER_TIMEOUT_MS");
    setenv("TIDINGS_REDIS_CACHE_PASSWORD_FILE", "/nonexistent/p", 1);
    assert_null(config_load(NULL, NULL, 0, &err));
    assert_string_equal(err.message, "variable TIDINGS_REDIS_CACHE_PASSWORD_FILE = /nonexistent/p: cannot be read: No such file or directory");
    unsetenv("TIDINGS_REDIS_CACHE_PASSWORD_FILE");
    unsetenv("TIDINGS_CONFIG");
    unsetenv("TIDINGS_SERVICE_HOST");

    static const struct { const char *set, *message; } wrong[] = {
        { "crawler.delay_ms", "command line: \"crawler.delay_ms\": expected NAME=VALUE" },
        { "crawler.delay=3", "command line: \"crawler.delay\": no such setting, did you mean \"crawler.delay_ms\"?" },
        { "kafka.properties.group.id=x", "command line: kafka.properties.group.id = (not shown): group.id is set by tidings because its promises rest on it: leave it out" },
        { "crawler.poll_max_ms=1000", "crawler.poll_min_ms is larger than crawler.poll_max_ms: lower one or raise the other" },
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_null(config_load(NULL, &wrong[i].set, 1, &err));
        CHECK(strcmp(err.message, wrong[i].message) == 0, "%s", err.message);
    }
}

static void test_state_dir(void **state)
{
    (void)state;
    struct error err;
    setenv("XDG_STATE_HOME", "/some/where", 1);
    struct config *c = config_load(NULL, NULL, 0, &err);
    assert_string_equal(c->state_dir, "/some/where/tidings");
    config_destroy(c);
    setenv("XDG_STATE_HOME", "relative", 1); /* to be ignored, says the specification */
    c = config_load(NULL, NULL, 0, &err);
    CHECK(c->state_dir[0] == '/' && !strstr(c->state_dir, "relative"), "%s", c->state_dir);
    config_destroy(c);
    unsetenv("XDG_STATE_HOME");
}

static int changes, reloads;

static void count_change(void *arg, const char *name, bool reload)
{
    (void)arg, (void)name;
    changes++;
    reloads += reload;
}

static void test_compare(void **state)
{
    (void)state;
    const char *sets[] = { "log.level=debug", "crawler.delay_ms=7", "crawler.allow_ports=80" };
    struct config *a = config_load(NULL, NULL, 0, NULL), *b = config_load(NULL, sets, 3, NULL);
    config_compare(a, a, count_change, NULL);
    assert_int_equal(changes, 0);
    config_compare(a, b, count_change, NULL);
    assert_int_equal(changes, 3);
    assert_int_equal(reloads, 1);
    config_destroy(a);
    config_destroy(b);
}

static void test_again(void **state)
{
    (void)state;
    struct error err;
    const char *sets[] = { "crawler.delay_ms=7" };
    put(file, "crawler:\n  delay_ms: 5\n  transfers: 10\nlog:\n  level: warn\n");
    struct config *c = config_load(file, sets, 1, &err);
    CHECK(c && config_set(c, "contact", "you@example.org", &err), "%s", err.message);
    put(file, "crawler:\n  delay_ms: 6\n  transfers: 11\n");
    struct config *again = config_load_again(c, &err);
    CHECK(again, "%s", err.message);
    assert_int_equal(again->crawler.delay_ms, 7); /* the command line stays over the file */
    assert_string_equal(again->contact, "you@example.org");
    assert_int_equal(again->crawler.transfers, 11);
    assert_string_equal(again->log.level, "info");
    put(file, "crawler: 1\n");
    assert_null(config_load_again(again, &err));
    config_destroy(c);
    config_destroy(again);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct error err;
    assert_null(config_load("/nonexistent/t.yaml", NULL, 0, &err));
    assert_string_equal(err.message, "/nonexistent/t.yaml: cannot be read: No such file or directory");
    put(file, ""); /* an empty one is fine */
    struct config *c = config_load(file, NULL, 0, &err);
    assert_non_null(c);
    config_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_defaults), cmocka_unit_test(test_file), cmocka_unit_test(test_layers),
        cmocka_unit_test(test_state_dir), cmocka_unit_test(test_compare), cmocka_unit_test(test_again),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
