#include "config/reference.h"

#include "config/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 110

/* The section of a setting ("crawler", "" for those of none) and its name inside. */
static const char *split(const char *name, char section[64])
{
    const char *dot = strchr(name, '.');
    snprintf(section, 64, "%.*s", dot ? (int)(dot - name) : 0, name);
    return dot ? dot + 1 : name;
}

/* Words of text in lines of at most WIDTH bytes, each after before. */
static void wrap(struct buffer *out, const char *before, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column && column + 1 + n > WIDTH) {
            buffer_putc(out, '\n');
            column = 0;
        }
        if (column == 0)
            buffer_puts(out, before);
        else
            buffer_putc(out, ' ');
        buffer_append(out, text, n);
        column += (column ? 1 : strlen(before)) + n;
        text += n + strspn(text + n, " ");
    }
    buffer_putc(out, '\n');
}

static void put_value(struct buffer *out, const struct setting *s)
{
    if (!s->fallback)
        return;
    if (s->type != SETTING_LIST) {
        buffer_printf(out, " %s", s->fallback);
        return;
    }
    buffer_puts(out, " [");
    for (const char *p = s->fallback; *p; p++)
        buffer_printf(out, *p == ',' ? ", " : "%c", *p);
    buffer_putc(out, ']');
}

static void put_setting_yaml(struct buffer *out, const struct setting *s, const char *name, const char *indent)
{
    char text[1024], expected[256], before[32];
    setting_expected(s, expected, sizeof(expected));
    snprintf(text, sizeof(text), "%s Expected: %s.%s", s->help, expected, s->flags & SETTING_SECRET ? " Or from a file's first line:" : "");
    snprintf(before, sizeof(before), "%s# ", indent);
    wrap(out, before, text);
    if (s->flags & SETTING_SECRET)
        buffer_printf(out, "%s# %s_file: /run/secrets/%s\n", indent, name, name);
    buffer_printf(out, "%s#%s:", indent, name);
    put_value(out, s);
    buffer_puts(out, "\n");
}

static void put_sources_yaml(struct buffer *out)
{
    buffer_puts(out, "\n# What to watch. An address alone will do; `tidings sources add` adds more while it runs.\n#sources:\n"
                     "#  - https://news.example.org/\n#  - url: https://www.example.com/\n");
    for (const struct setting *s = source_settings + 1; s->name; s++) {
        char text[512], expected[256];
        setting_expected(s, expected, sizeof(expected));
        snprintf(text, sizeof(text), "%s Expected: %s.", s->help, expected);
        wrap(out, "#    # ", text);
        buffer_printf(out, "#    %s:\n", s->name);
    }
}

void reference_yaml(struct buffer *out)
{
    char section[64], last[64] = "";
    buffer_puts(out, "# tidings.yaml - every setting, with its default. A line that begins with '#' and a name is the default itself: take\n"
                     "# the '#' away to change it. Made from config/settings.c; docs/manual.md tells how file, variables and command\n"
                     "# line go together. Where nothing stands after the colon, nothing is set.\n\n");
    for (const struct setting *s = settings; s->name; s++) {
        const char *name = split(s->name, section);
        if (strcmp(section, last) != 0) {
            buffer_printf(out, "\n%s:\n", section);
            snprintf(last, sizeof(last), "%s", section);
        }
        put_setting_yaml(out, s, name, *section ? "  " : "");
        if (strcmp(s->name, "kafka.group_instance_id") == 0)
            buffer_puts(out, "  # Any setting of librdkafka (TLS, SASL) but those that the promises rest on. NAME_file reads a value from a file.\n"
                             "  #properties:\n  #  security.protocol: SASL_SSL\n  #  sasl.password_file: /run/secrets/kafka\n");
    }
    put_sources_yaml(out);
}

static void put_rows_markdown(struct buffer *out, const struct setting *table)
{
    char expected[256];
    buffer_puts(out, "| setting | default | expected | |\n|---|---|---|---|\n");
    for (const struct setting *s = table; s->name; s++) {
        setting_expected(s, expected, sizeof(expected));
        buffer_printf(out, "| `%s`%s | %s%s%s | %s | %s%s |\n", s->name, s->flags & SETTING_SECRET ? ", `_file`" : "", s->fallback ? "`" : "",
                      s->fallback ? s->fallback : "", s->fallback ? "`" : "", expected, s->help,
                      s->flags & SETTING_RELOAD ? " SIGHUP takes a change over." : "");
    }
}

void reference_settings_markdown(struct buffer *out)
{
    put_rows_markdown(out, settings);
    buffer_puts(out, "\nOne entry of `sources:` is an address, or a mapping of these:\n\n");
    put_rows_markdown(out, source_settings);
}

void reference_roff(struct buffer *out, const char *text)
{
    for (bool start = true; *text; start = *text == '\n', text++) {
        if (start && (*text == '.' || *text == '\''))
            buffer_puts(out, "\\&");
        if (*text == '\\')
            buffer_puts(out, "\\e");
        else if (*text == '-')
            buffer_puts(out, "\\-");
        else
            buffer_putc(out, *text);
    }
}

static void put_rows_man(struct buffer *out, const struct setting *table)
{
    char expected[256];
    for (const struct setting *s = table; s->name; s++) {
        setting_expected(s, expected, sizeof(expected));
        buffer_puts(out, ".TP\n.B ");
        reference_roff(out, s->name);
        buffer_putc(out, '\n');
        reference_roff(out, s->help);
        buffer_puts(out, "\nExpected: ");
        reference_roff(out, expected);
        buffer_puts(out, s->fallback ? ". Default: " : ".");
        reference_roff(out, s->fallback ? s->fallback : "");
        buffer_puts(out, s->fallback ? ".\n" : "\n");
        if (s->flags & SETTING_SECRET)
            buffer_puts(out, "The same name with _file names a file whose first line is the value.\n");
    }
}

void reference_settings_man(struct buffer *out)
{
    buffer_puts(out, ".TH TIDINGS.YAML 5 \"\" \"tidings " TIDINGS_VERSION "\"\n.SH NAME\ntidings.yaml \\- configuration of tidings(1)\n"
                     ".SH DESCRIPTION\nA YAML file, named by \\-\\-config or the variable TIDINGS_CONFIG. Over it stand variables: TIDINGS_ and the\n"
                     "setting's name in capitals, dots as underscores (TIDINGS_CRAWLER_DELAY_MS); over these the command line\n"
                     "(\\-\\-set crawler.delay_ms=500). A name before a dot is a section of the file. Unknown names, wrong types and values\n"
                     "out of range stop the start with file and line.\n.SH SETTINGS\n");
    put_rows_man(out, settings);
    buffer_puts(out, ".TP\n.B kafka.properties\nNAME: VALUE pairs of librdkafka (TLS, SASL); NAME_file reads a value from a file. Those that the promises\n"
                     "rest on are refused by name.\n.SH SOURCES\nsources: is a list. An entry is an address, or a mapping of these:\n");
    put_rows_man(out, source_settings);
    buffer_puts(out, ".SH SEE ALSO\ntidings(1)\n");
}
