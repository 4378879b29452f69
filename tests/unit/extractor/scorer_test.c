/* scorer_test.c - the scorer says what a walk down the trees says, to the bit. */
#include "extractor/scorer.h"

#include "extractor/features.h"
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float random_value(unsigned *seed)
{
    static const float often[] = { 0, 1, 0.5f, -1, 2, 1e9f };
    unsigned r = (unsigned)rand_r(seed);
    return r % 4 ? often[r / 4 % COUNT(often)] : (float)(r / 4 % 1000) / 50;
}

static void compare(const struct model *m, float (*rows)[FEATURE_COUNT])
{
    float columns[FEATURE_COUNT][SCORER_ROWS], got[SCORER_ROWS];
    struct scorer *s = scorer_create(m);
    for (size_t r = 0; r < SCORER_ROWS; r++)
        for (size_t f = 0; f < FEATURE_COUNT; f++)
            columns[f][r] = rows[r][f];
    scorer_run(s, columns, got);
    for (size_t r = 0; r < SCORER_ROWS; r++) {
        float want = model_probability(m, rows[r]);
        CHECK(memcmp(&want, &got[r], sizeof(want)) == 0, "row %zu: %.9g, the trees say %.9g", r, (double)got[r], (double)want);
    }
    scorer_destroy(s);
}

static void test_shipped(void **state)
{
    (void)state;
    float rows[SCORER_ROWS][FEATURE_COUNT];
    unsigned seed = 1;
    for (int round = 0; round < 200; round++) {
        for (size_t r = 0; r < SCORER_ROWS; r++)
            for (size_t f = 0; f < FEATURE_COUNT; f++)
                rows[r][f] = random_value(&seed);
        compare(&models_shipped.blocks, rows);
    }
}

/* Rows on the thresholds themselves, beyond all of them, and no numbers. */
static void test_edges(void **state)
{
    (void)state;
    const struct model *m = &models_shipped.blocks;
    const float edges[] = { INFINITY, -INFINITY, NAN, 0, -0.0f };
    float rows[SCORER_ROWS][FEATURE_COUNT] = { { 0 } };
    for (size_t r = 0; r < COUNT(edges); r++)
        for (size_t f = 0; f < FEATURE_COUNT; f++)
            rows[r][f] = edges[r];
    for (uint32_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].feature >= 0) {
            rows[5][m->nodes[i].feature] = m->nodes[i].value;
            rows[6][m->nodes[i].feature] = nextafterf(m->nodes[i].value, INFINITY);
        }
    compare(m, rows);
}

static void test_single_leaf(void **state)
{
    (void)state;
    static const struct model_node nodes[] = { { 0.25f, -1, 0, 0 }, { 1, 3, 1, 2 }, { 0.5f, -1, 0, 0 }, { -0.5f, -1, 0, 0 } };
    static const uint32_t roots[] = { 0, 1 };
    const struct model m = { nodes, roots, 2, COUNT(nodes), FEATURE_COUNT, 0.125f };
    float rows[SCORER_ROWS][FEATURE_COUNT] = { { 0 } };
    rows[1][3] = 2;
    compare(&m, rows);
    scorer_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_shipped), cmocka_unit_test(test_edges), cmocka_unit_test(test_single_leaf) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
