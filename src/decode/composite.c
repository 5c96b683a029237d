/* SPDX-License-Identifier: MIT */
/* composite.c: row types and records. Source: record_out, record_send. */
#include "containers.h"

#define MAX_FIELDS 1664u /* MaxTupleAttributeNumber */

static const ww__quoting quoting = {WW__HAS_QUOTE | WW__HAS_BACKSLASH | WW__HAS_PAREN |
                                        WW__HAS_COMMA | WW__HAS_SPACE | WW__IS_EMPTY,
                                    WW__LAYER_DOUBLED, 0, true};

static void read_binary(ww__reader *r, ww_composite *c)
{
    uint32_t i;
    c->count = ww__u32(r);
    if (c->count > MAX_FIELDS)
        ww__break(r, "a row has more fields than it can", 4);
    c->walk.left.ptr = r->at;
    c->walk.left.len = ww__left(r);
    for (i = 0; i < c->count && r->broken == NULL; i++) {
        ww__u32(r); /* type */
        ww__field_read(r);
    }
}

/* Nothing between the parentheses: no field, or one that is null. */
static bool is_without_fields(const ww__text *s, const ww_composite *c)
{
    return ww__text_peek(s) == ')' && (c->type == NULL || c->type->nfields != 1);
}

static void read_text(ww__text *s, ww_composite *c)
{
    ww__text_expect(s, '(', "an opening parenthesis is missing");
    ww__text_left(s, &c->walk);
    if (!is_without_fields(s, c)) {
        do {
            ww__text_token(s, &quoting);
            if (++c->count > MAX_FIELDS)
                ww__text_break(s, "a row has more fields than it can");
        } while (s->broken == NULL && ww__text_take(s, ','));
    }
    ww__text_expect(s, ')', "a closing parenthesis is missing");
}

ww_status ww_value_composite(const ww_value *v, ww_composite *out, ww_error *err)
{
    ww_composite c = {0};
    ww_status status = ww__value_is(v, WW_TYPE_COMPOSITE, err);
    if (status == WW_OK)
        status = ww__container_check(v, err);
    if (status != WW_OK)
        return status;
    c.walk.container = *v;
    c.type = v->type->nfields > 0 ? v->type : NULL;
    if (v->form == WW_COLUMN_TEXT) {
        ww__text s = ww__text_of(v);
        read_text(&s, &c);
        status = ww__text_done(v, &s, err);
    } else {
        ww__reader r = ww__reader_of(v->bytes);
        read_binary(&r, &c);
        status = ww__value_done(v, &r, err);
    }
    c.walk.count = c.count;
    if (status == WW_OK)
        *out = c;
    return status;
}

static ww_value next_text(ww_composite *c)
{
    static const ww_slice null = {NULL, 0};
    const ww_value *v = &c->walk.container;
    bool known = c->type != NULL && c->type->nfields == c->count;
    uint32_t oid = known ? c->type->fields[c->index].type_oid : 0;
    ww__text s = ww__text_walk(&c->walk);
    ww__token t;
    if (c->index > 0)
        ww__text_take(&s, ',');
    t = ww__text_token(&s, &quoting);
    ww__text_left(&s, &c->walk);
    if (!t.quoted && t.raw.len == 0)
        t.raw = null;
    return ww__token_value(v, oid, known ? ww_types_find(v->types, oid) : NULL, t, quoting.layer);
}

static ww_value next_binary(ww_composite *c)
{
    const ww_value *v = &c->walk.container;
    uint32_t oid = ww__load32(c->walk.left.ptr);
    c->walk.left.ptr += 4;
    c->walk.left.len -= 4;
    return ww__element_of(v, oid, ww_types_find(v->types, oid), ww__field_next(&c->walk));
}

bool ww_composite_next(ww_composite *c, ww_value *field)
{
    if (c->walk.count == 0)
        return false;
    *field = c->walk.container.form == WW_COLUMN_TEXT ? next_text(c) : next_binary(c);
    c->walk.count--;
    c->index++;
    return true;
}

static ww_status check(const ww_value *v, ww_error *err)
{
    ww_composite c;
    ww_value field;
    ww_status status = ww_value_composite(v, &c, err);
    while (status == WW_OK && ww_composite_next(&c, &field))
        status = ww__element_check(v, &field, err);
    return status;
}

static void put(const ww_value *v, ww_out *out)
{
    ww_composite c;
    ww_value field;
    if (ww_value_composite(v, &c, NULL) != WW_OK)
        return;
    WW__OUT(out, "(");
    while (ww_composite_next(&c, &field)) {
        if (c.index > 1)
            WW__OUT(out, ",");
        if (!ww_value_is_null(&field))
            ww__element_put(&field, &quoting, out);
    }
    WW__OUT(out, ")");
}

const ww__value_ops ww__value_ops_composite = {check, put};
