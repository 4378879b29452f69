#include "cli/reference.h"

#include "cli/command.h"
#include "config/reference.h"

#include <string.h>

void reference_commands_markdown(struct buffer *out)
{
    const struct command *c;
    for (size_t i = 0; (c = command_at(i)); i++) {
        struct buffer help;
        buffer_init(&help, 0);
        command_help(c, &help);
        const char *body = strchr(buffer_str(&help), '\n'); /* the first line says name and summary */
        buffer_printf(out, "### tidings %s\n\n%c%s.\n\n```\n%s```\n\n", c->name, c->summary[0] - ('a' <= c->summary[0] && c->summary[0] <= 'z' ? 32 : 0),
                      c->summary + 1, body ? body + 2 : "");
        buffer_fini(&help);
    }
}

static void put_lines(struct buffer *out, const char *before, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        char line[512];
        buffer_puts(out, before);
        buffer_reserve(out, n);
        memcpy(line, text, n < sizeof(line) ? n : sizeof(line) - 1);
        line[n < sizeof(line) ? n : sizeof(line) - 1] = '\0';
        reference_roff(out, line);
        buffer_puts(out, "\n.br\n");
        text += n + (text[n] == '\n');
    }
}

static void put_option(struct buffer *out, const struct command_option *o)
{
    buffer_puts(out, ".TP\n.B ");
    if (o->letter)
        buffer_printf(out, "\\-%c, ", o->letter);
    buffer_puts(out, "\\-\\-");
    reference_roff(out, o->name);
    if (o->value) {
        buffer_puts(out, " \\fI");
        reference_roff(out, o->value);
        buffer_puts(out, "\\fR");
    }
    buffer_putc(out, '\n');
    reference_roff(out, o->help);
    buffer_putc(out, '\n');
}

static void put_command(struct buffer *out, const struct command *c)
{
    buffer_puts(out, ".SS tidings ");
    reference_roff(out, c->name);
    buffer_putc(out, '\n');
    put_lines(out, "", c->usage && *c->usage ? c->usage : "(no arguments)");
    buffer_puts(out, ".PP\n");
    reference_roff(out, c->summary);
    buffer_puts(out, ".\n");
    if (c->description) {
        reference_roff(out, c->description);
        buffer_putc(out, '\n');
    }
    for (int i = 0; c->options && c->options[i].name; i++)
        put_option(out, &c->options[i]);
    buffer_puts(out, ".PP\nExample:\n.PP\n");
    put_lines(out, "", c->example);
}

void reference_commands_man(struct buffer *out)
{
    const struct command *c;
    buffer_puts(out, ".TH TIDINGS 1 \"\" \"tidings " TIDINGS_VERSION "\"\n.SH NAME\ntidings \\- watches news sites and turns what they publish into article records\n"
                     ".SH SYNOPSIS\n.B tidings\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n.SH COMMANDS\n");
    for (size_t i = 0; (c = command_at(i)); i++)
        put_command(out, c);
    buffer_puts(out, ".SH COMMON OPTIONS\n.TP\n.B \\-c, \\-\\-config \\fIFILE\\fR\nread this configuration, tidings.yaml(5)\n"
                     ".TP\n.B \\-\\-set \\fINAME=VALUE\\fR\nset one setting, over file and variables\n"
                     ".TP\n.B \\-\\-state\\-dir \\fIDIR\\fR\nthe state directory of tidings run\n"
                     ".TP\n.B \\-\\-json\nprint JSON, one object a line\n.TP\n.B \\-h, \\-\\-help\nshow a command's help\n"
                     ".SH EXIT STATUS\n0 done, also after a drained SIGTERM or Ctrl\\-C; 1 the answer is no; 2 usage or configuration; 3 something\n"
                     "does not answer; 4 the process could not go on.\n.SH SEE ALSO\ntidings.yaml(5)\n");
}
