/* records_fuzz.c - any bytes as a record of somebody else's on our topics: the first line is the key, lines "name: value" up to an
 * empty one are headers, the rest is the value. What is read keeps what its header file promises. */
#include "tests/fuzz/fuzz.h"

#include "pipeline/article.h"
#include "pipeline/deadletter.h"
#include "pipeline/event.h"
#include "pipeline/page.h"

#include <string.h>

#define HEADERS_MAX 64

struct text { /* a copy of the input that can be cut at line ends */
    char *at, *end;
};

/* The next line without its end; NULL after the last. */
static char *line(struct text *t, size_t *len)
{
    char *from = t->at, *to = from < t->end ? memchr(from, '\n', (size_t)(t->end - from)) : NULL;
    if (!to)
        return NULL;
    *len = (size_t)(to - from);
    *to = '\0';
    t->at = to + 1;
    return from;
}

static size_t read_headers(struct text *t, struct header headers[HEADERS_MAX])
{
    size_t count = 0, len;
    char *name;
    while (count < HEADERS_MAX && (name = line(t, &len)) && len > 0) {
        char *colon = strstr(name, ": ");
        if (!colon)
            continue;
        *colon = '\0';
        headers[count++] = (struct header){ name, colon + 2, (size_t)(name + len - colon - 2) };
    }
    return count;
}

static void read_all(const struct record *r)
{
    struct page p;
    struct article a;
    struct deadletter_view v;
    if (page_read(r, &p, NULL)) {
        PROMISE(id_valid(p.id.hex, ID_HEX_LEN) && id_valid(p.request_id.hex, ID_HEX_LEN));
        PROMISE(p.url && *p.url && p.request_url && p.version >= 0 && p.request_partition >= 0 && p.request_partition <= 65535);
        PROMISE(p.gone || p.body);
        page_fini(&p);
    }
    if (article_read(r, &a, NULL))
        PROMISE(a.version > 0 && a.revision >= 0 && a.removed == !a.json && strlen(a.reason) < sizeof(a.reason));
    deadletter_read(r, &v);
    PROMISE(v.partition >= INT64_MIN && (!v.value_left_out || !r->value));
    deadletter_fini(&v);
    json_decref(event_read(r, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    struct text t = { copy, copy + size };
    struct header headers[HEADERS_MAX];
    struct record r = { .topic = TOPIC_PAGES, .headers = headers };
    memcpy(copy, data, size);
    copy[size] = '\0';
    r.key = line(&t, &r.key_len);
    r.header_count = read_headers(&t, headers);
    r.value = t.at < t.end ? t.at : NULL;
    r.value_len = (size_t)(t.end - t.at);
    read_all(&r);
    free(copy);
    return 0;
}
