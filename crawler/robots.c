/* robots.c - one pass over the lines makes a flat list of rules, each with the index of its group, and a list of the agents
 * that groups name. A check walks the rules of the groups that concern us once; matching a pattern with wildcards is
 * linear in pattern x path at worst (greedy, one point to go back to), never exponential. */
#include "crawler/robots.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct agent {
    char *token;    /* owned; lower case; "*" */
    unsigned group;
};

struct rule {
    char *pattern;  /* owned; percent-normalised */
    char *text;     /* owned; the line as written */
    size_t octets;  /* of the pattern: what "longest" is measured by */
    unsigned group, line;
    bool allow;
};

struct delay {
    unsigned group;
    double seconds;
};

struct robots {
    struct agent *agents;
    struct rule *rules;
    struct delay *delays;
    char **sitemaps;
    size_t agent_count, rule_count, delay_count, sitemap_count;
};

static void *grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1)) /* room until the next power of two */
        return array;
    return xrealloc(array, (count ? count * 2 : 1) * size);
}

/* --- normal form of paths and patterns --- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unreserved(unsigned char c) /* RFC 3986, 2.3 */
{
    return isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* RFC 9309, 2.2.2: octets outside ASCII are percent-encoded, encoded unreserved ones decoded, hex digits upper case. What
 * else is encoded stays so: %2F is not a slash, %2A no wildcard. */
static char *normalise(const char *s, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '%' && i + 2 < len && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
            unsigned char decoded = (unsigned char)(hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]));
            if (unreserved(decoded))
                buffer_putc(&out, (char)decoded);
            else
                buffer_printf(&out, "%%%c%c", digits[decoded >> 4], digits[decoded & 15]);
            i += 2;
        } else if (c >= 0x80 || c <= ' ') {
            buffer_printf(&out, "%%%c%c", digits[c >> 4], digits[c & 15]);
        } else {
            buffer_putc(&out, (char)c);
        }
    }
    return buffer_take(&out);
}

/* Does pattern match a prefix of path? "*" is any run, "$" at the end anchors there. */
static bool matches(const char *pattern, const char *path)
{
    const char *star = NULL, *resume = NULL;
    for (;;) {
        if (*pattern == '\0')
            return true;
        if (*pattern == '$' && pattern[1] == '\0' && *path == '\0')
            return true;
        if (*pattern == '*') {
            star = ++pattern;
            resume = path;
        } else if (*path && *pattern == *path && !(*pattern == '$' && pattern[1] == '\0')) {
            pattern++;
            path++;
        } else if (star && *resume) {
            pattern = star;
            path = ++resume;
        } else {
            return false;
        }
    }
}

/* --- reading --- */

enum directive { OTHER, USER_AGENT, ALLOW, DISALLOW, CRAWL_DELAY, SITEMAP };

/* Spellings found in real files stand beside the right ones. */
static const struct { const char *name; enum directive directive; } directives[] = {
    { "user-agent", USER_AGENT }, { "useragent", USER_AGENT },  { "user agent", USER_AGENT }, { "user-agents", USER_AGENT },
    { "allow", ALLOW },           { "disallow", DISALLOW },     { "dissallow", DISALLOW },    { "dissalow", DISALLOW },
    { "disalow", DISALLOW },      { "diasllow", DISALLOW },     { "disallaw", DISALLOW },     { "crawl-delay", CRAWL_DELAY },
    { "crawldelay", CRAWL_DELAY },{ "crawl delay", CRAWL_DELAY },{ "sitemap", SITEMAP },       { "site-map", SITEMAP },
};

static enum directive directive_of(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(directives); i++)
        if (strlen(directives[i].name) == len && strncasecmp(directives[i].name, name, len) == 0)
            return directives[i].directive;
    return OTHER;
}

struct reader {
    struct robots *r;
    unsigned group, line;
    bool naming; /* the last directive was a User-agent line: another one joins the same group */
};

static void trim(const char **s, size_t *len)
{
    while (*len && isspace((unsigned char)**s)) {
        (*s)++;
        (*len)--;
    }
    while (*len && isspace((unsigned char)(*s)[*len - 1]))
        (*len)--;
}

/* RFC 9309, 2.2.1: a product token is letters, "_" and "-"; a version or comment behind it does not count. */
static size_t token_length(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && (isalpha((unsigned char)s[n]) || s[n] == '_' || s[n] == '-'))
        n++;
    return n;
}

static void add_agent(struct reader *rd, const char *value, size_t len)
{
    struct robots *r = rd->r;
    if (!rd->naming)
        rd->group++;
    rd->naming = true;
    size_t n = len && value[0] == '*' && (len == 1 || isspace((unsigned char)value[1])) ? 1 : token_length(value, len);
    if (n == 0)
        return;
    r->agents = grow(r->agents, r->agent_count, sizeof(*r->agents));
    struct agent *a = &r->agents[r->agent_count++];
    *a = (struct agent){ xstrndup(value, n), rd->group };
    for (char *p = a->token; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

static void add_rule(struct reader *rd, bool allow, const char *value, size_t len, const char *line, size_t line_len)
{
    struct robots *r = rd->r;
    if (rd->group == 0 || len == 0) /* before any User-agent; "Disallow:" alone allows everything */
        return;
    r->rules = grow(r->rules, r->rule_count, sizeof(*r->rules));
    char *pattern = value[0] == '/' || value[0] == '*' || value[0] == '$' ? normalise(value, len) : NULL;
    if (!pattern) { /* "private/" is meant as "/private/" */
        char *slashed = xasprintf("/%.*s", (int)len, value);
        pattern = normalise(slashed, len + 1);
        free(slashed);
    }
    r->rules[r->rule_count++] = (struct rule){ pattern, xstrndup(line, line_len), strlen(pattern), rd->group, rd->line, allow };
}

static void add_delay(struct reader *rd, const char *value, size_t len)
{
    struct robots *r = rd->r;
    char text[32], *end;
    if (rd->group == 0 || len == 0 || len >= sizeof(text))
        return;
    memcpy(text, value, len);
    text[len] = '\0';
    for (char *p = text; *p; p++)
        if (*p == ',')
            *p = '.';
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return;
    double seconds = strtod(text, &end);
    if (end == text || !isfinite(seconds) || seconds < 0)
        return;
    r->delays = grow(r->delays, r->delay_count, sizeof(*r->delays));
    r->delays[r->delay_count++] = (struct delay){ rd->group, seconds };
}

static void add_sitemap(struct robots *r, const char *value, size_t len)
{
    if (len == 0)
        return;
    r->sitemaps = grow(r->sitemaps, r->sitemap_count, sizeof(*r->sitemaps));
    r->sitemaps[r->sitemap_count++] = xstrndup(value, len);
}

static void read_line(struct reader *rd, const char *line, size_t len)
{
    const char *hash = memchr(line, '#', len);
    size_t text_len = hash ? (size_t)(hash - line) : len;
    const char *text = line;
    trim(&text, &text_len);
    const char *colon = memchr(text, ':', text_len);
    /* "Disallow /private" without the colon is common enough to be read */
    const char *split = colon ? colon : memchr(text, ' ', text_len);
    if (!split)
        return;
    const char *name = text, *value = split + 1;
    size_t name_len = (size_t)(split - text), value_len = text_len - name_len - 1;
    trim(&name, &name_len);
    trim(&value, &value_len);
    if (memchr(value, '\0', value_len))
        return;
    enum directive d = directive_of(name, name_len);
    if (d == SITEMAP) {
        add_sitemap(rd->r, value, value_len);
    } else if (d == USER_AGENT) {
        add_agent(rd, value, value_len);
    } else if (d != OTHER) {
        rd->naming = false;
        if (d == CRAWL_DELAY)
            add_delay(rd, value, value_len);
        else
            add_rule(rd, d == ALLOW, value, value_len, text, text_len);
    }
}

static size_t skip_mark(const unsigned char *b, size_t len)
{
    if (len >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf)
        return 3;
    return len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff)) ? 2 : 0;
}

struct robots *robots_parse(const void *bytes, size_t len)
{
    struct robots *r = xcalloc(1, sizeof(*r));
    struct reader rd = { .r = r };
    const char *p = bytes, *end = p + (len < ROBOTS_MAX_BYTES ? len : ROBOTS_MAX_BYTES);
    bool cut = len > ROBOTS_MAX_BYTES;
    if (len)
        p += skip_mark(bytes, len);
    while (p < end) {
        const char *stop = p;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        if (stop == end && cut)
            break;
        rd.line++;
        read_line(&rd, p, (size_t)(stop - p));
        p = stop + 1;
        if (*stop == '\r' && p < end && *p == '\n')
            p++;
    }
    return r;
}

void robots_destroy(struct robots *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->agent_count; i++)
        free(r->agents[i].token);
    for (size_t i = 0; i < r->rule_count; i++) {
        free(r->rules[i].pattern);
        free(r->rules[i].text);
    }
    for (size_t i = 0; i < r->sitemap_count; i++)
        free(r->sitemaps[i]);
    free(r->agents);
    free(r->rules);
    free(r->delays);
    free(r->sitemaps);
    free(r);
}

/* --- asking --- */

/* Marks the groups whose rules concern agent: those that name it, or else those of "*". NULL: none. The caller frees it. */
static bool *groups_of(const struct robots *r, const char *agent)
{
    size_t len = token_length(agent, strlen(agent));
    unsigned last = r->agent_count ? r->agents[r->agent_count - 1].group : 0;
    bool *mine = xcalloc(last + 1, sizeof(*mine)), named = false;
    for (size_t i = 0; i < r->agent_count; i++)
        if (strlen(r->agents[i].token) == len && len && strncasecmp(r->agents[i].token, agent, len) == 0)
            named = mine[r->agents[i].group] = true;
    for (size_t i = 0; i < r->agent_count && !named; i++)
        if (strcmp(r->agents[i].token, "*") == 0)
            mine[r->agents[i].group] = true;
    return mine;
}

static char *path_of(const char *target)
{
    const char *scheme = strstr(target, "://"), *path = target;
    if (scheme && target[0] != '/') {
        path = scheme + 3 + strcspn(scheme + 3, "/?#");
    }
    size_t len = strcspn(path, "#");
    char *rooted = xasprintf("%s%.*s", path[0] == '/' ? "" : "/", (int)len, path);
    char *normal = normalise(rooted, strlen(rooted));
    free(rooted);
    return normal;
}

struct robots_verdict robots_check(const struct robots *r, const char *agent, const char *target)
{
    struct robots_verdict v = { .allowed = true, .crawl_delay_s = -1 };
    bool *mine = groups_of(r, agent);
    unsigned groups = r->agent_count ? r->agents[r->agent_count - 1].group + 1 : 0;
    char *path = path_of(target);
    const struct rule *best = NULL;
    for (size_t i = 0; i < r->rule_count; i++) {
        const struct rule *rule = &r->rules[i];
        if (rule->group >= groups || !mine[rule->group] || !matches(rule->pattern, path))
            continue;
        if (!best || rule->octets > best->octets || (rule->octets == best->octets && rule->allow && !best->allow))
            best = rule;
    }
    for (size_t i = 0; i < r->delay_count; i++)
        if (r->delays[i].group < groups && mine[r->delays[i].group] && v.crawl_delay_s < 0)
            v.crawl_delay_s = r->delays[i].seconds;
    if (best && strcmp(path, "/robots.txt") != 0) {
        v.allowed = best->allow;
        v.rule = best->text;
        v.line = best->line;
    }
    free(path);
    free(mine);
    return v;
}

size_t robots_sitemaps(const struct robots *r, const char *const **urls)
{
    *urls = (const char *const *)r->sitemaps;
    return r->sitemap_count;
}
