/* map_test.c - a map against a plain array as the model, over many puts and removes. */
#include "base/map.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 500 };

static void agrees_with_model(void **state)
{
    (void)state;
    struct map *m = map_create();
    void *model[KEYS] = { 0 };
    size_t count = 0;
    unsigned random = 1;
    for (int step = 0; step < 20000; step++) {
        random = random * 1103515245 + 12345;
        int k = (int)(random >> 8) % KEYS;
        char key[16];
        snprintf(key, sizeof(key), "key%d", k);
        if ((random >> 4) % 3 == 0) {
            assert_ptr_equal(map_remove(m, key), model[k]);
            count -= model[k] != NULL;
            model[k] = NULL;
        } else {
            void *value = (void *)(uintptr_t)(step + 1);
            assert_ptr_equal(map_put(m, key, value), model[k]);
            count += model[k] == NULL;
            model[k] = value;
        }
        assert_ptr_equal(map_get(m, key), model[k]);
        assert_int_equal(map_count(m), count);
    }
    size_t seen = 0, at = 0;
    const char *key;
    for (void *v; (v = map_next(m, &at, &key)); seen++)
        assert_ptr_equal(v, model[atoi(key + 3)]);
    assert_int_equal(seen, count);
    map_destroy(m);
}

static void may_remove_while_walking(void **state)
{
    (void)state;
    struct map *m = map_create();
    int value;
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        map_put(m, key, &value);
    }
    size_t at = 0, seen = 0;
    const char *key;
    for (; map_next(m, &at, &key); seen++) {
        char copy[16];
        snprintf(copy, sizeof(copy), "%s", key);
        map_remove(m, copy);
    }
    assert_int_equal(seen, 100);
    assert_int_equal(map_count(m), 0);
    map_destroy(m);
    map_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_model),
        cmocka_unit_test(may_remove_while_walking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
