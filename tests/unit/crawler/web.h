/* web.h - a scripted web server for tests, on a free port of loopback: a thread a connection, a function of the test's a
 * request. It may send anything: half an answer, none, garbage. */
#ifndef TESTS_CRAWLER_WEB_H
#define TESTS_CRAWLER_WEB_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WEB_CONNECTIONS_MAX 256

struct web;
struct web_request {
    struct web *web;
    int fd;
    int connection;      /* counts from 0 over the life of the server */
    int nth;             /* request on this connection, from 0 */
    int64_t at_us;       /* when the kernel got its end, Unix time: how late a thread of a crowded machine reads it is not in it */
    char text[16384];    /* the whole request head */
    char path[1024];
};
/* Returns whether the connection stays open. */
typedef bool web_fn(struct web_request *r);

struct web {
    int listener, port;
    web_fn *fn;
    void *arg;
    pthread_t acceptor, threads[WEB_CONNECTIONS_MAX];
    int fds[WEB_CONNECTIONS_MAX];
    int connections;
    pthread_mutex_t lock;
    bool stopping;
};

struct web_connection { struct web *web; int fd, number; };

static inline void web_send(struct web_request *r, const void *bytes, size_t len)
{
    for (const char *p = bytes; len > 0;) {
        ssize_t n = send(r->fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        p += n;
        len -= (size_t)n;
    }
}

__attribute__((format(printf, 2, 3))) static inline void web_printf(struct web_request *r, const char *fmt, ...)
{
    char text[65536];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    web_send(r, text, (size_t)n);
}

/* A plain answer with a length. headers: further lines, each with CRLF. */
static inline bool web_answer(struct web_request *r, int status, const char *headers, const void *body, size_t len)
{
    web_printf(r, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", status, headers, len);
    web_send(r, body, len);
    return true;
}

static inline bool web_text(struct web_request *r, int status, const char *headers, const char *body)
{
    return web_answer(r, status, headers, body, strlen(body));
}

/* Waits until the client closes or the server stops. */
static inline void web_hang(struct web_request *r)
{
    char c;
    while (recv(r->fd, &c, 1, 0) > 0)
        ;
}

/* recv() that also keeps the time of arrival, which a timestamping socket gives with the bytes. */
static inline ssize_t web_recv(struct web_request *r, size_t len)
{
    _Alignas(struct cmsghdr) char control[256];
    struct iovec into = { r->text + len, sizeof(r->text) - 1 - len };
    struct msghdr m = { .msg_iov = &into, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
    ssize_t n = recvmsg(r->fd, &m, 0);
    if (n <= 0)
        return n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        struct timespec at;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING)
            continue;
        memcpy(&at, CMSG_DATA(c), sizeof(at));
        r->at_us = (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
    }
    return n;
}

static inline bool web_read_request(struct web_request *r)
{
    size_t len = 0;
    while (len < sizeof(r->text) - 1) {
        ssize_t n = web_recv(r, len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        r->text[len] = '\0';
        if (r->text[0] == 0x16) /* a TLS handshake: closed */
            return false;
        if (strstr(r->text, "\r\n\r\n"))
            return sscanf(r->text, "%*s %1023s", r->path) == 1;
    }
    return false;
}

static inline void *web_connection_run(void *arg)
{
    struct web_connection c = *(struct web_connection *)arg;
    struct web_request *r = calloc(1, sizeof(*r));
    free(arg);
    *r = (struct web_request){ .web = c.web, .fd = c.fd, .connection = c.number };
    while (web_read_request(r) && c.web->fn(r))
        r->nth++;
    pthread_mutex_lock(&c.web->lock);
    c.web->fds[c.number % WEB_CONNECTIONS_MAX] = -1;
    pthread_mutex_unlock(&c.web->lock);
    shutdown(c.fd, SHUT_RDWR);
    close(c.fd);
    free(r);
    return NULL;
}

static inline void *web_accept(void *arg)
{
    struct web *w = arg;
    for (int fd; (fd = accept(w->listener, NULL, NULL)) >= 0;) {
        struct web_connection *c = malloc(sizeof(*c));
        int slot = w->connections % WEB_CONNECTIONS_MAX;
        if (w->connections >= WEB_CONNECTIONS_MAX)
            pthread_join(w->threads[slot], NULL);
        pthread_mutex_lock(&w->lock);
        *c = (struct web_connection){ w, fd, w->connections++ };
        w->fds[slot] = w->stopping ? -1 : fd;
        if (w->stopping)
            shutdown(fd, SHUT_RDWR);
        pthread_mutex_unlock(&w->lock);
        pthread_create(&w->threads[slot], NULL, web_connection_run, c);
    }
    return NULL;
}

/* address: INADDR_LOOPBACK, or INADDR_ANY for one server under many addresses of 127.0.0.0/8, each a site of its own. */
static inline void web_start_at(struct web *w, in_addr_t address, web_fn *fn, void *arg)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
    socklen_t len = sizeof(sa);
    int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    memset(w, 0, sizeof(*w));
    w->fn = fn;
    w->arg = arg;
    pthread_mutex_init(&w->lock, NULL);
    w->listener = socket(AF_INET, SOCK_STREAM, 0);
    int rc = setsockopt(w->listener, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps)); /* what is accepted inherits it */
    rc |= bind(w->listener, (struct sockaddr *)&sa, sizeof(sa));
    rc |= listen(w->listener, 512);
    rc |= getsockname(w->listener, (struct sockaddr *)&sa, &len);
    assert(rc == 0);
    (void)rc;
    w->port = ntohs(sa.sin_port);
    pthread_create(&w->acceptor, NULL, web_accept, w);
}

static inline void web_start(struct web *w, web_fn *fn, void *arg)
{
    web_start_at(w, INADDR_LOOPBACK, fn, arg);
}

static inline void web_stop(struct web *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    for (int i = 0; i < WEB_CONNECTIONS_MAX && i < w->connections; i++)
        if (w->fds[i] >= 0)
            shutdown(w->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&w->lock);
    shutdown(w->listener, SHUT_RDWR);
    pthread_join(w->acceptor, NULL);
    close(w->listener);
    for (int i = 0; i < WEB_CONNECTIONS_MAX && i < w->connections; i++)
        pthread_join(w->threads[i], NULL);
    pthread_mutex_destroy(&w->lock);
}

#endif
