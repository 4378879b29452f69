/* shape.c - see shape.h. */
#include "pipeline/shape.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/url.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX   8   /* of a path; what follows is one "..." */
#define LITERALS_MAX   2   /* words in front that the fine shape keeps */
#define LITERAL_MAX    24  /* bytes; longer ones are no section's name */
#define PARAMETERS_MAX 4
#define EXTENSION_MAX  5
#define WORD_CHARS_MAX 24  /* a single word of more characters is a title without separators */
#define FOREIGN_MAX    9   /* the same where characters are encoded: scripts that write no spaces */
#define SECTION_WORDS  2
#define SHORT_TITLE    4   /* words */

/* --- one part of a path --- */

struct part { /* what one segment, or one parameter's value, consists of */
    int words, ids, numbers; /* {word}s; {id}s; numbers of up to 3 digits */
    bool id_first, id_last, year, date;
    int longest, foreign;    /* characters of the longest word, encoded ones of it */
};

static bool is_separator(const char *s, size_t *len)
{
    *len = 1;
    if (s[0] == '%' && s[1] == '2' && s[2] == '0') {
        *len = 3;
        return true;
    }
    return strchr("-_+~,.:;!()='", s[0]) != NULL;
}

/* The next run between separators: its bytes, characters, digits. */
struct run { size_t bytes; int chars, digits, foreign; };

static struct run next_run(const char *s, const char *end)
{
    struct run r = { 0 };
    size_t skip;
    while (s + r.bytes < end && !is_separator(s + r.bytes, &skip)) {
        const char *c = s + r.bytes;
        bool coded = c[0] == '%' && end - c >= 3;
        r.bytes += coded ? 3 : 1;
        r.chars++;
        r.digits += isdigit((unsigned char)*c) != 0;
        r.foreign += coded || (unsigned char)*c >= 0x80;
    }
    r.chars -= r.foreign * 2 / 3; /* three bytes a character, about */
    return r;
}

static bool is_year(const char *s, size_t len)
{
    return len == 4 && (memcmp(s, "19", 2) == 0 || memcmp(s, "20", 2) == 0);
}

static void add_run(struct part *p, const char *s, const struct run *r, int index)
{
    bool all = r->digits == (int)r->bytes;
    bool year = all && is_year(s, r->bytes), date = all && r->bytes == 8 && is_year(s, 4);
    bool id = !year && !date && r->foreign == 0 && (all ? r->digits > 3 : r->digits >= 3 || (r->digits > 0 && r->bytes >= 16));
    p->year = p->year || year;
    p->date = p->date || date;
    p->numbers += all && !id && !year && !date;
    p->ids += id;
    p->id_first = p->id_first || (id && index == 0);
    p->id_last = id;
    if (all || id)
        return;
    p->words++;
    p->longest = r->chars > p->longest ? r->chars : p->longest;
    p->foreign = r->foreign > p->foreign ? r->foreign : p->foreign;
}

static struct part read_part(const char *s, const char *end)
{
    struct part p = { 0 };
    int index = 0;
    while (s < end) {
        size_t skip;
        if (is_separator(s, &skip)) {
            s += skip;
            continue;
        }
        struct run r = next_run(s, end);
        add_run(&p, s, &r, index++);
        s += r.bytes;
    }
    return p;
}

/* A title without separators. */
static bool runs_on(const struct part *p)
{
    return p->longest > WORD_CHARS_MAX || p->foreign / 3 > FOREIGN_MAX;
}

static const char *words_of(const struct part *p)
{
    if (p->words > SHORT_TITLE || runs_on(p))
        return "{slug}";
    return p->words > SECTION_WORDS ? "{words}" : "{word}";
}

static bool is_section(const struct part *p)
{
    return p->words > 0 && p->words <= SECTION_WORDS && p->ids == 0 && !p->year && !p->date && !runs_on(p);
}

/* --- texts --- */

struct text {
    char *at, *end;
};

static void put(struct text *t, const char *s, size_t len)
{
    if (len > (size_t)(t->end - t->at))
        len = (size_t)(t->end - t->at);
    memcpy(t->at, s, len);
    t->at += len;
    *t->at = '\0';
}

static void put_text(struct text *t, const char *s)
{
    put(t, s, strlen(s));
}

/* In lower case, digits as '#': page2 and page3 are one. */
static void put_literal(struct text *t, const char *s, size_t len)
{
    char copy[LITERAL_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < len && n < LITERAL_MAX; i++) {
        char c = isdigit((unsigned char)s[i]) ? '#' : (char)tolower((unsigned char)s[i]);
        if (c != '#' || n == 0 || copy[n - 1] != '#')
            copy[n++] = c;
    }
    put(t, copy, n);
}

static void put_part(struct text *t, const struct part *p)
{
    if (p->date || (p->year && p->numbers >= 2))
        put_text(t, p->words ? "{date}-" : "{date}");
    else if (p->year && p->words == 0) /* among words it is part of what they say */
        put_text(t, p->ids ? "{year}-" : "{year}");
    if (p->words == 0) {
        put_text(t, p->ids ? "{id}" : p->numbers && !p->year && !p->date ? "{n}" : "");
        return;
    }
    if (p->id_first && !(p->id_last && p->ids == 1))
        put_text(t, "{id}-");
    put_text(t, words_of(p));
    if (p->id_last)
        put_text(t, "-{id}");
}

/* --- the whole --- */

static size_t extension_of(const char *s, const char *end)
{
    const char *dot = end;
    while (dot > s && *dot != '.')
        dot--;
    size_t len = (size_t)(end - dot);
    if (*dot != '.' || len < 2 || len > EXTENSION_MAX + 1 || !isalpha((unsigned char)dot[1]))
        return 0;
    for (const char *c = dot + 1; c < end; c++)
        if (!isalnum((unsigned char)*c))
            return 0;
    return len;
}

/* One segment; last: nothing but the query follows it. */
static void add_segment(const char *s, const char *end, bool last, int *literals, struct text *fine, struct text *coarse)
{
    size_t extension = last ? extension_of(s, end) : 0;
    struct part p = read_part(s, end - extension);
    put_text(fine, "/");
    put_text(coarse, "/");
    if (!last && is_section(&p) && *literals < LITERALS_MAX && end - s <= LITERAL_MAX) {
        put_literal(fine, s, (size_t)(end - s));
        (*literals)++;
    } else {
        put_part(fine, &p);
        *literals = LITERALS_MAX; /* those in front only: a month's name further on is no section */
    }
    put_part(coarse, &p);
    put_literal(fine, end - extension, extension);
    put_literal(coarse, end - extension, extension);
}

static void add_path(const char *path, const char *end, struct text *fine, struct text *coarse)
{
    int literals = 0, count = 0;
    while (end > path && end[-1] == '/')
        end--;
    for (const char *s = path; s < end; count++) {
        s++;
        size_t len = strcspn(s, "/?");
        if (count == SEGMENTS_MAX) {
            put_text(fine, "/...");
            put_text(coarse, "/...");
            return;
        }
        add_segment(s, s + len, s + len >= end, &literals, fine, coarse);
        s += len;
    }
}

static void add_query(const char *query, struct text *fine, struct text *coarse)
{
    int count = 0;
    for (const char *s = query; *s && count < PARAMETERS_MAX; count++) {
        size_t len = strcspn(s, "&"), name = strcspn(s, "=&");
        struct part p = name < len ? read_part(s + name + 1, s + len) : (struct part){ 0 };
        struct text *both[] = { fine, coarse };
        for (size_t i = 0; i < COUNT(both); i++) {
            put_text(both[i], count ? "&" : "?");
            put_literal(both[i], s, name);
            put_text(both[i], "=");
            put_part(both[i], &p);
        }
        s += len + (s[len] == '&');
    }
}

static void hash_into(const char *text, unsigned char out[SHAPE_HASH_BYTES])
{
    uint64_t h = hash64(text, strlen(text));
    for (int i = 0; i < SHAPE_HASH_BYTES; i++)
        out[i] = (unsigned char)(h >> (8 * i));
}

bool shape_of(const char *url, struct shape *out)
{
    struct url u;
    struct text fine = { out->fine, out->fine + sizeof(out->fine) - 1 }, coarse = { out->coarse, out->coarse + sizeof(out->coarse) - 1 };
    *out = (struct shape){ 0 };
    if (!url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return false;
    const char *path = url_path(u.key), *end = path + strcspn(path, "?");
    put_text(&fine, strncmp(u.host, "www.", 4) == 0 ? u.host + 4 : u.host);
    add_path(path, end, &fine, &coarse);
    if (*end)
        add_query(end + 1, &fine, &coarse);
    hash_into(out->fine, out->hashes);
    hash_into(out->coarse, out->hashes + SHAPE_HASH_BYTES);
    url_fini(&u);
    return true;
}

/* --- judging --- */

static const unsigned char *find(const unsigned char *table, size_t len, const unsigned char hash[SHAPE_HASH_BYTES])
{
    for (size_t i = 0; i + SHAPE_ENTRY_BYTES <= len; i += SHAPE_ENTRY_BYTES)
        if (memcmp(table + i, hash, SHAPE_HASH_BYTES) == 0)
            return table + i + SHAPE_HASH_BYTES;
    return NULL;
}

/* few: pages that are enough to call them articles; many: to call them others. */
static enum shape_verdict verdict_of(int articles, int others, int few, int many)
{
    int all = articles + others;
    if (articles >= few && articles * 10 >= all * 7)
        return SHAPE_ARTICLES;
    return all >= many && articles * 10 <= all ? SHAPE_OTHERS : SHAPE_UNKNOWN;
}

struct shape_counts shape_judge(const void *table, size_t len, const struct shape *s)
{
    static const struct { int few, many; } bounds[] = { { 2, 5 }, { 3, 10 } }; /* fine, coarse: which covers more, and so asks for more */
    struct shape_counts first = { 0 };
    for (int level = 0; level < 2; level++) {
        const unsigned char *c = find(table, len, s->hashes + level * SHAPE_HASH_BYTES);
        struct shape_counts one = { .articles = c ? c[0] : 0, .others = c ? c[1] : 0, .fine = level == 0 && c };
        one.verdict = c ? verdict_of(c[0], c[1], bounds[level].few, bounds[level].many) : SHAPE_UNKNOWN;
        bool mixed = level == 0 && one.verdict == SHAPE_UNKNOWN && one.articles + one.others >= bounds[0].many; /* the fine one knows better */
        if (one.verdict != SHAPE_UNKNOWN || mixed)
            return one;
        first = level == 0 ? one : first;
    }
    return first;
}
