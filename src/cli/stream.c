/* SPDX-License-Identifier: MIT */
/* stream.c: walwire stream: events rendered by a format. */
#include "streaming.h"

#include <string.h>

static bool open_format(streaming *s, ww_error *err)
{
    ww_format_config config;
    ww_client_describe(s->client, &s->described);
    rendering_configure(s->o, &config);
    config.database = s->described.system.database;
    config.types = ww_client_types(s->client);
    config.escape_terminal = ww_sink_is_terminal(s->out.sink);
    return ww_format_open(&s->format, &config, err) == WW_OK;
}

static bool pass_through(streaming *s, const ww_event *ev, ww_error *err)
{
    (void)ev;
    (void)err;
    return output_put_text(&s->out, ww_client_wal(s->client)->payload);
}

/* Types that were altered since they were looked up: known again from the next unit on. */
static void pass_doubts_on(streaming *s)
{
    uint32_t type_oid;
    while (ww_format_doubt(s->format, &type_oid))
        ww_client_doubt_type(s->client, type_oid);
}

static bool render(streaming *s, const ww_event *ev, ww_error *err)
{
    if (ww_format_render(s->format, ev, &s->out.out, err) < 0)
        return false;
    if (ww_event_unit_lsn(ev) != 0)
        pass_doubts_on(s);
    return true;
}

int command_stream(options *o)
{
    streaming s;
    ww_error err;
    int code;
    if (!rendering_check(o, &err))
        return report_and_exit_code(&err);
    memset(&s, 0, sizeof s);
    s.o = o;
    s.begin = open_format;
    s.take = streaming_is_raw(&s) ? pass_through : render;
    code = streaming_run(&s);
    ww_format_close(s.format);
    return code;
}
