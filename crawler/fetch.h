/* fetch.h - one HTTP transfer: a request in, a whole answer or the reason why not out. HTTP/1.1 over libcurl's
 * multi_socket_action on the loop; redirects are not followed; bodies stay as the server coded them.
 *
 *   fetch_start ──> name to addresses (dns.h) ──> connect (address.h) ──> headers ──want()──> body ──> done()
 *
 * Memory: a body's bytes are counted in the process's budget while they arrive and until body_fini(). When the budget is
 * used up, transfers pause; the one furthest along goes on from a reserve of the fetcher's own, one at a time. Time paused
 * by us counts against no limit. One thread: the loop's. */
#ifndef CRAWLER_FETCH_H
#define CRAWLER_FETCH_H

#include "base/error.h"
#include "crawler/address.h"
#include "pipeline/budget.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct fetcher; /* the handles of one stage */
struct fetch;   /* one transfer under way */

#define FETCH_CHECK_BYTES (8u << 20) /* what the check of a body may hold (check_whole): one at a time */

struct fetcher_options {
    const char *user_agent;
    const char *ca_file;                       /* NULL: the system's bundle */
    const struct address_policy *addresses;    /* borrowed */
    struct budget *budget;                     /* borrowed */
    size_t reserve_bytes;                      /* the largest body any request may ask for; set aside by the caller, and so are
                                                  FETCH_CHECK_BYTES */
    int dns_lookups;                           /* at once */
    int64_t connect_timeout_ms, timeout_ms;    /* of connecting; of the whole transfer */
    int64_t first_byte_ms;                     /* from the start to the first byte of the answer */
    int64_t stall_ms, stall_bytes;             /* fewer bytes than this in that time: given up */
};

enum fetch_error {
    FETCH_OK,          /* an answer was received, whole: judge it by its status */
    FETCH_DNS, FETCH_CONNECT, FETCH_TLS, FETCH_TIMEOUT,
    FETCH_REFUSED,     /* the address or port is not one we connect to */
    FETCH_TRUNCATED,   /* the body ended early */
    FETCH_BROKEN,      /* the connection broke, or what came is not HTTP */
    FETCH_TOO_LARGE,   /* body or headers; body holds what was read where keep_partial was asked for */
    FETCH_INVALID,     /* this URL cannot be requested */
};
struct fetch_result;
/* From when the host's next request counts, on our clock; 0: nothing was sent. A server's time begins when it reads the request,
 * which its first byte proves; a twelfth of the delay is given for that, so that a slow answer alone slows nobody. */
int64_t fetch_counts_from_mono_ms(const struct fetch_result *r, int64_t delay_ms);
const char *fetch_error_name(enum fetch_error e); /* "dns", "connect" …: reasons in events, labels in metrics */

enum fetch_header {
    HEADER_CONTENT_TYPE, HEADER_CONTENT_ENCODING, HEADER_CONTENT_LANGUAGE, HEADER_ETAG, HEADER_LAST_MODIFIED, HEADER_LOCATION,
    HEADER_RETRY_AFTER, HEADER_X_ROBOTS_TAG, HEADER_TDM_RESERVATION, HEADER_CACHE_CONTROL, HEADER_SET_COOKIE, HEADER_LINK,
    HEADER_CF_MITIGATED, HEADER_COUNT
};

struct fetch_body {
    char *data;          /* owned; NULL: no body */
    size_t len;
    size_t charged;      /* bytes of the budget */
    struct fetcher *reserve; /* it also lives on this fetcher's reserve */
    struct budget *budget;
};
void body_fini(struct fetch_body *b); /* gives the bytes back; a zeroed one is fine */

struct fetch_result {
    enum fetch_error error;
    char message[200];               /* in words, for an error */
    int status;                      /* 0: no status line came */
    const char *header[HEADER_COUNT];/* NULL where absent; repeated ones joined by ", " (Set-Cookie: by a line feed) */
    struct fetch_body body;          /* the receiver may take it: copy it and zero this one */
    bool body_skipped;               /* want() said no, or the status carries none */
    int64_t sent_mono_ms;            /* when the request went out; 0: never */
    int64_t fetched_at_ms;           /* Unix time of the first byte */
    int64_t first_byte_ms, took_ms;  /* from the request; first_byte_ms is 0 only when no byte came */
};

/* Everything is lent until it returns. Not called from inside fetch_start(). */
typedef void fetch_done_fn(void *arg, struct fetch_result *r);

struct fetch_request {
    const char *url;                         /* fetch form */
    const char *accept;                      /* NULL: anything */
    const char *etag, *last_modified;        /* conditional when given */
    const char *cookie;                      /* NULL: none */
    const char *form;                        /* application/x-www-form-urlencoded: a POST; NULL: a GET */
    size_t max_body_bytes;                   /* as sent; at most reserve_bytes */
    bool keep_partial;                       /* of a body that is too large */
    bool check_whole;                        /* decode a body that only the closing delimits, to see that it is whole */
    /* The status and headers are in r: is the body wanted? NULL: those of 200. */
    bool (*want)(const struct fetch_result *r);
    fetch_done_fn *done;
    void *arg;
};

struct fetcher *fetcher_create(uv_loop_t *loop, const struct fetcher_options *options, struct error *err);
/* Drops all transfers (their done is not called) and closes its handles; freed once the loop has seen them closed and all
 * bodies have been given back. */
void fetcher_destroy(struct fetcher *f); /* NULL is fine */

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *r);
void fetch_abort(struct fetch *t); /* done will not be called */
size_t fetcher_running(const struct fetcher *f);

#endif
