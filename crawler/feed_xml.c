/* feed_xml.c - the elements of RSS, RDF, Atom and sitemaps to items.
 *
 *   base/xml events --> which element is this? (`fields`, by namespace and local name) --> capture its value --> put it in
 *                       the draft                                                                                at its end
 *
 * One table serves all formats, because real feeds mix them. A rank says which element wins where several give one field;
 * of equal ones the first does. Namespaces go by their address where we know it, else by the customary prefix, else the
 * element counts as the format's own only when it has no prefix. */
#include "base/buffer.h"
#include "base/markup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "base/xml.h"
#include "crawler/feed_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIXES_MAX 64
#define BASES_MAX 32
#define PREFIX_BYTES 32

enum ns { NS_OWN = 1, NS_ATOM = 2, NS_DC = 4, NS_DCTERMS = 8, NS_CONTENT = 16, NS_ITUNES = 32, NS_SY = 64, NS_FEEDBURNER = 128, NS_NEWS = 256,
          NS_OTHER = 512 };

/* Addresses are compared without scheme, case and final slash or hash: all variants of them are in use. */
static const struct { const char *address, *prefix; enum ns ns; } namespaces[] = {
    { "www.w3.org/2005/atom", "atom", NS_ATOM },
    { "purl.org/atom/ns", "atom03", NS_ATOM },
    { "www.w3.org/2005/atom", "atom10", NS_ATOM },
    { "www.w3.org/2005/atom", "a10", NS_ATOM },
    { "purl.org/dc/elements/1.1", "dc", NS_DC },
    { "purl.org/dc/elements/1.0", "dc", NS_DC },
    { "purl.org/dc/terms", "dcterms", NS_DCTERMS },
    { "purl.org/dc/terms", "dct", NS_DCTERMS },
    { "purl.org/rss/1.0/modules/content", "content", NS_CONTENT },
    { "www.itunes.com/dtds/podcast-1.0.dtd", "itunes", NS_ITUNES },
    { "purl.org/rss/1.0/modules/syndication", "sy", NS_SY },
    { "rssnamespace.org/feedburner/ext/1.0", "feedburner", NS_FEEDBURNER },
    { "www.google.com/schemas/sitemap-news/0.9", "news", NS_NEWS },
    { "purl.org/rss/1.0", "rss", NS_OWN },
    { "my.netscape.com/rdf/simple/0.9", "rss", NS_OWN },
    { "channel.netscape.com/rdf/simple/0.9", "rss", NS_OWN },
    { "backend.userland.com/rss2", "rss", NS_OWN },
    { "www.w3.org/1999/02/22-rdf-syntax-ns", "rdf", NS_OTHER },
    { "search.yahoo.com/mrss", "media", NS_OTHER },
    { "www.w3.org/1999/xhtml", "xhtml", NS_OTHER },
    { "www.google.com/schemas/sitemap-image/1.1", "image", NS_OTHER },
    { "www.google.com/schemas/sitemap-video/1.1", "video", NS_OTHER },
};

enum field { NO_FIELD, TITLE, LINK, ID, SUMMARY, CONTENT, PUBLISHED, MODIFIED, AUTHOR, LANGUAGE, ORIG_LINK, PERSON_NAME, TTL, SY_PERIOD,
             SY_FREQUENCY };

struct row {
    unsigned ns;
    const char *local;
    enum field field;
    unsigned rank;
};

static const struct row item_rows[] = {
    { NS_OWN | NS_ATOM, "title", TITLE, 0 },
    { NS_DC, "title", TITLE, 1 },
    { NS_ITUNES, "title", TITLE, 2 },
    { NS_OWN | NS_ATOM, "link", LINK, 1 },
    { NS_FEEDBURNER, "origLink", ORIG_LINK, 0 },
    { NS_OWN, "guid", ID, 0 },
    { NS_OWN | NS_ATOM, "id", ID, 0 },
    { NS_DC, "identifier", ID, 1 },
    { NS_OWN, "description", SUMMARY, 0 },
    { NS_OWN | NS_ATOM, "summary", SUMMARY, 0 },
    { NS_DC, "description", SUMMARY, 1 },
    { NS_ITUNES, "summary", SUMMARY, 2 },
    { NS_CONTENT, "encoded", CONTENT, 0 },
    { NS_OWN, "encoded", CONTENT, 0 },
    { NS_OWN | NS_ATOM, "content", CONTENT, 1 },
    { NS_OWN, "pubDate", PUBLISHED, 0 },
    { NS_OWN | NS_ATOM, "published", PUBLISHED, 0 },
    { NS_OWN | NS_ATOM, "issued", PUBLISHED, 0 },
    { NS_DC, "date", PUBLISHED, 1 },
    { NS_OWN, "date", PUBLISHED, 1 },
    { NS_DCTERMS, "issued", PUBLISHED, 2 },
    { NS_OWN | NS_ATOM, "updated", MODIFIED, 0 },
    { NS_OWN | NS_ATOM, "modified", MODIFIED, 0 },
    { NS_DCTERMS, "modified", MODIFIED, 1 },
    { NS_OWN | NS_ATOM, "author", AUTHOR, 0 },
    { NS_DC, "creator", AUTHOR, 1 },
    { NS_DC, "author", AUTHOR, 1 },
    { NS_ITUNES, "author", AUTHOR, 2 },
    { NS_DC, "language", LANGUAGE, 0 },
    { NS_OWN, "language", LANGUAGE, 0 },
};

static const struct row channel_rows[] = {
    { NS_OWN | NS_ATOM, "title", TITLE, 0 },
    { NS_DC, "title", TITLE, 1 },
    { NS_OWN | NS_ATOM, "link", LINK, 1 },
    { NS_OWN, "language", LANGUAGE, 0 },
    { NS_DC, "language", LANGUAGE, 1 },
    { NS_OWN, "ttl", TTL, 0 },
    { NS_SY, "updatePeriod", SY_PERIOD, 0 },
    { NS_SY, "updateFrequency", SY_FREQUENCY, 0 },
    { NS_OWN | NS_ATOM, "author", AUTHOR, 0 },
};

static const struct row sitemap_rows[] = {
    { NS_OWN, "loc", LINK, 1 },
    { NS_OWN, "lastmod", MODIFIED, 0 },
    { NS_NEWS, "title", TITLE, 0 },
    { NS_NEWS, "publication_date", PUBLISHED, 0 },
    { NS_NEWS, "language", LANGUAGE, 0 },
};

enum markup { MARKUP_TEXT, MARKUP_HTML, MARKUP_XHTML, MARKUP_BASE64 };

struct prefix {
    char name[PREFIX_BYTES]; /* "" for the default namespace */
    enum ns ns;
    unsigned depth;
};

struct feed_xml {
    struct feed_draft *d;
    struct xml_scanner *scanner;
    unsigned depth, channel_depth, item_depth; /* 0: not in one */
    struct prefix prefixes[PREFIXES_MAX];
    size_t prefix_count;
    struct { char *url; unsigned depth; } bases[BASES_MAX]; /* xml:base, the innermost last */
    size_t base_count;

    enum field field;          /* being captured; NO_FIELD: none */
    unsigned field_depth, field_rank;
    enum markup markup;
    struct buffer value;

    unsigned title_rank, link_rank, summary_rank, content_rank, id_rank, published_rank, modified_rank, author_rank, language_rank;
    unsigned site_rank, feed_title_rank, feed_language_rank;
    bool guid_is_address;
    bool in_news;              /* of a sitemap's url */
    bool person_parts;         /* the author has elements in it: its own text is no name */
    char *feed_authors[FEED_AUTHORS_MAX]; /* RFC 4287 4.2.1: those of the feed stand for an entry without any */
    size_t feed_author_count;
    int64_t sy_period_s, sy_frequency, ttl_s;
    bool html;                 /* the document is a web page */
    bool over;                 /* no more bytes: what is still open was cut */
};

#define NOT_YET 99

/* --- namespaces --- */

static const char *bare_address(const char *s, size_t *len)
{
    while (*s == ' ' || *s == '\n' || *s == '\t')
        s++;
    if (strncasecmp(s, "http://", 7) == 0)
        s += 7;
    else if (strncasecmp(s, "https://", 8) == 0)
        s += 8;
    *len = strlen(s);
    while (*len > 0 && strchr("/# \n\t", s[*len - 1]))
        (*len)--;
    return s;
}

/* is_default: an unknown default namespace is taken for the format's own. */
static enum ns ns_of_address(const char *address, const char *prefix)
{
    size_t len;
    const char *s = bare_address(address, &len);
    for (size_t i = 0; i < COUNT(namespaces); i++)
        if (strlen(namespaces[i].address) == len && strncasecmp(namespaces[i].address, s, len) == 0)
            return namespaces[i].ns;
    if (strcasestr(s, "sitemaps.org/schemas/sitemap") || strcasestr(s, "google.com/schemas/sitemap/"))
        return NS_OWN;
    for (size_t i = 0; i < COUNT(namespaces) && *prefix; i++)
        if (strcasecmp(namespaces[i].prefix, prefix) == 0)
            return namespaces[i].ns;
    return *prefix ? NS_OTHER : NS_OWN;
}

static void declare(struct feed_xml *x, const char *prefix, const char *address)
{
    if (x->prefix_count == PREFIXES_MAX || strlen(prefix) >= PREFIX_BYTES)
        return;
    struct prefix *p = &x->prefixes[x->prefix_count++];
    *p = (struct prefix){ .ns = ns_of_address(address, prefix), .depth = x->depth };
    strcpy(p->name, prefix);
}

static enum ns ns_of(const struct feed_xml *x, const char *name)
{
    const char *local = xml_local(name);
    size_t len = local > name ? (size_t)(local - name) - 1 : 0;
    for (size_t i = x->prefix_count; i > 0; i--) {
        const struct prefix *p = &x->prefixes[i - 1];
        if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
            return p->ns;
    }
    for (size_t i = 0; i < COUNT(namespaces) && len; i++)
        if (strlen(namespaces[i].prefix) == len && strncasecmp(namespaces[i].prefix, name, len) == 0)
            return namespaces[i].ns;
    return len ? NS_OTHER : NS_OWN;
}

static void read_declarations(struct feed_xml *x, const struct xml_attribute *a, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(a[i].name, "xmlns") == 0)
            declare(x, "", a[i].value);
        else if (strncmp(a[i].name, "xmlns:", 6) == 0)
            declare(x, a[i].name + 6, a[i].value);
    }
}

/* --- bases --- */

static const char *base_of(const struct feed_xml *x)
{
    return x->base_count ? x->bases[x->base_count - 1].url : NULL;
}

static void read_base(struct feed_xml *x, const struct xml_attribute *a, size_t count)
{
    for (size_t i = 0; i < count && x->base_count < BASES_MAX; i++) {
        if (strcmp(a[i].name, "xml:base") != 0)
            continue;
        char *url = feed_address(x->d, a[i].value, strlen(a[i].value), base_of(x));
        if (url) {
            x->bases[x->base_count].url = url;
            x->bases[x->base_count++].depth = x->depth;
        }
    }
}

static void leave(struct feed_xml *x)
{
    while (x->base_count > 0 && x->bases[x->base_count - 1].depth == x->depth)
        free(x->bases[--x->base_count].url);
    while (x->prefix_count > 0 && x->prefixes[x->prefix_count - 1].depth == x->depth)
        x->prefix_count--;
}

/* --- where we are --- */

static bool is_sitemap(const struct feed_xml *x)
{
    return x->d->info.kind == FEED_SITEMAP || x->d->info.kind == FEED_SITEMAP_INDEX;
}

static void find_root(struct feed_xml *x, const char *local)
{
    static const struct { const char *local; enum feed_kind kind; } roots[] = {
        { "rss", FEED_RSS }, { "channel", FEED_RSS }, { "feed", FEED_ATOM }, { "rdf", FEED_RDF },
        { "urlset", FEED_SITEMAP }, { "sitemapindex", FEED_SITEMAP_INDEX },
    };
    for (size_t i = 0; i < COUNT(roots); i++) {
        if (strcasecmp(local, roots[i].local) == 0) {
            x->d->info.kind = roots[i].kind;
            return;
        }
    }
    x->html = strcasecmp(local, "html") == 0;
}

static bool starts_item(const struct feed_xml *x, const char *local)
{
    switch (x->d->info.kind) {
    case FEED_SITEMAP: return strcasecmp(local, "url") == 0;
    case FEED_SITEMAP_INDEX: return strcasecmp(local, "sitemap") == 0;
    default: return strcasecmp(local, "item") == 0 || strcasecmp(local, "entry") == 0;
    }
}

static void begin_item(struct feed_xml *x, const struct xml_attribute *a, size_t count)
{
    feed_item_begin(x->d);
    x->item_depth = x->depth;
    x->title_rank = x->link_rank = x->summary_rank = x->content_rank = x->id_rank = NOT_YET;
    x->published_rank = x->modified_rank = x->author_rank = x->language_rank = NOT_YET;
    x->guid_is_address = false;
    const char *about = x->d->info.kind == FEED_RDF ? xml_attribute(a, count, "about") : NULL;
    if (about) {
        buffer_puts(&x->d->id, about);
        x->id_rank = 5;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i].name, "xml:lang") == 0) {
            buffer_puts(&x->d->language, a[i].value);
            x->language_rank = 5;
        }
}

static void inherit_authors(struct feed_xml *x)
{
    for (size_t i = 0; i < x->feed_author_count && x->d->author_count == 0; i++)
        feed_add_author(x->d, x->feed_authors[i], strlen(x->feed_authors[i]));
}

static void end_item(struct feed_xml *x)
{
    struct feed_draft *d = x->d;
    bool http = strncasecmp(buffer_str(&d->id), "http://", 7) == 0 || strncasecmp(buffer_str(&d->id), "https://", 8) == 0;
    if (d->url.len == 0 && http && x->guid_is_address)
        buffer_append(&d->url, d->id.data, d->id.len);
    if (d->info.kind == FEED_ATOM)
        inherit_authors(x);
    x->item_depth = 0;
    feed_item_end(d);
}

/* --- starting a field --- */

static const struct row *find_row(const struct row *rows, size_t count, enum ns ns, const char *local)
{
    for (size_t i = 0; i < count; i++)
        if ((rows[i].ns & ns) && strcasecmp(rows[i].local, local) == 0)
            return &rows[i];
    return NULL;
}

/* RFC 4287 3.1.1 and 4.1.3, and the modes of Atom 0.3. Elements of other formats hold HTML whatever they say. */
static enum markup markup_of(enum ns ns, enum feed_kind kind, const struct xml_attribute *a, size_t count)
{
    const char *type = xml_attribute(a, count, "type"), *mode = xml_attribute(a, count, "mode");
    if (ns != NS_ATOM && kind != FEED_ATOM)
        return MARKUP_HTML;
    if (mode && strcasecmp(mode, "base64") == 0)
        return MARKUP_BASE64;
    if (!type || strcasecmp(type, "text") == 0 || strcasecmp(type, "text/plain") == 0)
        return MARKUP_TEXT;
    if (strcasestr(type, "xhtml"))
        return MARKUP_XHTML;
    return strcasecmp(type, "application/octet-stream") == 0 ? MARKUP_BASE64 : MARKUP_HTML;
}

static void capture(struct feed_xml *x, enum field field, unsigned rank, enum markup markup)
{
    x->field = field;
    x->field_depth = x->depth;
    x->field_rank = rank;
    x->markup = markup;
    buffer_clear(&x->value);
}

static void set_item_url(struct feed_xml *x, const char *text, size_t len, unsigned rank)
{
    /* of several <link> the last counts, as with other readers; of several alternates the first */
    bool better = rank < x->link_rank || (rank == 1 && x->link_rank == 1);
    char *url = better ? feed_address(x->d, text, len, base_of(x)) : NULL;
    if (!url && better && len > 0 && memchr(text, '/', len))
        feed_warn(x->d, "item %lu: \"%.*s\" cannot be made an address without the feed's own", x->d->item_number,
                  (int)(len < 80 ? len : 80), text);
    if (url) {
        buffer_clear(&x->d->url);
        buffer_puts(&x->d->url, url);
        x->link_rank = rank;
    }
    free(url);
}

static bool word_in(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strcasestr(p, word)); p++)
        if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
            return true;
    return false;
}

/* <link rel type href>: RFC 4287 4.2.7. */
static void read_link(struct feed_xml *x, enum ns ns, const char *href, const struct xml_attribute *a, size_t count)
{
    const char *rel = xml_attribute(a, count, "rel"), *type = xml_attribute(a, count, "type");
    bool alternate = !rel || !*rel || word_in(rel, "alternate");
    bool page = !type || !*type || strcasestr(type, "html");
    size_t len = strlen(href);
    if (x->item_depth) {
        unsigned rank = ns != NS_ATOM && x->d->info.kind != FEED_ATOM ? 1 : page ? (type && *type ? 2 : 3) : 4;
        if (alternate)
            set_item_url(x, href, len, rank);
        return;
    }
    char *url = feed_address(x->d, href, len, base_of(x));
    if (url && rel && word_in(rel, "hub") && !x->d->info.hub_url)
        feed_set(&x->d->info.hub_url, url);
    else if (url && rel && word_in(rel, "self") && !x->d->info.self_url)
        feed_set(&x->d->info.self_url, url);
    else if (url && alternate && x->site_rank > (page ? 2u : 4u)) {
        feed_set(&x->d->info.site_url, url);
        x->site_rank = page ? 2 : 4;
    } else
        free(url);
}

static void start_field(struct feed_xml *x, const struct row *row, enum ns ns, const struct xml_attribute *a, size_t count)
{
    const char *href = row->field == LINK ? xml_attribute(a, count, "href") : NULL;
    enum feed_kind kind = x->d->info.kind;
    enum markup markup = row->field == TITLE || row->field == SUMMARY || row->field == CONTENT ? markup_of(ns, kind, a, count) : MARKUP_TEXT;
    if (href && *href) {
        read_link(x, ns, href, a, count);
        return;
    }
    x->person_parts = false;
    if (row->field == ID && strcasecmp(row->local, "guid") == 0) { /* an Atom id is no address: RFC 4287 4.2.6 */
        const char *permalink = xml_attribute(a, count, "isPermaLink");
        x->guid_is_address = !permalink || strcasecmp(permalink, "false") != 0;
    }
    capture(x, row->field, row->rank, markup);
}

/* An element inside the one that is captured: its tags belong to the value where that is markup. */
static void nested_start(struct feed_xml *x, const char *local, const char *tag, size_t len)
{
    if (x->field == AUTHOR) {
        x->person_parts = true;
        if (strcasecmp(local, "name") == 0)
            capture(x, PERSON_NAME, x->field_rank, MARKUP_TEXT);
        return;
    }
    if (x->field == TITLE || x->field == SUMMARY || x->field == CONTENT) {
        if (x->markup == MARKUP_TEXT)
            x->markup = MARKUP_HTML;
        buffer_append(&x->value, tag, len);
    }
}

/* sitemaps.org, Google's news sitemaps: loc and lastmod directly below url, the rest inside news or news/publication, and
 * wherever its namespace is right. Image and video extensions have titles and locations of their own. */
static const struct row *sitemap_row(struct feed_xml *x, enum ns ns, const char *local)
{
    unsigned below = x->depth - x->item_depth;
    if (below == 1)
        x->in_news = strcasecmp(local, "news") == 0;
    const struct row *row = find_row(sitemap_rows, COUNT(sitemap_rows), NS_OWN | NS_NEWS, local);
    if (!row || (row->ns == NS_OWN ? below != 1 : !(ns & NS_NEWS) && !(below > 1 && x->in_news)))
        return NULL;
    return row;
}

static const struct row *item_row(struct feed_xml *x, enum ns ns, const char *local)
{
    if (is_sitemap(x))
        return sitemap_row(x, ns, local);
    return x->depth == x->item_depth + 1 ? find_row(item_rows, COUNT(item_rows), ns, local) : NULL;
}

static bool on_start(void *arg, const char *name, const struct xml_attribute *a, size_t count, const char *tag, size_t tag_len)
{
    struct feed_xml *x = arg;
    const char *local = xml_local(name);
    const struct row *row = NULL;
    x->depth++;
    read_declarations(x, a, count);
    read_base(x, a, count);
    enum ns ns = ns_of(x, name);
    if (x->d->info.kind == FEED_UNKNOWN) {
        find_root(x, local);
        bool found = x->d->info.kind != FEED_UNKNOWN;
        for (size_t i = 0; i < count && found; i++)
            if (strcmp(a[i].name, "xml:lang") == 0)
                feed_set(&x->d->info.language, xstrdup(a[i].value));
        if (found && (strcasecmp(local, "feed") == 0 || strcasecmp(local, "channel") == 0))
            x->channel_depth = x->depth;
        return !x->html;
    }
    bool own = is_sitemap(x) || (ns & (NS_OWN | NS_ATOM));
    bool own_markup = x->field == SUMMARY || x->field == CONTENT || x->field == TITLE;
    if (own && starts_item(x, local) && !(own_markup && x->field_depth < x->depth && x->markup == MARKUP_XHTML)) {
        if (x->item_depth) /* the one before was not closed */
            end_item(x);
        x->field = NO_FIELD;
        begin_item(x, a, count);
        return !x->d->stopped;
    }
    if (x->field != NO_FIELD) {
        nested_start(x, local, tag, tag_len);
        return true;
    }
    if (x->item_depth)
        row = item_row(x, ns, local);
    else if (!x->channel_depth && strcasecmp(local, "channel") == 0)
        x->channel_depth = x->depth;
    else if (x->channel_depth && x->depth == x->channel_depth + 1 && !is_sitemap(x))
        row = find_row(channel_rows, COUNT(channel_rows), ns, local);
    if (row)
        start_field(x, row, ns, a, count);
    return true;
}

static bool on_text(void *arg, const char *text, size_t len, bool literal)
{
    struct feed_xml *x = arg;
    if (x->field == NO_FIELD)
        return true;
    if (literal || x->markup == MARKUP_XHTML)
        buffer_append(&x->value, text, len);
    else
        markup_decode(text, len, &x->value);
    return true;
}

/* --- ending a field --- */

/* RFC 4648, white space skipped; stops at what is no base64. */
static void decode_base64(struct buffer *b)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t out = 0;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < b->len && b->data[i] != '='; i++) {
        const char *digit = b->data[i] ? strchr(digits, b->data[i]) : NULL;
        if (!digit)
            continue;
        bits = bits << 6 | (uint32_t)(digit - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            b->data[out++] = (char)(bits >> have & 255);
        }
    }
    b->len = out;
}

/* Control characters that XML forbids and feeds contain. */
static void drop_controls(struct buffer *b)
{
    size_t out = 0;
    for (size_t i = 0; i < b->len; i++)
        if ((unsigned char)b->data[i] >= ' ' || strchr("\t\n\r", b->data[i] ? b->data[i] : 1))
            b->data[out++] = b->data[i];
    b->len = out;
}

static void put_text(const struct buffer *value, enum markup markup, struct buffer *out)
{
    buffer_clear(out);
    if (markup == MARKUP_TEXT)
        text_fold_space(buffer_str(value), value->len, out);
    else
        markup_text(buffer_str(value), value->len, out);
}

static void put_ranked(struct feed_xml *x, struct buffer *out, unsigned *rank, enum markup markup)
{
    if (x->field_rank >= *rank)
        return;
    struct buffer text;
    buffer_init(&text, 0);
    put_text(&x->value, markup, &text);
    if (text.len > 0) {
        buffer_clear(out);
        buffer_append(out, text.data, text.len);
        *rank = x->field_rank;
    }
    buffer_fini(&text);
}

static void put_date(struct feed_xml *x, const char *what, struct date *out, bool *has, unsigned *rank)
{
    struct date date;
    if (x->field_rank < *rank && feed_read_date(x->d, what, buffer_str(&x->value), x->value.len, &date)) {
        *out = date;
        *has = true;
        *rank = x->field_rank;
    }
}

/* Elements of the best rank only: <author> beats dc:creator, which repeats it. */
static void put_author(struct feed_xml *x, unsigned rank)
{
    struct buffer name;
    buffer_init(&name, 4096);
    put_text(&x->value, MARKUP_HTML, &name);
    size_t before = x->d->author_count;
    if (!x->item_depth) {
        if (name.len && x->feed_author_count < FEED_AUTHORS_MAX)
            x->feed_authors[x->feed_author_count++] = xstrdup(name.data);
    } else if (name.len && rank <= x->author_rank) {
        if (rank < x->author_rank)
            while (x->d->author_count > 0)
                free(x->d->authors[--x->d->author_count]);
        feed_add_author(x->d, name.data, name.len);
        if (x->d->author_count > 0 && (x->d->author_count > before || rank < x->author_rank))
            x->author_rank = rank;
    }
    buffer_fini(&name);
}

static void end_item_field(struct feed_xml *x)
{
    struct feed_draft *d = x->d;
    struct buffer link;
    switch (x->field) {
    case TITLE: put_ranked(x, &d->title, &x->title_rank, x->markup); break;
    case SUMMARY: put_ranked(x, &d->summary, &x->summary_rank, x->markup); break;
    case LANGUAGE: put_ranked(x, &d->language, &x->language_rank, MARKUP_TEXT); break;
    case ID: put_ranked(x, &d->id, &x->id_rank, MARKUP_TEXT); break;
    case CONTENT:
        if (x->field_rank < x->content_rank && x->value.len > 0) {
            buffer_clear(&d->content);
            buffer_append(&d->content, x->value.data, x->value.len);
            x->content_rank = x->field_rank;
        }
        break;
    case LINK:
    case ORIG_LINK:
        buffer_init(&link, 0);
        text_fold_space(buffer_str(&x->value), x->value.len, &link);
        set_item_url(x, buffer_str(&link), link.len, x->field_rank);
        buffer_fini(&link);
        break;
    case PUBLISHED: put_date(x, "the time of publication", &d->published, &d->has_published, &x->published_rank); break;
    case MODIFIED: put_date(x, "the time of the last change", &d->modified, &d->has_modified, &x->modified_rank); break;
    default: break;
    }
}

static int64_t sy_period(const char *word)
{
    static const struct { const char *word; int64_t seconds; } periods[] = {
        { "hourly", 3600 }, { "daily", 86400 }, { "weekly", 7 * 86400 }, { "monthly", 30 * 86400 }, { "yearly", 365 * 86400 },
    };
    for (size_t i = 0; i < COUNT(periods); i++)
        if (strcasecmp(word, periods[i].word) == 0)
            return periods[i].seconds;
    return 0;
}

static void put_feed_string(struct feed_xml *x, const char **slot, unsigned *rank, enum markup markup)
{
    struct buffer text;
    buffer_init(&text, 0);
    put_ranked(x, &text, rank, markup);
    if (text.len > 0)
        feed_set(slot, buffer_take(&text));
    buffer_fini(&text);
}

static void end_channel_field(struct feed_xml *x)
{
    struct buffer text;
    buffer_init(&text, 0);
    text_fold_space(buffer_str(&x->value), x->value.len, &text);
    const char *word = buffer_str(&text);
    char *url;
    switch (x->field) {
    case TITLE: put_feed_string(x, &x->d->info.title, &x->feed_title_rank, x->markup); break;
    case LANGUAGE: put_feed_string(x, &x->d->info.language, &x->feed_language_rank, MARKUP_TEXT); break;
    case LINK:
        url = x->site_rank > 1 ? feed_address(x->d, word, text.len, base_of(x)) : NULL;
        if (url) {
            feed_set(&x->d->info.site_url, url);
            x->site_rank = 1;
        }
        break;
    case TTL: x->ttl_s = strtol(word, NULL, 10) * 60; break;
    case SY_PERIOD: x->sy_period_s = sy_period(word); break;
    case SY_FREQUENCY: x->sy_frequency = strtol(word, NULL, 10); break;
    default: break;
    }
    buffer_fini(&text);
}

static void end_field(struct feed_xml *x)
{
    if (x->markup == MARKUP_BASE64) {
        decode_base64(&x->value);
        x->markup = MARKUP_HTML;
    }
    drop_controls(&x->value);
    if (x->field == PERSON_NAME || (x->field == AUTHOR && !x->person_parts))
        put_author(x, x->field_rank);
    else if (x->item_depth)
        end_item_field(x);
    else
        end_channel_field(x);
    x->field = NO_FIELD;
}

/* Markup inside the captured element. */
static void nested_end(struct feed_xml *x, const char *name, bool written)
{
    if (written && (x->field == TITLE || x->field == SUMMARY || x->field == CONTENT)) {
        buffer_puts(&x->value, "</");
        buffer_puts(&x->value, name);
        buffer_putc(&x->value, '>');
    }
}

/* Where a document is cut, half a title still says something; half an address is another page's, or nobody's. */
static void cut_field(struct feed_xml *x)
{
    feed_warn(x->d, "the document ends in the middle of item %lu", x->d->item_number);
    if (x->field == TITLE || x->field == SUMMARY || x->field == CONTENT)
        end_field(x);
    x->field = NO_FIELD;
}

static bool on_end(void *arg, const char *name, bool written)
{
    struct feed_xml *x = arg;
    if (x->field != NO_FIELD && x->field_depth == x->depth)
        x->over && !written ? cut_field(x) : end_field(x);
    else if (x->field != NO_FIELD)
        nested_end(x, name, written);
    if (x->item_depth == x->depth)
        end_item(x);
    if (x->channel_depth == x->depth)
        x->channel_depth = 0;
    leave(x);
    x->depth--;
    return !x->d->stopped;
}

/* --- the reader --- */

struct feed_xml *feed_xml_create(struct feed_draft *d)
{
    struct feed_xml *x = xcalloc(1, sizeof(*x));
    const struct xml_events events = { on_start, on_end, on_text, x };
    x->d = d;
    x->scanner = xml_create(&events);
    x->site_rank = x->feed_title_rank = x->feed_language_rank = NOT_YET;
    buffer_init(&x->value, FEED_MAX_BYTES);
    return x;
}

bool feed_xml_push(struct feed_xml *x, const char *text, size_t len)
{
    return xml_push(x->scanner, text, len);
}

void feed_xml_finish(struct feed_xml *x)
{
    struct feed *info = &x->d->info;
    x->over = true;
    xml_finish(x->scanner);
    if (xml_has_entities(x->scanner))
        feed_warn(x->d, "the document declares entities of its own: they are not read");
    if (info->kind == FEED_UNKNOWN)
        feed_warn(x->d, x->html ? "a web page (HTML), not a feed" : "neither a feed nor a sitemap");
    int64_t sy_s = x->sy_period_s / (x->sy_frequency > 0 ? x->sy_frequency : 1);
    info->interval_s = x->ttl_s > 0 ? x->ttl_s : sy_s;
}

void feed_xml_destroy(struct feed_xml *x)
{
    if (!x)
        return;
    xml_destroy(x->scanner);
    buffer_fini(&x->value);
    while (x->base_count > 0)
        free(x->bases[--x->base_count].url);
    while (x->feed_author_count > 0)
        free(x->feed_authors[--x->feed_author_count]);
    free(x);
}
