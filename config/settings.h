/* settings.h - the one table of settings: it feeds the reader of the file, the variables, the command line, the messages,
 * config/tidings.yaml and the reference in docs/manual.md. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type { SETTING_STRING, SETTING_NUMBER, SETTING_BOOL, SETTING_CHOICE, SETTING_LIST };

enum setting_flags {
    SETTING_SECRET = 1,  /* may be given as NAME_file; never shown */
    SETTING_RELOAD = 2,  /* SIGHUP takes it over; others need a restart */
    SETTING_ADDRESS = 4, /* HOST:PORT or an absolute path */
};

struct setting {
    const char *name;    /* "crawler.delay_ms": path in the file; TIDINGS_CRAWLER_DELAY_MS */
    enum setting_type type;
    unsigned flags;
    size_t offset;       /* into struct config (struct config_source for source_settings) */
    const char *fallback; /* as it would be written; NULL: unset */
    int64_t min, max;    /* numbers, as written */
    int64_t scale;       /* field = written number * scale; 0 counts as 1 */
    const char *unit;    /* of numbers: "milliseconds"; of choices: "debug, info, warn or error" */
    const char *help;
};

extern const struct setting settings[];        /* ends with a NULL name */
extern const struct setting source_settings[]; /* fields of one entry of `sources:` */

const struct setting *setting_find(const struct setting *table, const char *name);
/* The nearest name within a third of its length, or NULL: for "did you mean". */
const char *setting_suggest(const struct setting *table, const char *name);
/* Puts text into base's field. On false *err says only `"text": expected …`; the caller puts the place and name before it. */
bool setting_set(const struct setting *s, void *base, const char *text, struct error *err);
/* The same for a list given whole. */
bool setting_set_list(const struct setting *s, void *base, const char *const *items, size_t count, struct error *err);
/* "a whole number of milliseconds from 100 to 120000" */
void setting_expected(const struct setting *s, char *out, size_t size);
/* Puts text before the message, and returns false. */
bool setting_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool setting_equal(const struct setting *s, const void *base, const void *other);
void setting_unset(const struct setting *s, void *base); /* frees */
/* What may be called TIDINGS_…: into out. */
void setting_variable(const struct setting *s, char *out, size_t size);

#endif
