/* What the memory of a site drops from a page, and what it never does. */
#include "extractor/memory.h"

#include "tests/unit/check.h"

#include <string.h>

/* A block a letter, its hash by the letter. In caps: the model is sure; "." a block that was not kept. words: the digit behind. */
static const struct {
    const char *name, *page, *known, *left, *told;
} rows[] = {
    { "nothing known",             "A9B9c1d1",   "",   "ABcd", "cd" },
    { "a tail",                    "A9B9c1d1",   "d",  "ABc",  "cd" },
    { "sure blocks stay",          "A9B9c1",     "ABc", "AB",  "c" },
    { "what was dropped is not told", "A9.1c1",  "c",  "A",    "c" },
    { "the longest run stays",     "a9b9C5",     "ab", "abC",  "" },
    { "a shorter one does not",    "a2b2C5d1",   "ab", "Cd",   "abd" },
    { "nothing else there",        "a1",         "a",  "a",    "" },
    { "between two sure ones",     "A9b1C9",     "b",  "AC",   "b" },
    { "twice on the page",         "A9b1C9b1",   "b",  "AC",   "bb" },
};

static void rows_hold(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct block blocks[16] = { 0 };
        struct verdict verdicts[16] = { 0 };
        struct doc d = { .blocks = blocks };
        uint32_t known[16], doubted[MEMORY_TELLS];
        char left[17] = "", told[17] = "";
        size_t known_count = 0;

        for (const char *c = rows[r].page; *c; c += 2) {
            struct verdict *v = &verdicts[d.block_count];
            blocks[d.block_count] = (struct block){ .hash = (uint64_t)*c | (uint64_t)7 << 32, .words = (uint32_t)(c[1] - '0') };
            v->keep = *c != '.';
            v->probability = *c >= 'a' ? 0.8f : 0.99f;
            d.block_count++;
        }
        for (const char *c = rows[r].known; *c; c++)
            known[known_count++] = (uint32_t)*c ^ 7;
        size_t count = memory_apply(&d, verdicts, known, known_count, doubted);
        for (size_t i = 0; i < d.block_count; i++) {
            if (verdicts[i].keep)
                left[strlen(left)] = rows[r].page[2 * i];
            CHECK(verdicts[i].keep || rows[r].page[2 * i] == '.' || verdicts[i].rule == RULE_MEMORY, "%s", rows[r].name);
        }
        for (size_t i = 0; i < count; i++)
            told[i] = (char)(doubted[i] ^ 7);
        CHECK(strcmp(left, rows[r].left) == 0 && strcmp(told, rows[r].told) == 0, "%s: left %s, told %s", rows[r].name, left, told);
    }
}

static void tells_are_bounded(void **state)
{
    enum { N = 100 };
    struct block blocks[N + 1] = { 0 };
    struct verdict verdicts[N + 1] = { 0 };
    struct doc d = { .blocks = blocks, .block_count = N + 1 };
    uint32_t doubted[MEMORY_TELLS];

    (void)state;
    for (int i = 0; i <= N; i++) {
        blocks[i] = (struct block){ .hash = (uint64_t)i, .words = i == N ? 1000 : 1 };
        verdicts[i] = (struct verdict){ .keep = true, .probability = i == N ? 1 : 0.6f };
    }
    assert_int_equal(memory_apply(&d, verdicts, NULL, 0, doubted), MEMORY_TELLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rows_hold), cmocka_unit_test(tells_are_bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
