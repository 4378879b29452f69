/* file.h - reads the YAML file into the configuration. Inside config/ only. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "base/error.h"
#include "config/config.h"
#include "config/settings.h"

#include <stdbool.h>

/* Messages are "FILE:LINE: KEY = FOUND: expected …". */
bool config_read_file(struct config *c, const char *path, struct error *err);
/* Reads the first line of the file at path into a secret. The message names the path, never the content. */
bool config_read_secret(const struct setting *s, void *base, const char *path, struct error *err);
/* One of kafka.properties; NAME_file reads the value from a file. ERROR_INVALID for those the promises rest on. */
bool config_add_property(struct config *c, const char *name, const char *value, struct error *err);
void config_source_fini(struct config_source *source);

#endif
