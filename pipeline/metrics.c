/* metrics.c - a list that only grows: registering takes a lock, updating and reading do not. Counters and gauges are one
 * atomic word (a gauge's holds the bits of a double); a histogram counts each bucket by itself and is summed on writing. */
#include "pipeline/metrics.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
    struct metric *next;
    enum metric_type type;
    char *name, *help, *label_name, *label_value;
    _Atomic int64_t count;    /* counter */
    _Atomic uint64_t bits;    /* gauge; sum of a histogram */
    double *bounds;
    _Atomic int64_t *buckets; /* bound_count + 1 */
    int bound_count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *_Atomic first;

static double from_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static uint64_t to_bits(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct metric *find(const char *name, const char *label_name, const char *label_value)
{
    for (struct metric *m = first; m; m = m->next)
        if (strcmp(m->name, name) == 0 && same(m->label_name, label_name) && same(m->label_value, label_value))
            return m;
    return NULL;
}

static struct metric *create(enum metric_type type, const char *name, const char *help, const char *label_name,
                             const char *label_value, const double *bounds, int count)
{
    struct metric *m = xcalloc(1, sizeof(*m));
    m->type = type;
    m->name = xstrdup(name);
    m->help = xstrdup(help);
    m->label_name = xstrdup(label_name);
    m->label_value = xstrdup(label_value);
    m->bits = to_bits(0);
    if (type == METRIC_HISTOGRAM) {
        m->bounds = xmemdup(bounds, (size_t)count * sizeof(*bounds));
        m->buckets = xcalloc((size_t)count + 1, sizeof(*m->buckets));
        m->bound_count = count;
    }
    m->next = first;
    first = m;
    return m;
}

static struct metric *get(enum metric_type type, const char *name, const char *help, const char *label_name,
                          const char *label_value, const double *bounds, int count)
{
    pthread_mutex_lock(&lock);
    struct metric *m = find(name, label_name, label_value);
    if (!m)
        m = create(type, name, help, label_name, label_value, bounds, count);
    pthread_mutex_unlock(&lock);
    assert(m->type == type);
    return m;
}

struct metric *metric_counter(const char *name, const char *help, const char *label_name, const char *label_value)
{
    return get(METRIC_COUNTER, name, help, label_name, label_value, NULL, 0);
}

struct metric *metric_gauge(const char *name, const char *help, const char *label_name, const char *label_value)
{
    return get(METRIC_GAUGE, name, help, label_name, label_value, NULL, 0);
}

struct metric *metric_histogram(const char *name, const char *help, const double *bounds, int count)
{
    return get(METRIC_HISTOGRAM, name, help, NULL, NULL, bounds, count);
}

static void add_double(_Atomic uint64_t *bits, double n)
{
    uint64_t old = *bits;
    while (!atomic_compare_exchange_weak(bits, &old, to_bits(from_bits(old) + n)))
        ;
}

void metric_add(struct metric *m, int64_t n)
{
    if (m->type == METRIC_COUNTER)
        atomic_fetch_add_explicit(&m->count, n, memory_order_relaxed);
    else
        add_double(&m->bits, (double)n);
}

void metric_set(struct metric *m, double value)
{
    m->bits = to_bits(value);
}

void metric_observe(struct metric *m, double value)
{
    int i = 0;
    while (i < m->bound_count && value > m->bounds[i])
        i++;
    atomic_fetch_add_explicit(&m->buckets[i], 1, memory_order_relaxed);
    add_double(&m->bits, value);
}

int64_t metric_value(const struct metric *m)
{
    return m->type == METRIC_COUNTER ? m->count : (int64_t)llround(from_bits(m->bits));
}

/* Prometheus text format 0.0.4: backslash, newline and, in label values, quotes are escaped. */
static void put_escaped(struct buffer *out, const char *s, bool quotes)
{
    for (; *s; s++) {
        if (*s == '\\' || (*s == '"' && quotes))
            buffer_printf(out, "\\%c", *s);
        else if (*s == '\n')
            buffer_puts(out, "\\n");
        else
            buffer_putc(out, *s);
    }
}

static void put_name(const struct metric *m, struct buffer *out)
{
    buffer_puts(out, m->name);
    if (!m->label_name)
        return;
    buffer_printf(out, "{%s=\"", m->label_name);
    put_escaped(out, m->label_value, true);
    buffer_puts(out, "\"}");
}

static void put_histogram(const struct metric *m, struct buffer *out)
{
    int64_t total = 0;
    for (int i = 0; i < m->bound_count; i++) {
        total += m->buckets[i];
        buffer_printf(out, "%s_bucket{le=\"%g\"} %" PRId64 "\n", m->name, m->bounds[i], total);
    }
    total += m->buckets[m->bound_count];
    buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", m->name, total);
    buffer_printf(out, "%s_sum %.17g\n%s_count %" PRId64 "\n", m->name, from_bits(m->bits), m->name, total);
}

static void put_metric(const struct metric *m, struct buffer *out)
{
    if (m->type == METRIC_HISTOGRAM) {
        put_histogram(m, out);
        return;
    }
    put_name(m, out);
    if (m->type == METRIC_COUNTER)
        buffer_printf(out, " %" PRId64 "\n", m->count);
    else
        buffer_printf(out, " %.17g\n", from_bits(m->bits));
}

static int by_name(const void *a, const void *b)
{
    const struct metric *x = *(struct metric *const *)a, *y = *(struct metric *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->label_value ? x->label_value : "", y->label_value ? y->label_value : "");
}

void metrics_write(struct buffer *out)
{
    static const char *const types[] = { "counter", "gauge", "histogram" };
    size_t count = 0, i = 0;
    struct metric *head = first; /* what is registered from now on comes before it */
    for (struct metric *m = head; m; m = m->next)
        count++;
    struct metric **all = xmalloc((count + 1) * sizeof(*all));
    for (struct metric *m = head; m; m = m->next)
        all[i++] = m;
    qsort(all, count, sizeof(*all), by_name);
    for (i = 0; i < count; i++) {
        if (i == 0 || strcmp(all[i]->name, all[i - 1]->name) != 0) {
            buffer_printf(out, "# HELP %s ", all[i]->name);
            put_escaped(out, all[i]->help, false);
            buffer_printf(out, "\n# TYPE %s %s\n", all[i]->name, types[all[i]->type]);
        }
        put_metric(all[i], out);
    }
    free(all);
}
