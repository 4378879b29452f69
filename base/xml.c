/* xml.c - see xml.h.
 *
 * Bytes wait in `carry` until a token is complete: a tag, a declaration, a run of text. Comments, CDATA sections and
 * processing instructions are modes instead, so that their length does not matter. The names of the open elements lie one
 * behind the other in `names`; an end tag closes what it finds there and everything above it, or nothing. */
#include "base/xml.h"

#include "base/buffer.h"
#include "base/markup.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REFERENCE_MAX 40 /* an ampersand this close to the end may start a reference that goes on in the next piece */

enum mode { TEXT, COMMENT, CDATA, INSTRUCTION, DECLARATION };

struct xml_scanner {
    struct xml_events events;
    struct buffer carry;
    enum mode mode;
    bool final, stopped, entities;
    struct buffer names;            /* of the open elements, each with its NUL */
    size_t starts[XML_MAX_DEPTH];   /* where each begins in names */
    size_t depth, beyond;           /* beyond: open elements deeper than XML_MAX_DEPTH */
    struct buffer strings;          /* of the current tag: names and values */
    size_t offsets[XML_MAX_ATTRIBUTES][2];
    size_t attribute_count;
};

struct xml_scanner *xml_create(const struct xml_events *events)
{
    struct xml_scanner *x = xcalloc(1, sizeof(*x));
    x->events = *events;
    buffer_init(&x->carry, 0);
    buffer_init(&x->names, 0);
    buffer_init(&x->strings, 0);
    return x;
}

void xml_destroy(struct xml_scanner *x)
{
    if (!x)
        return;
    buffer_fini(&x->carry);
    buffer_fini(&x->names);
    buffer_fini(&x->strings);
    free(x);
}

bool xml_has_entities(const struct xml_scanner *x)
{
    return x->entities;
}

const char *xml_local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *xml_attribute(const struct xml_attribute *attributes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(xml_local(attributes[i].name), name) == 0)
            return attributes[i].value;
    return NULL;
}

/* --- characters --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (unsigned char)c >= 0x80;
}

static bool in_name(char c)
{
    return starts_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static size_t name_length(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && in_name(s[n]))
        n++;
    return n;
}

/* --- events --- */

static void emit_text(struct xml_scanner *x, const char *s, size_t len, bool literal)
{
    if (len > 0 && !x->stopped && !x->events.on_text(x->events.arg, s, len, literal))
        x->stopped = true;
}

static void open_element(struct xml_scanner *x, const char *name, size_t len)
{
    x->starts[x->depth++] = x->names.len;
    buffer_append(&x->names, name, len);
    buffer_putc(&x->names, '\0');
}

static void close_element(struct xml_scanner *x, bool written)
{
    size_t start = x->starts[--x->depth];
    if (!x->stopped && !x->events.on_end(x->events.arg, x->names.data + start, written))
        x->stopped = true;
    x->names.len = start;
}

/* Closes the innermost open element of that name with all that is open in it; nothing when there is none. */
static void end_tag(struct xml_scanner *x, const char *name, size_t len)
{
    if (x->beyond > 0) {
        x->beyond--;
        return;
    }
    size_t i = x->depth;
    while (i > 0) {
        const char *open = x->names.data + x->starts[i - 1];
        if (strlen(open) == len && memcmp(open, name, len) == 0)
            break;
        i--;
    }
    while (i > 0 && x->depth > i)
        close_element(x, false);
    if (i > 0)
        close_element(x, true);
}

/* --- start tags --- */

static size_t put_string(struct xml_scanner *x, const char *s, size_t len, bool value)
{
    size_t at = x->strings.len;
    if (value)
        markup_decode(s, len, &x->strings);
    else
        buffer_append(&x->strings, s, len);
    for (size_t i = at; value && i < x->strings.len; i++)
        if (is_space(x->strings.data[i])) /* XML 1.0 3.3.3 */
            x->strings.data[i] = ' ';
    buffer_putc(&x->strings, '\0');
    return at;
}

/* The value at s: quoted, or up to the next space. Returns the bytes it takes with its quotes. */
static size_t value_length(const char *s, size_t len, const char **value, size_t *value_len)
{
    size_t n = 0;
    if (len > 0 && (*s == '"' || *s == '\'')) {
        const char *end = memchr(s + 1, *s, len - 1);
        *value = s + 1;
        *value_len = end ? (size_t)(end - s) - 1 : len - 1;
        return end ? *value_len + 2 : len;
    }
    while (n < len && !is_space(s[n]))
        n++;
    *value = s;
    *value_len = n;
    return n;
}

static size_t skip_space(const char *s, size_t len, size_t i)
{
    while (i < len && is_space(s[i]))
        i++;
    return i;
}

/* s is what stands between the element's name and the end of the tag. */
static void read_attributes(struct xml_scanner *x, const char *s, size_t len)
{
    x->attribute_count = 0;
    for (size_t i = 0; i < len && x->attribute_count < XML_MAX_ATTRIBUTES;) {
        size_t n = name_length(s + i, len - i);
        if (n == 0) {
            i++;
            continue;
        }
        size_t *offset = x->offsets[x->attribute_count++];
        offset[0] = put_string(x, s + i, n, false);
        i = skip_space(s, len, i + n);
        const char *value = "";
        size_t value_len = 0;
        if (i < len && s[i] == '=') {
            i = skip_space(s, len, i + 1);
            i += value_length(s + i, len - i, &value, &value_len);
        }
        offset[1] = put_string(x, value, value_len, true);
    }
}

/* tag: from '<' to '>'. */
static void start_tag(struct xml_scanner *x, const char *tag, size_t len)
{
    struct xml_attribute attributes[XML_MAX_ATTRIBUTES];
    size_t n = name_length(tag + 1, len - 2);
    bool empty = tag[len - 2] == '/';
    if (x->depth == XML_MAX_DEPTH) {
        x->beyond += !empty;
        return;
    }
    buffer_clear(&x->strings);
    size_t name = put_string(x, tag + 1, n, false);
    read_attributes(x, tag + 1 + n, len - n - 2 - empty);
    for (size_t i = 0; i < x->attribute_count; i++)
        attributes[i] = (struct xml_attribute){ x->strings.data + x->offsets[i][0], x->strings.data + x->offsets[i][1] };
    open_element(x, tag + 1, n);
    if (!x->stopped && !x->events.on_start(x->events.arg, x->strings.data + name, attributes, x->attribute_count, tag, len))
        x->stopped = true;
    if (empty)
        close_element(x, true);
}

/* --- tokens; each returns the bytes it used, 0 when it needs more --- */

/* The bytes of the tag at s with its '>'; 0 when it does not end here. *broken: it never will, another one begins in it. */
static size_t tag_length(const char *s, size_t len, bool *broken)
{
    char quote = 0, before = 0; /* before: the last character that is no space */
    size_t limit = len < XML_MAX_TAG_BYTES ? len : XML_MAX_TAG_BYTES;
    for (size_t i = 1; i < limit; i++) {
        if (quote) {
            if (s[i] == quote)
                quote = 0;
        } else if ((s[i] == '"' || s[i] == '\'') && before == '=') {
            quote = s[i];
        } else if (s[i] == '>') {
            return i + 1;
        } else if (s[i] == '<') {
            *broken = true;
            return 0;
        }
        if (!is_space(s[i]))
            before = s[i];
    }
    *broken = len >= XML_MAX_TAG_BYTES;
    return 0;
}

static size_t literal(struct xml_scanner *x, const char *s, size_t len)
{
    emit_text(x, s, len, true);
    return len;
}

static size_t scan_tag(struct xml_scanner *x, const char *s, size_t len)
{
    bool broken = false;
    size_t n = tag_length(s, len, &broken);
    if (n == 0)
        return broken || x->final ? literal(x, s, 1) : 0;
    if (s[1] == '/')
        end_tag(x, s + 2, name_length(s + 2, n - 3));
    else
        start_tag(x, s, n);
    return n;
}

static bool begins(const char *s, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len >= n && memcmp(s, with, n) == 0;
}

static size_t enter(struct xml_scanner *x, enum mode mode, size_t used)
{
    x->mode = mode;
    return used;
}

/* s[0] is '<'. */
static size_t scan_markup(struct xml_scanner *x, const char *s, size_t len)
{
    if (len < 9 && !x->final) /* "<![CDATA[" */
        return 0;
    if (begins(s, len, "<!--"))
        return enter(x, COMMENT, 4);
    if (begins(s, len, "<![CDATA["))
        return enter(x, CDATA, 9);
    if (begins(s, len, "<!") && len > 2 && starts_name(s[2]))
        return enter(x, DECLARATION, 2);
    if (begins(s, len, "<?"))
        return enter(x, begins(s, len, "<?xml") ? DECLARATION : INSTRUCTION, 2);
    if (len > 1 && (starts_name(s[1]) || (s[1] == '/' && len > 2 && starts_name(s[2]))))
        return scan_tag(x, s, len);
    return literal(x, s, 1);
}

/* Up to the next '<'; at the end of a piece short of what may be half a reference. */
static size_t scan_text(struct xml_scanner *x, const char *s, size_t len)
{
    const char *end = memchr(s, '<', len);
    size_t n = end ? (size_t)(end - s) : len;
    if (!end && !x->final) {
        size_t tail = len < REFERENCE_MAX ? len : REFERENCE_MAX;
        const char *amp = memrchr(s + len - tail, '&', tail);
        if (amp && !memchr(amp, ';', (size_t)(s + len - amp)))
            n = (size_t)(amp - s);
    }
    emit_text(x, s, n, false);
    return n;
}

/* Inside something that ends with a fixed word. */
static size_t scan_until(struct xml_scanner *x, const char *s, size_t len, const char *word, bool text)
{
    size_t word_len = strlen(word);
    const char *end = memmem(s, len, word, word_len);
    size_t keep = x->final || len < word_len ? 0 : word_len - 1;
    if (!end && !x->final && len < word_len)
        return 0;
    size_t n = end ? (size_t)(end - s) : len - keep;
    if (text)
        emit_text(x, s, n, true);
    if (!end)
        return n;
    x->mode = TEXT;
    return n + word_len;
}

/* A declaration behind its "<!" or "<?", to its '>': quotes, an internal subset in brackets and comments in it may hide one. 0:
 * it does not end here. */
static size_t declaration_length(const char *s, size_t len)
{
    char quote = 0;
    unsigned brackets = 0;
    for (size_t i = 0; i < len; i++) {
        if (quote) {
            quote = s[i] == quote ? 0 : quote;
        } else if (s[i] == '"' || s[i] == '\'') {
            quote = s[i];
        } else if (begins(s + i, len - i, "<!--")) {
            const char *end = memmem(s + i + 4, len - i - 4, "-->", 3);
            if (!end)
                return 0;
            i = (size_t)(end - s) + 2;
        } else if (s[i] == '[') {
            brackets++;
        } else if (s[i] == ']' && brackets > 0) {
            brackets--;
        } else if (s[i] == '>' && brackets == 0) {
            return i + 1;
        }
    }
    return 0;
}

static size_t scan_declaration(struct xml_scanner *x, const char *s, size_t len)
{
    size_t n = declaration_length(s, len < XML_MAX_TAG_BYTES ? len : XML_MAX_TAG_BYTES);
    if (n == 0 && !x->final && len < XML_MAX_TAG_BYTES)
        return 0;
    if (n == 0) { /* broken: it ends at the first '>' */
        const char *end = memchr(s, '>', len);
        n = end ? (size_t)(end - s) + 1 : len;
    }
    if (memmem(s, n, "<!ENTITY", 8))
        x->entities = true;
    x->mode = TEXT;
    return n;
}

static size_t scan(struct xml_scanner *x, const char *s, size_t len)
{
    switch (x->mode) {
    case TEXT: return *s == '<' ? scan_markup(x, s, len) : scan_text(x, s, len);
    case COMMENT: return scan_until(x, s, len, "-->", false);
    case CDATA: return scan_until(x, s, len, "]]>", true);
    case INSTRUCTION: return scan_until(x, s, len, "?>", false);
    case DECLARATION: return scan_declaration(x, s, len);
    }
    return 0;
}

static void run(struct xml_scanner *x)
{
    size_t at = 0;
    while (at < x->carry.len && !x->stopped) {
        size_t n = scan(x, x->carry.data + at, x->carry.len - at);
        if (n == 0)
            break;
        at += n;
    }
    if (at > 0) {
        memmove(x->carry.data, x->carry.data + at, x->carry.len - at);
        x->carry.len -= at;
    }
}

bool xml_push(struct xml_scanner *x, const char *text, size_t len)
{
    while (len > 0 && !x->stopped) {
        size_t n = len < XML_MAX_TAG_BYTES ? len : XML_MAX_TAG_BYTES;
        buffer_append(&x->carry, text, n);
        run(x);
        text += n;
        len -= n;
    }
    return !x->stopped;
}

bool xml_finish(struct xml_scanner *x)
{
    x->final = true;
    run(x);
    while (x->depth > 0)
        close_element(x, false);
    return !x->stopped;
}
