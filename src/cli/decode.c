/* SPDX-License-Identifier: MIT */
/* decode.c: walwire decode: a capture rendered offline, by the same engines. */
#include "capture.h"
#include "output.h"

#include "base/error.h"
#include "client/spool.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct decoding {
    options *o;
    capture_reader reader;
    capture_info info;
    output out;
    ww_relcache *relations;
    ww_types *types; /* what the capture has of the catalog */
    ww__spool *spool;
    ww_stream stream;
    ww_format *format;
} decoding;

/* Bare frames are pgoutput's; so is a header that says nothing. */
static bool is_raw(const decoding *d)
{
    return d->info.plugin[0] != '\0' && options_plugin_is_raw(d->info.plugin);
}

static ww_status open_engines(decoding *d, ww_error *err)
{
    ww_stream_config stream;
    ww_format_config format;
    ww_now now = {0, {0}};
    ww_status st;
    d->relations = ww_relcache_open(ww_alloc_malloc(), d->o->max_relations_memory);
    if (!d->o->assemble_off)
        d->spool = ww__spool_open(d->o->assemble_memory, d->o->spill_dir, d->o->spill_limit);
    d->types = d->reader.types = ww_types_open(ww_alloc_malloc(), 0);
    if (d->relations == NULL || d->types == NULL || (d->spool == NULL && !d->o->assemble_off))
        return ww__fail(err, WW_ERR_NOMEM, "no memory to decode");
    memset(&stream, 0, sizeof stream);
    stream.struct_size = sizeof stream;
    stream.relations = d->relations;
    stream.alloc = ww_alloc_malloc();
    stream.binary = d->info.binary || d->reader.frames;
    stream.streaming = true;
    stream.spool = d->spool != NULL ? ww__spool_table(d->spool) : NULL;
    stream.mode = WW_CONFIRM_THROUGH;
    stream.raw = is_raw(d);
    st = ww_stream_init(&d->stream, &stream, now, err);
    if (st < 0)
        return st;
    rendering_configure(d->o, &format);
    format.database = d->info.database;
    format.types = d->types;
    format.escape_terminal = ww_sink_is_terminal(d->out.sink);
    return ww_format_open(&d->format, &format, err);
}

static ww_status render_events(decoding *d, ww_error *err)
{
    ww_event ev;
    ww_status st;
    while ((st = ww_stream_next(&d->stream, &ev)) == WW_OK &&
           (st = ww_format_render(d->format, &ev, &d->out.out, err)) == WW_OK)
        if (ww_event_unit_lsn(&ev) != 0)
            output_mark(&d->out, 1);
    return st;
}

static ww_status render_frame(decoding *d, ww_error *err)
{
    ww_slice body = {d->reader.body, d->reader.body_len};
    ww_now now = {0, {0}};
    ww_wal_msg wal;
    ww_status st = ww_stream_input(&d->stream, body, now, &wal);
    if (st == WW_OK && !is_raw(d))
        st = render_events(d, err);
    else if (st == WW_OK && wal.kind == WW_WAL_DATA && !output_put_text(&d->out, wal.payload))
        st = ww__fail(err, d->out.out.status, "cannot write the output");
    else if (st == WW_OK)
        output_mark(&d->out, 1);
    if (st < 0 && ww_stream_error(&d->stream)->status < 0)
        *err = *ww_stream_error(&d->stream);
    return st == WW_MORE ? WW_OK : st;
}

static ww_status render_all(decoding *d, ww_error *err)
{
    ww_status st = WW_OK;
    while (st == WW_OK && !signals_stop() && (st = capture_next(&d->reader, err)) == WW_OK)
        st = render_frame(d, err);
    if (st != WW_END && signals_stop())
        return ww__fail(err, WW_ERR_CANCELLED, "asked to stop");
    return st;
}

static int tell(const ww_error *err)
{
    if (err->status == WW_ERR_CANCELLED || err->status == WW_ERR_USAGE ||
        err->status == WW_ERR_NOMEM)
        return report_and_exit_code(err);
    report_error(err);
    return EXIT_INPUT;
}

/* Whatever was readable before a damage is written; then the damage is told. */
static int finish(decoding *d, ww_status st, const ww_error *err)
{
    if (d->out.error.status < 0)
        return output_exit_code(&d->out);
    output_mark(&d->out, 1);
    if (!output_finish(&d->out))
        return output_exit_code(&d->out);
    return st < 0 ? tell(err) : EXIT_DONE;
}

/* Output appended to the capture would be read as more of it. */
static bool writes_into_itself(const decoding *d)
{
    struct stat in, out;
    const char *path = d->o->file;
    bool is_stdout = path == NULL || strcmp(path, "-") == 0;
    if (fstat(fileno(d->reader.file), &in) != 0 || !S_ISREG(in.st_mode) ||
        (is_stdout ? fstat(STDOUT_FILENO, &out) : stat(path, &out)) != 0)
        return false;
    return in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

/* The input is looked at first: a wrong one leaves no empty output behind. */
static int decode(decoding *d)
{
    const options *o = d->o;
    size_t max = o->max_message != 0 ? o->max_message : WW_DEFAULT_MAX_COPY_DATA;
    ww_error err;
    ww_status st;
    ww_error_clear(&err);
    if (!rendering_check(o, &err))
        return report_and_exit_code(&err);
    st = capture_open(&d->reader, o->decode_file, strcmp(o->input, "frames") == 0, max, &d->info,
                      &err);
    if (st < 0)
        return signals_stop() ? signals_exit_code() : tell(&err);
    if (is_raw(d) && !options_fit_plugin(o, d->info.plugin))
        return EXIT_USAGE;
    if (writes_into_itself(d)) {
        report("%s is the capture itself: give another file for the output (-f)",
               o->file != NULL ? o->file : "standard output");
        return EXIT_USAGE;
    }
    if (!output_open(&d->out, o))
        return output_exit_code(&d->out);
    st = open_engines(d, &err);
    if (st == WW_OK)
        st = render_all(d, &err);
    return finish(d, st, &err);
}

int command_decode(options *o)
{
    decoding d;
    int code;
    memset(&d, 0, sizeof d);
    d.o = o;
    code = decode(&d);
    ww_format_close(d.format);
    ww_stream_fini(&d.stream);
    ww__spool_close(d.spool);
    ww_types_close(d.types);
    ww_relcache_close(d.relations);
    capture_close(&d.reader);
    output_close(&d.out);
    return code;
}
