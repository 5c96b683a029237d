/* SPDX-License-Identifier: MIT */
/* geometry.c: point, lseg, path, box, polygon, line, circle: float8 numbers between punctuation.
 * Source: src/backend/utils/adt/geo_ops.c. */
#include "scan.h"
#include "values.h"

static bool is_list(ww_type_kind kind)
{
    return kind == WW_TYPE_PATH || kind == WW_TYPE_POLYGON;
}

/* What the text looks like; n is a number. Of a list: one point. */
static const char *pattern_of(ww_type_kind kind)
{
    switch ((int)kind) {
    case WW_TYPE_LSEG:
        return "[(n,n),(n,n)]";
    case WW_TYPE_BOX:
        return "(n,n),(n,n)";
    case WW_TYPE_LINE:
        return "{n,n,n}";
    case WW_TYPE_CIRCLE:
        return "<(n,n),n>";
    default:
        return "(n,n)";
    }
}

static bool is_punctuation(uint8_t c)
{
    return memchr("(),[]{}<>", c, 9) != NULL;
}

static double scan_number(ww__reader *r)
{
    ww_slice text = {r->at, 0};
    double value = 0;
    while (r->at < r->end && !is_punctuation(*r->at))
        r->at++;
    text.len = (size_t)(r->at - text.ptr);
    if (!ww__float8_parse(text, &value))
        ww__break(r, "not a floating-point number, or beyond the range of float8", text.len);
    return value;
}

/* Returns how many numbers there were. */
static uint32_t scan_pattern(ww__reader *r, const char *pattern)
{
    uint32_t count = 0;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != 'n') {
            ww__scan_expect(r, *pattern, "not the punctuation of this geometric type");
            continue;
        }
        scan_number(r);
        count++;
    }
    return count;
}

static void scan_list(ww__reader *r, ww_type_kind kind, ww_geometry *g)
{
    bool open = kind == WW_TYPE_PATH && ww__scan_skip(r, '[');
    if (!open)
        ww__scan_expect(r, '(', "not the beginning of a path or polygon");
    do {
        g->count += scan_pattern(r, pattern_of(kind));
    } while (ww__scan_skip(r, ','));
    ww__scan_expect(r, open ? ']' : ')', "not the end of a path or polygon");
    g->closed = kind == WW_TYPE_PATH && !open;
}

static void scan_text(ww__reader *r, ww_type_kind kind, ww_geometry *g)
{
    g->left.ptr = r->at;
    g->left.len = ww__left(r);
    if (is_list(kind))
        scan_list(r, kind, g);
    else
        g->count = scan_pattern(r, pattern_of(kind));
}

static uint32_t count_numbers(const char *pattern)
{
    uint32_t count = 0;
    for (; *pattern != '\0'; pattern++)
        count += *pattern == 'n' ? 1 : 0;
    return count;
}

static void read_binary(ww__reader *r, ww_type_kind kind, ww_geometry *g)
{
    uint8_t closed = kind == WW_TYPE_PATH ? ww__u8(r) : 0;
    g->count = count_numbers(pattern_of(kind));
    if (closed > 1)
        ww__break(r, "a path is neither open (0) nor closed (1)", 1);
    if (is_list(kind)) {
        uint32_t points = ww__u32(r);
        if (points == 0 || points != ww__left(r) / 16)
            ww__break(r, "not as many points as were announced, or none", 4);
        g->count = 2 * points;
    }
    g->closed = closed == 1;
    g->left = ww__bytes(r, (size_t)g->count * 8);
}

ww_status ww_value_geometry(const ww_value *v, ww_geometry *out, ww_error *err)
{
    ww_type_kind kind = ww__value_kind(v);
    bool fits = kind >= WW_TYPE_POINT && kind <= WW_TYPE_CIRCLE;
    ww_status status = ww__value_is(v, fits ? kind : WW_TYPE_POINT, err);
    ww__reader r = ww__reader_of(v->bytes);
    ww_geometry g = {0};
    if (status != WW_OK)
        return status;
    g.is_text = v->form == WW_COLUMN_TEXT;
    if (g.is_text)
        scan_text(&r, kind, &g);
    else
        read_binary(&r, kind, &g);
    status = ww__value_done(v, &r, err);
    if (status == WW_OK)
        *out = g;
    return status;
}

bool ww_geometry_next(ww_geometry *g, double *out)
{
    ww__reader r = ww__reader_of(g->left);
    uint64_t bits;
    if (g->is_text) {
        while (r.at < r.end && is_punctuation(*r.at))
            r.at++;
        if (r.at == r.end)
            return false;
        *out = scan_number(&r);
    } else {
        if (ww__left(&r) == 0)
            return false;
        bits = ww__u64(&r);
        memcpy(out, &bits, sizeof *out);
    }
    g->left = ww__bytes(&r, ww__left(&r));
    return true;
}

static ww_status check_geometry(const ww_value *v, ww_error *err)
{
    ww_geometry g;
    return ww_value_geometry(v, &g, err);
}

static void put_pattern(ww_geometry *g, const char *pattern, ww_out *out)
{
    char text[WW__FLOAT_TEXT];
    double value;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != 'n')
            ww__out_byte(out, *pattern);
        else if (ww_geometry_next(g, &value))
            ww__out_put(out, text, ww__float8_text(value, text));
    }
}

static void put_geometry(const ww_value *v, ww_out *out)
{
    ww_type_kind kind = ww__value_kind(v);
    bool open;
    ww_geometry g;
    if (ww_value_geometry(v, &g, NULL) != WW_OK)
        return;
    open = kind == WW_TYPE_PATH && !g.closed;
    if (is_list(kind))
        ww__out_byte(out, open ? '[' : '(');
    put_pattern(&g, pattern_of(kind), out);
    while (g.left.len > 0) {
        ww__out_byte(out, ',');
        put_pattern(&g, pattern_of(kind), out);
    }
    if (is_list(kind))
        ww__out_byte(out, open ? ']' : ')');
}

const ww__value_ops ww__value_ops_geometry = {check_geometry, put_geometry};
