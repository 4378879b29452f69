/* url.c - see url.h.
 *
 *   text --clean--> split (scheme, authority, path, query) --resolve against base--> normalise --> fetch form
 *                                                                                      `--> fold, drop, sort --> key form
 *
 * Splitting and resolving follow the WHATWG standard's tolerance (its result on valid input is that of RFC 3986 5.2.2),
 * with one loop over the bytes and no state kept. What comes out is a valid RFC 3986 URI but for stray percent signs,
 * which are left as browsers send them: servers with "%u0111" escapes still exist. */
#include "base/url.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "base/url_host.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INPUT_MAX (64 * 1024)

struct slice {
    const char *p;
    size_t len;
};

struct parts {
    struct slice scheme; /* as written; empty when there is none */
    bool has_authority, has_query;
    struct slice authority, path, query;
};

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool slice_is(struct slice s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

static bool is_http(struct slice scheme)
{
    return slice_is(scheme, "http") || slice_is(scheme, "https");
}

/* --- splitting --- */

/* Drops C0 controls and spaces around the text, and tabs and newlines inside it (WHATWG 4.4, "basic URL parser", 1 to 3). */
static bool clean(const char *text, size_t len, struct buffer *out)
{
    while (len > 0 && (unsigned char)text[0] <= ' ') {
        text++;
        len--;
    }
    while (len > 0 && (unsigned char)text[len - 1] <= ' ')
        len--;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\t' && text[i] != '\n' && text[i] != '\r' && !buffer_putc(out, text[i]))
            return false;
    return true;
}

/* RFC 3986 3.1; 0 when the text starts with no scheme. */
static size_t scheme_len(const char *s, size_t len)
{
    if (len == 0 || !isalpha((unsigned char)s[0]))
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (s[i] == ':')
            return i;
        if (!isalnum((unsigned char)s[i]) && s[i] != '+' && s[i] != '-' && s[i] != '.')
            return 0;
    }
    return 0;
}

static size_t count_slashes(struct slice s)
{
    size_t n = 0;
    while (n < s.len && is_slash(s.p[n]))
        n++;
    return n;
}

static struct slice skip(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.len - n };
}

/* Cuts s before the first byte that `stops` holds; *rest gets what follows it. False when there is none. */
static bool cut(struct slice *s, const char *stops, struct slice *rest)
{
    for (size_t i = 0; i < s->len; i++) {
        if (s->p[i] && strchr(stops, s->p[i])) {
            *rest = skip(*s, i + 1);
            s->len = i;
            return true;
        }
    }
    return false;
}

/* same: the scheme of the base, so that "http:page" can be read as relative to it (RFC 3986 5.4.2, WHATWG). */
static void split(struct slice s, struct slice same, struct parts *out)
{
    struct slice rest;
    *out = (struct parts){ 0 };
    cut(&s, "#", &rest);
    size_t n = scheme_len(s.p, s.len);
    if (n > 0) {
        out->scheme = (struct slice){ s.p, n };
        s = skip(s, n + 1);
    }
    out->has_query = cut(&s, "?", &out->query);
    bool http = n == 0 || is_http(out->scheme);
    size_t slashes = count_slashes(s);
    if (n > 0 && http && slashes < 2 && same.len == n && strncasecmp(same.p, out->scheme.p, n) == 0)
        out->scheme.len = n = 0;
    out->has_authority = http && (n > 0 || slashes >= 2);
    if (out->has_authority) {
        out->authority = skip(s, slashes);
        size_t end = 0;
        while (end < out->authority.len && !is_slash(out->authority.p[end]))
            end++;
        s = skip(out->authority, end);
        out->authority.len = end;
    }
    out->path = s;
}

/* --- resolving --- */

/* Appends "base's path up to its last slash" + path when path is relative. */
static bool merge_paths(struct slice base, struct slice path, struct buffer *out)
{
    if (path.len == 0 || !is_slash(path.p[0])) {
        size_t dir = base.len;
        while (dir > 0 && !is_slash(base.p[dir - 1]))
            dir--;
        if (dir == 0 && !buffer_putc(out, '/'))
            return false;
        if (!buffer_append(out, base.p, dir))
            return false;
    }
    return buffer_append(out, path.p, path.len);
}

/* RFC 3986 5.2.2: fills in what r lacks from b, which has a scheme and an authority. Paths are merged into *store. */
static bool resolve(struct parts *r, const struct parts *b, struct buffer *store)
{
    r->scheme = b->scheme;
    if (r->has_authority)
        return true;
    r->authority = b->authority;
    r->has_authority = true;
    if (r->path.len == 0) {
        r->path = b->path;
        if (!r->has_query) {
            r->query = b->query;
            r->has_query = b->has_query;
        }
        return true;
    }
    if (!merge_paths(b->path, r->path, store))
        return false;
    r->path = (struct slice){ store->data, store->len };
    return true;
}

/* --- writing --- */

static bool unreserved(unsigned char c)
{
    return isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* What may stand as it is in a path or query (RFC 3986 3.3, 3.4): pchar, "/" and "?". */
static bool allowed(unsigned char c)
{
    return c < 0x80 && (unreserved(c) || (c && strchr("!$&'()*+,;=:@/?%", c)));
}

/* Whether a hex digit here would make a triplet with a stray percent sign before it ("%e%32"). */
static bool completes_triplet(const struct buffer *out)
{
    return (out->len >= 1 && out->data[out->len - 1] == '%') || (out->len >= 2 && out->data[out->len - 2] == '%');
}

/* One byte or one %XX of s at *i, normalised (RFC 3986 6.2.2.1 and 6.2.2.2). */
static bool put_normal(struct slice s, size_t *i, struct buffer *out)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char c = (unsigned char)s.p[*i];
    if (c == '%' && *i + 2 < s.len && hex_digit(s.p[*i + 1]) >= 0 && hex_digit(s.p[*i + 2]) >= 0) {
        c = (unsigned char)(hex_digit(s.p[*i + 1]) << 4 | hex_digit(s.p[*i + 2]));
        *i += 2;
        if (c < 0x80 && unreserved(c) && !(hex_digit((char)c) >= 0 && completes_triplet(out)))
            return buffer_putc(out, (char)c);
    } else if (allowed(c)) {
        return buffer_putc(out, (char)c);
    }
    const char triplet[3] = { '%', hex[c >> 4], hex[c & 15] };
    return buffer_append(out, triplet, 3);
}

/* Ends a segment that began at `start` of out: takes "." and ".." back (RFC 3986 5.2.4). root is where the path begins. */
static void fold_dots(struct buffer *out, size_t root, size_t start)
{
    size_t len = out->len - start;
    bool one = len == 1 && out->data[start] == '.';
    bool two = len == 2 && out->data[start] == '.' && out->data[start + 1] == '.';
    if (one || two)
        out->len = start;
    if (two && out->len > root + 1) {
        out->len--;
        while (out->data[out->len - 1] != '/')
            out->len--;
    }
}

static bool is_dots(const struct buffer *out, size_t start)
{
    const char *s = out->data + start;
    size_t len = out->len - start;
    return (len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.');
}

/* The path without dot segments, starting with a slash; raw leaves every other byte as it is. */
static bool put_path(struct slice path, bool raw, struct buffer *out)
{
    size_t root = out->len;
    if (!buffer_putc(out, '/'))
        return false;
    size_t start = out->len;
    for (size_t i = path.len > 0 && is_slash(path.p[0]); i < path.len; i++) {
        if (is_slash(path.p[i])) {
            bool dots = is_dots(out, start);
            fold_dots(out, root, start);
            if (!dots && !buffer_putc(out, '/'))
                return false;
            start = out->len;
        } else if (raw ? !buffer_putc(out, path.p[i]) : !put_normal(path, &i, out)) {
            return false;
        }
    }
    fold_dots(out, root, start);
    buffer_reserve(out, 0);
    out->data[out->len] = '\0';
    return true;
}

static bool put_query(struct slice query, struct buffer *out)
{
    for (size_t i = 0; i < query.len; i++)
        if (!put_normal(query, &i, out))
            return false;
    return true;
}

/* --- authority --- */

static bool parse_port(struct slice s, int *port, struct error *err)
{
    int n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!isdigit((unsigned char)s.p[i]))
            return error_set(err, ERROR_INVALID, "the port is not a number");
        n = n * 10 + (s.p[i] - '0');
        if (n > 65535)
            return error_set(err, ERROR_INVALID, "the port is greater than 65535");
    }
    if (s.len > 0 && n == 0)
        return error_set(err, ERROR_INVALID, "port 0 cannot be connected to");
    if (s.len > 0)
        *port = n;
    return true;
}

/* host [":" port]; out->port holds the scheme's before. */
static bool parse_authority(struct slice s, struct url *out, struct error *err)
{
    struct slice host = s, port = { NULL, 0 };
    if (memchr(s.p, '@', s.len))
        return error_set(err, ERROR_INVALID, "a user name before the host: give the address without it (RFC 9110 4.2.4)");
    size_t from = 0;
    if (s.len > 0 && s.p[0] == '[') {
        const char *end = memchr(s.p, ']', s.len);
        from = end ? (size_t)(end - s.p) : s.len;
    }
    for (size_t i = from; i < s.len; i++) {
        if (s.p[i] == ':') {
            host.len = i;
            port = skip(s, i + 1);
            break;
        }
    }
    if (!parse_port(port, &out->port, err))
        return false;
    struct buffer b;
    buffer_init(&b, 0);
    bool ok = url_host(host.p, host.len, &b, err);
    out->host = buffer_take(&b);
    return ok;
}

/* --- the key form --- */

/* Names of parameters that say where a reader came from and never what the page is: of the analytics and mail programs that
 * document them. Frozen with key version k1: a change here changes identities and needs a k2. */
static const char *const tracking[] = {
    "_ga", "_gl", "_hsenc", "_hsmi", "__hsfp", "__hssc", "__hstc", "_ke", "_kx", "_openstat", "_branch_match_id", "_branch_referrer",
    "action_object_map", "action_ref_map", "action_type_map",
    "at_campaign", "at_campaign_type", "at_custom1", "at_custom2", "at_custom3", "at_custom4", "at_medium",
    "at_bbc_team", "at_format", "at_link_id", "at_link_origin", "at_link_type", "at_ptr_name",
    "dclid", "dm_i", "ef_id", "epik", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "fbclid", "gad_source",
    "gad_campaignid", "gbraid", "gclid", "gclsrc", "gs_l", "hsctatracking", "hsa_acc", "hsa_ad", "hsa_cam", "hsa_grp", "hsa_kw", "hsa_mt",
    "hsa_net", "hsa_src", "hsa_tgt", "hsa_ver", "igsh", "igshid", "irclickid", "itm_campaign", "itm_content", "itm_medium", "itm_source",
    "itm_term", "li_fat_id", "mc_cid", "mc_eid", "mc_tc", "mkt_tok", "mkt_unsubscribe", "mkwid", "ml_subscriber", "ml_subscriber_hash",
    "msclkid", "ns_campaign", "ns_fee", "ns_linkname", "ns_mchannel", "ns_source", "pcrid",
    "piwik_campaign", "piwik_keyword", "piwik_kwd", "pk_campaign", "pk_cid", "pk_content", "pk_keyword", "pk_kwd", "pk_medium",
    "pk_source", "rb_clickid", "s_cid", "s_kwcid", "srsltid", "ttclid", "twclid",
    "wbraid", "wickedid", "wt.mc_ev", "wt.mc_id", "wt.tsrc", "wt_mc", "wt_zmc", "xtor", "yclid", "ymclid", "ysclid",
};
/* Families that one program owns whole. */
static const char *const tracking_prefixes[] = { "utm_", "mtm_", "matomo_", "oly_", "vero_" };

static bool in_list(struct slice name, const char *const *list)
{
    for (; list && *list; list++)
        if (slice_is(name, *list))
            return true;
    return false;
}

static bool is_tracking(struct slice name)
{
    for (size_t i = 0; i < COUNT(tracking_prefixes); i++) {
        size_t n = strlen(tracking_prefixes[i]);
        if (name.len > n && strncasecmp(name.p, tracking_prefixes[i], n) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT(tracking); i++)
        if (slice_is(name, tracking[i]))
            return true;
    return false;
}

static bool dropped(struct slice name, const struct url_rules *rules)
{
    if (rules && in_list(name, rules->keep_params))
        return false;
    return is_tracking(name) || (rules && in_list(name, rules->drop_params));
}

struct parameter {
    struct slice whole, name;
    size_t order;
};

static int by_name(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;
    size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
    int rc = memcmp(x->name.p, y->name.p, n);
    if (rc == 0)
        rc = (x->name.len > y->name.len) - (x->name.len < y->name.len);
    return rc ? rc : (x->order > y->order) - (x->order < y->order);
}

static struct parameter parameter_of(struct slice whole, size_t order)
{
    const char *eq = memchr(whole.p, '=', whole.len);
    return (struct parameter){ whole, { whole.p, eq ? (size_t)(eq - whole.p) : whole.len }, order };
}

/* Splits at "&" (empty pieces are none: WHATWG URL 5.1) and drops what is not of the page. Returns how many stay. */
static size_t collect_parameters(struct slice query, const struct url_rules *rules, struct parameter *out)
{
    size_t count = 0;
    for (size_t i = 0; i < query.len;) {
        const char *amp = memchr(query.p + i, '&', query.len - i);
        size_t n = amp ? (size_t)(amp - query.p) - i : query.len - i;
        struct parameter p = parameter_of((struct slice){ query.p + i, n }, count);
        if (n > 0 && !dropped(p.name, rules))
            out[count++] = p;
        i += n + 1;
    }
    return count;
}

/* An empty query ("/?") is kept: RFC 3986 6.2.3 does not let us take it for none. */
static void put_key_query(struct slice query, const struct url_rules *rules, struct buffer *out)
{
    struct parameter *p = xcalloc(query.len / 2 + 1, sizeof(*p));
    size_t count = collect_parameters(query, rules, p);
    qsort(p, count, sizeof(*p), by_name);
    if (query.len == 0)
        buffer_putc(out, '?');
    for (size_t i = 0; i < count; i++) {
        buffer_putc(out, i ? '&' : '?');
        buffer_append(out, p[i].whole.p, p[i].whole.len);
    }
    free(p);
}

/* --- both forms --- */

static bool put_origin(const struct url *u, const char *scheme, int default_port, struct buffer *out)
{
    if (!buffer_puts(out, scheme) || !buffer_puts(out, "://") || !buffer_puts(out, u->host))
        return false;
    return u->port == default_port || buffer_printf(out, ":%d", u->port);
}

static bool put_fetch(const struct url *u, const struct parts *p, struct buffer *out)
{
    if (!put_origin(u, u->https ? "https" : "http", u->https ? 443 : 80, out) || !put_path(p->path, false, out))
        return false;
    return !p->has_query || (buffer_putc(out, '?') && put_query(p->query, out));
}

/* Made of the finished fetch form, so that equal fetch forms always have equal keys. The port that http leaves out is
 * left out here as well; another one stays, whichever scheme it came with. */
static char *key_of(const struct url *u, const struct url_rules *rules)
{
    struct buffer b;
    buffer_init(&b, 0);
    put_origin(u, "https", u->https ? 443 : 80, &b);
    const char *path = url_path(u->fetch), *query = strchr(path, '?');
    buffer_append(&b, path, query ? (size_t)(query - path) : strlen(path));
    if (query)
        put_key_query((struct slice){ query + 1, strlen(query + 1) }, rules, &b);
    return buffer_take(&b);
}

static bool fill(struct url *out, const struct parts *p, const struct url_rules *rules, struct error *err)
{
    out->https = slice_is(p->scheme, "https");
    out->port = out->https ? 443 : 80;
    if (!parse_authority(p->authority, out, err))
        return false;
    struct buffer b;
    buffer_init(&b, URL_MAX_BYTES);
    bool ok = put_fetch(out, p, &b);
    out->fetch = buffer_take(&b);
    if (!ok)
        return error_set(err, ERROR_LIMIT, "an address longer than %d bytes", URL_MAX_BYTES);
    out->key = key_of(out, rules);
    out->id = id_of(out->key, strlen(out->key));
    return true;
}

/* Splits and resolves; the slices of *p point into text, base and store. */
static bool absolute_parts(struct slice text, const char *base, struct parts *p, struct buffer *store, struct error *err)
{
    struct parts b = { 0 };
    if (base)
        split((struct slice){ base, strlen(base) }, (struct slice){ NULL, 0 }, &b);
    bool usable = b.scheme.len > 0 && is_http(b.scheme) && b.authority.len > 0;
    split(text, b.scheme, p);
    if (p->scheme.len > 0 && !is_http(p->scheme))
        return error_set(err, ERROR_INVALID, "the scheme \"%.*s\" is not fetched: only http and https are",
                         (int)(p->scheme.len < 32 ? p->scheme.len : 32), p->scheme.p);
    if (p->scheme.len > 0)
        return true;
    if (!usable)
        return error_set(err, ERROR_INVALID, "a relative address and no http or https address to read it against");
    return resolve(p, &b, store) || error_set(err, ERROR_LIMIT, "an address longer than %d bytes", URL_MAX_BYTES);
}

static bool parse_clean(struct url *out, const struct buffer *text, const char *base, const struct url_rules *rules, struct error *err)
{
    struct parts p;
    struct buffer store;
    buffer_init(&store, 2 * INPUT_MAX);
    bool ok = absolute_parts((struct slice){ buffer_str(text), text->len }, base, &p, &store, err) && fill(out, &p, rules, err);
    buffer_fini(&store);
    return ok;
}

bool url_parse(struct url *out, const char *text, size_t len, const char *base, const struct url_rules *rules, struct error *err)
{
    struct buffer b;
    *out = (struct url){ 0 };
    buffer_init(&b, INPUT_MAX);
    bool ok = clean(text, len, &b) || error_set(err, ERROR_LIMIT, "an address longer than %d bytes", URL_MAX_BYTES);
    ok = ok && parse_clean(out, &b, base, rules, err);
    buffer_fini(&b);
    if (!ok)
        url_fini(out);
    return ok;
}

void url_fini(struct url *u)
{
    free(u->fetch);
    free(u->key);
    free(u->host);
    *u = (struct url){ 0 };
}

/* --- as published --- */

static bool put_raw(const struct parts *p, struct slice fragment, struct buffer *out)
{
    bool ok = buffer_append(out, p->scheme.p, p->scheme.len) && buffer_puts(out, "://") &&
              buffer_append(out, p->authority.p, p->authority.len);
    if (p->path.len > 0)
        ok = ok && put_path(p->path, true, out);
    if (p->has_query)
        ok = ok && buffer_putc(out, '?') && buffer_append(out, p->query.p, p->query.len);
    if (fragment.p)
        ok = ok && buffer_putc(out, '#') && buffer_append(out, fragment.p, fragment.len);
    return ok;
}

static char *absolute_clean(const struct buffer *text, const char *base)
{
    struct slice s = { buffer_str(text), text->len }, fragment = { NULL, 0 }, head = s;
    struct parts p;
    if (scheme_len(s.p, s.len) > 0)
        return xstrndup(s.p, s.len);
    struct buffer store, out;
    buffer_init(&store, 2 * INPUT_MAX);
    buffer_init(&out, 4 * INPUT_MAX);
    cut(&head, "#", &fragment);
    bool ok = absolute_parts(s, base, &p, &store, NULL) && put_raw(&p, fragment, &out);
    char *result = ok ? buffer_take(&out) : NULL;
    buffer_fini(&out);
    buffer_fini(&store);
    return result;
}

char *url_absolute(const char *text, size_t len, const char *base)
{
    struct buffer b;
    buffer_init(&b, INPUT_MAX);
    char *result = clean(text, len, &b) && memchr(buffer_str(&b), '\0', b.len) == NULL ? absolute_clean(&b, base) : NULL;
    buffer_fini(&b);
    return result;
}

char *url_typed(const char *text)
{
    while (*text && (unsigned char)*text <= ' ')
        text++;
    size_t head = strcspn(text, "/?#");
    bool has_scheme = head > 0 && text[head - 1] == ':' && strncmp(text + head, "//", 2) == 0;
    return has_scheme || strncmp(text, "//", 2) == 0 ? xasprintf("%s%s", has_scheme ? "" : "https:", text)
                                                    : xasprintf("https://%s", text);
}

const char *url_path(const char *fetch)
{
    const char *authority = strstr(fetch, "://");
    const char *path = authority ? authority + 3 + strcspn(authority + 3, "/?#") : fetch;
    return *path ? path : "/";
}

/* --- traps --- */

#define TRAP_DEPTH 16
#define TRAP_PARAMETERS 24
#define TRAP_SEGMENT_REPEATS 4 /* "/2011/11/11/11/" is a date and a number, and real */
#define TRAP_PAIR_REPEATS 3    /* "/a/b/a/b/a/b": a relative link that adds to itself */

static bool same_slice(struct slice a, struct slice b)
{
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static bool repeats(const struct slice *segment, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned single = 0, pair = 0;
        for (size_t j = i; j < count; j++) {
            bool same = segment[i].len > 0 && same_slice(segment[i], segment[j]);
            single += same;
            pair += same && i + 1 < count && j + 1 < count && segment[i + 1].len > 0 && same_slice(segment[i + 1], segment[j + 1]);
        }
        if (single >= TRAP_SEGMENT_REPEATS || pair >= TRAP_PAIR_REPEATS)
            return true;
    }
    return false;
}

const char *url_trap(const char *fetch)
{
    struct slice segment[TRAP_DEPTH];
    size_t count = 0;
    const char *p = url_path(fetch) + 1;
    for (;;) {
        size_t n = strcspn(p, "/?");
        if (count == TRAP_DEPTH)
            return "depth";
        segment[count++] = (struct slice){ p, n };
        p += n;
        if (*p != '/')
            break;
        p++;
    }
    if (repeats(segment, count))
        return "repeats";
    unsigned parameters = *p == '?';
    for (; *p; p++)
        parameters += *p == '&';
    return parameters > TRAP_PARAMETERS ? "parameters" : NULL;
}
