/* SPDX-License-Identifier: MIT */
/* quick.c: columns that are written while they are looked at, after one look at the room. Nearly
 * all are: short plain text, numbers, truth values, times, nulls. A way returns the end of what it
 * wrote, or NULL if the value takes more than that: jsonvalue.c knows, and says what is wrong. */
#include "jsonvalue.h"
#include "swar.h"

#include "base/reader.h"

/* Longer ones are worth more preparation. */
#define SHORT_TEXT 64u
/* 10^30 and 10^-30 are numbers of both types. */
#define SHORT_FLOAT 30u

typedef uint8_t *way(uint8_t *to, ww_slice value, const ww__plan_column *column);

/* ---- text form ------------------------------------------------------------------------------ */

static uint8_t *put_text(uint8_t *to, ww_slice text, const ww__plan_column *column)
{
    (void)column;
    to[0] = '"';
    if (text.len > SHORT_TEXT ||
        !ww__copy_checked(to + 1, text.ptr, text.len, ww__care_text, WW__CARE_TEXT))
        return NULL;
    to[text.len + 1] = '"';
    return to + text.len + 2;
}

static uint8_t *put_integer(uint8_t *to, ww_slice text, const ww__plan_column *column)
{
    size_t minus = text.len > 0 && text.ptr[0] == '-';
    size_t n = text.len - minus;
    to[0] = '-';
    if (n - 1 >= column->max_digits || (text.ptr[minus] == '0' && text.len > 1) ||
        !ww__copy_checked(to + minus, text.ptr + minus, n, ww__care_digits, WW__CARE_DIGITS))
        return NULL;
    return to + text.len;
}

/* What is in range whatever its digits are: few of them, with one point among them or none, and no
 * exponent. */
static uint8_t *put_float(uint8_t *to, ww_slice text, const ww__plan_column *column)
{
    size_t first = text.len > 0 && text.ptr[0] == '-', points = 0, i;
    (void)column;
    if (text.len - first - 1 >= SHORT_FLOAT || text.ptr[text.len - 1] == '.' ||
        (text.ptr[first] == '0' && text.len > first + 1 && text.ptr[first + 1] != '.'))
        return NULL;
    to[0] = '-';
    for (i = first; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        to[i] = byte;
        if ((unsigned)byte - '0' > 9 && (byte != '.' || i == first || points++ > 0))
            return NULL;
    }
    return to + text.len;
}

static uint8_t *put_truth(uint8_t *to, bool truth)
{
    memcpy(to, truth ? "true\0" : "false", 5);
    return to + 5 - truth;
}

static uint8_t *put_bool(uint8_t *to, ww_slice text, const ww__plan_column *column)
{
    (void)column;
    if (text.len != 1 || (text.ptr[0] != 't' && text.ptr[0] != 'f'))
        return NULL;
    return put_truth(to, text.ptr[0] == 't');
}

/* ---- binary form ---------------------------------------------------------------------------- */

static int64_t load_integer(ww_slice value)
{
    if (value.len == 2)
        return (int16_t)ww__load16(value.ptr);
    if (value.len == 4)
        return (int32_t)ww__load32(value.ptr);
    return (int64_t)ww__load64(value.ptr);
}

/* Two, four or eight bytes, as max_digits says. */
static uint8_t *put_binary_integer(uint8_t *to, ww_slice value, const ww__plan_column *column)
{
    uint8_t text[WW__DIGITS + WW__PAD];
    const uint8_t *digits;
    int64_t number;
    if (value.len == 0 || value.len * 9 / 4 != column->max_digits)
        return NULL;
    number = load_integer(value);
    *to = '-';
    to += number < 0;
    digits = ww__digits(number < 0 ? 0 - (uint64_t)number : (uint64_t)number, text);
    memcpy(to, digits, WW__DIGITS);
    return to + (text + WW__DIGITS - digits);
}

static uint8_t *put_binary_bool(uint8_t *to, ww_slice value, const ww__plan_column *column)
{
    (void)column;
    if (value.len != 1 || value.ptr[0] > 1)
        return NULL;
    return put_truth(to, value.ptr[0] != 0);
}

static uint8_t *put_binary_string(uint8_t *to, ww_slice value, const ww__plan_column *column)
{
    uint8_t *end = NULL;
    *to = '"';
    if (column->print != NULL)
        end = column->print((ww_type_kind)column->of->kind, value, to + 1);
    if (end == NULL)
        return NULL;
    *end = '"';
    return end + 1;
}

/* NaN and the infinities end in a letter. */
static uint8_t *put_binary_float(uint8_t *to, ww_slice value, const ww__plan_column *column)
{
    uint8_t *end = column->print((ww_type_kind)column->of->kind, value, to);
    return end != NULL && end[-1] <= '9' ? end : NULL;
}

/* ---- any column ----------------------------------------------------------------------------- */

static uint8_t *put_null(uint8_t *to, ww_slice value, const ww__plan_column *column)
{
    (void)value;
    (void)column;
    memcpy(to, "null", 4);
    return to + 4;
}

static way *const text_ways[WW__JSON_TYPES] = {
    [WW__JSON_STRING] = put_text, [WW__JSON_TEXT] = put_text,   [WW__JSON_INTEGER] = put_integer,
    [WW__JSON_BOOL] = put_bool,   [WW__JSON_FLOAT] = put_float,
};

static way *const binary_ways[WW__JSON_TYPES] = {
    [WW__JSON_STRING] = put_binary_string,   [WW__JSON_TEXT] = put_text,
    [WW__JSON_INTEGER] = put_binary_integer, [WW__JSON_BOOL] = put_binary_bool,
    [WW__JSON_FLOAT] = put_binary_float,
};

/* NULL: there is none. */
static inline way *find_way(const ww__plan_column *column, uint8_t form)
{
    if (form == WW_COLUMN_TEXT)
        return text_ways[column->quick];
    if (form == WW_COLUMN_BINARY)
        return binary_ways[column->quick];
    return form == WW_COLUMN_NULL && column->quick != WW__JSON_LEFT_OUT ? put_null : NULL;
}

/* Beside the bytes of the value: its name, the quotes, and what a way writes without need. */
#define ROOM (2 * WW__PAD + WW__PRINT_ROOM)

void ww__quick_put(ww_out *out, ww__cursor *c)
{
    ww_tuple_iter next = c->it;
    const uint8_t *done = next.at;
    const ww__plan_column *column = c->column;
    size_t comma = c->comma;
    const uint8_t *limit;
    uint8_t *to;
    ww_column col;
    if (out->cap - out->len < ROOM)
        return;
    to = out->ptr + out->len;
    limit = out->ptr + out->cap - ROOM;
    while (ww_tuple_next(&next, &col) && (ptrdiff_t)col.value.len <= limit - to) {
        way *put = find_way(column, col.kind);
        uint8_t *end;
        if (put == NULL)
            break;
        memcpy(to, column->name + comma, WW__PAD);
        end = put(to + (column->len - comma), col.value, column);
        if (end == NULL)
            break;
        to = end;
        comma = 0;
        column++;
        done = next.at;
    }
    out->len = (size_t)(to - out->ptr);
    c->it.at = done;
    c->it.left = (uint16_t)(c->it.left - (column - c->column));
    c->column = column;
    c->comma = comma;
}
