/* inspect.h - what inspect.c (arguments and the two forms of output) and inspect_read.c (reading one thing to JSON) share. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "base/error.h"
#include "base/suffix.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Each gives the object of DESIGN.md's "batch forms", new reference, or NULL with the reason. base may be NULL or "". */
json_t *inspect_robots(const char *path, const char *agent, const char *url, struct error *err);
json_t *inspect_feed(const char *path, const char *base, struct error *err);
json_t *inspect_sitemap(const char *path, const char *base, struct error *err);
/* Links of a page, with which of them would be fetched and why: {"title", "links": [{"url", "text", "taken", "why", "shape"}], "warnings"}. */
json_t *inspect_front(const char *path, const char *base, struct error *err);
json_t *inspect_url(const struct suffix_list *list, const char *text, size_t len, const char *base, struct error *err);

#endif
