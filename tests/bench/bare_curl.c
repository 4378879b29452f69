/* bare_curl.c - the bare tool that the crawler is measured against: one thread, libcurl-multi over epoll-like polling, one
 * connection a host kept, nothing decoded, nothing parsed, nothing stored.
 *
 *   bare_curl TRANSFERS < URLS      prints pages, bytes, seconds, pages a second and its own CPU seconds per 1,000 pages */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int epoll_fd;
static long timer_ms = -1;
static size_t bytes, pages, failed;

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    (void)p;
    (void)arg;
    bytes += size * n;
    return size * n;
}

static int on_socket(CURL *easy, curl_socket_t s, int what, void *arg, void *known)
{
    (void)easy;
    (void)arg;
    struct epoll_event ev = { .events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0), .data.fd = s };
    (void)known;
    if (what == CURL_POLL_REMOVE)
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s, NULL);
    else if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, s, &ev) != 0)
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s, &ev);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    (void)arg;
    timer_ms = ms;
    return 0;
}

static bool start_next(CURLM *multi, CURL *easy)
{
    char line[2048];
    if (!fgets(line, sizeof(line), stdin))
        return false;
    line[strcspn(line, "\n")] = '\0';
    curl_easy_setopt(easy, CURLOPT_URL, line);
    curl_multi_add_handle(multi, easy);
    return true;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    int transfers = argc > 1 ? atoi(argv[1]) : 64, running = 0;
    curl_global_init(CURL_GLOBAL_ALL);
    epoll_fd = epoll_create1(0);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2048L);
    struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: gzip");
    double start = seconds();
    for (int i = 0; i < transfers; i++) {
        CURL *easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
        if (!start_next(multi, easy))
            break;
    }
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    do {
        struct epoll_event events[64];
        int n = epoll_wait(epoll_fd, events, 64, timer_ms < 0 ? 1000 : (int)timer_ms + 1);
        if (n == 0)
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        for (int i = 0; i < n; i++)
            curl_multi_socket_action(multi, events[i].data.fd, (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0), &running);
        CURLMsg *m;
        int left;
        while ((m = curl_multi_info_read(multi, &left))) {
            CURL *easy = m->easy_handle;
            pages++;
            failed += m->data.result != CURLE_OK;
            curl_multi_remove_handle(multi, easy);
            if (start_next(multi, easy))
                running = 1;
            else
                curl_easy_cleanup(easy);
        }
    } while (running);
    double wall = seconds() - start;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    printf("{\"pages\": %zu, \"failed\": %zu, \"bytes\": %zu, \"seconds\": %.3f, \"pages_s\": %.1f, \"cpu_s_per_1000\": %.3f}\n", pages, failed, bytes, wall,
           (double)pages / wall, cpu * 1000 / (double)(pages ? pages : 1));
    return 0;
}
