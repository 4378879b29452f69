/* trouble.c - see trouble.h. A remedy is found again by how the words begin, so that rows need not hold it. */
#include "crawler/trouble.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static const char *const of_errors[] = {
    [FETCH_OK] = "",
    [FETCH_DNS] = "its name is not known (DNS)",
    [FETCH_CONNECT] = "it takes no connections",
    [FETCH_TLS] = "no valid certificate (TLS)",
    [FETCH_TIMEOUT] = "no answer in time",
    [FETCH_REFUSED] = "refused",
    [FETCH_TRUNCATED] = "its answer was cut short",
    [FETCH_BROKEN] = "it broke off",
    [FETCH_TOO_LARGE] = "its answer is too large",
    [FETCH_INVALID] = "no address that can be asked",
};

#define SPELLING "See whether the address is spelt right; the site's front page is enough."
#define OWN "A site of your own? Allow it when the crawler or `run` starts: --set crawler.allow_private=true"
#define LEFT_OPEN "Ask the site to let our User-Agent through, or add one of its feeds by its own address: feeds are often left open."
#define LATER "Try again later: the site asks for fewer requests, or is down."

static const struct { const char *begin, *remedy; } remedies[] = { /* the first that fits */
    { "its name is not known", "See whether the name is spelt right." },
    { "its name cannot be looked up", "See whether this machine reaches its DNS server." },
    { "no valid certificate", "See whether http:// or another name of the site works." },
    { "refused: port", "Allow the port: --set crawler.allow_ports=80,443,8080,8443,PORT" },
    { "refused: address beyond this machine", "Say who asks: --contact YOU@EXAMPLE.ORG, or contact: in the configuration." },
    { "refused: loopback", OWN },
    { "refused: private", OWN },
    { "refused: address of this machine", OWN },
    { "refused", "The crawler never asks such an address." },
    { "no address that can be asked", "Give an address as a browser shows it: https://www.example.com/" },
    { "its answer is too large", "Add one of its feeds by its own address." },
    { "robots.txt cannot be read", "Until it can be, nothing may be fetched (RFC 9309); see whether the site is up." },
    { "robots.txt", "Ask the site, or add a feed of it that its robots.txt allows." },
    { "http 404", SPELLING },
    { "http 410", SPELLING },
    { "http 429", LATER },
    { "http 503", LATER },
    { "http ", "Open it in a browser: if it is shown there, the site lets in no programs." },
    { "wall", LEFT_OPEN },
    { "blocked", LEFT_OPEN },
    { "silent", "Open it in a browser: has it moved, or has its feed? `tidings probe SITE` tells what it offers now." },
    { "neither a feed nor a sitemap", "Look for a feed on the site and add it with its own address; `tidings probe SITE` tells what it offers." },
    { "too many redirects", "Open it in a browser and add the address that it ends at." },
    { "a redirect without", "Open it in a browser and add the address that it ends at." },
    { "no link", "Give the address of a section, or of a feed if the site has one." },
    { "too many sources share", "Remove sources that show the same; or add a feed that is its own by its address." },
    { "moved", "Remove this source, and add the address it moved to." },
};

const char *trouble_words(enum fetch_error error)
{
    return of_errors[error];
}

void trouble_robots(char out[TROUBLE_ROBOTS_SIZE], int status)
{
    snprintf(out, TROUBLE_ROBOTS_SIZE, status ? "robots.txt cannot be read: http %d" : "no answer to robots.txt", status);
}

const char *trouble_remedy(const char *words)
{
    static const char front[] = "front page: ";
    if (strncmp(words, front, sizeof(front) - 1) == 0)
        words += sizeof(front) - 1;
    for (size_t i = 0; i < COUNT(remedies); i++)
        if (strncmp(words, remedies[i].begin, strlen(remedies[i].begin)) == 0)
            return remedies[i].remedy;
    return NULL;
}

const char *trouble_remedy_of_failure(const char *words)
{
    const char *remedy = trouble_remedy(words);
    return remedy ? remedy : "See whether the site is up: open it in a browser.";
}
