/* command.h - what a subcommand of `tidings` is, and what main() does for all of them: options, help, configuration, exit
 * statuses. A subcommand is one file cli/NAME.c that defines `const struct command NAME_command`; the table in
 * cli/commands.c names them. Help, manual pages and the reference in docs/manual.md are made from these structures.
 *
 *     static int run(struct invocation *inv) { … return STATUS_OK; }
 *
 *     const struct command latest_command = {
 *         .name = "latest", .summary = "list the newest articles of the cache", .usage = "[--source NAME] [--limit N]",
 *         .options = (const struct command_option[]){
 *             { "source", 's', "NAME", "only articles of this source" },
 *             { "limit", 'n', "N", "at most N articles (default 20)" },
 *             { 0 } },
 *         .flags = COMMAND_CONFIG | COMMAND_JSON, .example = "tidings latest --limit 5", .run = run };
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

enum status { /* docs/manual.md, "Exit status" */
    STATUS_OK = 0,          /* also a drained SIGTERM or Ctrl-C */
    STATUS_NO = 1,          /* the answer is no */
    STATUS_USAGE = 2,       /* options, arguments, configuration */
    STATUS_UNREACHABLE = 3, /* something we need does not answer */
    STATUS_BROKEN = 4,      /* this process could not go on */
};

struct command_option {
    const char *name;  /* long form, without dashes */
    char letter;       /* short form, or 0 */
    const char *value; /* placeholder in the help; NULL: a flag */
    const char *help;
};

#define COMMAND_OPTION_MAX 24

enum command_flags {
    COMMAND_CONFIG = 1, /* reads the configuration: --config, --set, TIDINGS_*; inv->config is filled */
    COMMAND_STATE = 2,  /* uses the state directory: --state-dir */
    COMMAND_JSON = 4,   /* has --json: inv->json */
};

struct invocation {
    const struct command *command;
    int argc;              /* what is not an option, the command's name left out */
    char **argv;           /* NULL-terminated */
    struct config *config; /* lent; NULL without COMMAND_CONFIG */
    bool json;
    const char *values[COMMAND_OPTION_MAX]; /* private: option() */
};

struct command {
    const char *name;
    const char *summary;     /* half a sentence for `tidings --help` */
    const char *usage;       /* what follows the name; one line for each form */
    const char *description; /* paragraphs for help and manual; NULL = the summary says all */
    const struct command_option *options; /* ends with an empty one; NULL = none. "json", "help" … come by themselves */
    unsigned flags;          /* enum command_flags */
    const char *example;     /* one complete command line each line */
    int (*run)(struct invocation *inv); /* returns an enum status */
};

/* The subcommands in the order of the help; NULL after the last. */
const struct command *command_at(size_t i);
const struct command *command_find(const char *name); /* NULL: there is none */

/* The value of an option, "" for a flag that is set, NULL when it was not given. name is one of the command's own options
 * (anything else is a bug and asserts). */
const char *option(const struct invocation *inv, const char *name);
/* As a whole number from min to max, fallback when it was not given; false after a message (return STATUS_USAGE then). */
bool option_number(const struct invocation *inv, const char *name, int64_t fallback, int64_t min, int64_t max, int64_t *out);

/* Prints "tidings NAME: message" and where the help is to standard error; returns STATUS_USAGE. */
int command_usage(const struct invocation *inv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints "tidings NAME: message"; returns the status for its kind: transient 3, invalid 1, limit 1, system 4. */
int command_fail(const struct invocation *inv, const struct error *err);
/* Prints "tidings NAME: …" and returns status. */
int command_say(const struct invocation *inv, enum status status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Flushes standard output; false when nobody reads it any more or it cannot be written: stop then. A reader that went away
 * ends a command quietly (main() gives STATUS_OK), anything else is reported by main(). SIGPIPE is ignored. */
bool command_flush(void);

/* The configuration's sources are such as can be watched: addresses, names, selectors, time zones; else ERROR_INVALID with file, line
 * and key. command_main() has asked. (cli/check_sources.c) */
bool command_check_sources(const struct config *c, struct error *err);
/* The same of one that is to be added: its name, time zone, feeds and sitemaps; selectors apart. */
struct source;
bool command_check_source(const struct source *s, const char *site, struct error *err);

/* Reads argv as main() does and runs the command; for main() and for tests. */
int command_main(int argc, char **argv);
/* Writes the help of one command. */
void command_help(const struct command *c, struct buffer *out);

#endif
