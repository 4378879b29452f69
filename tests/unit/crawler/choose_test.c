/* choose_test.c - links by their signs, and by what was learned. */
#include "crawler/choose.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static unsigned char shapes[SHAPES_BYTES];
static size_t shapes_len;

static void know(const char *url, int articles, int others)
{
    struct shape s;
    assert_true(shape_of(url, &s));
    memcpy(shapes + shapes_len, s.hashes, SHAPE_HASH_BYTES); /* the fine one */
    shapes[shapes_len + 4] = (unsigned char)articles;
    shapes[shapes_len + 5] = (unsigned char)others;
    shapes_len += SHAPE_ENTRY_BYTES;
}

#define A "https://a.example"
static const struct { const char *name; struct link link; enum choice fresh, learned; } rows[] = {
    { "a headline", { .url = A "/story/x-1234", .text = "x", .heading = true }, CHOICE_SIGNS, CHOICE_LEARNED },
    { "no sign, but the shape", { .url = A "/story/x-1234", .text = "Read" }, CHOICE_NO_SIGN, CHOICE_LEARNED },
    { "in the sidebar", { .url = A "/story/x-1234", .text = "x", .place = LINK_ASIDE }, CHOICE_NO_SIGN, CHOICE_LEARNED },
    { "a menu's headline", { .url = A "/story/x-1234", .text = "The bridge over the river is open at last", .place = LINK_NAV }, CHOICE_MENU, CHOICE_LEARNED },
    { "a menu's word", { .url = A "/story/x-1234", .text = "Sport", .place = LINK_NAV }, CHOICE_MENU, CHOICE_MENU },
    { "the footer", { .url = A "/story/x-1234", .text = "The bridge over the river is open at last", .heading = true, .place = LINK_FOOTER }, CHOICE_MENU, CHOICE_MENU },
    { "an advertisement", { .url = A "/story/x-1234", .text = "x", .heading = true, .nofollow = true }, CHOICE_NOFOLLOW, CHOICE_NOFOLLOW },
    { "a tag that looks like one", { .url = A "/tag/some-long-words-here", .text = "Everything on this matter" }, CHOICE_SIGNS, CHOICE_PATTERN },
    { "a tag that does not", { .url = A "/tag/some-long-words-here", .text = "tag" }, CHOICE_NO_SIGN, CHOICE_NO_SIGN },
    { "not known", { .url = A "/other/some-long-words-here", .text = "Everything on this matter" }, CHOICE_SIGNS, CHOICE_SIGNS },
    { "some are, some are not", { .url = A "/mixed/some-long-words-here", .text = "Everything on this matter" }, CHOICE_SIGNS, CHOICE_SIGNS },
    { "some are, no sign", { .url = A "/mixed/some-long-words-here", .text = "x" }, CHOICE_NO_SIGN, CHOICE_NO_SIGN },
};

static void table(void **state)
{
    (void)state;
    know(A "/story/x-1", 0, 9); /* another shape: a short number */
    know(A "/story/x-4711", 9, 0);
    know(A "/tag/some-other-words-here", 0, 9);
    know(A "/mixed/some-other-words-here", 5, 5);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shape_counts counts;
        enum choice fresh = link_choose(&rows[i].link, NULL, 0, &counts), learned = link_choose(&rows[i].link, shapes, shapes_len, NULL);
        CHECK(fresh == rows[i].fresh && counts.verdict == SHAPE_UNKNOWN, "%s, nothing learned: %s", rows[i].name, choice_words(fresh));
        CHECK(learned == rows[i].learned, "%s: %s", rows[i].name, choice_words(learned));
    }
}

/* One in CHOOSE_EXPLORE of what is skipped is tried, always the same ones. */
static void exploration(void **state)
{
    (void)state;
    int explored = 0;
    char url[100];
    struct link l = { .url = url, .text = "Everything on this matter" };
    for (int i = 0; i < 1600; i++) {
        snprintf(url, sizeof(url), A "/tag/some-long-%c%c%c-here", 'a' + i / 676, 'a' + i / 26 % 26, 'a' + i % 26);
        enum choice c = link_choose(&l, shapes, shapes_len, NULL);
        CHECK(c == link_choose(&l, shapes, shapes_len, NULL) && (c == CHOICE_EXPLORED || c == CHOICE_PATTERN), "%s: %s", url, choice_words(c));
        explored += c == CHOICE_EXPLORED;
    }
    assert_in_range(explored, 20, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table), cmocka_unit_test(exploration) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
