/* choose.c - see choose.h. */
#include "crawler/choose.h"

#include "base/hash.h"
#include "base/mem.h"

#include <ctype.h>
#include <string.h>

#define MENU_TITLE_MIN 30 /* bytes of link text that no menu's entry has */

/* The last part of the path has a number of 4 digits or more, or at least 3 words. */
static bool names_something(const char *url)
{
    const char *scheme_end = strstr(url, "://"), *path = scheme_end ? strchr(scheme_end + 3, '/') : NULL;
    if (!path)
        return false;
    size_t len = strcspn(path, "?#"), start = len, end = strcspn(path, "#");
    while (start > 1 && path[len - 1] == '/')
        start = --len;
    while (start > 0 && path[start - 1] != '/')
        start--;
    int hyphens = 0, digits = 0, longest = 0;
    for (size_t i = start; i < end; i++) {
        digits = isdigit((unsigned char)path[i]) ? digits + 1 : 0;
        longest = digits > longest ? digits : longest;
        hyphens += path[i] == '-' || path[i] == '_';
    }
    return longest >= 4 || hyphens >= 3;
}

static bool has_signs(const struct link *l)
{
    return l->heading || (names_something(l->url) && (l->image || strlen(l->text) >= CHOOSE_TITLE_MIN));
}

/* Menus show the latest news, too: with headlines. */
static bool in_menu(const struct link *l, enum shape_verdict learned)
{
    bool headline = learned == SHAPE_ARTICLES && (l->heading || strlen(l->text) >= MENU_TITLE_MIN);
    return l->place == LINK_FOOTER || (l->place == LINK_NAV && !headline);
}

/* The same link is always decided alike: what is skipped today is not fetched tomorrow. */
static bool is_explored(const char *url)
{
    return hash64(url, strlen(url)) % CHOOSE_EXPLORE == 0;
}

enum choice link_choose(const struct link *l, const void *shapes, size_t shapes_len, struct shape_counts *counts)
{
    struct shape shape;
    struct shape_counts learned = { 0 };
    if (shapes_len > 0 && shape_of(l->url, &shape))
        learned = shape_judge(shapes, shapes_len, &shape);
    if (counts)
        *counts = learned;
    if (l->nofollow)
        return CHOICE_NOFOLLOW;
    if (in_menu(l, learned.verdict))
        return CHOICE_MENU;
    if (learned.verdict == SHAPE_ARTICLES)
        return CHOICE_LEARNED;
    if (!has_signs(l))
        return CHOICE_NO_SIGN;
    if (learned.verdict == SHAPE_OTHERS)
        return is_explored(l->url) ? CHOICE_EXPLORED : CHOICE_PATTERN;
    return CHOICE_SIGNS;
}

const char *choice_words(enum choice c)
{
    static const char *const words[CHOICE_COUNT] = {
        [CHOICE_LEARNED] = "addresses of this shape are articles", [CHOICE_SIGNS] = "it looks like a headline",
        [CHOICE_EXPLORED] = "addresses of this shape were no articles; this one is tried all the same",
        [CHOICE_PATTERN] = "addresses of this shape were no articles", [CHOICE_MENU] = "it stands in a menu or a footer",
        [CHOICE_NOFOLLOW] = "it is marked nofollow, sponsored or ugc", [CHOICE_NO_SIGN] = "nothing about it looks like an article",
    };
    return words[c];
}
