/* charset.h - bytes of any declared or guessable encoding to valid UTF-8, labels by the WHATWG Encoding standard, plus the
 * legacy Vietnamese ones where declared (windows-1258, VISCII, TCVN3). Errors become U+FFFD, NUL too. */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum charset_document { CHARSET_HTML, CHARSET_XML, CHARSET_PLAIN };

struct charset_report {
    char name[32];        /* canonical label of what was used, lower case: "utf-8", "windows-1258" */
    const char *from;     /* "bom", "http", "meta", "xml", "utf-8 bytes", "default"; static */
    size_t replaced;      /* sequences that became U+FFFD */
};

/* Appends the text of bytes to out. What decides, in this order: a byte order mark; content_type, the HTTP header's value or
 * NULL (unless it names a single-byte encoding that no meta confirms while the bytes are UTF-8); for HTML a meta element in the
 * first 1024 bytes, for XML its declaration; bytes that are UTF-8; a meta element in the first 64 KiB; default_label
 * (NULL: windows-1252 for HTML, UTF-8 else). Vietnamese with combining tone marks comes out in NFC. report may be NULL.
 * False with ERROR_LIMIT when out's bound is passed. */
bool charset_to_utf8(const void *bytes, size_t len, const char *content_type, enum charset_document kind,
                     const char *default_label, struct buffer *out, struct charset_report *report, struct error *err);

/* Opens every converter, so that later calls, from any thread, open no file: for processes that give up that right.
 * False with ERROR_SYSTEM when the C library lacks one, which the message names. */
bool charset_prepare(struct error *err);

#endif
