/* fetch_private.h - inside of the fetcher, which is six files: fetch.c (its life, libcurl on the loop, starting), fetch_handle.c
 * (easy handles), fetch_answer.c (headers and body as they arrive), fetch_limits.c (deadlines, stalls, who goes on when the
 * budget is used up), fetch_result.c (how a transfer ended), fetch_facts.c (what follows
 * from a result alone). */
#ifndef CRAWLER_FETCH_PRIVATE_H
#define CRAWLER_FETCH_PRIVATE_H

#include "base/buffer.h"
#include "crawler/dns.h"
#include "crawler/fetch.h"
#include "pipeline/metrics.h"

#include <curl/curl.h>

#define LANES 8
#define IDLE_HANDLES_MAX 64 /* of a lane */
#define HEADERS_MAX (64 * 1024)   /* all header lines of one answer */

enum fetch_state { RESOLVING, TRANSFERRING, CHECKING, FINISHED };

struct fetch {
    struct fetcher *fetcher;
    struct fetch *prev, *next;        /* among the fetcher's running ones */
    enum fetch_state state;
    fetch_done_fn *done;
    void *arg;
    bool (*want)(const struct fetch_result *r);
    char *url, *host;                 /* owned */
    char *form;                       /* owned; NULL: a GET */
    int port;
    struct dns_query *query;          /* while RESOLVING */
    struct lane *lane;
    CURL *easy;                       /* owned; NULL while RESOLVING */
    struct curl_slist *headers;       /* owned */
    struct curl_slist *resolve;       /* owned */
    struct buffer header_bytes;       /* values kept, NUL after each */
    size_t header_at[HEADER_COUNT];   /* offset + 1 in header_bytes; 0: absent */
    size_t header_total;              /* bytes of header lines of this answer */
    struct buffer body;
    size_t max_body, charged, skipped;
    int64_t content_length;           /* -1: not told */
    int opened;                       /* socket that was opened for it last; -1: it has a connection used before */
    bool chunked, keep_partial, check_whole, has_headers, wanted, too_large, uses_reserve, waiting;
    const char *refused;              /* why the address was */
    char curl_says[CURL_ERROR_SIZE];  /* of a failure, in its words */
    int retries;
    int64_t begun_mono_ms, first_byte_mono_ms, paused_since_mono_ms, paused_ms;
    int64_t window_mono_ms;           /* of the stall rule: began then, with window_bytes received */
    size_t received, window_bytes;
    uv_work_t check;                  /* while the fetcher is checking it */
    struct fetch *next_check;         /* waits for that */
    uv_timer_t *failing;              /* owned: an error found while starting is told from the loop */
    bool aborted;                     /* while it is checked */
    bool starting;                    /* inside fetch_start() */
    struct fetch_result result;
};

struct idle { /* an easy handle without a transfer */
    CURL *easy;
    char *used; /* "-host:port" to forget, or NULL */
};

/* One of several multi handles: when a transfer ends curl walks the connections kept, until it is at the one that was used, so that
 * 2,000 of them would cost more than the transfer. A host always has the same lane, all of https the first: each that speaks TLS
 * would hold the CA bundle. */
struct lane {
    struct fetcher *fetcher;
    CURLM *multi;
    uv_timer_t timer;                 /* curl's */
    struct idle idle[IDLE_HANDLES_MAX];
    int idle_count;
};

struct fetcher {
    uv_loop_t *loop;
    struct fetcher_options options;
    char *user_agent, *ca_file;       /* owned */
    struct lane lanes[LANES];
    struct dns *dns;
    uv_timer_t sweep;
    struct fetch *running;            /* newest first */
    struct fetch *sweeping;           /* the next one the sweep looks at */
    size_t running_count, waiting_count, references;
    struct fetch *checks, *checking;  /* bodies to be looked at, first come first; the one in the pool */
    struct fetch *reserve_user;       /* goes on from the reserve */
    bool reserve_held;                /* by reserve_user, or by a body not given back yet */
    bool closing, timers_open;
    struct metric *bytes, *inflight, *paused;
};

/* fetch.c */
void fetcher_unref(struct fetcher *f);
void fetch_begin_transfer(struct fetch *t);
void fetch_free(struct fetch *t);

/* fetch_handle.c */
void fetch_easy_attach(struct fetch *t, const struct dns_answer *a);
void fetch_easy_return(struct fetch *t);
void fetch_idle_drop(struct idle *i);

/* fetch_answer.c */
curl_socket_t fetch_on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a);
int fetch_on_connected(void *arg, char *ip, char *local_ip, int port, int local_port);
size_t fetch_on_header(char *line, size_t size, size_t count, void *arg);
size_t fetch_on_body(char *bytes, size_t size, size_t count, void *arg);
const char *fetch_header(const struct fetch *t, int i); /* NULL: absent */
void fetch_lend_headers(struct fetch *t);               /* to its result, with the status */
void fetch_stop_waiting(struct fetch *t);

/* fetch_limits.c */
void fetcher_on_sweep(uv_timer_t *timer);

/* fetch_result.c */
void fetch_fail(struct fetch *t, enum fetch_error error, const char *message); /* says why, for fetch_finish() */
void fetch_finish(struct fetch *t);                     /* tells the caller and frees t */
void fetch_finish_failed(struct fetch *t, enum fetch_error error, const char *message);
void fetch_leave_checks(struct fetch *t);
void fetcher_collect(struct lane *lane);                /* those that curl has finished */

#endif
