/* fetch_handle.c - libcurl's easy handles: made once, used again. What fetch.c says of libcurl's particulars is done here. */
#include "crawler/fetch_private.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static CURL *easy_create(struct fetcher *f)
{
    CURL *e = curl_easy_init();
    assert(e); /* out of memory */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_USERAGENT, f->user_agent);
    curl_easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    if (f->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)f->options.connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, 30L);
    curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* a handle's five are of other hosts, each with its certificates */
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 16384L);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, fetch_on_open_socket);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, fetch_on_connected);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, fetch_on_header);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, fetch_on_body);
    return e;
}

void fetch_idle_drop(struct idle *i)
{
    curl_easy_cleanup(i->easy);
    free(i->used);
}

/* Gives the handle back; it remembers which address entry of curl's cache was its own. */
void fetch_easy_return(struct fetch *t)
{
    struct lane *lane = t->lane;
    struct idle i = { t->easy, t->resolve ? xasprintf("-%s:%d", t->host, t->port) : NULL };
    curl_multi_remove_handle(lane->multi, t->easy);
    t->easy = NULL;
    curl_easy_setopt(i.easy, CURLOPT_RESOLVE, NULL);
    curl_easy_setopt(i.easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(i.easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(i.easy, CURLOPT_FRESH_CONNECT, 0L);
    curl_easy_setopt(i.easy, CURLOPT_FORBID_REUSE, 0L);
    if (t->form) {
        curl_easy_setopt(i.easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(i.easy, CURLOPT_HTTPGET, 1L);
    }
    if (lane->idle_count < IDLE_HANDLES_MAX && !t->fetcher->closing)
        lane->idle[lane->idle_count++] = i;
    else
        fetch_idle_drop(&i);
}

void fetch_easy_attach(struct fetch *t, const struct dns_answer *a)
{
    struct fetcher *f = t->fetcher;
    struct idle i = { 0 };
    if (t->lane->idle_count > 0)
        i = t->lane->idle[--t->lane->idle_count];
    t->easy = i.easy ? i.easy : easy_create(f);
    t->resolve = i.used ? curl_slist_append(NULL, i.used) : NULL;
    if (t->host[0] != '[') { /* CURLOPT_RESOLVE cannot name an IPv6 literal, and need not */
        char *entry = xasprintf("+%s:%d:%s", t->host, t->port, a->text);
        t->resolve = curl_slist_append(t->resolve, entry);
        free(entry);
    }
    free(i.used);
    curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
    curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->resolve);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    if (t->form)
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->form);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_says);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
}
