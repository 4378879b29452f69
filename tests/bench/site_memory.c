/* site_memory.c - what a site's memory changes: each page is extracted without it, and then with what at least MIN_PAGES other
 * pages of its host have in common with each other. tests/bench/site_memory.py builds and runs it.
 *
 *     site_memory MIN_PAGES < "PATH<TAB>URL" lines        a JSON object a line of input without it, then as many with it */
#include "base/buffer.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/url.h"
#include "extractor/extract.h"
#include "extractor/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 20000

struct page {
    char *path, *url, *host;
    struct buffer body;
    uint32_t doubted[MEMORY_TELLS];
    size_t doubted_count;
};

static struct page pages[PAGES_MAX];
static size_t page_count;

static void read_body(struct page *p)
{
    char chunk[65536];
    FILE *f = fopen(p->path, "rb");

    buffer_init(&p->body, 0);
    for (size_t n; f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        buffer_append(&p->body, chunk, n);
    if (f)
        fclose(f);
}

static void read_pages(void)
{
    char line[8192];

    while (page_count < PAGES_MAX && fgets(line, sizeof(line), stdin)) {
        struct page *p = &pages[page_count++];
        struct url u;
        char *tab = strchr(line, '\t');
        line[strcspn(line, "\n")] = '\0';
        p->url = xstrdup(tab ? tab + 1 : "");
        p->path = xstrndup(line, tab ? (size_t)(tab - line) : strlen(line));
        if (url_parse(&u, p->url, strlen(p->url), NULL, NULL, NULL)) {
            p->host = xstrdup(u.host);
            url_fini(&u);
        }
        read_body(p);
    }
}

static void extract(struct extractor *x, struct page *p, const uint32_t *known, size_t known_count, bool remember)
{
    struct extract_input in = { .bytes = p->body.data ? p->body.data : "", .len = p->body.len, .url = p->url,
                                .mode = EXTRACT_NEWS, .known_blocks = known, .known_count = known_count };
    struct article_fields f;
    struct error err;

    if (!extract_run(x, &in, &f, &err)) {
        puts("{}");
        return;
    }
    if (remember && f.page_type == PAGE_ARTICLE) {
        memcpy(p->doubted, f.doubted_blocks, f.doubted_count * sizeof(uint32_t));
        p->doubted_count = f.doubted_count;
    }
    json_t *o = json_pack("{ss ss}", "page_type", page_type_name(f.page_type), "text", f.text);
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static bool tells(const struct page *p, uint32_t hash)
{
    for (size_t i = 0; i < p->doubted_count; i++)
        if (p->doubted[i] == hash)
            return true;
    return false;
}

/* Of the other pages of one's host, what at least min_pages tell. */
static size_t known_of(const struct page *p, size_t min_pages, uint32_t *known, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < page_count; i++) {
        const struct page *q = &pages[i];
        if (q == p || !p->host || !q->host || strcmp(q->host, p->host) != 0)
            continue;
        for (size_t k = 0; k < q->doubted_count && count < max; k++) {
            size_t with = 0;
            for (size_t j = 0; j < page_count; j++)
                with += &pages[j] != p && pages[j].host && strcmp(pages[j].host, p->host) == 0 && tells(&pages[j], q->doubted[k]);
            if (with >= min_pages)
                known[count++] = q->doubted[k];
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    size_t min_pages = argc > 1 ? (size_t)atoi(argv[1]) : 3;
    struct extractor *x = extractor_create(NULL);
    uint32_t known[256];

    read_pages();
    for (size_t i = 0; i < page_count; i++)
        extract(x, &pages[i], NULL, 0, true);
    for (size_t i = 0; i < page_count; i++) {
        size_t count = known_of(&pages[i], min_pages, known, COUNT(known));
        extract(x, &pages[i], known, count, false);
    }
    extractor_destroy(x);
    return 0;
}
