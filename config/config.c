/* config.c - the layers of the configuration in their order, and its end: defaults < file < TIDINGS_* < command line. */
#include "config/config.h"

#include "base/log.h"
#include "base/mem.h"
#include "config/file.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static bool set_defaults(struct config *c, struct error *err)
{
    for (const struct setting *s = settings; s->name; s++)
        if (s->fallback && !setting_set(s, c, s->fallback, err))
            return setting_prefix(err, "default of %s = ", s->name);
    return true;
}

static bool set_named(struct config *c, const char *name, const char *value, const char *place, struct error *err)
{
    char plain[128];
    const struct setting *s = setting_find(settings, name);
    size_t n = strlen(name);
    if (!s && n > 5 && n < sizeof(plain) && strcmp(name + n - 5, "_file") == 0) {
        snprintf(plain, sizeof(plain), "%.*s", (int)(n - 5), name);
        s = setting_find(settings, plain);
        if (s && s->flags & SETTING_SECRET)
            return config_read_secret(s, c, value, err) || setting_prefix(err, "%s%s = ", place, name);
        s = NULL;
    }
    if (!s && strncmp(name, "kafka.properties.", 17) == 0)
        return config_add_property(c, name + 17, value, err) || setting_prefix(err, "%s%s = ", place, name);
    if (!s) {
        const char *near = setting_suggest(settings, name);
        return error_set(err, ERROR_INVALID, "%s%s: no such setting%s%s%s", place, log_quote(name), near ? ", did you mean \"" : "",
                         near ? near : "", near ? "\"?" : "; docs/manual.md lists them");
    }
    return setting_set(s, c, value, err) || setting_prefix(err, "%s%s = ", place, s->name);
}

/* TIDINGS_KAFKA_BOOTSTRAP and the like, also …_FILE of secrets. Others that begin so are not ours to judge: container
 * platforms set TIDINGS_SERVICE_HOST and more for a service of that name. */
static bool set_from_environment(struct config *c, struct error *err)
{
    char variable[128], place[160];
    for (const struct setting *s = settings; s->name; s++) {
        setting_variable(s, variable, sizeof(variable) - 5);
        const char *value = getenv(variable);
        snprintf(place, sizeof(place), "variable %s: ", variable);
        if (value && *value && !set_named(c, s->name, value, place, err))
            return false;
        if (!(s->flags & SETTING_SECRET))
            continue;
        strcat(variable, "_FILE");
        value = getenv(variable);
        if (value && *value && !config_read_secret(s, c, value, err))
            return setting_prefix(err, "variable %s = ", variable);
    }
    return true;
}

static void keep_override(struct config *c, char *text)
{
    c->over = xrealloc(c->over, (c->over_count + 1) * sizeof(*c->over));
    c->over[c->over_count++] = text;
}

static bool set_overrides(struct config *c, const char *const *overrides, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(overrides[i], '=');
        if (!equals)
            return error_set(err, ERROR_INVALID, "command line: %s: expected NAME=VALUE", log_quote(overrides[i]));
        char *name = xstrndup(overrides[i], (size_t)(equals - overrides[i]));
        bool ok = set_named(c, name, equals + 1, "command line: ", err);
        free(name);
        if (!ok)
            return false;
        keep_override(c, xstrdup(overrides[i]));
    }
    return true;
}

static void default_state_dir(struct config *c)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    c->state_dir_chosen = c->state_dir != NULL;
    if (c->state_dir)
        return;
    if (geteuid() == 0 && !(state && *state == '/'))
        c->state_dir = xstrdup("/var/lib/tidings");
    else if (state && *state == '/') /* a relative one is to be ignored: XDG base directory specification */
        c->state_dir = xasprintf("%s/tidings", state);
    else
        c->state_dir = xasprintf("%s/.local/state/tidings", home && *home == '/' ? home : "/tmp");
}

struct config *config_load(const char *path, const char *const *overrides, size_t override_count, struct error *err)
{
    struct config *c = xcalloc(1, sizeof(*c));
    if (!path)
        path = getenv("TIDINGS_CONFIG");
    if (!set_defaults(c, err))
        goto fail;
    if (path && *path && !config_read_file(c, path, err))
        goto fail;
    if (!set_from_environment(c, err) || !set_overrides(c, overrides, override_count, err))
        goto fail;
    if (c->crawler.poll_min_ms > c->crawler.poll_max_ms) {
        error_set(err, ERROR_INVALID, "crawler.poll_min_ms is larger than crawler.poll_max_ms: lower one or raise the other");
        goto fail;
    }
    default_state_dir(c);
    return c;

fail:
    config_destroy(c);
    return NULL;
}

bool config_set(struct config *c, const char *name, const char *value, struct error *err)
{
    if (!set_named(c, name, value, "", err))
        return false;
    keep_override(c, xasprintf("%s=%s", name, value));
    c->state_dir_chosen |= strcmp(name, "state_dir") == 0;
    return true;
}

struct config *config_load_again(const struct config *c, struct error *err)
{
    return config_load(c->path, (const char *const *)c->over, c->over_count, err);
}

void config_compare(const struct config *before, const struct config *after, void (*changed)(void *arg, const char *name, bool reload),
                    void *arg)
{
    for (const struct setting *s = settings; s->name; s++)
        if (!setting_equal(s, before, after))
            changed(arg, s->name, s->flags & SETTING_RELOAD);
    bool same = before->kafka.property_count == after->kafka.property_count;
    for (size_t i = 0; same && i < before->kafka.property_count; i++)
        same = strcmp(before->kafka.properties[i].name, after->kafka.properties[i].name) == 0 &&
               strcmp(before->kafka.properties[i].value, after->kafka.properties[i].value) == 0;
    if (!same)
        changed(arg, "kafka.properties", false);
}

void config_role_defaults(struct config *c)
{
    if (!c->kafka.bootstrap)
        c->kafka.bootstrap = xstrdup("localhost:9092");
    if (!c->redis.frontier)
        c->redis.frontier = xstrdup("localhost:6379");
}

void config_source_fini(struct config_source *source)
{
    for (const struct setting *s = source_settings; s->name; s++)
        setting_unset(s, source);
}

void config_destroy(struct config *c)
{
    if (!c)
        return;
    for (const struct setting *s = settings; s->name; s++)
        setting_unset(s, c);
    for (size_t i = 0; i < c->kafka.property_count; i++) {
        free(c->kafka.properties[i].name);
        free(c->kafka.properties[i].value);
    }
    for (size_t i = 0; i < c->source_count; i++)
        config_source_fini(&c->sources[i]);
    for (size_t i = 0; i < c->over_count; i++)
        free(c->over[i]);
    free(c->over);
    free(c->kafka.properties);
    free(c->sources);
    free(c->path);
    free(c);
}
