/* small_page.h - what the extractor's tests share: a page from a string, its blocks, one feature of a block, a model of hand. */
#ifndef TESTS_UNIT_EXTRACTOR_SMALL_PAGE_H
#define TESTS_UNIT_EXTRACTOR_SMALL_PAGE_H

#include "../check.h"
#include "base/html.h"
#include "extractor/extract.h"
#include "extractor/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every block longer than 30 characters with few links is the article, as surely as it is long; what has an own page model is an article. */
static const struct model_node hand_block_nodes[] = {
    { 0.5f, F_LINK_DENSITY, 1, 2 }, { 3.4f, F_LOG_N, 3, 4 }, { -3, -1, 0, 0 }, { -2, -1, 0, 0 }, { 2, -1, 0, 0 },
};
static const struct model_node hand_page_nodes[] = { { 5, -1, 0, 0 } };
static const uint32_t hand_roots[] = { 0 };
static const struct models hand_models = {
    .blocks = { hand_block_nodes, hand_roots, 1, COUNT(hand_block_nodes), FEATURE_COUNT, 0 },
    .pages = { hand_page_nodes, hand_roots, 1, 1, PAGE_FEATURE_COUNT, 0 },
};

/* The fields of a page; the extractor's until small_end(). models NULL: the shipped ones. */
static struct extractor *small_extractor;
static __attribute__((unused)) struct article_fields small_run(const struct extract_input *given, const char *html, const struct models *models)
{
    struct extract_input in = *given;
    struct article_fields f;
    struct error err;
    if (!small_extractor)
        small_extractor = extractor_create(NULL);
    extractor_keep_inside(small_extractor, true);
    extractor_use_models(small_extractor, models);
    in.bytes = html;
    in.len = strlen(html);
    CHECK(extract_run(small_extractor, &in, &f, &err), "%s: %.80s", err.message, html);
    return f;
}
static __attribute__((unused)) struct article_fields small_page(const char *html)
{
    return small_run(&(struct extract_input){ 0 }, html, &hand_models);
}
static __attribute__((unused)) const struct extract_inside *small_inside(void) { return extractor_inside(small_extractor); }
static __attribute__((unused)) void small_end(void)
{
    extractor_destroy(small_extractor);
    small_extractor = NULL;
}

/* The block that begins with text. */
static __attribute__((unused)) size_t small_block(const char *text)
{
    const struct doc *d = small_inside()->doc;
    for (size_t i = 0; i < d->block_count; i++)
        if (d->blocks[i].len >= strlen(text) && memcmp(d->text + d->blocks[i].text, text, strlen(text)) == 0)
            return i;
    fail_msg("no block begins with \"%s\"", text);
    return 0;
}

static __attribute__((unused)) float small_feature(const char *block, const char *name)
{
    float row[FEATURE_COUNT];
    char other[32];
    features_row(small_inside()->features, small_block(block), row);
    for (int i = 0; i < FEATURE_COUNT; i++) {
        feature_name(i, other);
        if (strcmp(other, name) == 0)
            return row[i];
    }
    fail_msg("no feature is called %s", name);
    return 0;
}

/* Strings joined with '|'; to free. */
static __attribute__((unused)) char *small_join(const struct article_strings *s)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < s->count; i++)
        buffer_printf(&out, "%s%s", i ? "|" : "", s->items[i]);
    return buffer_take(&out);
}

#define LINE "The council met on Monday to talk about the bridge, and nobody left the room before midnight came."

#endif
