/* SPDX-License-Identifier: MIT */
/* catalog_rows.c: runs a query about the catalog, and reads what stands in its rows. */
#include "catalog_rows.h"

#include "base/error.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_UP_US UINT64_C(6000000) /* a second more than the server's own patience */
#define TURN_US UINT64_C(50000) /* how long the stream goes without a look at its feedback */

/* ---- running -------------------------------------------------------------------------------- */

/* The next row. While it takes long, the stream's feedback goes on. */
static ww_status next_row(const ww__catalog_run *run, ww_mono_us give_up_at, ww_msg *row,
                          ww_error *err)
{
    for (;;) {
        ww_mono_us now = ww_clock_mono();
        ww_status st;
        if (now >= give_up_at)
            return ww__fail(err, WW_ERR_TIMEOUT, "the catalog look-up took too long");
        st = ww__session_row_until(run->session, row, now + TURN_US, err);
        if (st != WW_ERR_TIMEOUT)
            return st;
        ww_client_feedback(run->client, NULL);
    }
}

ww_status ww__catalog_query(const ww__catalog_run *run, const char *sql, size_t ncols,
                            ww__catalog_take take, void *ctx, ww_error *err)
{
    ww_mono_us give_up_at = ww_clock_mono() + LOOK_UP_US;
    ww_status st = ww_session_query(run->session, sql, err), taken = WW_OK;
    ww_slice columns[WW__CATALOG_COLUMNS];
    ww_error ignored;
    ww_msg row;
    while (st == WW_OK &&
           (st = next_row(run, give_up_at, &row, taken < 0 ? &ignored : err)) == WW_OK) {
        ww_row_iter it = ww_row_begin(&row);
        size_t n = 0;
        memset(columns, 0, sizeof columns);
        while (n < ncols && ww_row_next(&it, &columns[n]))
            n++;
        if (taken == WW_OK)
            taken = n == ncols ? take(ctx, columns, err)
                               : ww__fail(err, WW_ERR_PROTOCOL, "the catalog's answer is short");
    }
    if (st != WW_END)
        return st;
    return taken;
}

static ww_status drop_row(void *ctx, const ww_slice *columns, ww_error *err)
{
    (void)ctx;
    (void)columns;
    (void)err;
    return WW_OK;
}

ww_status ww__catalog_exec(const ww__catalog_run *run, const char *sql, ww_error *err)
{
    return ww__catalog_query(run, sql, 0, drop_row, NULL, err);
}

int ww__catalog_server(const ww_session *s)
{
    ww_session_info info;
    ww_session_describe(s, &info);
    return info.server_version_num;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static bool read_number(ww_slice text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t i = negative;
    int64_t value = 0;
    if (text.len == i || text.len > 11)
        return false;
    for (; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

ww_status ww__catalog_oid(ww_slice text, uint32_t *out, ww_error *err)
{
    int64_t value = 0;
    if (text.ptr != NULL && (!read_number(text, &value) || value < 0 || value > UINT32_MAX))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "the catalog gave no OID", text);
    *out = (uint32_t)value;
    return WW_OK;
}

ww_status ww__catalog_int(ww_slice text, int32_t *out, ww_error *err)
{
    int64_t value = 0;
    if (text.ptr != NULL && (!read_number(text, &value) || value < INT32_MIN || value > INT32_MAX))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "the catalog gave no number", text);
    *out = (int32_t)value;
    return WW_OK;
}

ww_status ww__catalog_lsn(ww_slice text, ww_lsn *out, ww_error *err)
{
    *out = 0;
    if (text.ptr == NULL || ww_lsn_parse(text, out))
        return WW_OK;
    return ww__fail_about(err, WW_ERR_PROTOCOL, "the catalog gave no WAL position", text);
}

/* ---- rows that belong together -------------------------------------------------------------- */

ww_status ww__catalog_keep(ww__catalog_text *s, ww_slice text, ww__catalog_name *out, ww_error *err)
{
    if (text.len > WW_DEFAULT_TYPES_MEMORY - s->len)
        return ww__fail(err, WW_ERR_LIMIT, "one type or table of the catalog has too much text");
    if (s->len + text.len > s->cap) {
        size_t cap = 2 * (s->len + text.len) + 256;
        uint8_t *bigger = realloc(s->text, cap);
        if (bigger == NULL)
            return ww__fail(err, WW_ERR_NOMEM, "no memory for the catalog's answer");
        s->text = bigger;
        s->cap = cap;
    }
    if (text.len > 0)
        memcpy(s->text + s->len, text.ptr, text.len);
    out->at = s->len;
    out->len = text.len;
    s->len += text.len;
    return WW_OK;
}

ww_slice ww__catalog_kept(const ww__catalog_text *s, ww__catalog_name k)
{
    ww_slice slice = {s->text + k.at, k.len};
    return slice;
}

void *ww__catalog_grow(void *array, size_t count, size_t *cap, size_t size, ww_error *err)
{
    size_t bigger = *cap > 0 ? 2 * *cap : 16;
    void *moved;
    if (count < *cap)
        return array;
    moved = realloc(array, bigger * size);
    if (moved == NULL)
        ww__fail(err, WW_ERR_NOMEM, "no memory for the catalog's answer");
    else
        *cap = bigger;
    return moved;
}
