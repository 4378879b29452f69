/* stream_local_test.c - the local driver: the contract of streams, and what is its own: loops on several threads, and
 * events and dead letters as files. */
#include "tests/unit/pipeline/stream_contract.h"

#include <fcntl.h>
#include <ftw.h>

/* --- the bed --- */

static void bed_prepare(struct bed *b)
{
    snprintf(b->dir, sizeof(b->dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(b->dir), "mkdtemp");
}

static struct stream *bed_stream(struct bed *b, struct error *err)
{
    return stream_local_create(&b->config, b->dir, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void bed_clean(struct bed *b)
{
    nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "child") == 0)
        return killed_main(argv[2], argv[3]);
    const struct CMUnitTest tests[] = { CONTRACT_TESTS };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
