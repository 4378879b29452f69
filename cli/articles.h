/* articles.h - articles of the cache, for the commands that show them (get, latest, tail). Records are passed on as they
 * are stored; only for people they are read. */
#ifndef CLI_ARTICLES_H
#define CLI_ARTICLES_H

#include "base/error.h"
#include "base/hash.h"
#include "pipeline/redis.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

bool articles_id(const char *text, struct id *out); /* false: text is no id */
/* The id of the article that url_id leads to, which may be itself; the same where nothing leads on. False when Redis does
 * not answer. */
bool articles_follow(redisContext *cache, const char *prefix, const struct id *url_id, struct id *out, struct error *err);

/* Fetches the JSON of up to count articles, *texts[i] NULL where there is none (any more). Free with articles_free(). */
bool articles_fetch(redisContext *cache, const char *prefix, const char *const *ids, size_t count, char **texts, struct error *err);
void articles_free(char **texts, size_t count);

/* Whose: source and language (primary subtag), each NULL for any. */
bool articles_match(const json_t *article, const char *source, const char *language);

/* "2026-11-25 09:12  The News              The bridge opens": a line for people, the time in their zone. */
void articles_print_line(const json_t *article);
/* The whole article, for people. */
void articles_print(const json_t *article);
/* Text from outside, as a terminal may show it; columns 0: all of it. */
void articles_print_text(const char *s, int columns);

#endif
