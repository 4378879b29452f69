/* wall.c - see wall.h. */
#include "crawler/wall.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

#define SCRIPT_PAGE_MAX 6000 /* bytes of a page that only sets a cookie and loads itself again */

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

static bool holds(const char *text, size_t len, const char *mark)
{
    size_t n = strlen(mark);
    for (size_t i = 0; i + n <= len; i++) {
        size_t k = 0;
        while (k < n && tolower((unsigned char)text[i + k]) == mark[k])
            k++;
        if (k == n)
            return true;
    }
    return false;
}

/* Nothing but a script that sets a cookie and asks again. */
static bool is_cookie_test(const char *text, size_t len)
{
    return len <= SCRIPT_PAGE_MAX && holds(text, len, "document.cookie") &&
           (holds(text, len, "location.reload") || holds(text, len, "location.href") || holds(text, len, "location=")) &&
           !holds(text, len, "<p");
}

const char *wall_of(int status, const char *text, size_t len)
{
    bool refused = status == 401 || status == 403 || status == 406 || status == 429 || status == 503;
    size_t look = len < WALL_READ_MAX ? len : WALL_READ_MAX;
    if (!refused && status != 200)
        return NULL;
    for (size_t i = 0; i < COUNT(walls); i++)
        if ((refused || walls[i].any_status) && holds(text, look, walls[i].mark))
            return walls[i].name;
    return is_cookie_test(text, len) ? "cookie check by script" : NULL;
}
