/* SPDX-License-Identifier: MIT */
/* The same bytes at every size of the buffer, no allocation per event, and every failure of
 * memory or sink reported once and cleanly. */
#include "scenario.h"

typedef struct sink {
    uint8_t *bytes;
    size_t len, cap, calls, fail_at;
    size_t largest;
} sink;

static bool take(void *ctx, const uint8_t *bytes, size_t len)
{
    sink *s = ctx;
    if (++s->calls == s->fail_at || s->cap - s->len < len)
        return false;
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    if (len > s->largest)
        s->largest = len;
    return true;
}

static void use_sink(drive *d, sink *s, uint8_t *buffer, size_t cap)
{
    memset(&d->out, 0, sizeof d->out);
    d->out.ptr = buffer;
    d->out.cap = cap;
    d->out.flush = take;
    d->out.flush_ctx = s;
}

static void same_at_every_size(const char *format, unsigned flags, bool streams)
{
    static uint8_t got[1 << 16], buffer[1 << 16];
    static const size_t more[] = { 200, 255, 256, 300, 511, 512, 1000, 4096, 65536 };
    drive grown, d;
    size_t i, cap;
    CHECK(drive_open(&grown, format, flags) == WW_OK);
    scenario_play(&grown, streams);
    for (i = 0; i < 140 + sizeof more / sizeof more[0]; i++) {
        sink s = { got, 0, sizeof got, 0, 0, 0 };
        ww_slice all = { got, 0 };
        cap = i < 140 ? i : more[i - 140];
        CHECK(drive_open(&d, format, flags) == WW_OK);
        use_sink(&d, &s, cap > 0 ? buffer : NULL, cap);
        scenario_play(&d, streams);
        CHECK(d.out.status == WW_OK && d.out.len <= cap);
        CHECK_EQ_U64(d.out.flushed, s.len);
        CHECK(take(&s, buffer, d.out.len));
        all.len = s.len;
        if (!CHECK(ww_slice_equal(all, drive_output(&grown))))
            fprintf(stderr, "    %s with a buffer of %zu\n", format, cap);
        drive_close(&d);
    }
    drive_close(&grown);
}

static void every_buffer_size(void)
{
    same_at_every_size("debezium", 0, false);
    same_at_every_size("debezium", DRIVE_TRANSACTIONS, false);
    same_at_every_size("compact", 0, true);
    same_at_every_size("compact", DRIVE_TERMINAL, true);
}

/* Played once, everything is known and the buffer is big enough: not one call more. */
static void steady_state_does_not_allocate(const char *format, unsigned flags, bool streams)
{
    drive d;
    size_t calls, out_calls, len;
    CHECK(drive_open(&d, format, flags) == WW_OK);
    scenario_play(&d, streams);
    calls = d.memory.calls;
    out_calls = d.out_memory.calls;
    len = d.out.len;
    drive_forget(&d);
    d.sent = 0;
    scenario_play(&d, streams);
    CHECK_EQ_U64(d.memory.calls, calls);
    CHECK_EQ_U64(d.out_memory.calls, out_calls);
    CHECK_EQ_U64(d.out.len, len);
    drive_close(&d);
}

static void steady_state(void)
{
    steady_state_does_not_allocate("debezium", 0, false);
    steady_state_does_not_allocate("debezium", DRIVE_TRANSACTIONS, false);
    steady_state_does_not_allocate("compact", 0, true);
}

/* One insert into a relation that the decoder knows and the format does not. */
static ww_event first_insert(drive *d)
{
    static const uint32_t id = 5;
    ww_relation_column column = enc_column("v", 25, true);
    ww_column value =
        enc_text("a value that is long enough to need more than one piece, \xC3\xA9\n");
    ww_event ev;
    enc_relation(&d->e, 0, id, "s", "t", 'd', &column, 1);
    CHECK(ww_decode(&d->decoder, enc_slice(&d->e), &ev, &d->err) == WW_OK);
    enc_clear(&d->e);
    enc_insert(&d->e, 0, id, &value, 1);
    CHECK(ww_decode(&d->decoder, enc_slice(&d->e), &ev, &d->err) == WW_OK);
    ev.xid = 7;
    ev.final_lsn = 9;
    return ev;
}

static bool open_and_render(size_t fail_at, size_t *calls)
{
    static uint8_t buffer[4096];
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    check_alloc memory;
    ww_format *f = NULL;
    ww_status status;
    ww_event ev;
    ww_error err;
    drive d;
    CHECK(drive_open(&d, "none", 0) == WW_OK);
    ev = first_insert(&d);
    check_alloc_init(&memory, fail_at);
    config.alloc = &memory.alloc;
    config.transactions = true;
    status = ww_format_open(&f, &config, &err);
    if (status == WW_OK) {
        ww_out out = { buffer, 0, sizeof buffer, WW_OK, NULL, NULL, NULL, 0 };
        status = ww_format_render(f, &ev, &out, &err);
        if (status != WW_OK) {
            CHECK_EQ_U64(out.len, 0);
            CHECK(out.status == WW_OK);
            /* the next try has memory and works */
            CHECK(ww_format_render(f, &ev, &out, &err) == WW_OK && out.len > 0);
        }
    } else {
        CHECK(f == NULL);
    }
    if (status != WW_OK)
        CHECK(status == WW_ERR_NOMEM && err.status == WW_ERR_NOMEM && err.what[0] != '\0');
    ww_format_close(f);
    CHECK_EQ_U64(memory.live_blocks, 0);
    *calls = memory.calls;
    drive_close(&d);
    return status == WW_OK;
}

static void out_of_memory(void)
{
    size_t n, calls = 0;
    for (n = 1; !open_and_render(n, &calls); n++)
        CHECK(n < 100);
    CHECK(n > 4);
}

static void output_out_of_memory(void)
{
    check_alloc memory;
    ww_out out = { NULL, 0, 0, WW_OK, NULL, NULL, NULL, 0 };
    size_t n, whole;
    drive d;
    ww_event ev;
    CHECK(drive_open(&d, "debezium", 0) == WW_OK);
    ev = first_insert(&d);
    check_alloc_init(&memory, 0);
    out.alloc = &memory.alloc;
    CHECK(ww_format_render(d.format, &ev, &out, &d.err) == WW_OK);
    whole = out.len;
    for (n = 0; n < 20; n++)
        CHECK(ww_format_render(d.format, &ev, &out, &d.err) == WW_OK);
    CHECK_EQ_U64(out.len, 21 * whole);
    memory.fail_at = memory.calls + 1;
    while (out.status == WW_OK)
        ww_format_render(d.format, &ev, &out, &d.err);
    CHECK(out.status == WW_ERR_NOMEM && d.err.status == WW_ERR_NOMEM);
    CHECK_EQ_U64(out.len % whole, 0); /* no half line */
    CHECK(ww_format_render(d.format, &ev, &out, &d.err) == WW_ERR_NOMEM);
    CHECK_EQ_U64(out.len % whole, 0);
    memory.alloc.resize(&memory, out.ptr, out.cap, 0);
    CHECK_EQ_U64(memory.live_blocks, 0);
    drive_close(&d);
}

static void sink_fails(void)
{
    static uint8_t got[1 << 16], buffer[64];
    size_t n;
    for (n = 1; n < 12; n++) {
        sink s = { got, 0, sizeof got, 0, n, 0 };
        drive d;
        ww_event ev;
        CHECK(drive_open(&d, "debezium", 0) == WW_OK);
        ev = first_insert(&d);
        use_sink(&d, &s, buffer, sizeof buffer);
        while (d.out.status == WW_OK)
            drive_render(&d, &ev);
        CHECK(d.status == WW_ERR_IO && d.out.status == WW_ERR_IO && d.err.status == WW_ERR_IO);
        CHECK_EQ_U64(s.calls, n);
        CHECK(drive_render(&d, &ev) == WW_ERR_IO);
        CHECK_EQ_U64(s.calls, n);
        CHECK_EQ_U64(d.out.flushed, s.len);
        drive_close(&d);
    }
}

/* Neither flushed nor grown: the caller's fixed memory. */
static void fixed_buffer(void)
{
    static uint8_t buffer[1000];
    drive d;
    ww_event ev;
    size_t whole;
    CHECK(drive_open(&d, "debezium", 0) == WW_OK);
    ev = first_insert(&d);
    memset(&d.out, 0, sizeof d.out);
    d.out.ptr = buffer;
    d.out.cap = sizeof buffer;
    CHECK(drive_render(&d, &ev) == WW_OK);
    whole = d.out.len;
    while (drive_render(&d, &ev) == WW_OK)
        ;
    CHECK(d.status == WW_ERR_LIMIT);
    CHECK_EQ_U64(d.out.len, 1000 / whole * whole);
    drive_close(&d);
}

/* A value much bigger than the buffer passes through it, in pieces of at most the buffer's size
 * but for what needs no care. */
static void big_value_small_buffer(void)
{
    const size_t n = 3000000;
    static uint8_t buffer[4096];
    ww_relation_column column = enc_column("v", 25, true);
    ww_column value = enc_text("");
    uint8_t *text = malloc(n);
    sink s = { malloc(2 * n), 0, 2 * n, 0, 0, 0 };
    drive d;
    size_t i;
    if (!CHECK(text != NULL && s.bytes != NULL))
        return;
    for (i = 0; i < n; i++)
        text[i] = (uint8_t)"0123456789 abcdef\n"[i % 18];
    value.value.ptr = text;
    value.value.len = n;
    CHECK(drive_open(&d, "compact", 0) == WW_OK);
    use_sink(&d, &s, buffer, sizeof buffer);
    enc_relation(&d.e, 0, 1, "s", "t", 'd', &column, 1);
    drive_send(&d);
    enc_insert(&d.e, 0, 1, &value, 1);
    CHECK(drive_send(&d) == WW_OK);
    CHECK(s.largest <= sizeof buffer);
    CHECK_EQ_U64(s.len + d.out.len,
                 n + n / 18 + strlen("{'op':'I','schema':'s','table':'t','new':{'v':''}}\n"));
    drive_close(&d);
    free(text);
    free(s.bytes);
}

int main(void)
{
    RUN(every_buffer_size);
    RUN(steady_state);
    RUN(out_of_memory);
    RUN(output_out_of_memory);
    RUN(sink_fails);
    RUN(fixed_buffer);
    RUN(big_value_small_buffer);
    return check_report();
}
