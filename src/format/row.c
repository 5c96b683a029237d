/* SPDX-License-Identifier: MIT */
/* row.c: a tuple as a JSON object. Nearly all columns are short plain text or integers: these
 * are copied while they are looked at, after one look at the room. All else goes through
 * jsonvalue.c. */
#include "jsonvalue.h"
#include "swar.h"

/* To `to`, which has room; returns the end, or NULL if something needs care. */
static inline uint8_t *quick_text(uint8_t *to, ww_slice text)
{
    to[0] = '"';
    if (!ww__copy_checked(to + 1, text.ptr, text.len, ww__care_text, WW__CARE_TEXT))
        return NULL;
    to[text.len + 1] = '"';
    return to + text.len + 2;
}

static inline uint8_t *quick_integer(uint8_t *to, ww_slice text, size_t max_digits)
{
    size_t minus = text.len > 0 && text.ptr[0] == '-';
    size_t n = text.len - minus;
    to[0] = '-';
    if (n - 1 >= max_digits || (text.ptr[minus] == '0' && text.len > 1) ||
        !ww__copy_checked(to + minus, text.ptr + minus, n, ww__care_digits, WW__CARE_DIGITS))
        return NULL;
    return to + text.len;
}

/* The binary form: two, four or eight bytes, as max_digits says. */
static inline uint8_t *quick_binary(uint8_t *to, ww_slice value, size_t max_digits)
{
    uint8_t digits[WW__DIGITS + WW__PAD];
    const uint8_t *at;
    uint64_t bits, magnitude;
    size_t i, n;
    if (value.len == 0 || value.len * 9 / 4 != max_digits)
        return NULL;
    bits = (uint64_t)0 - (value.ptr[0] >> 7);
    for (i = 0; i < value.len; i++)
        bits = bits << 8 | value.ptr[i];
    *to = '-';
    to += bits >> 63;
    magnitude = bits >> 63 ? 0 - bits : bits;
    at = ww__digits(magnitude, digits);
    n = (size_t)(digits + WW__DIGITS - at);
    memcpy(to, at, WW__DIGITS);
    return to + n;
}

static inline uint8_t *quick_bool(uint8_t *to, ww_slice value, bool text)
{
    bool truth;
    if (value.len != 1)
        return NULL;
    truth = value.ptr[0] == (text ? 't' : 1);
    if (!truth && value.ptr[0] != (text ? 'f' : 0))
        return NULL;
    memcpy(to, truth ? "true\0" : "false", 5);
    return to + 5 - truth;
}

/* A column with its name, `comma` bytes of that left off, to where `room` bytes are free;
 * returns its end, or NULL if it must take the long way. */
static inline uint8_t *quick_column(uint8_t *to, size_t room, const ww__plan_column *column,
                                    size_t comma, const ww_column *col)
{
    size_t name_len = column->len - comma;
    bool text = col->kind == WW_COLUMN_TEXT;
    if ((!text && col->kind != WW_COLUMN_BINARY) || name_len > WW__PAD || room < 2 * WW__PAD ||
        col->value.len > room - 2 * WW__PAD)
        return NULL;
    memcpy(to, column->name + comma, WW__PAD);
    to += name_len;
    switch (column->json) {
    case WW__JSON_STRING:
        return text ? quick_text(to, col->value) : NULL;
    case WW__JSON_TEXT:
        return quick_text(to, col->value);
    case WW__JSON_INTEGER:
        return text ? quick_integer(to, col->value, column->max_digits)
                    : quick_binary(to, col->value, column->max_digits);
    case WW__JSON_BOOL:
        return quick_bool(to, col->value, text);
    default:
        return NULL;
    }
}

/* How far a tuple was written. */
typedef struct cursor {
    ww_tuple_iter it;
    const ww__plan_column *column; /* of the next column */
    size_t comma;                  /* to leave off its name: 1 for the first that is written */
} cursor;

/* Writes columns as long as they are quick. */
static void put_run(ww_out *out, cursor *c)
{
    cursor done = *c;
    ww_tuple_iter next = c->it;
    uint8_t *at, *to;
    const uint8_t *end;
    ww_column col;
    if (out->len == out->cap)
        return;
    at = out->ptr + out->len;
    end = out->ptr + out->cap;
    while (ww_tuple_next(&next, &col) &&
           (to = quick_column(at, (size_t)(end - at), done.column, done.comma, &col)) != NULL) {
        at = to;
        done.it = next;
        done.column++;
        done.comma = 0;
    }
    out->len = (size_t)(at - out->ptr);
    *c = done;
}

/* What the old tuple tells of unchanged columns. */
typedef struct filler {
    ww_tuple_iter it;
    uint8_t kind;
    uint16_t ncols;
} filler;

static void fill_in(ww_column *col, const ww__plan_column *column, const ww__plan *plan, filler *f)
{
    size_t index = (size_t)(column - plan->columns);
    ww_column old = {{NULL, 0}, WW_COLUMN_UNCHANGED};
    while ((size_t)(f->ncols - f->it.left) <= index && ww_tuple_next(&f->it, &old))
        ;
    if (old.kind != WW_COLUMN_UNCHANGED && (f->kind == WW_TUPLE_OLD || column->key))
        *col = old;
}

size_t ww__row_put(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple, ww_tuple fill)
{
    ww_slice unavailable = f->policy.unavailable;
    cursor c = {ww_tuple_begin(tuple), plan->columns, 1};
    filler from = {ww_tuple_begin(fill), fill.kind, fill.ncols};
    size_t unchanged = 0;
    ww_column col;
    ww__out_byte(out, '{');
    for (;; c.column++) {
        if (tuple.kind != WW_TUPLE_KEY)
            put_run(out, &c);
        if (!ww_tuple_next(&c.it, &col))
            break;
        if (c.column->skipped || (tuple.kind == WW_TUPLE_KEY && !c.column->key))
            continue;
        if (col.kind == WW_COLUMN_UNCHANGED) {
            unchanged++;
            fill_in(&col, c.column, plan, &from);
            if (col.kind == WW_COLUMN_UNCHANGED && unavailable.len == 0)
                continue;
        }
        ww__out_fragment(out, c.column->name + c.comma, c.column->len - c.comma);
        c.comma = 0;
        if (col.kind == WW_COLUMN_UNCHANGED)
            ww__out_put(out, unavailable.ptr, unavailable.len);
        else
            ww__json_value(f, out, c.column, &col);
    }
    ww__out_byte(out, '}');
    return unchanged;
}

void ww__row_put_unchanged(ww_out *out, const ww__plan *plan, ww_tuple tuple)
{
    const ww__plan_column *column = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    size_t comma = 1;
    ww__out_byte(out, '[');
    for (; ww_tuple_next(&it, &col); column++) {
        if (col.kind != WW_COLUMN_UNCHANGED || column->skipped)
            continue;
        ww__out_put(out, column->name + comma, column->len - comma - 1);
        comma = 0;
    }
    ww__out_byte(out, ']');
}
