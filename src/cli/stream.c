/* SPDX-License-Identifier: MIT */
/* stream.c: walwire stream: events rendered by a format. */
#include "streaming.h"

#include <string.h>

static bool open_format(streaming *s, ww_error *err)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_client_info info;
    ww_client_describe(s->client, &info);
    config.alloc = ww_alloc_malloc();
    config.name = s->o->format;
    config.database = info.system.database;
    config.connector_name = s->o->connector_name;
    config.transactions = s->o->transactions;
    config.escape_terminal = ww_sink_is_terminal(s->out.sink);
    return ww_format_open(&s->format, &config, err) == WW_OK;
}

static bool pass_through(streaming *s, const ww_event *ev, ww_error *err)
{
    (void)ev;
    (void)err;
    return output_put_text(&s->out, ww_client_wal(s->client)->payload);
}

static bool render(streaming *s, const ww_event *ev, ww_error *err)
{
    return ww_format_render(s->format, ev, &s->out.out, err) == WW_OK;
}

/* A wrong name is found before anything is opened or created. */
static bool format_exists(const char *name, ww_error *err)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    ww_format *f = NULL;
    bool ok;
    config.alloc = ww_alloc_malloc();
    config.name = name;
    ok = ww_format_open(&f, &config, err) == WW_OK;
    ww_format_close(f);
    return ok;
}

int command_stream(options *o)
{
    streaming s;
    ww_error err;
    int code;
    if (!format_exists(o->format, &err))
        return report_and_exit_code(&err);
    memset(&s, 0, sizeof s);
    s.o = o;
    s.begin = open_format;
    s.take = streaming_is_raw(&s) ? pass_through : render;
    code = streaming_run(&s);
    ww_format_close(s.format);
    return code;
}
