/* links.c - see links.h. The tree lives in an arena only while it is read; what is kept lies in a second one, which dies with
 * the result. */
#include "crawler/links.h"

#include "base/arena.h"
#include "base/charset.h"
#include "base/html.h"
#include "base/html_scan.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TREE_BYTES     ((size_t)96 << 20)
#define KEPT_BYTES     ((size_t)16 << 20)
#define TEXT_MAX       500
#define LIST_TEXT_MAX 20  /* bytes: "RSS", "Our RSS feeds" and no headline */
#define FEED_PAGES_MAX 10

struct reader {
    struct links *result;
    struct arena *kept;
    const char *agent;
    struct link *items;
    struct link_feed *feeds;
    const char **feed_pages;
    struct buffer scratch;
    bool has_base;
};

struct links_owned {
    struct links links; /* first: what callers see */
    struct arena *kept;
};

/* ---- small helpers ---- */

static const char *keep(struct reader *r, const char *s, size_t len)
{
    const char *copy = arena_strndup(r->kept, s, len);
    if (!copy)
        r->result->truncated = true;
    return copy;
}

/* Text without markup, folded, cut at a character below TEXT_MAX bytes. */
static const char *keep_folded(struct reader *r, const char *s, size_t len)
{
    buffer_clear(&r->scratch);
    text_fold_space(s, len, &r->scratch);
    size_t n = r->scratch.len < TEXT_MAX ? r->scratch.len : text_valid_prefix(buffer_str(&r->scratch), TEXT_MAX);
    return keep(r, buffer_str(&r->scratch), n);
}

static bool has_token(const char *list, const char *token)
{
    size_t n = strlen(token);

    for (const char *s = list; s && *s;) {
        s += strspn(s, " \t\r\n\f,");
        size_t len = strcspn(s, " \t\r\n\f,");
        if (len == n && strncasecmp(s, token, n) == 0)
            return true;
        s += len;
    }
    return false;
}

static bool is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* The absolute address of an attribute's value, kept; NULL when it leads nowhere over http. */
static const char *keep_url(struct reader *r, const char *value)
{
    while (value && *value && (unsigned char)*value <= ' ')
        value++;
    if (!value || !*value || *value == '#')
        return NULL;
    char *absolute = url_absolute(value, strlen(value), r->result->base);
    const char *kept = absolute && is_http(absolute) && strlen(absolute) <= URL_MAX_BYTES ? keep(r, absolute, strlen(absolute)) : NULL;
    free(absolute);
    return kept;
}

/* ---- feeds ---- */

static void add_feed(struct reader *r, const char *url, const char *title, bool declared)
{
    for (size_t i = 0; i < r->result->feed_count; i++)
        if (strcmp(r->feeds[i].url, url) == 0) {
            r->feeds[i].declared = r->feeds[i].declared || declared;
            r->feeds[i].title = declared && title ? title : r->feeds[i].title;
            return;
        }
    if (r->result->feed_count == LINKS_FEEDS_MAX) {
        r->result->truncated = true;
        return;
    }
    r->feeds[r->result->feed_count++] = (struct link_feed){ url, title, declared };
}

static bool is_feed_type(const char *type)
{
    static const char *const types[] = { "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "text/rss+xml",
                                         "application/rss", "application/atom" };
    size_t len = type ? strcspn(type, "; \t") : 0;
    for (size_t i = 0; i < COUNT(types); i++)
        if (len == strlen(types[i]) && strncasecmp(type, types[i], len) == 0)
            return true;
    return false;
}

static bool ends_with(const char *s, size_t len, const char *tail)
{
    size_t n = strlen(tail);
    return len >= n && strncasecmp(s + len - n, tail, n) == 0;
}

/* What an address says about feeds: FEED itself, a page that lists them, or nothing. */
enum feed_look { LOOK_NONE, LOOK_FEED, LOOK_LIST };

static enum feed_look feed_look(const char *url)
{
    static const char *const feeds[] = { ".rss", ".rdf", ".atom", "rss.xml", "feed.xml", "atom.xml", "index.xml", "/feed", "/feed/", "feed.json" };
    static const char *const lists[] = { "/rss", "/rss/", "/feeds", "/feeds/", "/rss.html", "/rss.htm", "/rss.php", "/rss.aspx", "/rss-feeds", "/rss-feeds/",
                                         "/rssfeeds", "/feeds.html" };
    const char *path = strstr(url, "://");
    path = path ? path + 3 : url;
    path += strcspn(path, "/");
    size_t len = strcspn(path, "?#");
    for (size_t i = 0; i < COUNT(feeds); i++)
        if (ends_with(path, len, feeds[i]))
            return LOOK_FEED;
    if (ends_with(path, len, ".xml") && (strcasestr(path, "rss") || strcasestr(path, "feed")))
        return LOOK_FEED;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (ends_with(path, len, lists[i]))
            return LOOK_LIST;
    return LOOK_NONE;
}

static void note_feed_link(struct reader *r, const struct link *link)
{
    struct links *l = r->result;
    enum feed_look look = feed_look(link->url);

    if (look == LOOK_FEED)
        add_feed(r, link->url, *link->text ? link->text : NULL, false);
    if (look == LOOK_NONE && strlen(link->text) <= LIST_TEXT_MAX && strcasestr(link->text, "rss"))
        look = LOOK_LIST;
    if (look != LOOK_LIST || l->feed_page_count == FEED_PAGES_MAX)
        return;
    for (size_t i = 0; i < l->feed_page_count; i++)
        if (strcmp(r->feed_pages[i], link->url) == 0)
            return;
    r->feed_pages[l->feed_page_count++] = link->url;
}

/* ---- links ---- */

static enum link_place place_of(GumboTag tag, const char *role)
{
    if (tag == GUMBO_TAG_FOOTER || (role && strcasecmp(role, "contentinfo") == 0))
        return LINK_FOOTER;
    if (tag == GUMBO_TAG_NAV || tag == GUMBO_TAG_MENU || (role && (!strcasecmp(role, "navigation") || !strcasecmp(role, "menu") || !strcasecmp(role, "menubar"))))
        return LINK_NAV;
    if (tag == GUMBO_TAG_ASIDE || (role && strcasecmp(role, "complementary") == 0))
        return LINK_ASIDE;
    return LINK_MAIN;
}

static bool is_heading(GumboTag tag)
{
    return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6;
}

/* Looks at what stands around the link; a header inside an article or section is no menu. */
static void look_around(const GumboNode *node, struct link *link)
{
    bool header = false, sectioned = false;

    for (const GumboNode *n = node->parent; n && n->type != GUMBO_NODE_DOCUMENT; n = n->parent) {
        GumboTag tag = n->v.element.tag;
        if (link->place == LINK_MAIN)
            link->place = place_of(tag, html_attr(n, "role"));
        link->heading = link->heading || is_heading(tag);
        sectioned = sectioned || tag == GUMBO_TAG_ARTICLE || tag == GUMBO_TAG_SECTION || tag == GUMBO_TAG_MAIN;
        header = header || (tag == GUMBO_TAG_HEADER && !sectioned);
    }
    if (header && !sectioned && link->place == LINK_MAIN)
        link->place = LINK_NAV;
}

static const char *link_text(struct reader *r, const GumboNode *a, struct link *link)
{
    struct buffer text;
    const char *alt = NULL;

    buffer_init(&text, 16384);
    for (const GumboNode *n = html_next(a, a); n; n = html_next(a, n)) {
        if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE) {
            buffer_puts(&text, n->v.text.text);
        } else if (n->type == GUMBO_NODE_ELEMENT) {
            link->heading = link->heading || is_heading(n->v.element.tag);
            if (n->v.element.tag == GUMBO_TAG_IMG) {
                link->image = true;
                alt = alt ? alt : html_attr(n, "alt");
            }
            buffer_putc(&text, ' ');
        }
        if (text.len > 4 * TEXT_MAX)
            break;
    }
    const char *folded = keep_folded(r, buffer_str(&text), text.len);
    buffer_fini(&text);
    return folded && !*folded && alt ? keep_folded(r, alt, strlen(alt)) : folded;
}

static void read_link(struct reader *r, const GumboNode *a)
{
    const char *rel = html_attr(a, "rel");
    struct link link = { .place = LINK_MAIN };

    if (r->result->count == LINKS_MAX) {
        r->result->truncated = true;
        return;
    }
    link.url = keep_url(r, html_attr(a, "href"));
    if (!link.url)
        return;
    link.nofollow = has_token(rel, "nofollow") || has_token(rel, "sponsored") || has_token(rel, "ugc");
    link.text = a->v.element.tag == GUMBO_TAG_A ? link_text(r, a, &link) : keep_folded(r, "", 0);
    if (!link.text)
        return;
    look_around(a, &link);
    r->items[r->result->count++] = link;
    note_feed_link(r, &link);
}

/* ---- what the page says about itself ---- */

static void read_link_element(struct reader *r, const GumboNode *n)
{
    const char *rel = html_attr(n, "rel"), *href = html_attr(n, "href"), *title = html_attr(n, "title");
    const char *url;

    if (has_token(rel, "canonical") && !r->result->canonical)
        r->result->canonical = keep_url(r, href);
    if ((has_token(rel, "alternate") || has_token(rel, "feed")) && is_feed_type(html_attr(n, "type")) && (url = keep_url(r, href)))
        add_feed(r, url, title ? keep_folded(r, title, strlen(title)) : NULL, true);
}

/* "5; url='/new'" (HTML standard, 4.2.5.3 "refresh") */
static void read_refresh(struct reader *r, const char *s)
{
    int seconds = 0;

    s += strspn(s, " \t\r\n\f");
    if (*s < '0' || *s > '9')
        return;
    for (; (*s >= '0' && *s <= '9') || *s == '.'; s++)
        if (*s != '.' && seconds < 1000000)
            seconds = seconds * 10 + (*s - '0');
    r->result->refresh_s = seconds;
    s += strspn(s, " \t\r\n\f;,");
    if (strncasecmp(s, "url", 3) == 0) {
        s += 3 + strspn(s + 3, " \t\r\n\f");
        if (*s++ != '=')
            return;
        s += strspn(s, " \t\r\n\f");
    }
    char quote = *s == '"' || *s == '\'' ? *s++ : '\0';
    size_t len = quote && strchr(s, quote) ? (size_t)(strchr(s, quote) - s) : strlen(s);
    char *target = xstrndup(s, len);
    r->result->refresh_url = keep_url(r, target);
    free(target);
}

static void read_meta(struct reader *r, const GumboNode *n)
{
    const char *name = html_attr(n, "name"), *content = html_attr(n, "content"), *equiv = html_attr(n, "http-equiv");
    struct links *l = r->result;

    if (!content)
        return;
    if (equiv && strcasecmp(equiv, "refresh") == 0 && l->refresh_s < 0)
        read_refresh(r, content);
    if (name && (strcasecmp(name, "robots") == 0 || (r->agent && strcasecmp(name, r->agent) == 0))) {
        bool none = has_token(content, "none");
        l->noindex = l->noindex || none || has_token(content, "noindex");
        l->nofollow = l->nofollow || none || has_token(content, "nofollow");
        l->noarchive = l->noarchive || has_token(content, "noarchive");
    }
}

static void read_base(struct reader *r, const GumboNode *n)
{
    const char *url = r->has_base ? NULL : keep_url(r, html_attr(n, "href"));

    if (url) { /* only the first counts */
        r->result->base = url;
        r->has_base = true;
    }
}

static void read_element(struct reader *r, const GumboNode *n)
{
    const GumboVector *children = &n->v.element.children;

    switch (n->v.element.tag) {
    case GUMBO_TAG_A: case GUMBO_TAG_AREA:
        if (n->v.element.tag_namespace == GUMBO_NAMESPACE_HTML)
            read_link(r, n);
        break;
    case GUMBO_TAG_LINK:
        read_link_element(r, n);
        break;
    case GUMBO_TAG_META:
        read_meta(r, n);
        break;
    case GUMBO_TAG_HTML:
        if (html_attr(n, "lang") && *html_attr(n, "lang"))
            r->result->language = keep_folded(r, html_attr(n, "lang"), strlen(html_attr(n, "lang")));
        break;
    case GUMBO_TAG_TITLE:
        if (!r->result->title && n->v.element.tag_namespace == GUMBO_NAMESPACE_HTML && children->length) {
            const GumboNode *text = children->data[0];
            if (text->type == GUMBO_NODE_TEXT)
                r->result->title = keep_folded(r, text->v.text.text, strlen(text->v.text.text));
        }
        break;
    default:
        break;
    }
}

static void read_tree(struct reader *r, const GumboNode *root)
{
    for (const GumboNode *n = root; n && !r->has_base; n = html_next(root, n)) /* <base> counts for what stands before it, too */
        if (n->type == GUMBO_NODE_ELEMENT && n->v.element.tag == GUMBO_TAG_BASE)
            read_base(r, n);
    for (const GumboNode *n = root; n; n = html_next(root, n))
        if (n->type == GUMBO_NODE_ELEMENT)
            read_element(r, n);
}

/* Moves declared feeds to the front; the order among them, and among the others, stays. */
static void declared_first(struct link_feed *feeds, size_t count)
{
    for (size_t i = 0, to = 0; i < count; i++) {
        struct link_feed f = feeds[i];
        if (!f.declared)
            continue;
        memmove(feeds + to + 1, feeds + to, (i - to) * sizeof(f));
        feeds[to++] = f;
    }
}

/* ---- the whole ---- */

static void read_page(struct reader *r, const char *text, size_t len, int64_t deadline_ms)
{
    struct arena *tree = arena_create(TREE_BYTES);
    struct html_scan *scan = xcalloc(1, sizeof(*scan));
    struct html_held *held = xcalloc(1, sizeof(*held));
    struct buffer lean;
    struct error err = { 0 };

    buffer_init(&lean, 0);
    if (html_scan(text, len, held, &lean, scan, &err)) {
        struct html_limits limits = { .deadline_ms = deadline_ms, .depth_known = scan->copied_from == len, .held = held };
        GumboOutput *out = html_parse(tree, buffer_str(&lean), lean.len, &limits, &err);
        if (out)
            read_tree(r, out->root);
        else
            r->result->warning = keep(r, err.message, strlen(err.message));
        r->result->truncated = r->result->truncated || !out || scan->flattened;
    }
    buffer_fini(&lean);
    free(held);
    free(scan);
    arena_destroy(tree);
}

struct links *links_parse(const void *bytes, size_t len, const char *content_type, const char *url, const char *agent, int64_t deadline_ms)
{
    struct links_owned *owned = xcalloc(1, sizeof(*owned));
    struct links *l = &owned->links;
    struct buffer text;
    struct error err = { 0 };

    owned->kept = arena_create(KEPT_BYTES);
    struct reader r = { .result = l, .kept = owned->kept, .agent = agent };
    r.items = arena_alloc(owned->kept, LINKS_MAX * sizeof(*r.items));
    r.feeds = arena_alloc(owned->kept, LINKS_FEEDS_MAX * sizeof(*r.feeds));
    r.feed_pages = arena_alloc(owned->kept, FEED_PAGES_MAX * sizeof(*r.feed_pages));
    l->items = r.items;
    l->feeds = r.feeds;
    l->feed_pages = r.feed_pages;
    l->refresh_s = -1;
    l->base = keep(&r, url, strlen(url));
    l->truncated = len > LINKS_MAX_BYTES;
    buffer_init(&r.scratch, 0);
    buffer_init(&text, 4 * (size_t)LINKS_MAX_BYTES);
    if (charset_to_utf8(bytes, len < LINKS_MAX_BYTES ? len : LINKS_MAX_BYTES, content_type, CHARSET_HTML, NULL, &text, NULL, &err))
        read_page(&r, buffer_str(&text), text.len, deadline_ms);
    else
        l->warning = keep(&r, err.message, strlen(err.message));
    declared_first(r.feeds, l->feed_count);
    buffer_fini(&text);
    buffer_fini(&r.scratch);
    return l;
}

void links_destroy(struct links *l)
{
    if (!l)
        return;
    struct links_owned *owned = (struct links_owned *)l;
    arena_destroy(owned->kept);
    free(owned);
}
