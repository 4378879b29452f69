/* wall.h - is this answer a wall put up against programs (a bot check, a CAPTCHA, a cookie test by script) and no page? By what
 * the common ones leave in their pages. Pure. */
#ifndef CRAWLER_WALL_H
#define CRAWLER_WALL_H

#include <stdbool.h>
#include <stddef.h>

#define WALL_READ_MAX (64 * 1024) /* bytes that are looked at */

/* The name of the wall ("Cloudflare check"), static; NULL: none is recognised. text: the decoded body. A page that answered 200
 * is called a wall only by what no ordinary page holds. */
const char *wall_of(int status, const char *text, size_t len);

#endif
