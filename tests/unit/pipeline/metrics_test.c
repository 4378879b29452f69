#include "pipeline/metrics.h"

#include "tests/unit/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void test_format(void **state)
{
    (void)state;
    const double bounds[] = { 0.1, 1 };
    struct buffer out;
    buffer_init(&out, 0);
    struct metric *b = metric_counter("tidings_t_total", "Two\nlines \\ here.", "result", "b\"\\\n");
    struct metric *a = metric_counter("tidings_t_total", "Two\nlines \\ here.", "result", "a");
    assert_ptr_equal(a, metric_counter("tidings_t_total", "x", "result", "a"));
    metric_add(a, 2);
    metric_add(b, 1);
    metric_set(metric_gauge("tidings_g", "G.", NULL, NULL), 1.5);
    struct metric *h = metric_histogram("tidings_h_seconds", "H.", bounds, 2);
    metric_observe(h, 0.1);
    metric_observe(h, 0.5);
    metric_observe(h, 3);
    metrics_write(&out);
    assert_string_equal(buffer_str(&out), "# HELP tidings_g G.\n# TYPE tidings_g gauge\ntidings_g 1.5\n"
                        "# HELP tidings_h_seconds H.\n# TYPE tidings_h_seconds histogram\n"
                        "tidings_h_seconds_bucket{le=\"0.1\"} 1\ntidings_h_seconds_bucket{le=\"1\"} 2\n"
                        "tidings_h_seconds_bucket{le=\"+Inf\"} 3\ntidings_h_seconds_sum 3.6000000000000001\ntidings_h_seconds_count 3\n"
                        "# HELP tidings_t_total Two\\nlines \\\\ here.\n# TYPE tidings_t_total counter\n"
                        "tidings_t_total{result=\"a\"} 2\ntidings_t_total{result=\"b\\\"\\\\\\n\"} 1\n");
    buffer_fini(&out);
}

static void *add_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        metric_add(metric_counter("tidings_many_total", "Many.", NULL, NULL), 1);
        metric_add(metric_gauge("tidings_many", "Many.", NULL, NULL), i % 2 ? 1 : -1);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, add_many, NULL);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(metric_counter("tidings_many_total", "", NULL, NULL)), 40000);
    assert_int_equal(metric_value(metric_gauge("tidings_many", "", NULL, NULL)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_format), cmocka_unit_test(test_threads) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
