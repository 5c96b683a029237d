/* SPDX-License-Identifier: MIT */
/* jsonvalue.c: one column as a JSON value, by the type of the column. The server's text is
 * checked before it is believed: a number that is none becomes a string. */
#include "render.h"

/* Longer text is no float that a server prints. */
#define MAX_FLOAT 40u

ww__json_type ww__json_type_of(uint32_t type_oid)
{
    switch (type_oid) {
    case 16: /* bool */
        return WW__JSON_BOOL;
    case 20: /* int8 */
    case 21: /* int2 */
    case 23: /* int4 */
    case 26: /* oid */
        return WW__JSON_INTEGER;
    case 700: /* float4 */
    case 701: /* float8 */
        return WW__JSON_FLOAT;
    case 114:  /* json */
    case 3802: /* jsonb */
        return WW__JSON_DOCUMENT;
    default:
        return WW__JSON_STRING;
    }
}

static bool put_bool(ww_out *out, ww_slice text)
{
    if (text.len != 1 || (text.ptr[0] != 't' && text.ptr[0] != 'f'))
        return false;
    if (text.ptr[0] == 't')
        WW__OUT(out, "true");
    else
        WW__OUT(out, "false");
    return true;
}

/* Digits, perhaps after a minus; no zero in front. */
static bool put_integer(ww_out *out, ww_slice text)
{
    size_t minus = text.len > 0 && text.ptr[0] == '-';
    size_t i;
    if (text.len <= minus || text.len > WW__MAX_INTEGER ||
        (text.ptr[minus] == '0' && text.len > minus + 1))
        return false;
    for (i = minus; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    ww__out_put(out, text.ptr, text.len);
    return true;
}

static bool put_float(ww_out *out, ww_slice text)
{
    if (text.len > MAX_FLOAT || text.len == 0 || ww__json_number(text) != text.len)
        return false;
    ww__out_put(out, text.ptr, text.len);
    return true;
}

static bool put_document(ww_out *out, const ww__policy *policy, ww_slice text)
{
    if (!ww__utf8_check(text) || !ww__json_check(text))
        return false;
    ww__json_splice(out, policy, text);
    return true;
}

static bool put_typed(ww_out *out, const ww__policy *policy, ww__json_type type, ww_slice text)
{
    switch (type) {
    case WW__JSON_BOOL:
        return put_bool(out, text);
    case WW__JSON_INTEGER:
        return put_integer(out, text);
    case WW__JSON_FLOAT:
        return put_float(out, text);
    case WW__JSON_DOCUMENT:
        return put_document(out, policy, text);
    case WW__JSON_STRING:
        break;
    }
    return false;
}

void ww__json_value(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col)
{
    const ww__policy *policy = &f->policy;
    if (col->kind == WW_COLUMN_NULL) {
        WW__OUT(out, "null");
    } else if (col->kind == WW_COLUMN_BINARY) {
        WW__OUT(out, "{\"$binary\":\"");
        ww__out_hex(out, col->value);
        WW__OUT(out, "\"}");
    } else if (!put_typed(out, policy, (ww__json_type)column->type, col->value)) {
        ww__json_text(out, policy, col->value);
    }
}
