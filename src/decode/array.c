/* SPDX-License-Identifier: MIT */
/* array.c: arrays, and vectors, whose text has no braces. The getter checks all but the elements
 * themselves, so that walking them cannot fail.
 *
 * Source: array_out, array_send, int2vectorout, oidvectorout. */
#include "containers.h"

#define MAX_ELEMENTS 0x7ffffffu /* MaxArraySize */

static bool is_vector(const ww_array *a)
{
    return ww__value_kind(&a->walk.container) == WW_TYPE_VECTOR;
}

static ww__quoting quoting_of(const ww_array *a)
{
    ww__quoting q = {WW__HAS_QUOTE | WW__HAS_BACKSLASH | WW__HAS_BRACE | WW__HAS_SPACE |
                         WW__IS_EMPTY | WW__IS_NULL_WORD,
                     WW__LAYER_BACKSLASH, ',', false};
    const ww_type *element = a->walk.item;
    if (element != NULL && element->delimiter != 0)
        q.delimiter = element->delimiter;
    if (q.delimiter == ',')
        q.quote_if |= WW__HAS_COMMA;
    else if (q.delimiter == ';')
        q.quote_if |= WW__HAS_SEMICOLON;
    return q;
}

/* ---- dimensions ------------------------------------------------------------------------------ */

/* Multiplies the lengths; false: more elements than an array can have. */
static bool count_elements(ww_array *a)
{
    uint64_t count = a->ndim > 0 ? 1 : 0;
    uint32_t i;
    bool none = false;
    for (i = 0; i < a->ndim; i++) {
        if (a->dims[i].len == 0)
            none = true;
        else if ((count *= a->dims[i].len) > MAX_ELEMENTS)
            return false;
    }
    if (none || a->ndim == 0) {
        a->ndim = 0;
        count = 0;
    }
    a->count = (uint32_t)count;
    return true;
}

/* ---- binary ---------------------------------------------------------------------------------- */

static void read_header(ww__reader *r, ww_array *a, uint32_t *hasnull)
{
    uint32_t i;
    a->ndim = ww__u32(r);
    if (a->ndim > WW_MAX_DIMENSIONS) {
        ww__break(r, "an array has more than six dimensions", 4);
        a->ndim = 0;
    }
    *hasnull = ww__u32(r);
    if (*hasnull > 1)
        ww__break(r, "the flag for nulls is neither 0 nor 1", 4);
    a->element_oid = ww__u32(r);
    for (i = 0; i < a->ndim; i++) {
        a->dims[i].len = ww__u32(r);
        a->dims[i].lower = ww__i32(r);
        if ((int64_t)a->dims[i].lower + a->dims[i].len > INT32_MAX)
            ww__break(r, "an array's bounds are beyond 32 bits", 8);
    }
}

static void check_vector(ww__reader *r, const ww_array *a, uint32_t hasnull)
{
    if (a->ndim != 1 || a->dims[0].lower != 0 || hasnull != 0)
        ww__break(r, "a vector has one dimension from 0 and no nulls", 0);
}

static void read_binary(ww__reader *r, ww_array *a)
{
    uint32_t hasnull, i;
    uint32_t known = a->element_oid;
    read_header(r, a, &hasnull);
    if (known != 0 && known != a->element_oid)
        ww__break(r, "an array's elements are of another type than the catalog says", 0);
    if (is_vector(a))
        check_vector(r, a, hasnull);
    if (!count_elements(a))
        ww__break(r, "an array has more elements than it can", 0);
    a->walk.left.ptr = r->at;
    a->walk.left.len = ww__left(r);
    for (i = 0; i < a->count && r->broken == NULL; i++)
        if (ww__field_read(r).ptr == NULL && hasnull == 0)
            ww__break(r, "a null in an array that has none", 4);
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool equals_null(ww_slice raw)
{
    return raw.len == 4 && memcmp(raw.ptr, "NULL", 4) == 0;
}

/* Takes an element and says what is wrong with it. */
static ww__token read_element(ww__text *s, const ww__quoting *q)
{
    ww__token t = ww__text_token(s, q);
    if (!t.quoted && t.raw.len == 0)
        ww__text_break(s, "an element is missing");
    else if (!t.quoted && ww__is_null_word(t.raw) && !equals_null(t.raw))
        ww__text_break(s, "an element is spelled like NULL and not in quotes");
    return t;
}

static void read_elements(ww__text *s, ww_array *a, const ww__quoting *q, uint32_t level);

/* What stands in braces is either elements or more braces, as it was in the first ones. */
static void read_item(ww__text *s, ww_array *a, const ww__quoting *q, uint32_t level)
{
    bool nested = ww__text_peek(s) == '{';
    if (a->ndim > 0 && nested != (level < a->ndim)) {
        ww__text_break(s, "an array's dimensions differ");
    } else if (nested) {
        read_elements(s, a, q, level);
    } else {
        a->ndim = level;
        read_element(s, q);
        a->count++;
        if (a->count > MAX_ELEMENTS)
            ww__text_break(s, "an array has more elements than it can");
    }
}

static void read_elements(ww__text *s, ww_array *a, const ww__quoting *q, uint32_t level)
{
    uint32_t n = 0;
    if (level == WW_MAX_DIMENSIONS) {
        ww__text_break(s, "an array has more than six dimensions");
        return;
    }
    ww__text_expect(s, '{', "an opening brace is missing");
    do {
        read_item(s, a, q, level + 1);
        n++;
    } while (s->broken == NULL && ww__text_take(s, q->delimiter));
    ww__text_expect(s, '}', "a closing brace is missing");
    if (a->dims[level].len == 0)
        a->dims[level].len = n;
    else if (a->dims[level].len != n)
        ww__text_break(s, "an array's rows differ in length");
}

/* [lower:upper]...= which is there if a lower bound is not 1. Returns how many. */
static uint32_t read_bounds(ww__text *s, ww_array *a, int64_t lens[WW_MAX_DIMENSIONS])
{
    uint32_t n = 0, others = 0;
    while (s->broken == NULL && n < WW_MAX_DIMENSIONS && ww__text_take(s, '[')) {
        a->dims[n].lower = ww__text_i32(s);
        ww__text_expect(s, ':', "a colon is missing between bounds");
        lens[n] = (int64_t)ww__text_i32(s) - a->dims[n].lower + 1;
        ww__text_expect(s, ']', "a closing bracket is missing");
        others += a->dims[n].lower != 1;
        n++;
    }
    if (n > 0 && others == 0)
        ww__text_break(s, "bounds are given that all begin at 1");
    if (n > 0)
        ww__text_expect(s, '=', "an equals sign is missing behind the bounds");
    return n;
}

static void compare_bounds(ww__text *s, ww_array *a, const int64_t lens[WW_MAX_DIMENSIONS],
                           uint32_t n)
{
    uint32_t i;
    if (n > 0 && n != a->ndim)
        ww__text_break(s, "an array has other dimensions than its bounds");
    for (i = 0; i < a->ndim; i++) {
        if (n == 0)
            a->dims[i].lower = 1;
        else if (lens[i] != a->dims[i].len)
            ww__text_break(s, "an array is not as long as its bounds");
    }
}

static void read_array(ww__text *s, ww_array *a)
{
    ww__quoting q = quoting_of(a);
    int64_t lens[WW_MAX_DIMENSIONS] = {0};
    uint32_t n = read_bounds(s, a, lens);
    ww__text empty = *s;
    ww__text_left(s, &a->walk);
    if (n == 0 && ww__text_take(&empty, '{') && ww__text_take(&empty, '}')) {
        *s = empty;
        return;
    }
    read_elements(s, a, &q, 0);
    compare_bounds(s, a, lens, n);
}

/* Its elements are numbers. */
static const ww__quoting vector_quoting = {WW__HAS_SPACE | WW__HAS_QUOTE | WW__HAS_BACKSLASH,
                                           WW__LAYER_BACKSLASH, 0, false};

static void read_vector(ww__text *s, ww_array *a)
{
    ww__text_left(s, &a->walk);
    if (ww__text_peek(s) < 0)
        return;
    do {
        ww__token t = read_element(s, &vector_quoting);
        if (t.quoted || equals_null(t.raw))
            ww__text_break(s, "a vector has quotes or nulls");
        a->count++;
    } while (s->broken == NULL && ww__text_take(s, ' '));
    a->ndim = 1;
    a->dims[0].len = a->count;
}

static void read_text(ww__text *s, ww_array *a)
{
    if (is_vector(a))
        read_vector(s, a);
    else
        read_array(s, a);
}

/* ---- the getter ------------------------------------------------------------------------------ */

static ww_status check_kind(const ww_value *v, ww_error *err)
{
    bool vector = ww__value_kind(v) == WW_TYPE_VECTOR;
    ww_status status = ww__value_is(v, vector ? WW_TYPE_VECTOR : WW_TYPE_ARRAY, err);
    return status == WW_OK ? ww__container_check(v, err) : status;
}

ww_status ww_value_array(const ww_value *v, ww_array *out, ww_error *err)
{
    ww_array a = {0};
    ww_status status = check_kind(v, err);
    if (status != WW_OK)
        return status;
    a.walk.container = *v;
    a.element_oid = v->type->element;
    if (v->form == WW_COLUMN_TEXT) {
        ww__text s = ww__text_of(v);
        a.walk.item = ww_types_find(v->types, a.element_oid);
        read_text(&s, &a);
        status = ww__text_done(v, &s, err);
    } else {
        ww__reader r = ww__reader_of(v->bytes);
        read_binary(&r, &a);
        a.walk.item = ww_types_find(v->types, a.element_oid);
        status = ww__value_done(v, &r, err);
    }
    a.walk.count = a.count;
    if (status == WW_OK)
        *out = a;
    return status;
}

/* Between two elements there is nothing but braces and delimiters. */
static ww__token next_token(ww_array *a)
{
    ww__quoting q = quoting_of(a);
    ww__text s = ww__text_walk(&a->walk);
    ww__token t;
    if (is_vector(a)) {
        ww__text_take(&s, ' ');
        q = vector_quoting;
    } else {
        while (ww__text_take(&s, '{') || ww__text_take(&s, '}') || ww__text_take(&s, q.delimiter))
            ;
    }
    t = ww__text_token(&s, &q);
    ww__text_left(&s, &a->walk);
    return t;
}

bool ww_array_next(ww_array *a, ww_value *element)
{
    static const ww_slice null = {NULL, 0};
    const ww_value *v = &a->walk.container;
    ww__token t = {{NULL, 0}, false};
    if (a->walk.count == 0)
        return false;
    a->walk.count--;
    if (v->form == WW_COLUMN_TEXT) {
        t = next_token(a);
        if (!t.quoted && equals_null(t.raw))
            t.raw = null;
        *element = ww__token_value(v, a->element_oid, a->walk.item, t, WW__LAYER_BACKSLASH);
    } else {
        *element = ww__element_of(v, a->element_oid, a->walk.item, ww__field_next(&a->walk));
    }
    return true;
}

/* ---- check, put ------------------------------------------------------------------------------ */

static ww_status check(const ww_value *v, ww_error *err)
{
    ww_array a;
    ww_value element;
    ww_status status = ww_value_array(v, &a, err);
    while (status == WW_OK && ww_array_next(&a, &element))
        status = ww__element_check(v, &element, err);
    return status;
}

static void put_bounds(const ww_array *a, ww_out *out)
{
    uint32_t i, others = 0;
    for (i = 0; i < a->ndim; i++)
        others += a->dims[i].lower != 1;
    if (others == 0)
        return;
    for (i = 0; i < a->ndim; i++) {
        WW__OUT(out, "[");
        ww__out_i64(out, a->dims[i].lower);
        WW__OUT(out, ":");
        ww__out_i64(out, (int64_t)a->dims[i].lower + a->dims[i].len - 1);
        WW__OUT(out, "]");
    }
    WW__OUT(out, "=");
}

/* Where in a dimension's row does the element stand, from 0? */
static bool is_edge(const ww_array *a, uint32_t dimension, uint32_t index, bool last)
{
    uint32_t i, row = 1;
    for (i = dimension; i < a->ndim; i++)
        row *= a->dims[i].len;
    return index % row == (last ? row - 1 : 0);
}

static void put_braces(const ww_array *a, uint32_t index, bool last, ww_out *out)
{
    uint32_t i;
    for (i = 0; i < a->ndim; i++)
        if (is_edge(a, i, index, last))
            ww__out_byte(out, last ? '}' : '{');
}

static void put_element(const ww_value *element, const ww__quoting *q, ww_out *out)
{
    if (ww_value_is_null(element))
        WW__OUT(out, "NULL");
    else
        ww__element_put(element, q, out);
}

static void put_array(ww_array *a, ww_out *out)
{
    ww__quoting q = quoting_of(a);
    ww_value element;
    uint32_t i;
    if (a->count == 0) {
        WW__OUT(out, "{}");
        return;
    }
    put_bounds(a, out);
    for (i = 0; ww_array_next(a, &element); i++) {
        if (i > 0)
            ww__out_byte(out, q.delimiter);
        put_braces(a, i, false, out);
        put_element(&element, &q, out);
        put_braces(a, i, true, out);
    }
}

static void put_vector(ww_array *a, ww_out *out)
{
    ww_value element;
    uint32_t i;
    for (i = 0; ww_array_next(a, &element); i++) {
        if (i > 0)
            WW__OUT(out, " ");
        ww__element_put(&element, &vector_quoting, out);
    }
}

static void put(const ww_value *v, ww_out *out)
{
    ww_array a;
    if (ww_value_array(v, &a, NULL) != WW_OK)
        return;
    if (is_vector(&a))
        put_vector(&a, out);
    else
        put_array(&a, out);
}

const ww__value_ops ww__value_ops_array = {check, put};
