/* SPDX-License-Identifier: MIT */
/* decode.c: walwire decode: a capture rendered offline, by the same engines. */
#include "capture.h"
#include "output.h"

#include "base/error.h"
#include "client/spool.h"

#include <string.h>

typedef struct decoding {
    options *o;
    capture_reader reader;
    capture_info info;
    output out;
    ww_relcache *relations;
    ww__spool *spool;
    ww_stream stream;
    ww_format *format;
} decoding;

static ww_status open_engines(decoding *d, ww_error *err)
{
    ww_stream_config stream;
    ww_format_config format = WW_FORMAT_CONFIG_INIT;
    ww_now now = {0, {0}};
    ww_status st;
    d->relations = ww_relcache_open(ww_alloc_malloc(), d->o->max_relations_memory);
    if (!d->o->assemble_off)
        d->spool = ww__spool_open(d->o->assemble_memory, d->o->spill_dir, d->o->spill_limit);
    if (d->relations == NULL || (d->spool == NULL && !d->o->assemble_off))
        return ww__fail(err, WW_ERR_NOMEM, "no memory to decode");
    memset(&stream, 0, sizeof stream);
    stream.struct_size = sizeof stream;
    stream.relations = d->relations;
    stream.alloc = ww_alloc_malloc();
    stream.binary = d->info.binary || d->reader.frames;
    stream.streaming = true;
    stream.spool = d->spool != NULL ? ww__spool_table(d->spool) : NULL;
    stream.mode = WW_CONFIRM_THROUGH;
    st = ww_stream_init(&d->stream, &stream, now, err);
    if (st < 0)
        return st;
    format.alloc = ww_alloc_malloc();
    format.name = d->o->format;
    format.database = d->info.database;
    format.connector_name = d->o->connector_name;
    format.transactions = d->o->transactions;
    format.escape_terminal = ww_sink_is_terminal(d->out.sink);
    return ww_format_open(&d->format, &format, err);
}

static ww_status render_frame(decoding *d, ww_error *err)
{
    ww_slice body = {d->reader.body, d->reader.body_len};
    ww_now now = {0, {0}};
    ww_event ev;
    ww_status st = ww_stream_input(&d->stream, body, now, NULL);
    while (st == WW_OK && (st = ww_stream_next(&d->stream, &ev)) == WW_OK)
        st = ww_format_render(d->format, &ev, &d->out.out, err);
    if (st < 0 && ww_stream_error(&d->stream)->status < 0)
        *err = *ww_stream_error(&d->stream);
    return st == WW_MORE ? WW_OK : st;
}

static ww_status render_all(decoding *d, ww_error *err)
{
    ww_status st;
    while ((st = capture_next(&d->reader, err)) == WW_OK)
        if ((st = render_frame(d, err)) < 0 || signals_stop())
            break;
    return st;
}

/* Whatever was readable before a damage is written; then the damage is told. */
static int finish(decoding *d, ww_status st, const ww_error *err)
{
    if (d->out.error.status < 0)
        return output_exit_code(&d->out);
    output_mark(&d->out, 1);
    if (!output_finish(&d->out, false))
        return output_exit_code(&d->out);
    if (st >= 0)
        return EXIT_DONE;
    report_error(err);
    return st == WW_ERR_USAGE ? EXIT_USAGE : st == WW_ERR_NOMEM ? EXIT_INTERNAL : EXIT_INPUT;
}

int command_decode(options *o)
{
    decoding d;
    ww_error err;
    ww_status st;
    int code;
    size_t max = o->max_message != 0 ? o->max_message : WW_DEFAULT_MAX_COPY_DATA;
    memset(&d, 0, sizeof d);
    ww_error_clear(&err);
    d.o = o;
    if (!output_open(&d.out, o)) {
        code = output_exit_code(&d.out);
    } else {
        st = capture_open(&d.reader, o->decode_file, strcmp(o->input, "frames") == 0, max, &d.info,
                          &err);
        if (st == WW_OK)
            st = open_engines(&d, &err);
        if (st == WW_OK)
            st = render_all(&d, &err);
        code = finish(&d, st, &err);
    }
    ww_format_close(d.format);
    ww_stream_fini(&d.stream);
    ww__spool_close(d.spool);
    ww_relcache_close(d.relations);
    capture_close(&d.reader);
    output_close(&d.out);
    return code;
}
