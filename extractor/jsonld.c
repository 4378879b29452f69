/* jsonld.c - see jsonld.h. Objects are visited breadth first in a bounded list, so that what stands outermost counts first
 * and no depth of nesting matters. */
#include "extractor/jsonld.h"

#include "base/mem.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_VISITED 4096
#define MAX_TEXT (2 << 20)

void jsonld_init(struct jsonld *ld)
{
    *ld = (struct jsonld){ .free_access = -1 };
}

/* ---- lenient reading ---- */

/* Raw control characters in strings become spaces; commas before a closing bracket and what surrounds the JSON go. */
static char *mend(const char *s, size_t len)
{
    char *out = xmalloc(len + 1);
    size_t n = 0;
    bool string = false;
    const char *end = s + len;

    while (s < end && *s != '{' && *s != '[')
        s++;
    for (; s < end; s++) {
        unsigned char c = (unsigned char)*s;
        if (string && c == '\\' && s + 1 < end) {
            bool known = strchr("\"\\/bfnrtu", s[1]) != NULL && s[1];
            if (known)
                out[n++] = '\\';
            out[n++] = *++s;
            if ((unsigned char)out[n - 1] < 0x20)
                out[n - 1] = ' ';
            continue;
        }
        if (c == '"')
            string = !string;
        if (!string && (c == '}' || c == ']')) {
            while (n && isspace((unsigned char)out[n - 1]))
                n--;
            if (n && out[n - 1] == ',')
                n--;
        }
        out[n++] = c < 0x20 ? ' ' : (char)c;
    }
    out[n] = '\0';
    return out;
}

static json_t *load(const char *text, size_t len)
{
    json_t *root = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, NULL);
    if (root)
        return root;
    char *mended = mend(text, len);
    root = json_loads(mended, JSON_DISABLE_EOF_CHECK, NULL);
    free(mended);
    return root;
}

/* ---- types ---- */

static const struct { const char *name; unsigned bit; } type_names[] = {
    { "LiveBlogPosting", LD_ARTICLE | LD_LIVE }, { "BlogPosting", LD_ARTICLE }, { "Report", LD_ARTICLE },
    { "SocialMediaPosting", LD_ARTICLE }, { "VideoObject", LD_VIDEO }, { "ImageGallery", LD_GALLERY }, { "MediaGallery", LD_GALLERY },
    { "ItemList", LD_LISTING }, { "CollectionPage", LD_LISTING }, { "SearchResultsPage", LD_LISTING }, { "Blog", LD_LISTING },
    { "OfferCatalog", LD_LISTING }, { "Product", LD_PRODUCT }, { "ProductGroup", LD_PRODUCT }, { "SoftwareApplication", LD_PRODUCT },
    { "DiscussionForumPosting", LD_FORUM }, { "QAPage", LD_FORUM }, { "Question", LD_FORUM }, { "Recipe", LD_RECIPE },
    { "FAQPage", LD_FAQ }, { "WebPage", LD_WEBPAGE }, { "WebSite", LD_ORGANIZATION }, { "Organization", LD_ORGANIZATION },
    { "LocalBusiness", LD_ORGANIZATION }, { "Service", LD_ORGANIZATION },
};

static unsigned type_bits(const char *type)
{
    const char *colon = strrchr(type, '/');
    if (colon)
        type = colon + 1;
    for (size_t i = 0; i < COUNT(type_names); i++)
        if (strcasecmp(type, type_names[i].name) == 0)
            return type_names[i].bit;
    size_t len = strlen(type);
    if (len >= 7 && strcasecmp(type + len - 7, "Article") == 0) /* NewsArticle, ReportageNewsArticle, TechArticle … */
        return LD_ARTICLE | (strcasestr(type, "NewsArticle") ? LD_NEWS : 0);
    return 0;
}

static unsigned types_of(const json_t *object)
{
    const json_t *type = json_object_get(object, "@type");
    unsigned bits = 0;
    if (json_is_string(type))
        return type_bits(json_string_value(type));
    for (size_t i = 0; i < json_array_size(type) && i < 8; i++) {
        const char *s = json_string_value(json_array_get(type, i));
        bits |= s ? type_bits(s) : 0;
    }
    return bits;
}

/* ---- visiting ---- */

struct visit { json_t *items[MAX_VISITED]; size_t count; };

static void collect(struct visit *v, json_t *root)
{
    v->count = 0;
    v->items[v->count++] = root;
    for (size_t i = 0; i < v->count; i++) {
        json_t *at = v->items[i], *child;
        size_t k;
        const char *key;
        if (json_is_object(at)) {
            json_object_foreach(at, key, child)
                if ((json_is_object(child) || json_is_array(child)) && v->count < MAX_VISITED)
                    v->items[v->count++] = child;
        } else {
            json_array_foreach(at, k, child)
                if ((json_is_object(child) || json_is_array(child)) && v->count < MAX_VISITED)
                    v->items[v->count++] = child;
        }
    }
}

static const json_t *by_id(const struct visit *v, const json_t *ref)
{
    const char *id = json_string_value(json_object_get(ref, "@id"));
    if (!id || json_object_get(ref, "name"))
        return ref;
    for (size_t i = 0; i < v->count; i++) {
        const char *other = json_string_value(json_object_get(v->items[i], "@id"));
        if (other && v->items[i] != ref && strcmp(id, other) == 0 && json_object_get(v->items[i], "name"))
            return v->items[i];
    }
    return ref;
}

/* ---- fields ---- */

static const char *copy(struct arena *a, const char *s)
{
    return s && *s ? arena_strndup(a, s, strlen(s)) : NULL;
}

static const char *text_of(const json_t *value)
{
    if (json_is_array(value))
        value = json_array_get(value, 0);
    if (json_is_object(value)) {
        const json_t *inner = json_object_get(value, "@value");
        if (!inner)
            inner = json_object_get(value, "name");
        if (!inner)
            inner = json_object_get(value, "url");
        value = inner;
    }
    return json_string_value(value);
}

static const char *field(struct arena *a, const json_t *object, const char *name)
{
    return copy(a, text_of(json_object_get(object, name)));
}

static void list_add(struct ld_list *l, struct arena *a, const char *s)
{
    if (!s || !*s || l->count >= LD_LIST_MAX)
        return;
    const char *c = copy(a, s);
    if (c)
        l->items[l->count++] = c;
}

static void list_read(struct ld_list *l, struct arena *a, const json_t *value)
{
    if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value); i++)
            list_add(l, a, text_of(json_array_get(value, i)));
    else
        list_add(l, a, text_of(value));
}

static bool is_organization(const json_t *o)
{
    const char *type = json_string_value(json_object_get(o, "@type"));
    return type && (strcasestr(type, "Organization") || strcasecmp(type, "Corporation") == 0);
}

static void add_author(struct jsonld *ld, struct arena *a, const struct visit *v, const json_t *one)
{
    if (json_is_object(one)) {
        one = by_id(v, one);
        const json_t *name = json_object_get(one, "name");
        if (is_organization(one))
            ld->authors_are_organizations = true;
        list_read(&ld->authors, a, name);
    } else {
        list_add(&ld->authors, a, json_string_value(one));
    }
}

static void read_authors(struct jsonld *ld, struct arena *a, const struct visit *v, const json_t *value)
{
    if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value) && i < LD_LIST_MAX; i++)
            add_author(ld, a, v, json_array_get(value, i));
    else
        add_author(ld, a, v, value);
}

static int integer(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (json_is_object(v))
        v = json_object_get(v, "value");
    long n = json_is_integer(v) ? (long)json_integer_value(v) : json_is_string(v) ? strtol(json_string_value(v), NULL, 10) : 0;
    return n > 0 && n < 100000 ? (int)n : 0;
}

static void read_images(struct jsonld *ld, struct arena *a, const struct visit *v, const json_t *value)
{
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < n && i < LD_LIST_MAX; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        const char *url = json_string_value(one);
        if (json_is_object(one)) {
            url = json_string_value(json_object_get(one, "url"));
            if (!url)
                url = json_string_value(json_object_get(one, "contentUrl"));
            for (size_t k = 0; !url && k < v->count; k++) {
                const char *id = json_string_value(json_object_get(one, "@id"));
                const char *other = json_string_value(json_object_get(v->items[k], "@id"));
                if (id && other && strcmp(id, other) == 0)
                    url = json_string_value(json_object_get(v->items[k], "url"));
            }
        }
        if (url && !ld->image) {
            ld->image = copy(a, url);
            ld->image_width = integer(one, "width");
            ld->image_height = integer(one, "height");
        }
        list_add(&ld->images, a, url);
    }
}

static int free_of(const json_t *v)
{
    if (json_is_boolean(v))
        return json_is_true(v);
    const char *s = json_string_value(v);
    return !s ? -1 : strcasecmp(s, "true") == 0 ? 1 : strcasecmp(s, "false") == 0 ? 0 : -1;
}

static void read_article(struct jsonld *ld, struct arena *a, const struct visit *v, const json_t *o, unsigned types)
{
    ld->article = true;
    ld->main_type = types;
    ld->headline = field(a, o, "headline");
    if (!ld->headline)
        ld->headline = field(a, o, "name");
    ld->description = field(a, o, "description");
    ld->published = field(a, o, "datePublished");
    if (!ld->published)
        ld->published = field(a, o, "dateCreated");
    ld->modified = field(a, o, "dateModified");
    ld->body = field(a, o, "articleBody");
    ld->language = field(a, o, "inLanguage");
    ld->url = field(a, o, "url");
    const json_t *publisher = json_object_get(o, "publisher");
    if (json_is_object(publisher))
        publisher = json_object_get(by_id(v, publisher), "name");
    ld->publisher = copy(a, text_of(publisher));
    ld->authors.count = ld->sections.count = ld->keywords.count = ld->images.count = 0;
    ld->authors_are_organizations = false;
    ld->image = NULL;
    const json_t *author = json_object_get(o, "author");
    read_authors(ld, a, v, author ? author : json_object_get(o, "creator"));
    list_read(&ld->sections, a, json_object_get(o, "articleSection"));
    list_read(&ld->keywords, a, json_object_get(o, "keywords"));
    read_images(ld, a, v, json_object_get(o, "image"));
    ld->free_access = free_of(json_object_get(o, "isAccessibleForFree"));
}

/* How much an article speaks of this very page. */
static int fit(const json_t *o, const char *url)
{
    int score = 0;
    const char *main = text_of(json_object_get(o, "mainEntityOfPage"));
    const char *id = json_string_value(json_object_get(json_object_get(o, "mainEntityOfPage"), "@id"));
    const char *own = text_of(json_object_get(o, "url"));
    if (url && ((main && strcmp(main, url) == 0) || (id && strcmp(id, url) == 0) || (own && strcmp(own, url) == 0)))
        score += 4;
    score += json_object_get(o, "headline") ? 2 : 0;
    score += json_object_get(o, "datePublished") ? 2 : 0;
    score += json_object_get(o, "author") ? 1 : 0;
    score += json_object_get(o, "articleBody") ? 1 : 0;
    return score;
}

static void read_other(struct jsonld *ld, struct arena *a, const json_t *o)
{
    if (!ld->dated && json_object_get(o, "datePublished"))
        ld->dated = field(a, o, "datePublished");
    if (!ld->dated_modified && json_object_get(o, "dateModified"))
        ld->dated_modified = field(a, o, "dateModified");
}

void jsonld_read(struct jsonld *ld, struct arena *a, const char *text, size_t len, const char *url)
{
    if (len > MAX_TEXT)
        return;
    json_t *root = load(text, len);
    if (!root)
        return;
    struct visit *v = xmalloc(sizeof(*v));
    collect(v, root);
    const json_t *best = NULL;
    unsigned best_types = 0;
    int best_fit = -1;
    for (size_t i = 0; i < v->count; i++) {
        const json_t *o = v->items[i];
        if (!json_is_object(o))
            continue;
        unsigned types = types_of(o);
        ld->types |= types;
        if ((types & LD_ARTICLE) && fit(o, url) > best_fit) {
            best_fit = fit(o, url);
            best = o;
            best_types = types;
        } else if (types & (LD_WEBPAGE | LD_VIDEO)) {
            read_other(ld, a, o);
        }
    }
    if (best && (!ld->article || (!ld->published && json_object_get(best, "datePublished"))))
        read_article(ld, a, v, best, best_types);
    free(v);
    json_decref(root);
}
