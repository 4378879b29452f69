/* html_token.h - private to html_scan.c: reads tags, and finds where the things end that are left out, after the tokenizer of the
 * HTML standard (13.2.5). Pure functions of the text: p is where to begin, end is past the last byte; a NULL or false answer says
 * that the text ends first, or what is said there. Nothing is copied, names and values point into the text. */
#ifndef BASE_HTML_TOKEN_H
#define BASE_HTML_TOKEN_H

#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>

struct html_tag {
    const char *start, *name, *end; /* '<', first letter, past '>' */
    size_t name_len;
    GumboTag id;
    bool closes, self_closing;
};

struct html_attribute {
    const char *name, *value, *end; /* value without its quotes */
    size_t name_len, value_len;
};

static inline bool html_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static inline bool html_is_letter(char c)
{
    return (unsigned)((c | 32) - 'a') < 26;
}

/* Reads the tag at '<' as far as its name. */
void html_tag_begin(struct html_tag *t, const char *at, const char *end);
/* Finds the end of the tag that was begun. */
bool html_tag_end(struct html_tag *t, const char *end);

/* Moves to the next attribute, '>' or the end. *slash: whether a slash stands last; unchanged when nothing is passed. */
static inline const char *html_attribute_next(const char *p, const char *end, bool *slash)
{
    while (p < end && (html_is_space(*p) || *p == '/')) {
        *slash = *p == '/';
        p++;
    }
    return p;
}
/* Reads the attribute at p, which is past white space and slashes and before neither '>' nor the end. Past it, or NULL at the
 * end of the text, which then holds no tag at all. */
const char *html_attribute_read(const char *p, const char *end, struct html_attribute *a);

/* The end tag of a raw text or RCDATA element (13.2.5.2, 13.2.5.3). */
const char *html_raw_end(const char *p, const char *end, const char *name, size_t len);
/* The end tag of a script (13.2.5.15 to 13.2.5.31). */
const char *html_script_end(const char *p, const char *end);
/* Past the comment that begins at p ("<!--"; 13.2.5.43 to 13.2.5.52). */
const char *html_comment_end(const char *p, const char *end);
/* Past the end tag of the svg or math element t. NULL also when its contents are not plainly its own: page elements break out of it
 * (13.2.6.5), HTML stands inside, tags do not match, or an element with text of its own stands in a table. */
const char *html_foreign_end(const struct html_tag *t, const char *end, bool in_table);
/* Past the end tag of the noscript element t. NULL also when it holds more than text, images and frames. */
const char *html_noscript_end(const struct html_tag *t, const char *end);

#endif
