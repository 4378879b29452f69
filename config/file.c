/* file.c - the YAML file. libyaml's document API is used rather than libcyaml: a node carries the line it began at, so every
 * message can name it, and unknown keys can be answered with the nearest known one (docs/design.md, "Configuration").
 *
 * The shape is fixed and two levels deep (sections of settings, kafka.properties, sources), so nothing here recurses, and
 * an alias is one node whatever it is asked for. */
#include "config/file.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#define FILE_MAX_BYTES (8u << 20)
#define SECRET_MAX_BYTES 65536
#define SOURCES_MAX 100000

struct reading {
    struct config *config;
    const char *path;
    yaml_document_t *document;
    struct error *err;
};

/* Whole file into b. */
static bool read_bytes(const char *path, size_t max, struct buffer *b, struct error *err)
{
    char chunk[16384];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INVALID, "%s: cannot be read: %s", path, strerror(errno));
    buffer_init(b, max);
    bool fits = true;
    while (fits && (n = read(fd, chunk, sizeof(chunk))) > 0)
        fits = buffer_append(b, chunk, (size_t)n);
    if (!fits)
        error_set(err, ERROR_INVALID, "%s: larger than %zu bytes", path, max);
    else if (n < 0)
        error_set(err, ERROR_INVALID, "%s: cannot be read: %s", path, strerror(errno));
    close(fd);
    if (fits && n == 0)
        return true;
    buffer_fini(b);
    return false;
}

bool config_read_secret(const struct setting *s, void *base, const char *path, struct error *err)
{
    struct buffer b;
    if (!read_bytes(path, SECRET_MAX_BYTES, &b, err))
        return false;
    char *text = buffer_take(&b);
    text[strcspn(text, "\r\n")] = '\0';
    bool ok = setting_set(s, base, text, err) || setting_prefix(err, "%s: the first line ", path);
    explicit_bzero(text, strlen(text));
    free(text);
    return ok;
}

/* What the promises rest on (docs/design.md, "Delivery"): ours to set. Aliases of librdkafka included. */
static const struct { const char *name, *instead; } refused_properties[] = {
    { "bootstrap.servers", "set kafka.bootstrap instead" },
    { "metadata.broker.list", "set kafka.bootstrap instead" },
    { "group.instance.id", "set kafka.group_instance_id instead" },
    { "group.id", NULL },
    { "enable.idempotence", NULL },
    { "enable.gapless.guarantee", NULL },
    { "acks", NULL },
    { "request.required.acks", NULL },
    { "max.in.flight", NULL },
    { "max.in.flight.requests.per.connection", NULL },
    { "message.timeout.ms", NULL },
    { "delivery.timeout.ms", NULL },
    { "message.send.max.retries", NULL },
    { "retries", NULL },
    { "message.max.bytes", NULL },
    { "message.copy.max.bytes", NULL },
    { "fetch.message.max.bytes", NULL },
    { "max.partition.fetch.bytes", NULL },
    { "fetch.max.bytes", NULL },
    { "receive.message.max.bytes", NULL },
    { "queue.buffering.max.messages", NULL },
    { "queue.buffering.max.kbytes", NULL },
    { "queued.max.messages.kbytes", NULL },
    { "compression.codec", NULL },
    { "compression.type", NULL },
    { "partitioner", NULL },
    { "transactional.id", NULL },
    { "isolation.level", NULL },
    { "auto.offset.reset", NULL },
    { "enable.auto.commit", NULL },
    { "auto.commit.enable", NULL },
    { "enable.auto.offset.store", NULL },
    { "enable.partition.eof", NULL },
    { "partition.assignment.strategy", NULL },
    { "allow.auto.create.topics", NULL },
    { "check.crcs", NULL },
    { "delivery.report.only.error", NULL },
    { "offset.store.method", NULL },
    { "plugin.library.paths", NULL },
};

bool config_add_property(struct config *c, const char *name, const char *value, struct error *err)
{
    struct config_property p = { 0 };
    size_t n = strlen(name);
    if (n > 5 && strcmp(name + n - 5, "_file") == 0) {
        struct buffer b;
        if (!read_bytes(value, SECRET_MAX_BYTES, &b, err))
            return false;
        p.value = buffer_take(&b);
        p.value[strcspn(p.value, "\r\n")] = '\0';
        n -= 5;
    }
    p.name = xstrndup(name, n);
    for (size_t i = 0; i < COUNT(refused_properties); i++)
        if (strcmp(p.name, refused_properties[i].name) == 0) {
            const char *instead = refused_properties[i].instead;
            error_set(err, ERROR_INVALID, "(not shown): %s is set by tidings because its promises rest on it: %s", p.name,
                      instead ? instead : "leave it out");
            free(p.name);
            free(p.value);
            return false;
        }
    if (!p.value)
        p.value = xstrdup(value);
    for (size_t i = 0; i < c->kafka.property_count; i++)
        if (strcmp(c->kafka.properties[i].name, p.name) == 0) { /* a later layer wins */
            free(c->kafka.properties[i].value);
            c->kafka.properties[i].value = p.value;
            free(p.name);
            return true;
        }
    c->kafka.properties = xrealloc(c->kafka.properties, (c->kafka.property_count + 1) * sizeof(p));
    c->kafka.properties[c->kafka.property_count++] = p;
    return true;
}

static bool at(const struct reading *r, const yaml_node_t *node)
{
    return setting_prefix(r->err, "%s:%zu: ", r->path, node->start_mark.line + 1);
}

static const char *scalar(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static const char *found(const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE)
        return "(a mapping)";
    if (node->type == YAML_SEQUENCE_NODE)
        return "(a list)";
    bool nothing = node->data.scalar.length == 0 && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return nothing ? "(nothing)" : log_quote(scalar(node));
}

/* A key is a scalar without NUL bytes, and each stands once. */
static bool check_key(const struct reading *r, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
    if (key->type != YAML_SCALAR_NODE || strlen(scalar(key)) != key->data.scalar.length)
        return error_set(r->err, ERROR_INVALID, "%s: expected the name of a setting", found(key)) || at(r, key);
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++)
        if (strcmp(scalar(yaml_document_get_node(r->document, p->key)), scalar(key)) == 0)
            return error_set(r->err, ERROR_INVALID, "%s stands here a second time: remove one", log_quote(scalar(key))) || at(r, key);
    return true;
}

static bool read_list(const struct reading *r, const struct setting *s, void *base, const yaml_node_t *value, const yaml_node_t **where)
{
    const char *items[CONFIG_LIST_MAX + 1];
    size_t count = 0;
    for (yaml_node_item_t *i = value->data.sequence.items.start; i < value->data.sequence.items.top; i++) {
        const yaml_node_t *item = yaml_document_get_node(r->document, *i);
        *where = item;
        if (item->type != YAML_SCALAR_NODE)
            return error_set(r->err, ERROR_INVALID, "%s in the list: expected one of %s", found(item), s->unit);
        if (count <= CONFIG_LIST_MAX)
            items[count++] = scalar(item);
        if (!*scalar(item))
            break; /* refused below */
    }
    return setting_set_list(s, base, items, count, r->err);
}

/* Says what stands there and what would be right; *where is the place, which the caller puts in front. */
static bool read_value(const struct reading *r, const struct setting *s, void *base, const yaml_node_t *value, const yaml_node_t **where)
{
    char expected[256];
    setting_expected(s, expected, sizeof(expected));
    if (s->type == SETTING_LIST && value->type == YAML_SEQUENCE_NODE)
        return read_list(r, s, base, value, where);
    if (value->type != YAML_SCALAR_NODE || strlen(scalar(value)) != value->data.scalar.length || found(value)[0] == '(')
        return error_set(r->err, ERROR_INVALID, "%s: expected %s", found(value), expected);
    if (s->type == SETTING_LIST) { /* one entry may stand alone */
        const char *item = scalar(value);
        return setting_set_list(s, base, &item, 1, r->err);
    }
    bool typed = s->type == SETTING_NUMBER || s->type == SETTING_BOOL;
    if (typed && value->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return error_set(r->err, ERROR_INVALID, "%s: expected %s (without quotes)", found(value), expected);
    return setting_set(s, base, scalar(value), r->err);
}

static bool unknown_key(const struct reading *r, const struct setting *table, const char *name, const yaml_node_t *key)
{
    const char *near = setting_suggest(table, name);
    if (near)
        error_set(r->err, ERROR_INVALID, "%s: no such setting, did you mean \"%s\"?", log_quote(name), near);
    else
        error_set(r->err, ERROR_INVALID, "%s: no such setting; config/tidings.yaml shows them all", log_quote(name));
    return at(r, key);
}

/* "redis.frontier_password_file" names a file with the value of a secret; NULL for anything else. */
static const struct setting *secret_of(const struct setting *table, const char *name)
{
    char plain[128];
    size_t n = strlen(name);
    if (n <= 5 || n >= sizeof(plain) || strcmp(name + n - 5, "_file") != 0)
        return NULL;
    snprintf(plain, sizeof(plain), "%.*s", (int)(n - 5), name);
    const struct setting *s = setting_find(table, plain);
    return s && s->flags & SETTING_SECRET ? s : NULL;
}

static bool read_setting(const struct reading *r, const struct setting *table, void *base, const char *name,
                         const yaml_node_t *key, const yaml_node_t *value)
{
    const struct setting *s = setting_find(table, name), *secret = s ? NULL : secret_of(table, name);
    if (!s && !secret)
        return unknown_key(r, table, name, key);
    bool ok;
    const yaml_node_t *where = value;
    if (secret)
        ok = value->type == YAML_SCALAR_NODE ? config_read_secret(secret, base, scalar(value), r->err)
                                             : error_set(r->err, ERROR_INVALID, "%s: expected a file's path", found(value));
    else
        ok = read_value(r, s, base, value, &where);
    return ok || setting_prefix(r->err, "%s = ", name) || at(r, where);
}

static bool read_properties(const struct reading *r, const yaml_node_t *mapping)
{
    if (mapping->type != YAML_MAPPING_NODE)
        return error_set(r->err, ERROR_INVALID, "kafka.properties = %s: expected NAME: VALUE pairs of librdkafka", found(mapping)) ||
               at(r, mapping);
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, p->value);
        if (!check_key(r, mapping, p))
            return false;
        bool ok = value->type == YAML_SCALAR_NODE ? config_add_property(r->config, scalar(key), scalar(value), r->err)
                                                  : error_set(r->err, ERROR_INVALID, "%s: expected a text or number", found(value));
        if (!ok)
            return setting_prefix(r->err, "kafka.properties.%s = ", scalar(key)) || at(r, value);
    }
    return true;
}

static bool read_section(const struct reading *r, const char *section, const yaml_node_t *mapping)
{
    char name[256];
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, p->value);
        if (!check_key(r, mapping, p))
            return false;
        snprintf(name, sizeof(name), "%s.%s", section, scalar(key));
        bool ok = strcmp(name, "kafka.properties") == 0 ? read_properties(r, value)
                                                        : read_setting(r, settings, r->config, name, key, value);
        if (!ok)
            return false;
    }
    return true;
}

/* The fields of one source, into s, which the caller frees. */
static bool read_source(const struct reading *r, struct config_source *s, const yaml_node_t *item)
{
    s->line = (int)item->start_mark.line + 1;
    if (item->type == YAML_SCALAR_NODE) /* an address alone */
        return read_setting(r, source_settings, s, "url", item, item);
    if (item->type != YAML_MAPPING_NODE)
        return error_set(r->err, ERROR_INVALID, "sources = %s: expected addresses, or mappings with a url", found(item)) || at(r, item);
    for (yaml_node_pair_t *p = item->data.mapping.pairs.start; p < item->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, p->value);
        if (!check_key(r, item, p) || !read_setting(r, source_settings, s, scalar(key), key, value))
            return false;
    }
    if (!s->url)
        return error_set(r->err, ERROR_INVALID, "this source has no url: it needs at least that") || at(r, item);
    return true;
}

static bool same_source(const struct reading *r, const struct config_source *s, const yaml_node_t *item)
{
    for (size_t i = 0; i < r->config->source_count; i++) {
        const struct config_source *o = &r->config->sources[i];
        bool name = s->name && o->name && strcmp(s->name, o->name) == 0;
        if (name || strcmp(s->url, o->url) == 0) {
            error_set(r->err, ERROR_INVALID, "source %s: line %d has the same %s: remove one", log_quote(s->url), o->line,
                      name ? "name" : "url");
            at(r, item);
            return true;
        }
    }
    return false;
}

static bool read_sources(const struct reading *r, const yaml_node_t *list)
{
    if (list->type != YAML_SEQUENCE_NODE)
        return error_set(r->err, ERROR_INVALID, "sources = %s: expected a list, one \"- url: …\" a source", found(list)) || at(r, list);
    size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    if (count > SOURCES_MAX)
        return error_set(r->err, ERROR_INVALID, "%zu sources: expected at most %d", count, SOURCES_MAX) || at(r, list);
    r->config->sources = xcalloc(count + 1, sizeof(struct config_source));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = yaml_document_get_node(r->document, list->data.sequence.items.start[i]);
        struct config_source s = { 0 };
        if (!read_source(r, &s, item) || same_source(r, &s, item)) {
            config_source_fini(&s);
            return false;
        }
        r->config->sources[r->config->source_count++] = s;
    }
    return true;
}

static bool is_section(const char *name)
{
    size_t n = strlen(name);
    for (const struct setting *s = settings; s->name; s++)
        if (strncmp(s->name, name, n) == 0 && s->name[n] == '.')
            return true;
    return false;
}

static bool read_root(const struct reading *r, const yaml_node_t *root)
{
    if (root->type != YAML_MAPPING_NODE)
        return error_set(r->err, ERROR_INVALID, "%s: expected settings, as config/tidings.yaml shows them", found(root)) || at(r, root);
    for (yaml_node_pair_t *p = root->data.mapping.pairs.start; p < root->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, p->value);
        if (!check_key(r, root, p))
            return false;
        bool ok;
        bool empty = value->type == YAML_SCALAR_NODE && value->data.scalar.length == 0; /* all of it commented out */
        if (strcmp(scalar(key), "sources") == 0)
            ok = empty || read_sources(r, value);
        else if (!is_section(scalar(key)))
            ok = read_setting(r, settings, r->config, scalar(key), key, value);
        else if (value->type == YAML_MAPPING_NODE)
            ok = read_section(r, scalar(key), value);
        else
            ok = empty || error_set(r->err, ERROR_INVALID, "%s = %s: expected a section with settings", scalar(key), found(value)) ||
                 at(r, value);
        if (!ok)
            return false;
    }
    return true;
}

static bool read_document(struct reading *r, yaml_parser_t *parser)
{
    yaml_document_t document;
    if (!yaml_parser_load(parser, &document))
        return error_set(r->err, ERROR_INVALID, "%s:%zu: not valid YAML: %s", r->path, parser->problem_mark.line + 1,
                         parser->problem ? parser->problem : "out of memory");
    r->document = &document;
    yaml_node_t *root = yaml_document_get_root_node(&document);
    bool ok = !root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0) || read_root(r, root);
    yaml_document_delete(&document);
    return ok;
}

bool config_read_file(struct config *c, const char *path, struct error *err)
{
    struct reading r = { .config = c, .path = path, .err = err };
    struct buffer b;
    yaml_parser_t parser;
    if (!read_bytes(path, FILE_MAX_BYTES, &b, err))
        return false;
    c->path = xstrdup(path);
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)buffer_str(&b), b.len);
    bool ok = read_document(&r, &parser);
    yaml_parser_delete(&parser);
    buffer_fini(&b);
    return ok;
}

/* --- lines, afterwards --- */

static const yaml_node_t *member_of(yaml_document_t *d, const yaml_node_t *mapping, const char *name)
{
    if (!mapping || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(d, p->key);
        if (key->type == YAML_SCALAR_NODE && strcmp(scalar(key), name) == 0)
            return yaml_document_get_node(d, p->value);
    }
    return NULL;
}

static const yaml_node_t *item_of(yaml_document_t *d, const yaml_node_t *list, size_t i)
{
    bool has = list && list->type == YAML_SEQUENCE_NODE && i < (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    return has ? yaml_document_get_node(d, list->data.sequence.items.start[i]) : NULL;
}

static int line_of(yaml_document_t *d, size_t i, const char *key, size_t n)
{
    const yaml_node_t *source = item_of(d, member_of(d, yaml_document_get_root_node(d), "sources"), i);
    const yaml_node_t *value = member_of(d, source, key), *item = item_of(d, value, n);
    return item ? (int)item->start_mark.line + 1 : value ? (int)value->start_mark.line + 1 : 0;
}

int config_source_line(const struct config *c, size_t i, const char *key, size_t n)
{
    struct buffer b;
    yaml_parser_t parser;
    yaml_document_t document;
    int line = 0;
    if (!c->path || !read_bytes(c->path, FILE_MAX_BYTES, &b, NULL))
        return c->sources[i].line;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)buffer_str(&b), b.len);
    if (yaml_parser_load(&parser, &document)) {
        line = line_of(&document, i, key, n);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    buffer_fini(&b);
    return line ? line : c->sources[i].line;
}
