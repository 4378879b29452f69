/* meta.c - see meta.h. */
#include "extractor/meta.h"

#include "base/html.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CLEAN_MAX 100000

/* ---- cleaning ---- */

static const struct { const char *name; const char *text; } entities[] = {
    { "amp;", "&" }, { "quot;", "\"" }, { "lt;", "<" }, { "gt;", ">" }, { "nbsp;", " " }, { "apos;", "'" }, { "hellip;", "…" },
    { "ndash;", "–" }, { "mdash;", "—" }, { "lsquo;", "‘" }, { "rsquo;", "’" }, { "ldquo;", "“" }, { "rdquo;", "”" },
    { "laquo;", "«" }, { "raquo;", "»" }, { "eacute;", "é" }, { "egrave;", "è" }, { "agrave;", "à" }, { "uuml;", "ü" }, { "ouml;", "ö" },
    { "auml;", "ä" }, { "szlig;", "ß" }, { "ccedil;", "ç" }, { "ntilde;", "ñ" }, { "aacute;", "á" }, { "iacute;", "í" },
    { "oacute;", "ó" }, { "uacute;", "ú" }, { "acirc;", "â" }, { "ecirc;", "ê" }, { "ocirc;", "ô" }, { "atilde;", "ã" }, { "otilde;", "õ" },
};

/* One reference after '&'; returns the bytes it took, 0 for none. */
static size_t reference(const char *s, size_t len, struct buffer *out)
{
    if (len > 2 && s[0] == '#') {
        bool hex = s[1] == 'x' || s[1] == 'X';
        char *end;
        unsigned long cp = strtoul(s + 1 + hex, &end, hex ? 16 : 10);
        char utf8[4];
        if (end == s + 1 + hex || *end != ';' || end >= s + len)
            return 0;
        buffer_append(out, utf8, text_encode(cp < 0x110000 ? (uint32_t)cp : 0xFFFD, utf8));
        return (size_t)(end - s) + 1;
    }
    for (size_t i = 0; i < COUNT(entities); i++) {
        size_t n = strlen(entities[i].name);
        if (n <= len && memcmp(s, entities[i].name, n) == 0) {
            buffer_puts(out, entities[i].text);
            return n;
        }
    }
    return 0;
}

/* A tag inside a value that should be text: "<p>", "</b>", "<br/>". */
static size_t tag_length(const char *s, size_t len)
{
    if (len < 3 || !(isalpha((unsigned char)s[1]) || (s[1] == '/' && isalpha((unsigned char)s[2]))))
        return 0;
    const char *end = memchr(s, '>', len < 500 ? len : 500);
    return end ? (size_t)(end - s) + 1 : 0;
}

static void resolve(const char *s, size_t len, struct buffer *out)
{
    for (size_t i = 0; i < len;) {
        size_t used = 0;
        if (s[i] == '&') {
            used = reference(s + i + 1, len - i - 1, out);
            used += used > 0;
        } else if (s[i] == '<') {
            used = tag_length(s + i, len - i);
            if (used)
                buffer_putc(out, ' ');
        }
        if (!used) {
            buffer_putc(out, s[i]);
            used = 1;
        }
        i += used;
    }
}

/* Whether text is its own NFC for certain: only ranges without marks or compositions. */
static bool surely_nfc(const char *s, size_t len)
{
    const char *end = s + len;
    while (s < end) {
        uint32_t cp = chars_next(&s, end);
        if (cp < 0x300 || (cp >= 0x1E00 && cp < 0x1F00) || (cp >= 0x2010 && cp < 0x2060) || (cp >= 0x400 && cp < 0x482)
            || (cp >= 0x4E00 && cp < 0xA000) || (cp >= 0xAC00 && cp < 0xD7A4) || (cp >= 0x3041 && cp < 0x3097)
            || (cp >= 0x30A1 && cp < 0x30FB) || (cp >= 0x3000 && cp < 0x3030) || (cp >= 0xFF01 && cp < 0xFF60)
            || (cp >= 0x20A0 && cp < 0x20C0))
            continue;
        return false;
    }
    return true;
}

static const char *finish(struct arena *a, struct buffer *scratch, const char *s, size_t len)
{
    if (len == 0)
        return NULL;
    if (surely_nfc(s, len))
        return arena_strndup(a, s, len);
    struct buffer nfc;
    buffer_init(&nfc, 0);
    (void)scratch;
    text_nfc(s, len, &nfc);
    const char *out = arena_strndup(a, buffer_str(&nfc), nfc.len);
    buffer_fini(&nfc);
    return out;
}

const char *clean_text(struct arena *a, struct buffer *scratch, const char *text, size_t len)
{
    struct buffer resolved;
    if (!text)
        return NULL;
    len = text_cut(text, len, CLEAN_MAX);
    buffer_init(&resolved, 0);
    if (memchr(text, '&', len) || memchr(text, '<', len)) {
        resolve(text, len, &resolved);
        text = buffer_str(&resolved);
        len = resolved.len;
    }
    buffer_clear(scratch);
    text_fold_space(text, len, scratch);
    const char *out = finish(a, scratch, buffer_str(scratch), scratch->len);
    buffer_fini(&resolved);
    return out;
}

const char *clean_block(struct arena *a, struct buffer *scratch, const struct doc *d, const struct block *b)
{
    return finish(a, scratch, d->text + b->text, b->len);
}

const char *clean_node(struct arena *a, struct buffer *scratch, const GumboNode *node)
{
    struct buffer text;
    buffer_init(&text, 20000);
    for (const GumboNode *n = html_next(node, node); n; n = html_next(node, n))
        if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE)
            if (!buffer_puts(&text, n->v.text.text))
                break;
    buffer_clear(scratch);
    text_fold_space(buffer_str(&text), text.len, scratch);
    const char *out = finish(a, scratch, buffer_str(scratch), scratch->len);
    buffer_fini(&text);
    return out;
}

/* ---- meta elements ---- */

/* Names in the order in which they are believed. */
static const struct { enum meta_slot slot; const char *names; } meta_names[] = {
    { META_TITLE, "og:title twitter:title dc.title dcterms.title citation_title title headline parsely-title sailthru.title" },
    { META_DESCRIPTION, "og:description description twitter:description dc.description dcterms.abstract" },
    { META_PUBLISHED,
      "article:published_time og:article:published_time article:published datepublished og:published_time publisheddate "
      "parsely-pub-date sailthru.date pubdate publishdate publish-date publish_date published-date published_time "
      "publication_date publicationdate date_published originalpublicationdate article_date_original cxenseparse:recs:publishtime "
      "cxenseparse:publishtime bt:pubdate rnews:datepublished shareaholic:article_published_time citation_publication_date "
      "citation_date article.published article.created article:post_time og:pubdate vr:published_time firstpublished "
      "first-publish-date ptime gentime displaydate dc.date.issued dcterms.issued dcterms.created dcterms.date dc.date dc.created "
      "creation_date datecreated release_date uploaddate timestamp date" },
    { META_MODIFIED, "article:modified_time og:updated_time article:modified article:updated_time article:updated datemodified "
                     "dcterms.modified dc.date.modified last-modified lastmod last_modified modified revised updated_time" },
    { META_SECTION, "article:section parsely-section section category og:article:section sailthru.section cxenseparse:section" },
    { META_KEYWORDS, "news_keywords keywords parsely-tags sailthru.tags" },
    { META_IMAGE, "og:image og:image:url og:image:secure_url twitter:image twitter:image:src thumbnail sailthru.image.full" },
    { META_IMAGE_WIDTH, "og:image:width" },
    { META_IMAGE_HEIGHT, "og:image:height" },
    { META_IMAGE_ALT, "og:image:alt twitter:image:alt" },
    { META_SITE, "og:site_name application-name apple-mobile-web-app-title twitter:site dc.publisher" },
    { META_LOCALE, "og:locale" },
    { META_URL, "og:url twitter:url" },
    { META_TYPE, "og:type" },
    { META_TDM, "tdm-reservation" },
    { META_LANGUAGE, "content-language language dc.language" },
    { META_REFRESH, "refresh" },
    { META_FREE, "article:content_tier isaccessibleforfree" },
    { META_AUTHOR, "author article:author_name parsely-author sailthru.author byl dc.creator dcterms.creator citation_author "
                   "article:author og:article:author cxenseparse:author dc.contributor rbauthors" },
    { META_TAG, "article:tag og:article:tag" },
    { META_ROBOTS, "robots googlebot" },
};

static bool find_name(const char *name, enum meta_slot *slot, unsigned *rank)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < COUNT(meta_names); i++) {
        unsigned r = 1;
        for (const char *s = meta_names[i].names; *s; r++) {
            size_t n = strcspn(s, " ");
            if (n == len && strncasecmp(s, name, n) == 0) {
                *slot = meta_names[i].slot;
                *rank = r;
                return true;
            }
            s += n + (s[n] == ' ');
        }
    }
    return false;
}

static void list_push(struct ld_list *l, const char *s)
{
    if (s && l->count < LD_LIST_MAX)
        l->items[l->count++] = s;
}

static void store(struct meta *m, enum meta_slot slot, unsigned rank, const char *value)
{
    if (slot == META_TAG) {
        list_push(&m->tags, value);
    } else if (slot == META_ROBOTS) {
        list_push(&m->robots, value);
    } else if (slot == META_AUTHOR) {
        if (strstr(value, "://"))
            return;
        if (m->authors.count && rank < m->rank[slot])
            m->authors.count = 0;
        if (!m->authors.count || rank == m->rank[slot]) {
            m->rank[slot] = rank;
            list_push(&m->authors, value);
        }
    } else if (!m->slot[slot] || rank < m->rank[slot]) {
        m->slot[slot] = value;
        m->rank[slot] = rank;
    }
    if (slot == META_PUBLISHED && rank <= 3)
        m->named_published = true;
}

static void read_meta(struct meta *m, const GumboNode *node, struct arena *a, struct buffer *scratch)
{
    static const char *const keys[] = { "property", "name", "itemprop", "http-equiv" };
    const char *content = html_attr(node, "content");
    for (size_t k = 0; content && k < COUNT(keys); k++) {
        const char *name = html_attr(node, keys[k]);
        enum meta_slot slot;
        unsigned rank;
        if (!name || !find_name(name, &slot, &rank))
            continue;
        const char *value = clean_text(a, scratch, content, strlen(content));
        if (value)
            store(m, slot, rank, value);
        return;
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *s = list; s && (s = strcasestr(s, word)); s += n)
        if ((s == list || isspace((unsigned char)s[-1])) && (!s[n] || isspace((unsigned char)s[n])))
            return true;
    return false;
}

static bool in_comment(const GumboNode *node)
{
    for (int level = 0; level < 8 && node && node->type == GUMBO_NODE_ELEMENT; level++, node = node->parent) {
        const char *class = html_attr(node, "class"), *id = html_attr(node, "id"), *prop = html_attr(node, "itemprop");
        if ((class && strcasestr(class, "comment")) || (id && strcasestr(id, "comment")) || (prop && strcasestr(prop, "comment"))
            || (prop && strcasestr(prop, "review")))
            return true;
    }
    return false;
}

static void read_item(struct meta *m, const GumboNode *node, struct arena *a, struct buffer *scratch)
{
    const char *prop = html_attr(node, "itemprop");
    bool published = prop && has_word(prop, "datePublished"), modified = prop && has_word(prop, "dateModified");
    bool author = prop && has_word(prop, "author");
    if (!published && !modified && !author)
        return;
    const char *value = html_attr(node, published || modified ? "datetime" : "content");
    if (!value)
        value = html_attr(node, "content");
    value = value ? clean_text(a, scratch, value, strlen(value)) : clean_node(a, scratch, node);
    if (author && value && strlen(value) < 120 && !in_comment(node))
        list_push(&m->item_authors, value);
    else if (author)
        return;
    else if (published && !m->item_published)
        m->item_published = value;
    else if (modified && !m->item_modified)
        m->item_modified = value;
}

static void read_script(struct meta *m, const GumboNode *node, struct arena *a, const char *url)
{
    const char *type = html_attr(node, "type");
    if (!type || !strcasestr(type, "ld+json"))
        return;
    const GumboVector *children = &node->v.element.children;
    for (unsigned i = 0; i < children->length; i++) {
        const GumboNode *text = children->data[i];
        if (text->type == GUMBO_NODE_TEXT || text->type == GUMBO_NODE_CDATA)
            jsonld_read(&m->ld, a, text->v.text.text, strlen(text->v.text.text), url);
    }
}

static void clean_ld(struct jsonld *ld, struct arena *a, struct buffer *scratch)
{
    const char **texts[] = { &ld->headline, &ld->description, &ld->publisher };
    for (size_t i = 0; i < COUNT(texts); i++)
        if (*texts[i])
            *texts[i] = clean_text(a, scratch, *texts[i], strlen(*texts[i]));
    struct ld_list *lists[] = { &ld->authors, &ld->sections, &ld->keywords };
    for (size_t i = 0; i < COUNT(lists); i++) {
        size_t n = 0;
        for (size_t k = 0; k < lists[i]->count; k++) {
            const char *s = clean_text(a, scratch, lists[i]->items[k], strlen(lists[i]->items[k]));
            if (s)
                lists[i]->items[n++] = s;
        }
        lists[i]->count = n;
    }
}

void meta_read(struct meta *m, const struct doc *d, const struct html_scan *scan, struct arena *a, struct buffer *scratch,
               const char *url)
{
    memset(m, 0, sizeof(*m));
    jsonld_init(&m->ld);
    for (size_t i = 0; i < d->metas.count; i++)
        read_meta(m, d->metas.items[i], a, scratch);
    for (size_t i = 0; i < d->head_links.count; i++)
        if (!m->canonical && has_word(html_attr(d->head_links.items[i], "rel"), "canonical"))
            m->canonical = html_attr(d->head_links.items[i], "href");
    for (size_t i = 0; i < d->items.count; i++)
        read_item(m, d->items.items[i], a, scratch);
    for (unsigned i = 0; i < scan->script_count; i++)
        if (scan->scripts[i].kind == HTML_SCRIPT_JSON_LD)
            jsonld_read(&m->ld, a, scan->scripts[i].bytes, scan->scripts[i].len, url);
    for (size_t i = 0; i < d->scripts.count; i++) /* what the scan passed over: the rest of a page it gave up on */
        read_script(m, d->scripts.items[i], a, url);
    clean_ld(&m->ld, a, scratch);
    if (d->title_node)
        m->html_title = clean_node(a, scratch, d->title_node);
    if (d->html_node) {
        m->html_language = html_attr(d->html_node, "lang");
        if (!m->html_language)
            m->html_language = html_attr(d->html_node, "xml:lang");
    }
}
