/* health.c - answers from memory, never from a dependency: a probe must not hang because Redis does. The process's own
 * figures (/proc/self) are read when they are asked for. */
#include "pipeline/health.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pipeline/listen.h"
#include "pipeline/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define CONNECTION_SECONDS 10
#define CONNECTION_BYTES 16384

struct health {
    struct MHD_Daemon *daemon;
    struct health_callbacks callbacks;
    int port;
    double started_at_s;
};

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_files(void)
{
    double n = 0;
    DIR *d = opendir("/proc/self/fd");
    if (!d)
        return 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 3; /* ".", ".." and the directory itself */
}

static void put_gauge(struct buffer *out, const char *name, const char *type, const char *help, double value)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, type, name, value);
}

static void put_process(const struct health *h, struct buffer *out)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    buffer_printf(out, "# HELP tidings_build_info The program's version.\n# TYPE tidings_build_info gauge\n"
                       "tidings_build_info{version=\"%s\"} 1\n", TIDINGS_VERSION);
    put_gauge(out, "process_cpu_seconds_total", "counter", "CPU time of this process.", cpu_s);
    put_gauge(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    put_gauge(out, "process_open_fds", "gauge", "Open file descriptors.", open_files());
    put_gauge(out, "process_start_time_seconds", "gauge", "Start, Unix time.", h->started_at_s);
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type, struct buffer *body)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(body->len, (void *)buffer_str(body), MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return queued;
}

static unsigned probe(bool (*fn)(void *, struct buffer *), void *arg, struct buffer *body)
{
    if (fn(arg, body)) {
        buffer_clear(body);
        buffer_puts(body, "ok\n");
        return MHD_HTTP_OK;
    }
    buffer_putc(body, '\n');
    return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **state)
{
    struct health *h = arg;
    struct buffer body;
    unsigned status = MHD_HTTP_OK;
    const char *type = "text/plain; charset=utf-8";
    static char seen;
    (void)version, (void)upload;
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (!*state && get) { /* headers have come */
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) /* a GET with a body */
        return MHD_NO;
    buffer_init(&body, 0);
    if (!get) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED; /* answered before its body comes: nothing is read, the connection ends */
    } else if (strcmp(url, "/healthz") == 0) {
        status = probe(h->callbacks.alive, h->callbacks.arg, &body);
    } else if (strcmp(url, "/readyz") == 0) {
        status = probe(h->callbacks.ready, h->callbacks.arg, &body);
    } else if (strcmp(url, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        put_process(h, &body);
        metrics_write(&body);
    } else {
        status = MHD_HTTP_NOT_FOUND;
        buffer_puts(&body, "/healthz, /readyz and /metrics are here\n");
    }
    enum MHD_Result r = answer(c, status, type, &body);
    buffer_fini(&body);
    return r;
}

struct health *health_start(const char *address, int port, int tries, const struct health_callbacks *callbacks, struct error *err)
{
    struct health *h = xcalloc(1, sizeof(*h));
    int fd = -1;
    h->callbacks = *callbacks;
    h->started_at_s = (double)clock_unix_ms() / 1000;
    for (h->port = port; fd < 0 && h->port < port + tries && h->port < 65536; h->port += fd < 0) {
        fd = listen_at(address, h->port, CONNECTIONS_MAX);
        if (fd < 0 && errno != EADDRINUSE)
            break;
    }
    if (fd < 0) {
        if (errno == EADDRINUSE)
            error_set(err, ERROR_SYSTEM, "health.port: %s:%d%s in use: choose another, or 0", address, port, tries > 1 ? " and the next are" : " is");
        else
            error_set(err, ERROR_SYSTEM, "health.address: cannot listen at %s:%d: %s", address, h->port, strerror(errno));
        free(h);
        return NULL;
    }
    h->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, h,
                                 MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    if (h->daemon)
        return h;
    close(fd);
    free(h);
    error_set(err, ERROR_SYSTEM, "health: the server at %s:%d did not start", address, port);
    return NULL;
}

int health_port(const struct health *h)
{
    return h->port;
}

void health_stop(struct health *h)
{
    if (!h)
        return;
    MHD_stop_daemon(h->daemon);
    free(h);
}
