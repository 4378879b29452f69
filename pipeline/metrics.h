/* metrics.h - counters, gauges and histograms, named tidings_…, shown on /metrics (Prometheus text format 0.0.4).
 * Registration is idempotent: the same name and label give the same metric. Updating is lock-free; any thread. */
#ifndef PIPELINE_METRICS_H
#define PIPELINE_METRICS_H

#include "base/buffer.h"

#include <stdint.h>

struct metric;

/* label_name and label_value may be NULL (no label); values must be few (never a URL or a host). */
struct metric *metric_counter(const char *name, const char *help, const char *label_name, const char *label_value);
struct metric *metric_gauge(const char *name, const char *help, const char *label_name, const char *label_value);
/* bounds: ascending upper bounds, count of them; copied. */
struct metric *metric_histogram(const char *name, const char *help, const double *bounds, int count);
void metric_add(struct metric *m, int64_t n);
void metric_set(struct metric *m, double value);
void metric_observe(struct metric *m, double value);
int64_t metric_value(const struct metric *m); /* counters and gauges */
void metrics_write(struct buffer *out);       /* all of them */

#endif
