/* commands.c - the table of subcommands, in the order of the help. A command that no file defines is left out. */
#include "cli/command.h"

#include <string.h>

#define WEAK(name) extern const struct command name##_command __attribute__((weak))
WEAK(run); WEAK(crawler); WEAK(extractor); WEAK(loader); WEAK(check); WEAK(topics); WEAK(sources); WEAK(probe); WEAK(fetch);
WEAK(extract); WEAK(inspect); WEAK(tail); WEAK(latest); WEAK(get); WEAK(status); WEAK(hosts); WEAK(ledger); WEAK(explain);
WEAK(deadletters);

static const struct command *const known[] = {
    &run_command, &crawler_command, &extractor_command, &loader_command, &check_command, &topics_command, &sources_command,
    &probe_command, &fetch_command, &extract_command, &inspect_command, &tail_command, &latest_command, &get_command,
    &status_command, &hosts_command, &ledger_command, &explain_command, &deadletters_command,
};

const struct command *command_at(size_t i)
{
    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
        if (known[k] && i-- == 0)
            return known[k];
    return NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *c;
    for (size_t i = 0; (c = command_at(i)); i++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}
