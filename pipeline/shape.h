/* shape.h - what the addresses of a site's articles have in common. An address is generalised to two shapes, and of each shape it is
 * counted how many pages turned out to be articles and how many something else; so a link can be judged before it is fetched.
 *
 *   https://www.news.example/politik/wahl/sieg-der-grossen-koalition-4711.html
 *      fine     news.example/politik/wahl/{slug}-{id}.html     with the host and the words in front
 *      coarse   /{word}/{word}/{slug}-{id}.html                with the form alone
 *
 * {n} is a number of up to 3 digits, {id} a longer one or letters with digits, {year}, {date}, {word} one or two words (kept where
 * they are not the end), {words} three or four, {slug} more. Of a query the names and forms of at most 4 parameters count.
 * Languages and scripts are all the same: an encoded character counts as a letter.
 *
 * The counts of one source lie in one string of at most SHAPES_BYTES (docs/redis.md, `shapes`): the extractor's state script
 * (extractor/lua/commit.lua) writes it, the crawler reads it with each claim of a front page. Pure. */
#ifndef PIPELINE_SHAPE_H
#define PIPELINE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#define SHAPE_TEXT_MAX 160
#define SHAPE_HASH_BYTES 4
#define SHAPE_ENTRY_BYTES 6   /* hash, articles, others */
#define SHAPES_BYTES (SHAPE_ENTRY_BYTES * 40)

struct shape {
    char fine[SHAPE_TEXT_MAX], coarse[SHAPE_TEXT_MAX];
    unsigned char hashes[2 * SHAPE_HASH_BYTES]; /* fine, coarse */
};

/* url: absolute; false when it is none. */
bool shape_of(const char *url, struct shape *out);

/* What pages of such addresses turned out to be. */
enum shape_verdict {
    SHAPE_UNKNOWN,     /* too few were fetched, or some are and some are not */
    SHAPE_ARTICLES,    /* nearly all are articles */
    SHAPE_OTHERS,      /* nearly none is */
};
struct shape_counts {
    enum shape_verdict verdict;
    int articles, others;  /* of the shape that decided, older pages counting less; of the fine one where none did */
    bool fine;             /* the fine shape decided, or (SHAPE_UNKNOWN) is known */
};
/* table: len bytes as stored; nothing known: len 0. */
struct shape_counts shape_judge(const void *table, size_t len, const struct shape *s);

#endif
