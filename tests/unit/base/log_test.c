#include "base/log.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tidings-log-XXXXXX";
static char file[64], old[64];

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/log", folder);
    snprintf(old, sizeof(old), "%s/log.1", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    unlink(old);
    rmdir(folder);
    return 0;
}

/* What was written after the time stamp of the first line, which must be the only one. */
static char *written(enum log_format format, void (*say)(void))
{
    static char text[8192];
    FILE *f = tmpfile();
    log_init(LOG_DEBUG, format, fileno(f));
    say();
    log_init(LOG_INFO, LOG_TEXT, 2);
    rewind(f);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static void hostile(void)
{
    log_warn("write failed topic=%s offset=%d url=%s", "pages", 17, log_quote("http://a/\n\x1b[2J\" \\ \xff é"));
}

static void test_text(void **state)
{
    (void)state;
    char *line = written(LOG_TEXT, hostile);
    assert_string_equal(line + 25, "warn write failed topic=pages offset=17 url=\"http://a/\\u000a\\u001b[2J\\\" \\\\ \\u00ff é\"\n");
}

static void test_json(void **state)
{
    (void)state;
    json_t *o = json_loads(written(LOG_JSON, hostile), 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "msg")), "write failed");
    assert_string_equal(json_string_value(json_object_get(o, "topic")), "pages");
    assert_int_equal(json_integer_value(json_object_get(o, "offset")), 17);
    assert_string_equal(json_string_value(json_object_get(o, "url")), "http://a/\n\x1b[2J\" \\ \xc3\xbf é");
    json_decref(o);
}

static void storm(void)
{
    for (int i = 0; i < 1000; i++)
        log_info("storm i=%d", i);
    log_info("another event");
}

static void test_limit(void **state)
{
    (void)state;
    char *text = written(LOG_TEXT, storm);
    assert_non_null(strstr(text, "storm i=99\n"));
    assert_null(strstr(text, "storm i=100\n"));
    assert_non_null(strstr(text, "another event\n"));
}

static void *write_many(void *arg)
{
    for (int i = 0; i < 90; i++)
        log_line(LOG_WARN, arg, i); /* each thread has its own event */
    return NULL;
}

static void test_rotation(void **state)
{
    (void)state;
    static char formats[4][64] = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa i=%d", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb i=%d",
                                   "cccccccccccccccccccccccccccccccccc i=%d", "ddddddddddddddddddddddddddddddddddd i=%d" };
    struct stat st;
    pthread_t threads[4];
    assert_true(log_to_file(file, 4000));
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, write_many, formats[i]);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    log_init(LOG_INFO, LOG_TEXT, 2);
    assert_int_equal(stat(file, &st), 0);
    assert_in_range(st.st_size, 1, 4400); /* a line that was on its way may come after */
    assert_int_equal(stat(old, &st), 0);
    assert_in_range(st.st_size, 3000, 4400);
    assert_false(log_to_file("/nonexistent/log", 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text), cmocka_unit_test(test_json), cmocka_unit_test(test_limit),
                                        cmocka_unit_test(test_rotation) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
