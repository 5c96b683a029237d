/* SPDX-License-Identifier: MIT */
/* bench_decode.c: what decoding and rendering cost, in memory: for each data set and mode a line
 *
 *     set  mode  changes  bytes  seconds  allocations  bytes-written
 *
 * of what was measured (the best of five), tab-separated; decode.py makes a table of it. Ends with
 * 1 if a message cannot be decoded, memory was taken in steady state (but for a file's definitions)
 * or a column is a copy.
 *
 *     bench_decode [--set NAME] [--mode NAME] [--count]
 *     bench_decode --file FRAMES [--binary] ...
 *     bench_decode --relations N --columns N --rows N --per-transaction N ...
 *     bench_decode --compiler         its name and version
 *
 * --count is for callgrind --dump-before=bench_mark: the body is passed once, then three times, and
 * before and behind each bench_mark() is called. */
#include "work.h"

#include <time.h>

enum { REPEATS = 5 };
static const double measured_seconds = 0.1;

#define TEXT_OF(x) #x
#define VERSION(name, major, minor, patch)                                                         \
    name " " TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)
static const char compiler[] =
#ifdef __clang__
    VERSION("clang", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    VERSION("gcc", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif

typedef struct options {
    const char *set, *mode, *file;
    bool binary, count;
    unsigned relations, columns;
    size_t rows, per_transaction;
} options;

void bench_mark(void);

/* Seen by callgrind. */
__attribute__((noinline)) void bench_mark(void)
{
    static volatile unsigned marks;
    marks++;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double time_passes(work *w, size_t times)
{
    double begin = cpu_seconds();
    if (!work_repeat(w, times))
        return -1;
    return cpu_seconds() - begin;
}

/* Seconds for one pass: the best of some runs, each long enough for the clock. */
static double measure(work *w)
{
    double best = -1, took = time_passes(w, 1);
    size_t times = took < 0 ? 0 : 1 + (size_t)(measured_seconds / (took + 1e-7));
    int i;
    for (i = 0; i < REPEATS && took >= 0; i++) {
        took = time_passes(w, times) / (double)times;
        if (best < 0 || took < best)
            best = took;
    }
    return took < 0 ? -1 : best;
}

static double count(work *w)
{
    bool ok;
    bench_mark();
    ok = work_repeat(w, 1);
    bench_mark();
    ok = ok && work_repeat(w, 3);
    bench_mark();
    return ok ? 0 : -1;
}

static bool run(const stream *s, const char *mode, const options *o)
{
    static work w;
    uint64_t written;
    size_t calls;
    double seconds = -1;
    if (work_open(&w, s, mode)) {
        calls = w.memory.calls;
        written = w.written;
        (void)work_repeat(&w, 1);
        written = w.written + w.out.len - written;
        seconds = o->count ? count(&w) : measure(&w);
        calls = w.memory.calls - calls;
        printf("%s\t%s\t%zu\t%zu\t%.9f\t%zu\t%" PRIu64 "\n", s->name, mode, s->changes,
               s->bytes.len - s->starts[s->head], seconds, calls, written);
        if ((calls > 0 && o->file == NULL) || w.outside > 0) {
            fprintf(stderr, "%s, %s: %zu allocations, %zu copied columns\n", s->name, mode, calls,
                    w.outside);
            seconds = -1;
        }
    }
    if (seconds < 0)
        fprintf(stderr, "bench_decode: %s, %s failed\n", s->name, mode);
    work_close(&w);
    return seconds >= 0;
}

static bool run_modes(stream *s, const options *o)
{
    const char *mode;
    bool ok = true;
    size_t i;
    for (i = 0; (mode = work_mode(i)) != NULL; i++)
        if (o->mode == NULL || strcmp(o->mode, mode) == 0)
            ok = run(s, mode, o) && ok;
    stream_free(s);
    return ok;
}

static bool run_sets(const options *o)
{
    const char *name;
    stream s;
    bool ok = true;
    size_t i;
    for (i = 0; (name = stream_name(i)) != NULL; i++) {
        if (o->set == NULL || strcmp(o->set, name) == 0) {
            ok = stream_make(&s, name) && ok;
            ok = run_modes(&s, o) && ok;
        }
    }
    return ok;
}

static bool read_options(options *o, int argc, char **argv)
{
    int i;
    for (i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--binary") == 0)
            o->binary = true;
        else if (strcmp(name, "--count") == 0)
            o->count = true;
        else if (value == NULL)
            return false;
        else if (strcmp(name, "--set") == 0)
            o->set = argv[++i];
        else if (strcmp(name, "--mode") == 0)
            o->mode = argv[++i];
        else if (strcmp(name, "--file") == 0)
            o->file = argv[++i];
        else if (strcmp(name, "--relations") == 0)
            o->relations = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(name, "--columns") == 0)
            o->columns = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(name, "--rows") == 0)
            o->rows = strtoul(argv[++i], NULL, 10);
        else if (strcmp(name, "--per-transaction") == 0)
            o->per_transaction = strtoul(argv[++i], NULL, 10);
        else
            return false;
    }
    return o->columns <= WW_MAX_COLUMNS;
}

int main(int argc, char **argv)
{
    options o = {NULL, NULL, NULL, false, false, 1, 4, 0, 1000};
    stream s;
    if (argc == 2 && strcmp(argv[1], "--compiler") == 0) {
        puts(compiler);
        return 0;
    }
    if (!read_options(&o, argc, argv) || o.relations == 0 || o.per_transaction == 0) {
        fputs("usage: see the head of bench_decode.c\n", stderr);
        return 2;
    }
    if (o.file != NULL) {
        if (stream_read(&s, o.file, o.binary))
            return run_modes(&s, &o) ? 0 : 1;
        fprintf(stderr, "bench_decode: %s: no frames, or torn\n", o.file);
        return 2;
    }
    if (o.rows == 0)
        return run_sets(&o) ? 0 : 1;
    stream_make_shaped(&s, o.relations, o.columns, o.rows, o.per_transaction);
    return run_modes(&s, &o) ? 0 : 1;
}
