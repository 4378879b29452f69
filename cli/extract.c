/* extract.c - `tidings extract`: HTML files in, article JSON out. No service is needed.
 *
 * Batch: every thread reads the next line of standard input under the lock, extracts without it, and waits for its turn to
 * print; so answers keep the order of the lines and at most a page a thread is held. */
#include "base/decode.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "extractor/extract.h"
#include "extractor/inside.h"
#include "extractor/selectors.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (64u << 20) /* as it lies on the disk; what it decodes to has decode.h's own bound */
#define THREADS_MAX 256

struct job { /* what all pages of one call have in common */
    enum extract_mode mode;
    const char *url, *timezone, *language, *dump;
    struct selectors *include, *exclude; /* owned */
    struct models *models;               /* owned; NULL: the shipped ones */
    FILE *dump_file;
};

/* ---- one page ---- */

static bool read_file(const char *path, struct buffer *out, struct error *err)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!f)
        return error_set(err, ERROR_INVALID, "cannot read %s: %s", path, strerror(errno));
    char chunk[65536];
    size_t n;
    bool fits = true;
    buffer_clear(out);
    while (fits && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        fits = buffer_append(out, chunk, n);
    bool failed = ferror(f);
    if (f != stdin)
        fclose(f);
    if (failed)
        return error_set(err, ERROR_INVALID, "cannot read %s: %s", path, strerror(errno ? errno : EIO));
    return fits ? true : error_set(err, ERROR_LIMIT, "%s is larger than %u MB", path, FILE_MAX_BYTES >> 20);
}

static bool is_compressed(const struct buffer *b)
{
    const unsigned char *p = (const unsigned char *)buffer_str(b);
    return b->len > 4 && ((p[0] == 0x1F && p[1] == 0x8B) || (p[0] == 0x28 && p[1] == 0xB5 && p[2] == 0x2F && p[3] == 0xFD));
}

struct page { struct buffer file, decoded, answer; }; /* kept from page to page */

static void page_init(struct page *p)
{
    buffer_init(&p->file, FILE_MAX_BYTES);
    buffer_init(&p->decoded, 0);
    buffer_init(&p->answer, 0);
}
static void page_fini(struct page *p)
{
    buffer_fini(&p->file);
    buffer_fini(&p->decoded);
    buffer_fini(&p->answer);
}

static bool extract_file(const struct job *job, struct extractor *x, struct page *p, const char *path, const char *url,
                         struct article_fields *out, struct error *err)
{
    struct extract_input in = { .mode = job->mode, .url = url && *url ? url : NULL, .timezone = job->timezone,
                                .language = job->language, .include = job->include, .exclude = job->exclude };
    if (!read_file(path, &p->file, err))
        return false;
    const struct buffer *body = &p->file;
    if (is_compressed(body)) {
        buffer_clear(&p->decoded);
        struct decode_limits limits = { .max_bytes = 0 };
        if (!decode_body(p->file.data, p->file.len, NULL, &limits, &p->decoded, &in.truncated, err)) {
            if (err->kind != ERROR_LIMIT || p->decoded.len == 0)
                return error_prefix(err, "%s", path);
            in.truncated = true; /* what fits is read */
        }
        body = &p->decoded;
    }
    in.bytes = buffer_str(body);
    in.len = body->len;
    return extract_run(x, &in, out, err);
}

/* The row of every block and of the page, for extractor/train: "TDF1", counts, floats; the texts go with the answer. */
static void dump_page(const struct job *job, const struct extract_inside *in, struct buffer *answer)
{
    uint32_t head[4] = { 0x31464454, in ? (uint32_t)in->doc->block_count : 0, FEATURE_COUNT, PAGE_FEATURE_COUNT };
    float row[FEATURE_COUNT];
    fwrite(head, sizeof(head), 1, job->dump_file);
    if (!in) {
        memset(row, 0, sizeof(row));
        float none[PAGE_FEATURE_COUNT] = { 0 };
        fwrite(none, sizeof(none), 1, job->dump_file);
        return;
    }
    fwrite(in->page_row, sizeof(in->page_row), 1, job->dump_file);
    json_put_key(answer, "block_texts");
    buffer_putc(answer, '[');
    for (size_t i = 0; i < in->doc->block_count; i++) {
        const struct block *b = &in->doc->blocks[i];
        features_row(in->features, i, row);
        fwrite(row, sizeof(row), 1, job->dump_file);
        json_put_comma(answer);
        json_put_string(answer, in->doc->text + b->text, b->len);
    }
    buffer_putc(answer, ']');
}

/* The answer goes to p->answer. */
static const char *answer_line(const struct job *job, struct extractor *x, struct page *p, const char *path, const char *url)
{
    struct article_fields fields;
    struct error err;
    bool ok = extract_file(job, x, p, path, url, &fields, &err);
    buffer_clear(&p->answer);
    buffer_putc(&p->answer, '{');
    if (ok) {
        extract_write_members(&fields, &p->answer);
    } else {
        json_put_key(&p->answer, "error");
        json_put_string(&p->answer, err.message, strlen(err.message));
    }
    if (job->dump_file)
        dump_page(job, ok ? extractor_inside(x) : NULL, &p->answer);
    buffer_putc(&p->answer, '}');
    return p->answer.data;
}

/* ---- batch ---- */

struct batch {
    const struct job *job;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    uint64_t read, printed; /* lines */
    bool ended;
};

static void print_in_turn(struct batch *b, uint64_t number, const char *line)
{
    pthread_mutex_lock(&b->lock);
    while (b->printed != number)
        pthread_cond_wait(&b->turn, &b->lock);
    puts(line);
    if (!command_flush())
        b->ended = true;
    b->printed++;
    pthread_cond_broadcast(&b->turn);
    pthread_mutex_unlock(&b->lock);
}

static void *batch_work(void *arg)
{
    struct batch *b = arg;
    struct extractor *x = extractor_create(NULL);
    struct page page;
    char *line = NULL;
    size_t cap = 0;

    extractor_use_models(x, b->job->models);
    extractor_keep_inside(x, b->job->dump_file != NULL);
    page_init(&page);
    for (;;) {
        pthread_mutex_lock(&b->lock);
        ssize_t len = b->ended ? -1 : getline(&line, &cap, stdin);
        uint64_t number = b->read;
        if (len < 0)
            b->ended = true;
        else
            b->read++;
        pthread_mutex_unlock(&b->lock);
        if (len < 0)
            break;
        while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        char *tab = strchr(line, '\t');
        if (tab)
            *tab = '\0';
        print_in_turn(b, number, answer_line(b->job, x, &page, line, tab ? tab + 1 : ""));
    }
    free(line);
    page_fini(&page);
    extractor_destroy(x);
    return NULL;
}

static void run_batch(const struct job *job, int64_t threads)
{
    struct batch b = { .job = job, .lock = PTHREAD_MUTEX_INITIALIZER, .turn = PTHREAD_COND_INITIALIZER };
    pthread_t ids[THREADS_MAX];
    int started = 0;
    for (; started < threads - 1; started++)
        if (pthread_create(&ids[started], NULL, batch_work, &b) != 0)
            break;
    batch_work(&b);
    for (int i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
}

/* ---- a look inside ---- */

static void explain_blocks(const struct extract_inside *in, const struct article_fields *f)
{
    struct buffer shown;
    buffer_init(&shown, 0);
    printf("page type %s (%s), threshold %.2f, %zu block%s, %u word%s kept\n", page_type_name(f->page_type), f->page_reason,
           (double)in->threshold, in->doc->block_count, text_plural((int64_t)in->doc->block_count), f->word_count, text_plural(f->word_count));
    for (size_t i = 0; i < in->doc->block_count; i++) {
        const struct block *b = &in->doc->blocks[i];
        const struct verdict *v = &in->verdicts[i];
        const char *role = v->keep || v->aside ? block_kind_name(v->kind) : i == in->marks->title ? "title" : "-";
        buffer_clear(&shown);
        text_for_terminal(in->doc->text + b->text, b->len, 90, false, &shown);
        printf("%c %.3f %-10s %-15s <%s> %s\n", v->keep ? '+' : v->aside ? 'c' : ' ', (double)v->probability, role, rule_name(v->rule),
               gumbo_normalized_tagname(in->doc->elements[b->owner].tag), buffer_str(&shown));
    }
    buffer_fini(&shown);
}

static void put_escaped(FILE *f, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        switch (s[i]) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '\n': fputs("<br>", f); break;
        default: fputc(s[i], f);
        }
}

static int paint(const struct invocation *inv, const char *path, const struct extract_inside *in, const struct article_fields *f)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return command_say(inv, STATUS_NO, "cannot write %s: %s", path, strerror(errno));
    fputs("<!doctype html><meta charset=\"utf-8\"><title>", out);
    put_escaped(out, f->title ? f->title : "", f->title ? strlen(f->title) : 0);
    fputs("</title><style>body{font:15px/1.5 sans-serif;max-width:50em;margin:2em auto}p{margin:.3em 0;padding:.2em .6em}"
          ".kept{background:#d9f2d9}.caption{background:#e3e8fb}.cut{color:#999}b{font-weight:normal;font-size:11px;color:#555}</style>\n", out);
    for (size_t i = 0; i < in->doc->block_count; i++) {
        const struct block *b = &in->doc->blocks[i];
        const struct verdict *v = &in->verdicts[i];
        fprintf(out, "<p class=\"%s\"><b>%.2f %s %s</b> ", v->keep ? "kept" : v->aside ? "caption" : "cut", (double)v->probability,
                v->keep || v->aside ? block_kind_name(v->kind) : "", rule_name(v->rule));
        put_escaped(out, in->doc->text + b->text, b->len);
        fputs("</p>\n", out);
    }
    return fclose(out) == 0 ? STATUS_OK : command_say(inv, STATUS_NO, "cannot write %s: %s", path, strerror(errno));
}

static int extract_one(struct invocation *inv, const struct job *job, struct extractor *x, struct page *p, const char *path)
{
    struct article_fields f;
    struct error err;
    if (!extract_file(job, x, p, path, job->url, &f, &err))
        return command_fail(inv, &err);
    if (option(inv, "html"))
        return paint(inv, option(inv, "html"), extractor_inside(x), &f);
    if (option(inv, "explain")) {
        explain_blocks(extractor_inside(x), &f);
        return STATUS_OK;
    }
    json_t *o = extract_to_json(&f);
    char *text = json_dumps(o, JSON_REAL_PRECISION(6) | (isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT));
    json_decref(o);
    puts(text ? text : "");
    free(text);
    return STATUS_OK;
}

static int run_files(struct invocation *inv, const struct job *job)
{
    struct extractor *x = extractor_create(NULL);
    struct page p;
    int status = STATUS_OK;
    extractor_use_models(x, job->models);
    extractor_keep_inside(x, option(inv, "html") || option(inv, "explain"));
    page_init(&p);
    for (int i = 0; i < inv->argc; i++) {
        int one = extract_one(inv, job, x, &p, inv->argv[i]);
        status = status == STATUS_OK ? one : status;
    }
    page_fini(&p);
    extractor_destroy(x);
    return status;
}

/* ---- options ---- */

static size_t list_length(const struct config_list *l)
{
    size_t n = 0;
    while (n < CONFIG_LIST_MAX && l->items[n])
        n++;
    return n;
}

static bool use_source(struct invocation *inv, struct job *job, const char *name, int *status)
{
    struct error err;
    const struct config_source *s = NULL;
    for (size_t i = 0; i < inv->config->source_count; i++)
        if (inv->config->sources[i].name && strcmp(inv->config->sources[i].name, name) == 0)
            s = &inv->config->sources[i];
    if (!s) {
        *status = command_usage(inv, "no source \"%s\" in the configuration; it has %zu", name, inv->config->source_count);
        return false;
    }
    job->timezone = s->timezone;
    job->language = s->language;
    if (list_length(&s->include) && !(job->include = selectors_compile((const char *const *)s->include.items, list_length(&s->include), &err))) {
        *status = command_fail(inv, &err);
        return false;
    }
    if (list_length(&s->exclude) && !(job->exclude = selectors_compile((const char *const *)s->exclude.items, list_length(&s->exclude), &err))) {
        *status = command_fail(inv, &err);
        return false;
    }
    return true;
}

static bool read_options(struct invocation *inv, struct job *job, int *status)
{
    struct error err;
    const char *mode = option(inv, "mode");
    if (mode && strcmp(mode, "news") != 0 && strcmp(mode, "broad") != 0) {
        *status = command_usage(inv, "--mode %s: expected news or broad", mode);
        return false;
    }
    job->mode = mode && strcmp(mode, "broad") == 0 ? EXTRACT_BROAD : EXTRACT_NEWS;
    job->url = option(inv, "url");
    if (option(inv, "source") && !use_source(inv, job, option(inv, "source"), status))
        return false;
    if (option(inv, "model") && !(job->models = models_read(option(inv, "model"), FEATURE_COUNT, PAGE_FEATURE_COUNT, &err))) {
        *status = command_fail(inv, &err);
        return false;
    }
    if (option(inv, "dump-features") && !(job->dump_file = fopen(option(inv, "dump-features"), "wb"))) {
        *status = command_say(inv, STATUS_NO, "cannot write %s: %s", option(inv, "dump-features"), strerror(errno));
        return false;
    }
    return true;
}

static int run(struct invocation *inv)
{
    struct job job = { .mode = EXTRACT_NEWS };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t threads;
    int status = STATUS_OK;

    if (!option_number(inv, "threads", cores > 0 ? cores : 1, 1, THREADS_MAX, &threads))
        return STATUS_USAGE;
    if (option(inv, "feature-names")) {
        char name[32];
        for (int i = 0; i < FEATURE_COUNT; i++) {
            feature_name(i, name);
            puts(name);
        }
        return STATUS_OK;
    }
    if (!option(inv, "batch") && inv->argc == 0)
        return command_usage(inv, "name at least one FILE (- is standard input), or --batch");
    if (read_options(inv, &job, &status)) {
        if (option(inv, "batch"))
            run_batch(&job, job.dump_file ? 1 : threads);
        else
            status = run_files(inv, &job);
    }
    if (job.dump_file && fclose(job.dump_file) != 0)
        status = command_say(inv, STATUS_NO, "cannot write %s: %s", option(inv, "dump-features"), strerror(errno));
    models_free(job.models);
    selectors_destroy(job.include);
    selectors_destroy(job.exclude);
    return status;
}

const struct command extract_command = {
    .name = "extract",
    .summary = "HTML files in, article JSON out",
    .usage = "[--url URL] [--source NAME] [--mode news|broad] [--explain] [--html OUT] FILE…\n--batch [--threads N]",
    .description = "Reads HTML from files (gzip and zstd are undone) and prints the fields of the article record, one JSON object a "
                   "file. Nothing is fetched and no service is needed.\n\n"
                   "--batch reads lines PATH<TAB>URL on standard input and prints one JSON object a line in the same order; what cannot "
                   "be answered gives {\"error\": …}.",
    .options = (const struct command_option[]){
        { "batch", 'b', NULL, "read PATH<TAB>URL lines on standard input" },
        { "threads", 't', "N", "threads of --batch (default: one a core)" },
        { "mode", 'm', "MODE", "news (default), or broad: captions and looser blocks, for pages that are no news" },
        { "url", 'u', "URL", "the page's address" },
        { "source", 's', "NAME", "apply this source's selectors, time zone and language" },
        { "explain", 'e', NULL, "list the blocks with probability, role and the rule that decided" },
        { "html", 0, "OUT", "write a page that shows what was kept and what was cut" },
        { "model", 0, "FILE", "judge by this model, for tests" },
        { "feature-names", 0, NULL, "print the names of what the model sees, for extractor/train" },
        { "dump-features", 0, "FILE", "with --batch: write what the model sees, for extractor/train" },
        { 0 } },
    .flags = COMMAND_CONFIG,
    .example = "tidings extract --url https://example.com/news/1 page.html\n"
               "printf 'page.html\\thttps://example.com/news/1\\n' | tidings extract --batch",
    .run = run,
};
