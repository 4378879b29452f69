/* http_date.h - a Last-Modified in five bytes. It must be sent back as it came (RFC 9110, 13.1.3), and nearly all come in the one form
 * that servers must write (5.6.7, IMF-fixdate): of those only the seconds are kept. Anything else stays text. */
#ifndef CRAWLER_HTTP_DATE_H
#define CRAWLER_HTTP_DATE_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_DATE_PACKED 5

/* False: text is not in that form. NULL is fine. */
bool http_date_pack(const char *text, unsigned char out[HTTP_DATE_PACKED]);
/* What was packed, or a copy of the bytes when they were not; NULL for none. The caller frees it. */
char *http_date_unpack(const char *bytes, size_t len);

#endif
