/* SPDX-License-Identifier: MIT */
/* system.c: the answer to IDENTIFY_SYSTEM: systemid, timeline, xlogpos, dbname. */
#include <walwire/stream.h>

#include "base/error.h"

#include <string.h>

/* Plain decimal digits that make at most `max`. */
static bool parse_decimal(ww_slice text, uint64_t max, uint64_t *value)
{
    size_t i;
    *value = 0;
    for (i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.ptr[i] - '0';
        if (digit > 9 || *value > (max - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return text.len > 0;
}

ww_status ww_system_from_row(const ww_msg *row, ww_system *out, ww_error *err)
{
    ww_row_iter it = ww_row_begin(row);
    ww_slice column[4];
    uint64_t timeline;
    size_t i;

    memset(out, 0, sizeof *out);
    if (it.left != 4)
        return ww__fail(err, WW_ERR_PROTOCOL, "IDENTIFY_SYSTEM did not answer with 4 columns");
    for (i = 0; i < 4; i++)
        ww_row_next(&it, &column[i]);
    if (!parse_decimal(column[0], UINT64_MAX, &out->system_id))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "IDENTIFY_SYSTEM: bad systemid", column[0]);
    if (!parse_decimal(column[1], UINT32_MAX, &timeline))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "IDENTIFY_SYSTEM: bad timeline", column[1]);
    if (!ww_lsn_parse(column[2], &out->wal_position))
        return ww__fail_about(err, WW_ERR_PROTOCOL, "IDENTIFY_SYSTEM: bad xlogpos", column[2]);
    if (column[3].len >= sizeof out->database)
        return ww__fail_about(err, WW_ERR_PROTOCOL, "IDENTIFY_SYSTEM: bad dbname", column[3]);
    out->timeline = (uint32_t)timeline;
    ww__copy_cut(out->database, sizeof out->database, column[3]);
    return WW_OK;
}
