/* SPDX-License-Identifier: MIT */
/* record.c: walwire record: the raw stream into a capture file. */
#include "capture.h"
#include "streaming.h"

#include "base/error.h"
#include "base/writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool begin_capture(streaming *s, ww_error *err)
{
    ww_client_info info;
    capture_info header;
    (void)err;
    ww_client_describe(s->client, &info);
    memset(&header, 0, sizeof header);
    snprintf(header.system_id, sizeof header.system_id, "%llu",
             (unsigned long long)info.system.system_id);
    snprintf(header.timeline, sizeof header.timeline, "%lu", (unsigned long)info.system.timeline);
    snprintf(header.database, sizeof header.database, "%s", info.system.database);
    snprintf(header.server_version, sizeof header.server_version, "%s",
             info.session.server_version);
    snprintf(header.slot, sizeof header.slot, "%s", info.slot);
    snprintf(header.plugin, sizeof header.plugin, "%s", info.plugin);
    snprintf(header.options, sizeof header.options, "%s", info.options);
    header.binary = info.binary;
    header.messages = info.messages;
    capture_write_magic(&s->out.out);
    capture_write_header(&s->out.out, &header);
    output_mark(&s->out, 0);
    return true;
}

/* What was looked up of a table, in front of what describes it. */
static bool record_catalog(streaming *s, const ww_event *ev, ww_error *err)
{
    const ww_types *types = ww_client_types(s->client);
    if (ev == NULL || ev->kind != WW_EV_RELATION || ev->relation == NULL || types == NULL)
        return true;
    if (capture_write_catalog(&s->catalog, &s->out.out, types, ev->relation))
        return true;
    ww__fail(err, WW_ERR_NOMEM, "no memory for what the catalog says");
    return false;
}

/* The CopyData that the event came from, byte for byte. */
static bool record(streaming *s, const ww_event *ev, ww_error *err)
{
    const ww_wal_msg *wal = ww_client_wal(s->client);
    uint8_t header[25];
    ww__writer w = ww__writer_of(header, sizeof header);
    ww_slice parts[2];
    if (!record_catalog(s, ev, err))
        return false;
    ww__put_u8(&w, 'w');
    ww__put_u64(&w, wal->start);
    ww__put_u64(&w, wal->end);
    ww__put_u64(&w, (uint64_t)wal->sent_at.us);
    parts[0].ptr = header;
    parts[0].len = sizeof header;
    parts[1] = wal->payload;
    capture_write_frame(&s->out.out, CAPTURE_WAL, parts, 2);
    s->frames++;
    if (ev == NULL || ww_event_unit_lsn(ev) != 0)
        s->whole_frames = s->frames;
    if (s->out.out.status < 0)
        ww__fail(err, s->out.out.status, "cannot write the capture");
    return s->out.out.status == WW_OK;
}

static bool end_capture(streaming *s)
{
    uint8_t count[8];
    ww_slice part = {count, sizeof count};
    if (!output_cut(&s->out))
        return false;
    ww__store64(count, ww_sink_kind_of(s->out.sink) == WW_SINK_FILE ? s->whole_frames : s->frames);
    capture_write_frame(&s->out.out, CAPTURE_END, &part, 1);
    output_mark(&s->out, 0);
    return true;
}

/* A capture begins with its header: it is not appended to anything. */
static bool check_new(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
        return true;
    report("%s exists already; record needs a new file (-f)", path);
    return false;
}

int command_record(options *o)
{
    streaming s;
    int code;
    if (!check_new(o->file))
        return EXIT_USAGE;
    memset(&s, 0, sizeof s);
    s.o = o;
    s.begin = begin_capture;
    s.take = record;
    s.end = end_capture;
    code = streaming_run(&s);
    capture_catalog_close(&s.catalog);
    return code;
}
