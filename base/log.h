/* log.h - one event a line: a fixed phrase, then key=value with units, to standard error or a file. Totals belong to
 * metrics. Text from outside goes through log_quote(). Thread-safe; a line is one write(2).
 * Of one event (one place in the code) at most 100 lines are written in 10 s; the next one after that says suppressed=N.
 *
 *     log_warn("write failed topic=%s partition=%" PRId32 " reason=%s", topic, partition, log_quote(reason)); */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* Until this is called: LOG_INFO and above, as text, to standard error. The fd is borrowed. */
void log_init(enum log_level level, enum log_format format, int fd);
void log_set_level(enum log_level level);
/* Lines go to the file at path from now on; when it has more than max_bytes it becomes path.1 (what that was is gone) and a
 * new one begins. False with errno when it cannot be opened. */
bool log_to_file(const char *path, size_t max_bytes);
bool log_enabled(enum log_level level);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_debug(...) (log_enabled(LOG_DEBUG) ? log_line(LOG_DEBUG, __VA_ARGS__) : (void)0)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

/* Returns s in double quotes with control characters, quotes, backslashes and invalid UTF-8 escaped, cut at about 400
 * bytes; "-" for NULL. Lives in one of 8 buffers of the calling thread: use it in the same statement. */
const char *log_quote(const char *s);
const char *log_quote_n(const char *s, size_t len);

#endif
