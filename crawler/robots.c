/* robots.c - one pass over the lines makes a flat list of rules, each with the number of its group, and a list of the agents
 * that groups name. A check walks the rules of the groups that concern us once; matching is linear in pattern and path,
 * wildcards or not. */
#include "crawler/robots.h"

#include "base/buffer.h"
#include "base/charset.h"
#include "base/hash.h"
#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_BYTES (2083 * 8 - 1) /* the rest of a longer line is not read, as Google does: eight of the longest URLs */

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

struct delay { /* for the agents of a group that were named up to there, from `first` on */
    size_t first, last; /* indexes into agents, last excluded */
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

/* What stands for itself in the normal form: RFC 3986 2.3, and of the reserved ones those that RFC 9309 2.2.2 makes equal
 * to their encoded form (its example: baz=https://foo.bar and baz=https%3A%2F%2Ffoo.bar). "/" and "?" are equal to %2F and %3F
 * only in a query, where they part nothing. "*", "$" and "#" have a meaning of their own in a rule (2.2.3): encoded they are
 * the character in the path. */
static bool plain(unsigned char c, bool in_query)
{
    if (c <= ' ' || c >= 0x7f)
        return false;
    return isalnum(c) || strchr("-._~:@[]!&'()+,;=", c) || (in_query && (c == '/' || c == '?'));
}

/* wildcards: s is a pattern, in which "*" and a final "$" are left as they are. */
static char *normalise(const char *s, size_t len, bool wildcards)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buffer out;
    bool in_query = false;
    buffer_init(&out, 0);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool encoded = c == '%' && i + 2 < len && hex_digit(s[i + 1]) >= 0 && hex_digit(s[i + 2]) >= 0;
        bool special = wildcards && (c == '*' || (c == '$' && i + 1 == len));
        if (encoded) {
            c = (unsigned char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
            i += 2;
        }
        if (plain(c, in_query) || (!encoded && (special || c == '/' || c == '?' || c == '%')))
            buffer_putc(&out, (char)c);
        else
            buffer_printf(&out, "%%%c%c", digits[c >> 4], digits[c & 15]);
        in_query = in_query || (c == '?' && !encoded);
    }
    return buffer_take(&out);
}

/* Does pattern match a prefix of path? "*" is any run, "$" at the end anchors there. The parts between the stars are looked
 * for from left to right, each at its first place: if any choice matches, that one does. memmem() is linear, so this is. */
static bool matches(const char *pattern, const char *path)
{
    size_t len = strlen(pattern), left = strlen(path), part = strcspn(pattern, "*");
    bool anchored = len > 0 && pattern[len - 1] == '$';
    const char *end = pattern + len - anchored;
    if (part == len) /* no star */
        return strncmp(path, pattern, (size_t)(end - pattern)) == 0 && (!anchored || left == len - 1);
    if (strncmp(path, pattern, part) != 0)
        return false;
    for (const char *p = pattern + part;;) {
        path += part;
        left -= part;
        while (p < end && *p == '*')
            p++;
        part = 0;
        while (p + part < end && p[part] != '*')
            part++;
        if (p + part == end && anchored)
            return left >= part && memcmp(path + left - part, p, part) == 0;
        const char *found = part ? memmem(path, left, p, part) : path;
        if (!found || p + part == end)
            return found != NULL;
        left -= (size_t)(found - path);
        path = found;
        p += part;
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
    bool naming;         /* no rule yet since the last User-agent line: another one joins the same group */
    bool delayed;        /* a Crawl-delay since then: it is not for agents named later */
    size_t first_agent;  /* whom the next Crawl-delay is for: from here on */
};

/* White space, and the no-break space (U+00A0) that comes with text copied from web pages. */
static void trim(const char **s, size_t *len)
{
    for (;;) {
        size_t n = *len >= 1 && isspace((unsigned char)**s) ? 1 : *len >= 2 && memcmp(*s, "\xc2\xa0", 2) == 0 ? 2 : 0;
        if (n == 0)
            break;
        *s += n;
        *len -= n;
    }
    for (;;) {
        const char *end = *s + *len;
        size_t n = *len >= 1 && isspace((unsigned char)end[-1]) ? 1 : *len >= 2 && memcmp(end - 2, "\xc2\xa0", 2) == 0 ? 2 : 0;
        if (n == 0)
            break;
        *len -= n;
    }
}

/* RFC 9309, 2.2.1: a product token is letters, "_" and "-"; a version or comment behind it does not count. Digits are taken as
 * well, for the MJ12bots of this world. */
static size_t token_length(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '-'))
        n++;
    return n;
}

static void add_agent(struct reader *rd, const char *value, size_t len)
{
    struct robots *r = rd->r;
    if (!rd->naming)
        rd->group++;
    if (!rd->naming || rd->delayed)
        rd->first_agent = r->agent_count;
    rd->naming = true;
    rd->delayed = false;
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
    /* before any User-agent; "Disallow:" alone allows everything; 2.2.2: a path begins with "/" (and 5.1 has "*.gif$") */
    if (rd->group == 0 || len == 0 || (value[0] != '/' && value[0] != '*'))
        return;
    r->rules = grow(r->rules, r->rule_count, sizeof(*r->rules));
    char *pattern = normalise(value, len, true);
    r->rules[r->rule_count++] = (struct rule){ pattern, xstrndup(line, line_len), strlen(pattern), rd->group, rd->line, allow };
}

/* "10", "1.5", "0,5", whatever follows; not strtod(), whose point is the locale's. Negative: no number. */
static double seconds_of(const char *s, size_t len)
{
    double value = 0, unit = 1;
    bool digits = false, point = false;
    for (size_t i = 0; i < len; i++) {
        if (!point && (s[i] == '.' || s[i] == ',')) {
            point = true;
        } else if (s[i] >= '0' && s[i] <= '9') {
            unit = point ? unit / 10 : unit;
            value = point ? value + (s[i] - '0') * unit : value * 10 + (s[i] - '0');
            digits = true;
        } else {
            break;
        }
    }
    return digits && isfinite(value) ? value : -1;
}

static void add_delay(struct reader *rd, const char *value, size_t len)
{
    struct robots *r = rd->r;
    double seconds = seconds_of(value, len);
    if (rd->group == 0 || seconds < 0)
        return;
    struct delay *before = r->delay_count ? &r->delays[r->delay_count - 1] : NULL;
    if (before && before->first == rd->first_agent) { /* again for the same agents */
        before->seconds = fmax(before->seconds, seconds);
        return;
    }
    r->delays = grow(r->delays, r->delay_count, sizeof(*r->delays));
    r->delays[r->delay_count++] = (struct delay){ rd->first_agent, r->agent_count, seconds };
    rd->delayed = true;
}

static void add_sitemap(struct robots *r, const char *value, size_t len)
{
    if (len == 0)
        return;
    r->sitemaps = grow(r->sitemaps, r->sitemap_count, sizeof(*r->sitemaps));
    r->sitemaps[r->sitemap_count++] = xstrndup(value, len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Where the name of a trimmed line ends: at its colon. "Disallow /private" without one is common enough to be read, if the line
 * is two words and no more (as Google does). NULL: neither. */
static const char *split_of(const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len), *gap = NULL;
    if (colon)
        return colon;
    for (size_t i = 1; i < len; i++) {
        if (!is_blank(text[i]) || is_blank(text[i - 1]))
            continue;
        if (gap)
            return NULL;
        gap = text + i;
    }
    return gap;
}

static void read_line(struct reader *rd, const char *line, size_t len)
{
    len = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES;
    const char *hash = memchr(line, '#', len);
    size_t text_len = hash ? (size_t)(hash - line) : len;
    const char *text = line;
    trim(&text, &text_len);
    const char *split = split_of(text, text_len);
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
    } else if (d == CRAWL_DELAY) { /* not of the RFC: like all such records it ends no group (2.2.4) */
        add_delay(rd, value, value_len);
    } else if (d != OTHER) {
        rd->naming = false;
        add_rule(rd, d == ALLOW, value, value_len, text, text_len);
    }
}

static void read_lines(struct reader *rd, const char *p, size_t len, bool cut)
{
    const char *end = p + len;
    while (p < end) {
        const char *stop = p;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        if (stop == end && cut)
            break;
        rd->line++;
        read_line(rd, p, (size_t)(stop - p));
        if (stop == end)
            break;
        p = stop + 1;
        if (*stop == '\r' && p < end && *p == '\n')
            p++;
    }
}

/* Text that some editor saved as UTF-16, told by its mark and its zeros: plain bytes behind such a mark exist, too. */
static bool is_utf16(const unsigned char *b, size_t len)
{
    return len >= 4 && ((b[0] == 0xff && b[1] == 0xfe && b[3] == 0) || (b[0] == 0xfe && b[1] == 0xff && b[2] == 0));
}

/* Of a mark that was cut short what there is of it. */
static size_t skip_mark(const unsigned char *b, size_t len)
{
    static const unsigned char utf8[] = { 0xef, 0xbb, 0xbf };
    size_t n = 0;
    while (n < len && n < sizeof(utf8) && b[n] == utf8[n])
        n++;
    if (n > 0)
        return n;
    return len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff)) ? 2 : 0;
}

struct robots *robots_parse(const void *bytes, size_t len)
{
    struct robots *r = xcalloc(1, sizeof(*r));
    struct reader rd = { .r = r };
    struct buffer text;
    bool cut = len > ROBOTS_MAX_BYTES;
    len = cut ? ROBOTS_MAX_BYTES : len;
    buffer_init(&text, 0);
    if (is_utf16(bytes, len)) {
        charset_to_utf8(bytes, len, NULL, CHARSET_PLAIN, NULL, &text, NULL, NULL);
        bytes = buffer_str(&text);
        len = text.len;
    }
    size_t mark = skip_mark(bytes, len);
    if (len)
        read_lines(&rd, (const char *)bytes + mark, len - mark, cut);
    buffer_fini(&text);
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

/* Marks the agents whose groups concern us: those that name us, or else those of "*". The caller frees it. */
static bool *agents_of(const struct robots *r, const char *agent)
{
    size_t len = token_length(agent, strlen(agent));
    if (agent[len] && agent[len] != '/') /* a version may follow; what else has odd characters in it is nobody's token */
        len = 0;
    bool *mine = xcalloc(r->agent_count + 1, sizeof(*mine)), named = false;
    for (size_t i = 0; i < r->agent_count; i++)
        if (len && strlen(r->agents[i].token) == len && strncasecmp(r->agents[i].token, agent, len) == 0)
            named = mine[i] = true;
    for (size_t i = 0; i < r->agent_count && !named; i++)
        mine[i] = strcmp(r->agents[i].token, "*") == 0;
    return mine;
}

/* The same for their groups (2.2.1: all of them together). */
static bool *groups_of(const struct robots *r, const bool *mine)
{
    unsigned last = r->agent_count ? r->agents[r->agent_count - 1].group : 0;
    for (size_t i = 0; i < r->rule_count; i++)
        last = r->rules[i].group > last ? r->rules[i].group : last;
    bool *groups = xcalloc(last + 1, sizeof(*groups));
    for (size_t i = 0; i < r->agent_count; i++)
        groups[r->agents[i].group] = groups[r->agents[i].group] || mine[i];
    return groups;
}

/* The longest where several are given for us. */
static double delay_of(const struct robots *r, const bool *mine)
{
    double longest = -1;
    for (size_t i = 0; i < r->delay_count; i++) {
        bool ours = false;
        for (size_t k = r->delays[i].first; k < r->delays[i].last && !ours; k++)
            ours = mine[k];
        if (ours && r->delays[i].seconds > longest)
            longest = r->delays[i].seconds;
    }
    return longest;
}

static char *path_of(const char *target)
{
    const char *scheme = strstr(target, "://"), *path = target;
    if (scheme && target[0] != '/')
        path = scheme + 3 + strcspn(scheme + 3, "/?#");
    size_t len = strcspn(path, "#");
    char *rooted = xasprintf("%s%.*s", path[0] == '/' ? "" : "/", (int)len, path);
    char *normal = normalise(rooted, strlen(rooted), false);
    free(rooted);
    return normal;
}

/* Google's reading: who allows a directory's index page allows the directory. *octets becomes what that rule weighs then. */
static bool allows_index_of(const struct rule *rule, const char *path, size_t *octets)
{
    const char *name = strrchr(rule->pattern, '/');
    if (!rule->allow || !name || strncmp(name, "/index.htm", 10) != 0)
        return false;
    char *directory = xasprintf("%.*s$", (int)(name + 1 - rule->pattern), rule->pattern);
    bool ok = matches(directory, path);
    *octets = strlen(directory);
    free(directory);
    return ok;
}

static const struct rule *best_rule(const struct robots *r, const bool *groups, const char *path)
{
    const struct rule *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < r->rule_count; i++) {
        const struct rule *rule = &r->rules[i];
        size_t octets = rule->octets;
        if (!groups[rule->group] || (best && octets < most))
            continue;
        if (!matches(rule->pattern, path) && !allows_index_of(rule, path, &octets))
            continue;
        if (!best || octets > most || (octets == most && rule->allow && !best->allow)) {
            best = rule;
            most = octets;
        }
    }
    return best;
}

struct robots_verdict robots_check(const struct robots *r, const char *agent, const char *target)
{
    struct robots_verdict v = { .allowed = true, .crawl_delay_s = -1 };
    bool *mine = agents_of(r, agent), *groups = groups_of(r, mine);
    char *path = path_of(target);
    const struct rule *best = best_rule(r, groups, path);
    v.crawl_delay_s = delay_of(r, mine);
    if (best && strcmp(path, "/robots.txt") != 0) {
        v.allowed = best->allow;
        v.rule = best->text;
        v.line = best->line;
    }
    free(path);
    free(groups);
    free(mine);
    return v;
}

size_t robots_sitemaps(const struct robots *r, const char *const **urls)
{
    *urls = (const char *const *)r->sitemaps;
    return r->sitemap_count;
}
