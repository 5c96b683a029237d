/* SPDX-License-Identifier: MIT */
/* hstore.c: the extension's pairs of text. Source: hstore_out, hstore_send. */
#include "containers.h"

#define TEXT_OID 25u

static const ww__quoting quoting = {WW__QUOTE_ALWAYS, WW__LAYER_BACKSLASH, 0, false};

static void read_binary(ww__reader *r, ww_hstore *h)
{
    uint32_t i;
    h->count = ww__u32(r);
    h->walk.left.ptr = r->at;
    h->walk.left.len = ww__left(r);
    for (i = 0; i < h->count && r->broken == NULL; i++) {
        if (ww__field_read(r).ptr == NULL)
            ww__break(r, "a key is null", 4);
        ww__field_read(r); /* value */
    }
}

static ww__token read_quoted(ww__text *s)
{
    ww__token t = {{s->chars.at, 0}, false};
    if (ww__text_peek(s) != '"')
        ww__text_break(s, "a key or a value is not in quotes");
    else
        t = ww__text_token(s, &quoting);
    return t;
}

static ww__token read_value(ww__text *s)
{
    ww__token null = {{NULL, 0}, false};
    if (ww__text_peek(s) == '"')
        return read_quoted(s);
    ww__text_word(s, "NULL", "a value is neither in quotes nor NULL");
    return null;
}

static void read_pair(ww__text *s, ww__token *key, ww__token *value)
{
    *key = read_quoted(s);
    ww__text_word(s, "=>", "an arrow is missing between key and value");
    *value = read_value(s);
}

static void read_text(ww__text *s, ww_hstore *h)
{
    ww__token key, value;
    ww__text_left(s, &h->walk);
    while (s->broken == NULL && ww__text_peek(s) >= 0) {
        if (h->count > 0)
            ww__text_word(s, ", ", "pairs are not separated by a comma and a space");
        read_pair(s, &key, &value);
        h->count++;
    }
}

ww_status ww_value_hstore(const ww_value *v, ww_hstore *out, ww_error *err)
{
    ww_hstore h = {0};
    ww_status status = ww__value_is(v, WW_TYPE_HSTORE, err);
    if (status == WW_OK)
        status = ww__container_check(v, err);
    if (status != WW_OK)
        return status;
    h.walk.container = *v;
    h.walk.item = ww_types_find(v->types, TEXT_OID);
    if (v->form == WW_COLUMN_TEXT) {
        ww__text s = ww__text_of(v);
        read_text(&s, &h);
        status = ww__text_done(v, &s, err);
    } else {
        ww__reader r = ww__reader_of(v->bytes);
        read_binary(&r, &h);
        status = ww__value_done(v, &r, err);
    }
    h.walk.count = h.count;
    if (status == WW_OK)
        *out = h;
    return status;
}

static void next_text(ww_hstore *h, ww_value *key, ww_value *value)
{
    const ww_value *v = &h->walk.container;
    ww__text s = ww__text_walk(&h->walk);
    ww__token k, val;
    if (h->walk.count < h->count)
        ww__text_word(&s, ", ", "");
    read_pair(&s, &k, &val);
    ww__text_left(&s, &h->walk);
    *key = ww__token_value(v, TEXT_OID, h->walk.item, k, quoting.layer);
    *value = ww__token_value(v, TEXT_OID, h->walk.item, val, quoting.layer);
}

bool ww_hstore_next(ww_hstore *h, ww_value *key, ww_value *value)
{
    const ww_value *v = &h->walk.container;
    if (h->walk.count == 0)
        return false;
    if (v->form == WW_COLUMN_TEXT) {
        next_text(h, key, value);
    } else {
        *key = ww__element_of(v, TEXT_OID, h->walk.item, ww__field_next(&h->walk));
        *value = ww__element_of(v, TEXT_OID, h->walk.item, ww__field_next(&h->walk));
    }
    h->walk.count--;
    return true;
}

/* Text is not checked further. */
static ww_status check(const ww_value *v, ww_error *err)
{
    ww_hstore h;
    return ww_value_hstore(v, &h, err);
}

static void put(const ww_value *v, ww_out *out)
{
    ww_hstore h;
    ww_value key, value;
    bool first = true;
    if (ww_value_hstore(v, &h, NULL) != WW_OK)
        return;
    while (ww_hstore_next(&h, &key, &value)) {
        if (!first)
            WW__OUT(out, ", ");
        first = false;
        ww__element_put(&key, &quoting, out);
        WW__OUT(out, "=>");
        if (ww_value_is_null(&value))
            WW__OUT(out, "NULL");
        else
            ww__element_put(&value, &quoting, out);
    }
}

const ww__value_ops ww__value_ops_hstore = {check, put};
