/* link_shapes.c - how well shapes of addresses tell articles from the rest, on saved pages of real sites. Run by link_shapes.py:
 * lines "PATH<TAB>URL" on standard input, each page for itself. What a link is, is taken from its markup alone, never from its
 * address: a headline is an article, a short word in a menu, a footer or marked rel=tag is none, all else is not counted. Of
 * each page's links every second (by a hash of its address) is learned from as the extractor's script does, the others are
 * judged by shape_judge(). */
#include "base/buffer.h"
#include "base/decode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/suffix.h"
#include "base/url.h"
#include "crawler/links.h"
#include "pipeline/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADLINE_MIN 30 /* bytes */
#define WORD_MAX 24
#define EACH_MIN 6      /* links of both kinds, or a page says nothing */

struct known { char *key; bool article, learned; struct shape shape; };
struct page { struct known links[LINKS_MAX]; size_t count; };
static struct { long pages, articles, others, called_articles, of_them_articles, called_others, of_them_others; } sums;
static struct suffix_list *suffixes;

/* extractor/lua/commit.lua, shape_counted() and learn_shapes(). */
static void learn(unsigned char *table, size_t *len, const unsigned char *hash, bool article)
{
    int a = 0, n = 0;
    for (size_t i = 0; i < *len; i += SHAPE_ENTRY_BYTES)
        if (memcmp(table + i, hash, SHAPE_HASH_BYTES) == 0) {
            a = table[i + 4], n = table[i + 5];
            memmove(table + i, table + i + SHAPE_ENTRY_BYTES, *len - i - SHAPE_ENTRY_BYTES);
            *len -= SHAPE_ENTRY_BYTES;
            break;
        }
    a += article;
    n = article ? n / 2 : n + 1;
    if (a + n > 40)
        a /= 2, n /= 2;
    memcpy(table + *len, hash, SHAPE_HASH_BYTES);
    table[*len + 4] = (unsigned char)a, table[*len + 5] = (unsigned char)n;
    *len += SHAPE_ENTRY_BYTES;
    if (*len <= SHAPES_BYTES)
        return;
    size_t least = 0;
    for (size_t i = 0; i < SHAPES_BYTES / 2; i += SHAPE_ENTRY_BYTES)
        if (table[i + 4] + table[i + 5] < table[least + 4] + table[least + 5])
            least = i;
    memmove(table + least, table + least + SHAPE_ENTRY_BYTES, *len - least - SHAPE_ENTRY_BYTES);
    *len -= SHAPE_ENTRY_BYTES;
}

static void add(struct page *p, const struct link *l, const char *domain)
{
    struct url u;
    bool article = l->heading && l->place != LINK_NAV && l->place != LINK_FOOTER && strlen(l->text) >= HEADLINE_MIN;
    bool other = !l->heading && (l->place == LINK_NAV || l->place == LINK_FOOTER) && *l->text && strlen(l->text) <= WORD_MAX;
    if ((!article && !other) || l->nofollow || !url_parse(&u, l->url, strlen(l->url), NULL, NULL, NULL))
        return;
    char *own = suffix_domain(suffixes, u.host, u.port);
    bool known = strcmp(own, domain) != 0;
    for (size_t i = 0; i < p->count && !known; i++)
        known = strcmp(p->links[i].key, u.key) == 0;
    if (!known && shape_of(u.fetch, &p->links[p->count].shape)) {
        p->links[p->count].key = xstrdup(u.key);
        p->links[p->count].article = article;
        p->links[p->count++].learned = hash64(u.key, strlen(u.key)) % 2;
    }
    free(own);
    url_fini(&u);
}

static void measure(const struct page *p)
{
    unsigned char table[SHAPES_BYTES + 2 * SHAPE_ENTRY_BYTES];
    size_t len = 0, articles = 0;
    for (size_t i = 0; i < p->count; i++)
        articles += p->links[i].article;
    if (articles < EACH_MIN || p->count - articles < EACH_MIN)
        return;
    sums.pages++;
    for (size_t i = 0; i < p->count; i++)
        for (int k = 0; k < 2 && p->links[i].learned; k++)
            learn(table, &len, p->links[i].shape.hashes + k * SHAPE_HASH_BYTES, p->links[i].article);
    for (size_t i = 0; i < p->count; i++) {
        const struct known *l = &p->links[i];
        if (l->learned)
            continue;
        enum shape_verdict v = shape_judge(table, len, &l->shape).verdict;
        sums.articles += l->article;
        sums.others += !l->article;
        sums.called_articles += v == SHAPE_ARTICLES;
        sums.of_them_articles += v == SHAPE_ARTICLES && l->article;
        sums.called_others += v == SHAPE_OTHERS;
        sums.of_them_others += v == SHAPE_OTHERS && !l->article;
        if (getenv("SHOW") && ((v == SHAPE_ARTICLES && !l->article) || (v == SHAPE_OTHERS && l->article)))
            printf("%s %s %s\n", l->article ? "article" : "other  ", l->shape.fine, l->key);
    }
}

static void read_file(const char *path, struct buffer *out)
{
    static char piece[65536];
    FILE *f = fopen(path, "re");
    struct buffer raw;
    size_t n;
    buffer_init(&raw, 0);
    while (f && (n = fread(piece, 1, sizeof(piece), f)) > 0)
        buffer_append(&raw, piece, n);
    if (f)
        fclose(f);
    decode_body(buffer_str(&raw), raw.len, NULL, NULL, out, NULL, NULL);
    buffer_fini(&raw);
}

static void take_page(const char *path, const char *url)
{
    struct page *p = xcalloc(1, sizeof(*p));
    struct buffer text;
    struct url u;
    buffer_init(&text, 0);
    read_file(path, &text);
    if (url_parse(&u, url, strlen(url), NULL, NULL, NULL)) {
        char *domain = suffix_domain(suffixes, u.host, u.port);
        struct links *l = links_parse(buffer_str(&text), text.len, NULL, url, NULL, 5000);
        for (size_t i = 0; i < l->count; i++)
            add(p, &l->items[i], domain);
        measure(p);
        links_destroy(l);
        free(domain);
        url_fini(&u);
    }
    for (size_t i = 0; i < p->count; i++)
        free(p->links[i].key);
    buffer_fini(&text);
    free(p);
}

int main(void)
{
    static char line[8192];
    struct error err;
    suffixes = suffix_list_load(NULL, &err);
    if (!suffixes) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    while (fgets(line, sizeof(line), stdin)) {
        char *tab = strchr(line, '\t');
        line[strcspn(line, "\n")] = '\0';
        if (!tab)
            continue;
        *tab = '\0';
        take_page(line, tab + 1);
    }
    printf("pages %ld, links judged: %ld articles, %ld others\n", sums.pages, sums.articles, sums.others);
    printf("called articles %ld: precision %.3f, recall %.3f\n", sums.called_articles, (double)sums.of_them_articles / (double)sums.called_articles,
           (double)sums.of_them_articles / (double)sums.articles);
    printf("called others %ld: precision %.3f, recall %.3f\n", sums.called_others, (double)sums.of_them_others / (double)sums.called_others,
           (double)sums.of_them_others / (double)sums.others);
    suffix_list_destroy(suffixes);
    return 0;
}
