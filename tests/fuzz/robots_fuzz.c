/* robots_fuzz.c - agent, path and file, parted by line ends: whatever the file says, /robots.txt is allowed, and a rule is
 * named exactly when one decided. */
#include "tests/fuzz/fuzz.h"

#include "base/mem.h"
#include "crawler/robots.h"

#include <string.h>

static char *take_line(char **p)
{
    char *line = *p, *end = strchr(line, '\n');
    *p = end ? end + 1 : line + strlen(line);
    if (end)
        *end = '\0';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = xmemdup(data, size), *p = text, *agent = take_line(&p), *path = take_line(&p);
    struct robots *r = robots_parse(p, (size_t)(text + size - p));
    struct robots_verdict v = robots_check(r, agent, path);
    const char *const *sitemaps;
    PROMISE((v.rule != NULL) == (v.line > 0) && (v.rule || v.allowed));
    PROMISE(robots_check(r, agent, "/robots.txt").allowed);
    size_t count = robots_sitemaps(r, &sitemaps);
    for (size_t i = 0; i < count; i++)
        PROMISE(*sitemaps[i] != '\0');
    robots_destroy(r);
    free(text);
    return 0;
}
