/* model_test.c - trees: what a row is worth, and files that are refused. */
#include "extractor/model.h"
#include "../check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct { const char *name, *text; bool ok; } files[] = {
    { "one tree each", "tidings-model 1\nblocks 2 1 3 0.5\n0\n1.5 0 1 2\n-1 -1 0 0\n2 -1 0 0\npages 1 1 1 0\n0\n0 -1 0 0\n", true },
    { "another width", "tidings-model 1\nblocks 3 1 3 0.5\n0\n1.5 0 1 2\n-1 -1 0 0\n2 -1 0 0\npages 1 1 1 0\n0\n0 -1 0 0\n", false },
    { "another version", "tidings-model 2\n", false },
    { "cut short", "tidings-model 1\nblocks 2 1 3 0.5\n0\n1.5 0 1 2\n", false },
    { "a branch outside", "tidings-model 1\nblocks 2 1 3 0.5\n0\n1.5 0 1 7\n-1 -1 0 0\n2 -1 0 0\npages 1 1 1 0\n0\n0 -1 0 0\n", false },
    { "a branch to itself", "tidings-model 1\nblocks 2 1 3 0.5\n0\n1.5 0 0 2\n-1 -1 0 0\n2 -1 0 0\npages 1 1 1 0\n0\n0 -1 0 0\n", false },
    { "a feature outside", "tidings-model 1\nblocks 2 1 3 0.5\n0\n1.5 2 1 2\n-1 -1 0 0\n2 -1 0 0\npages 1 1 1 0\n0\n0 -1 0 0\n", false },
    { "too many trees", "tidings-model 1\nblocks 2 99999999 3 0.5\n", false },
    { "no model", "hello", false },
    { "empty", "", false },
};

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[] = "/tmp/model_test_XXXXXX";
        int fd = mkstemp(path);
        struct error err = { 0 };
        assert_true(fd >= 0 && write(fd, files[i].text, strlen(files[i].text)) == (ssize_t)strlen(files[i].text));
        close(fd);
        struct models *m = models_read(path, 2, 1, &err);
        CHECK((m != NULL) == files[i].ok, "%s: %s", files[i].name, err.message);
        CHECK(m || (err.kind == ERROR_INVALID && strstr(err.message, path)), "%s: %s", files[i].name, err.message);
        if (m) {
            const float low[] = { 1.5f, 0 }, high[] = { 1.6f, 0 };
            assert_true(fabsf(model_probability(&m->blocks, low) - 1 / (1 + expf(0.5f))) < 1e-6f);
            assert_true(fabsf(model_probability(&m->blocks, high) - 1 / (1 + expf(-2.5f))) < 1e-6f);
        }
        models_free(m);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_files) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
