/* SPDX-License-Identifier: MIT */
/* range.c: ranges and multiranges. Source: range_out, range_send, multirange_out, multirange_send.
 */
#include "containers.h"

enum {
    EMPTY = 1,
    LOWER_INCLUSIVE = 2,
    UPPER_INCLUSIVE = 4,
    LOWER_INFINITE = 8,
    UPPER_INFINITE = 16
};

static const ww__quoting quoting = {WW__HAS_QUOTE | WW__HAS_BACKSLASH | WW__HAS_PAREN |
                                        WW__HAS_BRACKET | WW__HAS_COMMA | WW__HAS_SPACE |
                                        WW__IS_EMPTY,
                                    WW__LAYER_DOUBLED, 0, true};

/* ---- ranges ---------------------------------------------------------------------------------- */

static bool are_flags_valid(unsigned flags)
{
    if (flags == EMPTY)
        return true;
    return (flags & ~(unsigned)(LOWER_INCLUSIVE | UPPER_INCLUSIVE | LOWER_INFINITE |
                                UPPER_INFINITE)) == 0 &&
           (flags & (LOWER_INCLUSIVE | LOWER_INFINITE)) != (LOWER_INCLUSIVE | LOWER_INFINITE) &&
           (flags & (UPPER_INCLUSIVE | UPPER_INFINITE)) != (UPPER_INCLUSIVE | UPPER_INFINITE);
}

static ww_slice read_bound(ww__reader *r, bool infinite)
{
    ww_slice bound = {NULL, 0};
    if (infinite)
        return bound;
    bound = ww__field_read(r);
    if (bound.ptr == NULL)
        ww__break(r, "a bound of a range is null", 4);
    return bound;
}

static void read_binary(ww__reader *r, const ww_value *v, const ww_type *type, ww_range *range)
{
    unsigned flags = ww__u8(r);
    if (!are_flags_valid(flags))
        ww__break(r, "the flags of a range contradict each other", 1);
    range->empty = (flags & EMPTY) != 0;
    range->lower_inclusive = (flags & LOWER_INCLUSIVE) != 0;
    range->upper_inclusive = (flags & UPPER_INCLUSIVE) != 0;
    range->lower_infinite = (flags & LOWER_INFINITE) != 0;
    range->upper_infinite = (flags & UPPER_INFINITE) != 0;
    range->lower = ww__element_of(v, v->type->element, type,
                                  read_bound(r, range->empty || range->lower_infinite));
    range->upper = ww__element_of(v, v->type->element, type,
                                  read_bound(r, range->empty || range->upper_infinite));
}

static ww_value scan_bound(ww__text *s, const ww_value *v, const ww_type *type)
{
    ww__token t = ww__text_token(s, &quoting);
    if (!t.quoted && t.raw.len == 0)
        t.raw.ptr = NULL;
    return ww__token_value(v, v->type->element, type, t, quoting.layer);
}

static bool scan_side(ww__text *s, char inclusive, char exclusive)
{
    bool is_inclusive = ww__text_take(s, inclusive);
    if (!is_inclusive)
        ww__text_expect(s, exclusive, "a range is not in brackets or parentheses");
    return is_inclusive;
}

static void scan_range(ww__text *s, const ww_value *v, const ww_type *type, ww_range *range)
{
    static const ww_slice null = {NULL, 0};
    if (ww__text_peek(s) == 'e') {
        ww__text_word(s, "empty", "a range is neither empty nor in brackets");
        range->empty = true;
        range->lower = range->upper = ww__element_of(v, v->type->element, type, null);
        return;
    }
    range->lower_inclusive = scan_side(s, '[', '(');
    range->lower = scan_bound(s, v, type);
    ww__text_expect(s, ',', "a comma is missing between the bounds of a range");
    range->upper = scan_bound(s, v, type);
    range->upper_inclusive = scan_side(s, ']', ')');
    range->lower_infinite = ww_value_is_null(&range->lower);
    range->upper_infinite = ww_value_is_null(&range->upper);
    if ((range->lower_infinite && range->lower_inclusive) ||
        (range->upper_infinite && range->upper_inclusive))
        ww__text_break(s, "a range includes a bound that is not there");
}

ww_status ww_value_range(const ww_value *v, ww_range *out, ww_error *err)
{
    ww_range range = {0};
    const ww_type *type;
    ww_status status = ww__value_is(v, WW_TYPE_RANGE, err);
    if (status == WW_OK)
        status = ww__container_check(v, err);
    if (status != WW_OK)
        return status;
    type = ww_types_find(v->types, v->type->element);
    if (v->form == WW_COLUMN_TEXT) {
        ww__text s = ww__text_of(v);
        scan_range(&s, v, type, &range);
        status = ww__text_done(v, &s, err);
    } else {
        ww__reader r = ww__reader_of(v->bytes);
        read_binary(&r, v, type, &range);
        status = ww__value_done(v, &r, err);
    }
    if (status == WW_OK)
        *out = range;
    return status;
}

static ww_status check_range(const ww_value *v, ww_error *err)
{
    ww_range range;
    ww_status status = ww_value_range(v, &range, err);
    if (status == WW_OK && !ww_value_is_null(&range.lower))
        status = ww__element_check(v, &range.lower, err);
    if (status == WW_OK && !ww_value_is_null(&range.upper))
        status = ww__element_check(v, &range.upper, err);
    return status;
}

static void put_range(const ww_value *v, ww_out *out)
{
    ww_range range;
    if (ww_value_range(v, &range, NULL) != WW_OK)
        return;
    if (range.empty) {
        WW__OUT(out, "empty");
        return;
    }
    ww__out_byte(out, range.lower_inclusive ? '[' : '(');
    if (!range.lower_infinite)
        ww__element_put(&range.lower, &quoting, out);
    WW__OUT(out, ",");
    if (!range.upper_infinite)
        ww__element_put(&range.upper, &quoting, out);
    ww__out_byte(out, range.upper_inclusive ? ']' : ')');
}

/* ---- multiranges ----------------------------------------------------------------------------- */

static void read_ranges(ww__reader *r, ww_multirange *m)
{
    uint32_t i;
    m->count = ww__u32(r);
    m->walk.left.ptr = r->at;
    m->walk.left.len = ww__left(r);
    for (i = 0; i < m->count && r->broken == NULL; i++) {
        ww_slice range = ww__field_read(r);
        if (range.len == 0 || range.ptr[0] == EMPTY)
            ww__break(r, "a range in a multirange is null or empty", range.len);
    }
}

/* A range's text, which needs no quotes in a multirange. */
static ww__token scan_item(ww__text *s, const ww_multirange *m)
{
    ww__token t = {{s->chars.at, 0}, false};
    const ww_value *v = &m->walk.container;
    ww_range range = {0};
    if (ww__text_peek(s) == 'e')
        ww__text_break(s, "a range in a multirange is empty");
    scan_range(s, v, NULL, &range);
    t.raw.len = (size_t)(s->chars.at - t.raw.ptr);
    return t;
}

static void scan_ranges(ww__text *s, ww_multirange *m)
{
    ww__text_expect(s, '{', "an opening brace is missing");
    ww__text_left(s, &m->walk);
    if (ww__text_peek(s) != '}') {
        do {
            scan_item(s, m);
            m->count++;
        } while (s->broken == NULL && ww__text_take(s, ','));
    }
    ww__text_expect(s, '}', "a closing brace is missing");
}

ww_status ww_value_multirange(const ww_value *v, ww_multirange *out, ww_error *err)
{
    ww_multirange m = {0};
    ww_status status = ww__value_is(v, WW_TYPE_MULTIRANGE, err);
    if (status == WW_OK)
        status = ww__container_check(v, err);
    if (status != WW_OK)
        return status;
    m.walk.container = *v;
    m.walk.item = ww_types_find(v->types, v->type->element);
    if (v->form == WW_COLUMN_TEXT) {
        ww__text s = ww__text_of(v);
        scan_ranges(&s, &m);
        status = ww__text_done(v, &s, err);
    } else {
        ww__reader r = ww__reader_of(v->bytes);
        read_ranges(&r, &m);
        status = ww__value_done(v, &r, err);
    }
    m.walk.count = m.count;
    if (status == WW_OK)
        *out = m;
    return status;
}

static ww_value next_item(ww_multirange *m)
{
    const ww_value *v = &m->walk.container;
    ww__text s = ww__text_walk(&m->walk);
    ww__token t;
    ww_value range;
    ww__text_take(&s, ',');
    t = scan_item(&s, m);
    ww__text_left(&s, &m->walk);
    range = ww__element_of(v, v->type->element, m->walk.item, t.raw);
    range.layers = v->layers;
    range.nlayers = v->nlayers;
    return range;
}

bool ww_multirange_next(ww_multirange *m, ww_value *range)
{
    const ww_value *v = &m->walk.container;
    if (m->walk.count == 0)
        return false;
    m->walk.count--;
    if (v->form == WW_COLUMN_TEXT)
        *range = next_item(m);
    else
        *range = ww__element_of(v, v->type->element, m->walk.item, ww__field_next(&m->walk));
    return true;
}

static ww_status check_multirange(const ww_value *v, ww_error *err)
{
    ww_multirange m;
    ww_value range;
    ww_status status = ww_value_multirange(v, &m, err);
    while (status == WW_OK && ww_multirange_next(&m, &range))
        status = ww__element_check(v, &range, err);
    return status;
}

static void put_multirange(const ww_value *v, ww_out *out)
{
    ww_multirange m;
    ww_value range;
    bool first = true;
    if (ww_value_multirange(v, &m, NULL) != WW_OK)
        return;
    WW__OUT(out, "{");
    while (ww_multirange_next(&m, &range)) {
        if (!first)
            WW__OUT(out, ",");
        first = false;
        ww__value_put_binary(&range, out);
    }
    WW__OUT(out, "}");
}

/* ---- both ------------------------------------------------------------------------------------ */

static ww_status check(const ww_value *v, ww_error *err)
{
    return ww__value_kind(v) == WW_TYPE_RANGE ? check_range(v, err) : check_multirange(v, err);
}

static void put(const ww_value *v, ww_out *out)
{
    if (ww__value_kind(v) == WW_TYPE_RANGE)
        put_range(v, out);
    else
        put_multirange(v, out);
}

const ww__value_ops ww__value_ops_range = {check, put};
