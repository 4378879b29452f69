/* wall.c - see wall.h. */
#include "crawler/wall.h"

#include "base/mem.h"
#include "base/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SENT_CODED_MAX  (4 * 1024)  /* of a page called 200, as sent: the walls that come so have 1 to 3 KB, pages more */
#define SENT_PLAIN_MAX  (16 * 1024)
#define SCRIPT_PAGE_MAX 6000        /* bytes of a page that only sets a cookie and loads itself again */
#define TEXT_MAX        2000        /* bytes of text to be read on a wall called 200: an article that names one has more */
#define RETURN_MIN      8           /* bytes of the asked path that a query must repeat to be the way back */

static const struct { const char *mark; bool any_status; const char *name; } walls[] = {
    { "_cf_chl_opt", true, "Cloudflare check" },
    { "cf-browser-verification", true, "Cloudflare check" },
    { "attention required! | cloudflare", true, "Cloudflare block" },
    { "cf-error-details", false, "Cloudflare block" },
    { "captcha-delivery.com", true, "DataDome check" },
    { "_incapsula_resource", true, "Imperva check" },
    { "px-captcha", true, "PerimeterX check" },
    { "awswafcookiedomainlist", true, "AWS WAF check" },
    { "errors.edgesuite.net", false, "Akamai block" },
    { "you don't have permission to access", false, "access denied" },
    { "sucuri_cloudproxy_js", true, "Sucuri check" },
    { "ddos-guard", false, "DDoS-Guard check" },
    { "enable javascript and cookies to continue", false, "script check" },
    { "checking your browser before accessing", true, "browser check" },
    { "verify you are human", false, "CAPTCHA" },
    { "g-recaptcha", false, "CAPTCHA" },
    { "h-captcha", false, "CAPTCHA" },
};

static bool refuses(int status)
{
    return status == 401 || status == 403 || status == 406 || status == 429 || status == 503;
}

/* --- by the page --- */

bool wall_suspected(int status, bool coded, size_t sent)
{
    return sent > 0 && (refuses(status) || (status == 200 && sent <= (coded ? SENT_CODED_MAX : SENT_PLAIN_MAX)));
}

/* lower: in lower case. */
static bool holds(const char *lower, size_t len, const char *mark)
{
    return memmem(lower, len, mark, strlen(mark)) != NULL;
}

/* Bytes to be read: outside of tags, scripts and styles. */
static size_t text_bytes(const char *lower, size_t len)
{
    static const struct { const char *open, *close; } unread[] = { { "<script", "</script" }, { "<style", "</style" }, { "<!--", "-->" }, { "<", ">" } };
    size_t count = 0;
    for (size_t i = 0; i < len;) {
        size_t k = 0;
        for (; lower[i] == '<' && k < COUNT(unread) - 1; k++)
            if (len - i > strlen(unread[k].open) && memcmp(lower + i, unread[k].open, strlen(unread[k].open)) == 0)
                break;
        if (lower[i] != '<') {
            count += (unsigned char)lower[i++] > ' ';
            continue;
        }
        const char *end = memmem(lower + i, len - i, unread[k].close, strlen(unread[k].close));
        i = end ? (size_t)(end - lower) + strlen(unread[k].close) : len;
    }
    return count;
}

/* Nothing but a script that sets a cookie and asks again. */
static bool is_cookie_test(const char *lower, size_t len)
{
    return len <= SCRIPT_PAGE_MAX && holds(lower, len, "document.cookie") &&
           (holds(lower, len, "location.reload") || holds(lower, len, "location.href") || holds(lower, len, "location=")) &&
           !holds(lower, len, "<p");
}

static const char *name_of(int status, const char *lower, size_t len, bool whole)
{
    if (status == 200 && (!whole || text_bytes(lower, len) > TEXT_MAX))
        return NULL;
    for (size_t i = 0; i < COUNT(walls); i++)
        if ((status != 200 || walls[i].any_status) && holds(lower, len, walls[i].mark))
            return walls[i].name;
    return whole && is_cookie_test(lower, len) ? "cookie check by script" : NULL;
}

const char *wall_of(int status, const char *text, size_t len)
{
    size_t look = len < WALL_READ_MAX ? len : WALL_READ_MAX;
    if (len == 0 || (!refuses(status) && status != 200))
        return NULL;
    char *lower = xmalloc(look);
    for (size_t i = 0; i < look; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    const char *name = name_of(status, lower, look, look == len);
    free(lower);
    return name;
}

const char *wall_by_header(const char *cf_mitigated)
{
    return cf_mitigated && strcasestr(cf_mitigated, "challenge") ? "Cloudflare check" : NULL;
}

/* --- by where it leads --- */

static bool is_gate_word(const char *s, size_t len)
{
    static const char *const words[] = { "login", "log-in", "signin", "sign-in", "sign_in", "sso", "auth", "oauth", "oauth2", "authorize", "authenticate",
                                         "register", "subscribe", "subscription", "paywall", "consent", "cookie-consent", "cookieconsent", "cookiewall",
                                         "cookie-wall", "privacywall", "collectconsent", "captcha", "challenge", "validate-captcha" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (strlen(words[i]) == len && strncasecmp(words[i], s, len) == 0)
            return true;
    return false;
}

/* The last word of the path, without extension, or the first of the host's: an article may stand below /challenge/. */
static bool names_gate(const char *url)
{
    const char *host = strstr(url, "://"), *path = url_path(url), *end = path + strcspn(path, "?");
    if (host && is_gate_word(host + 3, strcspn(host + 3, "./:?")))
        return true;
    while (end > path && end[-1] == '/')
        end--;
    const char *word = end;
    while (word > path && word[-1] != '/')
        word--;
    size_t len = strcspn(word, "/?.;");
    return is_gate_word(word, len < (size_t)(end - word) ? len : (size_t)(end - word));
}

static int hex_of(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

static char *percent_decoded(const char *s)
{
    char *out = xmalloc(strlen(s) + 1), *to = out;
    for (; *s; s++) {
        bool coded = s[0] == '%' && s[1] && hex_of(s[1]) >= 0 && hex_of(s[2]) >= 0;
        *to++ = coded ? (char)(hex_of(s[1]) << 4 | hex_of(s[2])) : *s;
        s += coded ? 2 : 0;
    }
    *to = '\0';
    return out;
}

/* Its query holds the path that was asked: the way back once one is let in. */
static bool promises_return(const char *asked, const char *end)
{
    const char *path = url_path(asked), *query = strchr(end, '?');
    size_t len = strcspn(path, "?");
    if (!query || len < RETURN_MIN || strncmp(url_path(end), path, len) == 0)
        return false;
    char *decoded = percent_decoded(query), *wanted = xstrndup(path, len), *plain = percent_decoded(wanted);
    bool holds_path = strstr(decoded, wanted) || strstr(decoded, plain);
    free(decoded);
    free(wanted);
    free(plain);
    return holds_path;
}

bool wall_is_gate(const char *asked, const char *end)
{
    return (names_gate(end) && !names_gate(asked)) || promises_return(asked, end);
}
