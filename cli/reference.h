/* reference.h - the table of commands as documents: the commands part of docs/manual.md, and man/tidings.1. */
#ifndef CLI_REFERENCE_H
#define CLI_REFERENCE_H

#include "base/buffer.h"

void reference_commands_markdown(struct buffer *out);
void reference_commands_man(struct buffer *out);

#endif
