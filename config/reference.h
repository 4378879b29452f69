/* reference.h - the table of settings as documents: config/tidings.yaml, the settings part of docs/manual.md, and
 * man/tidings.yaml.5. A test compares the files with what these give. */
#ifndef CONFIG_REFERENCE_H
#define CONFIG_REFERENCE_H

#include "base/buffer.h"

void reference_yaml(struct buffer *out);
void reference_settings_markdown(struct buffer *out);
void reference_settings_man(struct buffer *out);
/* Appends text for roff: backslashes, and dots and quotes at the start of a line. */
void reference_roff(struct buffer *out, const char *text);

#endif
