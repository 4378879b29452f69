/* wall.h - is this answer a wall put up against programs (a bot check, a CAPTCHA, a cookie test by script), or a gate in front of
 * everything (login, consent), and no page? By what the common ones leave in their pages, and by where redirects lead. Pure. */
#ifndef CRAWLER_WALL_H
#define CRAWLER_WALL_H

#include <stdbool.h>
#include <stddef.h>

#define WALL_READ_MAX (64 * 1024) /* bytes that are looked at, decoded; a page called 200 that is larger is no wall */

/* May a body of `sent` bytes be one? So few are that the others need not be decoded to know. */
bool wall_suspected(int status, bool coded, size_t sent);

/* The name of the wall ("Cloudflare check"), static; NULL: none is recognised. text: the decoded body, or its first
 * WALL_READ_MAX + 1 bytes. A page that answered 200 is called a wall only when it holds what no ordinary page does, and next to
 * no text. */
const char *wall_of(int status, const char *text, size_t len);

/* The same from the header field cf-mitigated, NULL where absent. */
const char *wall_by_header(const char *cf_mitigated);

/* A redirect from `asked` ended at `end` (both in fetch form): is that a page to log in or consent at? By a word of its address,
 * or because its query holds the way back. */
bool wall_is_gate(const char *asked, const char *end);

#endif
