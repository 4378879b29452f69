/* command.c - what all subcommands share: options through getopt_long, help from the table, configuration, statuses. */
#include "cli/command.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/near.h"
#include "cli/paragraph.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETS_MAX 64
#define OPTION_COLUMN 28

enum { OPT_OWN = 1000, OPT_HELP = 2000, OPT_VERSION, OPT_CONFIG, OPT_SET, OPT_STATE_DIR, OPT_JSON };

struct common { /* what main() does itself */
    const char *config, *state_dir;
    const char *sets[SETS_MAX];
    size_t set_count;
    bool help, version, json;
};

static const struct { struct command_option o; int code; unsigned flag; } shared[] = {
    { { "json", 0, NULL, "print JSON, one object a line" }, OPT_JSON, COMMAND_JSON },
    { { "config", 'c', "FILE", "read this configuration (default: TIDINGS_CONFIG, else none)" }, OPT_CONFIG, COMMAND_CONFIG },
    { { "set", 0, "NAME=VALUE", "set one setting, over file and TIDINGS_* variables; may be repeated" }, OPT_SET, COMMAND_CONFIG },
    { { "state-dir", 0, "DIR", "the state directory of `tidings run`" }, OPT_STATE_DIR, COMMAND_STATE },
    { { "help", 'h', NULL, "show this" }, OPT_HELP, 0 },
    { { "version", 0, NULL, "show the version" }, OPT_VERSION, 0 },
};

static bool applies(const struct command *c, unsigned flag)
{
    return flag == 0 || c->flags & flag;
}

static int option_index(const struct command *c, const char *name)
{
    for (int i = 0; c->options && c->options[i].name; i++)
        if (strcmp(c->options[i].name, name) == 0)
            return i;
    return -1;
}

const char *option(const struct invocation *inv, const char *name)
{
    int i = option_index(inv->command, name);
    assert(i >= 0);
    return inv->values[i];
}

bool option_number(const struct invocation *inv, const char *name, int64_t fallback, int64_t min, int64_t max, int64_t *out)
{
    const char *text = option(inv, name);
    char *end;
    *out = fallback;
    if (!text)
        return true;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (!*text || *end || errno || v < min || v > max) {
        command_usage(inv, "--%s = %s: expected a whole number from %" PRId64 " to %" PRId64, name, log_quote(text), min, max);
        return false;
    }
    *out = v;
    return true;
}

static void say(const struct invocation *inv, const char *fmt, va_list args)
{
    fflush(stdout);
    fprintf(stderr, "tidings %s: ", inv->command->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

int command_usage(const struct invocation *inv, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(inv, fmt, args);
    va_end(args);
    fprintf(stderr, "Try: tidings %s --help\n", inv->command->name);
    return STATUS_USAGE;
}

int command_fail(const struct invocation *inv, const struct error *err)
{
    static const int statuses[] = { [ERROR_TRANSIENT] = STATUS_UNREACHABLE, [ERROR_INVALID] = STATUS_NO,
                                    [ERROR_LIMIT] = STATUS_NO, [ERROR_SYSTEM] = STATUS_BROKEN };
    return command_say(inv, (enum status)statuses[err->kind], "%s", err->message);
}

int command_say(const struct invocation *inv, enum status status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(inv, fmt, args);
    va_end(args);
    return status;
}

static int output_errno; /* why standard output cannot be written; stays */

bool command_flush(void)
{
    if (output_errno == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        output_errno = errno ? errno : EIO;
    return output_errno == 0;
}

static void put_option(const struct command_option *o, struct buffer *out)
{
    char left[64];
    snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ', o->letter ? ", " : "  ",
             o->name, o->value ? " " : "", o->value ? o->value : "");
    if (strlen(left) > 24)
        buffer_printf(out, "  %s\n  %-24s  %s\n", left, "", o->help);
    else
        buffer_printf(out, "  %-24s  %s\n", left, o->help);
}

/* Each line of text, with before in front. */
static void put_lines(const char *before, const char *text, struct buffer *out)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        buffer_printf(out, "%s%.*s\n", before, (int)n, text);
        text += n + (text[n] == '\n');
    }
}

void command_help(const struct command *c, struct buffer *out)
{
    char before[64];
    snprintf(before, sizeof(before), "  tidings %s%s", c->name, c->usage && *c->usage ? " " : "");
    buffer_printf(out, "tidings %s: %s\n\nUsage:\n", c->name, c->summary);
    put_lines(before, c->usage && *c->usage ? c->usage : "\n", out);
    if (c->description)
        buffer_printf(out, "\n%s\n", c->description);
    buffer_puts(out, "\nOptions:\n");
    for (int i = 0; c->options && c->options[i].name; i++)
        put_option(&c->options[i], out);
    for (size_t i = 0; i < COUNT(shared); i++)
        if (applies(c, shared[i].flag))
            put_option(&shared[i].o, out);
    buffer_puts(out, "\nExample:\n");
    put_lines("  ", c->example, out);
}

static void general_help(FILE *f)
{
    const struct command *c;
    fputs("tidings: watches news sites and turns what they publish into article records\n\n"
          "Usage:\n  tidings COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n", f);
    for (size_t i = 0; (c = command_at(i)); i++)
        fprintf(f, "  %-12s %s\n", c->name, c->summary);
    fputs("\n`tidings COMMAND --help` tells more.\n\nExample:\n  tidings run --contact you@example.org https://news.example.org/\n", f);
}

/* The tables for getopt_long: the command's own options, then the shared ones. */
static void build_options(const struct command *c, struct option *longs, char *shorts)
{
    size_t n = 0;
    for (int i = 0; c->options && c->options[i].name; i++) {
        const struct command_option *o = &c->options[i];
        assert(i < COMMAND_OPTION_MAX);
        longs[n++] = (struct option){ o->name, o->value ? required_argument : no_argument, NULL, OPT_OWN + i };
        if (o->letter)
            shorts += sprintf(shorts, "%c%s", o->letter, o->value ? ":" : "");
    }
    for (size_t i = 0; i < COUNT(shared); i++) {
        const struct command_option *o = &shared[i].o;
        if (!applies(c, shared[i].flag))
            continue;
        longs[n++] = (struct option){ o->name, o->value ? required_argument : no_argument, NULL, shared[i].code };
        if (o->letter)
            shorts += sprintf(shorts, "%c%s", o->letter, o->value ? ":" : "");
    }
    longs[n] = (struct option){ 0 };
}

/* A short letter is answered by getopt as itself: the code of its option. */
static int code_of_letter(const struct command *c, int letter)
{
    for (int i = 0; c->options && c->options[i].name; i++)
        if (c->options[i].letter == letter)
            return OPT_OWN + i;
    for (size_t i = 0; i < COUNT(shared); i++)
        if (shared[i].o.letter == letter)
            return shared[i].code;
    return '?';
}

static bool take_option(struct invocation *inv, struct common *common, int code)
{
    if (code >= OPT_OWN && code < OPT_OWN + COMMAND_OPTION_MAX)
        inv->values[code - OPT_OWN] = optarg ? optarg : "";
    else if (code == OPT_HELP)
        common->help = true;
    else if (code == OPT_VERSION)
        common->version = true;
    else if (code == OPT_JSON)
        common->json = true;
    else if (code == OPT_CONFIG)
        common->config = optarg;
    else if (code == OPT_STATE_DIR)
        common->state_dir = optarg;
    else if (code == OPT_SET && common->set_count < SETS_MAX)
        common->sets[common->set_count++] = optarg;
    else if (code == OPT_SET)
        return command_usage(inv, "--set stands more than %d times", SETS_MAX) == STATUS_OK;
    else
        return false;
    return true;
}

/* argv[0] is the command's name. */
static bool read_options(struct invocation *inv, struct common *common, int argc, char **argv)
{
    struct option longs[COMMAND_OPTION_MAX + COUNT(shared) + 1];
    char shorts[2 * (COMMAND_OPTION_MAX + COUNT(shared)) + 2] = ":";
    int code;
    build_options(inv->command, longs, shorts + 1);
    optind = 0; /* start afresh: tests call this more than once */
    opterr = 0;
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const char *word = argv[optind > 0 ? optind - 1 : 0];
        if (code == ':')
            return command_usage(inv, "%s needs a value", word) == STATUS_OK;
        if (code == '?')
            return command_usage(inv, "%s: no such option, or a value it does not take", log_quote(word)) == STATUS_OK;
        if (!take_option(inv, common, code < OPT_OWN ? code_of_letter(inv->command, code) : code))
            return false;
    }
    inv->argc = argc - optind;
    inv->argv = argv + optind;
    inv->json = common->json;
    return true;
}

static bool read_config(struct invocation *inv, const struct common *common)
{
    struct error err;
    if (!(inv->command->flags & COMMAND_CONFIG))
        return true;
    inv->config = config_load(common->config, common->sets, common->set_count, &err);
    if (inv->config && (!common->state_dir || config_set(inv->config, "state_dir", common->state_dir, &err)) &&
        command_check_sources(inv->config, &err))
        return true;
    fprintf(stderr, "tidings %s: %s\n", inv->command->name, err.message);
    return false;
}

/* The length of what stands on one line of a terminal: a line, or the lines of a paragraph of the description. */
static size_t joined_length(const char *text)
{
    size_t n = strcspn(text, "\n");
    while (n > 0 && text[0] != ' ' && text[n] && text[n + 1] != '\0' && text[n + 1] != '\n' && text[n + 1] != ' ')
        n += 1 + strcspn(text + n + 1, "\n");
    return n;
}

/* Broken to the terminal's width; what an option does stays in its column. */
static void print_help(const char *text)
{
    while (paragraph_columns() && *text) {
        size_t n = joined_length(text), indent = strspn(text, " ");
        char *line = xstrndup(text, n);
        bool is_option = indent >= 2 && line[indent] == '-' && n > OPTION_COLUMN;
        for (char *p = line; (p = strchr(p, '\n'));)
            *p = ' ';
        paragraph_print(line, 0, is_option ? OPTION_COLUMN : (int)indent);
        free(line);
        text += n + (text[n] == '\n');
    }
    fputs(text, stdout);
}

static int show_help(const struct command *c)
{
    struct buffer text;
    buffer_init(&text, 0);
    command_help(c, &text);
    print_help(buffer_str(&text));
    buffer_fini(&text);
    return STATUS_OK;
}

static int run_command_line(const struct command *c, int argc, char **argv)
{
    struct invocation inv = { .command = c };
    struct common common = { 0 };
    if (!read_options(&inv, &common, argc, argv))
        return STATUS_USAGE;
    if (common.help)
        return show_help(c);
    if (common.version) {
        puts("tidings " TIDINGS_VERSION);
        return STATUS_OK;
    }
    log_set_level(LOG_ERROR); /* a question is answered; `run` and the roles set the level they are given */
    int status = read_config(&inv, &common) ? c->run(&inv) : STATUS_USAGE;
    config_destroy(inv.config);
    return status;
}

static int unknown_command(const char *name)
{
    const struct command *near = NULL, *c;
    size_t least = 3;
    for (size_t i = 0; (c = command_at(i)); i++)
        if (near_distance(name, c->name) < least) {
            least = near_distance(name, c->name);
            near = c;
        }
    fprintf(stderr, "tidings: %s: no such command%s%s%s\nTry: tidings --help\n", log_quote(name), near ? ", did you mean \"" : "",
            near ? near->name : "", near ? "\"?" : "");
    return STATUS_USAGE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        general_help(stderr);
        return STATUS_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (strcmp(name, "help") == 0 && argc == 2)) {
        general_help(stdout);
        return STATUS_OK;
    }
    if (strcmp(name, "--version") == 0) {
        puts("tidings " TIDINGS_VERSION);
        return STATUS_OK;
    }
    bool help = strcmp(name, "help") == 0;
    const struct command *c = command_find(help ? argv[2] : name);
    if (!c)
        return unknown_command(help ? argv[2] : name);
    return help ? show_help(c) : run_command_line(c, argc - 1, argv + 1);
}

int command_main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_CTYPE, "");
    output_errno = 0;
    int status = dispatch(argc, argv);
    if (command_flush())
        return status;
    if (output_errno == EPIPE) /* `| head` has read enough */
        return status == STATUS_NO ? status : STATUS_OK;
    fprintf(stderr, "tidings: standard output: %s\n", strerror(output_errno));
    return STATUS_BROKEN;
}
