/* budget_test.c - what is taken is bounded, what is set aside is never lent, also from several threads. */
#include "pipeline/budget.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void bounds(void **state)
{
    (void)state;
    struct budget *b = budget_create(1000);
    assert_true(budget_set_aside(b, 200));
    assert_false(budget_set_aside(b, 801));
    assert_int_equal(budget_lendable(b), 800);
    assert_false(budget_take(b, 801));
    assert_true(budget_take(b, 600));
    assert_true(budget_may_start(b)); /* exactly a quarter is free */
    assert_true(budget_take(b, 1));
    assert_false(budget_may_start(b));
    assert_false(budget_take(b, 200));
    assert_true(budget_take(b, 199));
    assert_int_equal(budget_used(b), 800);
    budget_give(b, 800);
    assert_true(budget_may_start(b));
    budget_destroy(b);
    budget_destroy(NULL);
}

static void *worker(void *arg)
{
    struct budget *b = arg;
    for (int i = 0; i < 100000; i++)
        if (budget_take(b, 7))
            budget_give(b, 7);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct budget *b = budget_create(16);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, worker, b), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(budget_used(b), 0);
    budget_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bounds), cmocka_unit_test(threads) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
