/* SPDX-License-Identifier: MIT */
/* element.c: elements of containers: how their text is written, and measured without being written.
 *
 * Escapes double with each level, so a small value can have a text of any size. It is measured
 * first, by arithmetic: what an element needs follows from its length and from how many quotes and
 * backslashes there are in it. A container is measured by its own put(), into a ww_out that counts
 * and into which ww__element_put() adds such sums. */
#include "containers.h"

#define BUFFER 128u
/* MaxAllocSize: the server could not have written more. */
#define MAX_TEXT 0x3fffffffu
/* Each level at most doubles, and no scalar's text is so long that values up to here matter. */
#define NEVER_TOO_LONG 2048u

/* ---- measuring ------------------------------------------------------------------------------- */

typedef struct measure {
    uint64_t len, quotes, backslashes;
    unsigned has;
    uint8_t head[4];
} measure;

static const uint8_t classes[256] = {
    ['"'] = WW__HAS_QUOTE,   ['\\'] = WW__HAS_BACKSLASH, ['{'] = WW__HAS_BRACE,
    ['}'] = WW__HAS_BRACE,   [','] = WW__HAS_COMMA,      [';'] = WW__HAS_SEMICOLON,
    ['('] = WW__HAS_PAREN,   [')'] = WW__HAS_PAREN,      ['['] = WW__HAS_BRACKET,
    [']'] = WW__HAS_BRACKET, [' '] = WW__HAS_SPACE,      ['\t'] = WW__HAS_SPACE,
    ['\n'] = WW__HAS_SPACE,  ['\r'] = WW__HAS_SPACE,     ['\v'] = WW__HAS_SPACE,
    ['\f'] = WW__HAS_SPACE,
};

unsigned ww__byte_class(uint8_t byte)
{
    return classes[byte];
}

static bool measure_bytes(void *ctx, const uint8_t *bytes, size_t n)
{
    measure *m = ctx;
    size_t i;
    for (i = 0; i < n; i++) {
        if (m->len + i < sizeof m->head)
            m->head[m->len + i] = bytes[i];
        m->has |= classes[bytes[i]];
        m->quotes += bytes[i] == '"';
        m->backslashes += bytes[i] == '\\';
    }
    m->len += n;
    return true;
}

static void finish(ww_out *out)
{
    if (out->len > 0 && out->status == WW_OK)
        out->flush(out->flush_ctx, out->ptr, out->len);
}

static measure measure_value(const ww_value *v)
{
    uint8_t buffer[BUFFER];
    measure m = {0};
    ww_out out = {0};
    ww_slice text;
    if (ww_value_text(v, &text)) {
        measure_bytes(&m, text.ptr, text.len);
        return m;
    }
    out.ptr = buffer;
    out.cap = sizeof buffer;
    out.flush = measure_bytes;
    out.flush_ctx = &m;
    if (v->form == WW_COLUMN_BINARY) {
        ww__value_put_binary(v, &out);
    } else {
        ww__chars chars = ww__chars_of(v);
        ww__chars_put(&chars, &out);
    }
    finish(&out);
    return m;
}

static unsigned class_of(const measure *m)
{
    static const char null[] = "null";
    size_t i = 0;
    if (m->len == 0)
        return WW__IS_EMPTY;
    while (m->len == 4 && i < 4 && (m->head[i] | 0x20) == null[i])
        i++;
    return m->has | (i == 4 ? WW__IS_NULL_WORD : 0u);
}

/* What is known without a look at the value; else WW__QUOTE_ALWAYS. */
static unsigned class_of_kind(ww_type_kind kind)
{
    switch (kind) {
    case WW_TYPE_BOOL:
    case WW_TYPE_INT2:
    case WW_TYPE_INT4:
    case WW_TYPE_INT8:
    case WW_TYPE_OID:
    case WW_TYPE_XID8:
    case WW_TYPE_FLOAT4:
    case WW_TYPE_FLOAT8:
    case WW_TYPE_NUMERIC:
    case WW_TYPE_UUID:
    case WW_TYPE_INET:
    case WW_TYPE_MACADDR:
    case WW_TYPE_MACADDR8:
    case WW_TYPE_PG_LSN:
        return WW__HAS_NOTHING;
    case WW_TYPE_BYTEA:
        return WW__HAS_BACKSLASH;
    default:
        return WW__QUOTE_ALWAYS;
    }
}

unsigned ww__value_class(const ww_value *v)
{
    unsigned known = class_of_kind(ww__value_kind(v));
    measure m;
    if (known != WW__QUOTE_ALWAYS)
        return known;
    m = measure_value(v);
    return class_of(&m);
}

/* An array of what has at most 64 bytes of text, braces and all. */
static bool has_short_elements(const ww_value *v)
{
    const ww_type *item = ww_types_find(v->types, v->type->element);
    return ww__value_kind(v) == WW_TYPE_ARRAY && item != NULL && item->kind != WW_TYPE_NUMERIC &&
           class_of_kind((ww_type_kind)item->kind) == WW__HAS_NOTHING;
}

bool ww__value_fits(const ww_value *v)
{
    measure m;
    if (v->bytes.len <= NEVER_TOO_LONG)
        return true;
    if (v->bytes.len <= MAX_TEXT / 64 && has_short_elements(v))
        return true;
    m = measure_value(v);
    return m.len <= MAX_TEXT;
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct escaping {
    ww_out *to;
    ww__layer layer;
} escaping;

static bool escape_bytes(void *ctx, const uint8_t *bytes, size_t n)
{
    escaping *e = ctx;
    size_t from = 0, i;
    for (i = 0; i < n; i++) {
        if (bytes[i] != '"' && bytes[i] != '\\')
            continue;
        ww__out_put(e->to, bytes + from, i - from);
        ww__out_byte(e->to, e->layer == WW__LAYER_BACKSLASH ? '\\' : (char)bytes[i]);
        from = i;
    }
    if (n > from)
        ww__out_put(e->to, bytes + from, n - from);
    return e->to->status == WW_OK;
}

static void put_escaped(const ww_value *v, ww__layer layer, ww_out *to)
{
    uint8_t buffer[BUFFER];
    escaping e = {to, layer};
    ww_out out = {0};
    ww_slice text;
    if (ww_value_text(v, &text)) {
        escape_bytes(&e, text.ptr, text.len);
        return;
    }
    out.ptr = buffer;
    out.cap = sizeof buffer;
    out.flush = escape_bytes;
    out.flush_ctx = &e;
    ww__value_put_binary(v, &out);
    finish(&out);
}

/* Adds what an element takes in its container. */
static void add_element(measure *to, const ww_value *v, const ww__quoting *q)
{
    measure m;
    if (to->len > MAX_TEXT)
        return; /* too long already: whatever comes, it is refused */
    m = measure_value(v);
    if (((class_of(&m) | WW__QUOTE_ALWAYS) & q->quote_if) != 0) {
        bool backslash = q->layer == WW__LAYER_BACKSLASH;
        m.len += m.quotes + m.backslashes + 2;
        m.backslashes = 2 * m.backslashes + (backslash ? m.quotes : 0);
        m.quotes = (backslash ? m.quotes : 2 * m.quotes) + 2;
        m.has |= WW__HAS_QUOTE | (m.backslashes > 0 ? (unsigned)WW__HAS_BACKSLASH : 0u);
    }
    to->len += m.len;
    to->quotes += m.quotes;
    to->backslashes += m.backslashes;
    to->has |= m.has;
}

void ww__element_put(const ww_value *element, const ww__quoting *q, ww_out *out)
{
    if (out->flush == measure_bytes) {
        add_element(out->flush_ctx, element, q);
        return;
    }
    if (((ww__value_class(element) | WW__QUOTE_ALWAYS) & q->quote_if) == 0) {
        ww__value_put_binary(element, out);
        return;
    }
    ww__out_byte(out, '"');
    put_escaped(element, q->layer, out);
    ww__out_byte(out, '"');
}

/* ---- elements -------------------------------------------------------------------------------- */

ww_value ww__element_of(const ww_value *container, uint32_t type_oid, const ww_type *type,
                        ww_slice bytes)
{
    ww_value v = {0};
    v.types = container->types;
    v.type = type;
    v.type_oid = type_oid;
    v.bytes = bytes;
    v.form = bytes.ptr != NULL ? container->form : (uint8_t)WW_COLUMN_NULL;
    v.depth = (uint8_t)(container->depth + 1);
    return v;
}

ww_status ww__element_check(const ww_value *container, const ww_value *element, ww_error *err)
{
    ww_status status = ww__value_check(element, err);
    if (status != WW_OK && err != NULL && err->offset != WW_NO_OFFSET)
        err->offset += (uint64_t)(element->bytes.ptr - container->bytes.ptr);
    return status;
}

ww_status ww__container_check(const ww_value *v, ww_error *err)
{
    if (v->depth >= WW_VALUE_MAX_DEPTH)
        return ww__value_fail(v, err, "values are nested more than 16 deep", WW_NO_OFFSET);
    return WW_OK;
}

ww_slice ww__field_read(ww__reader *r)
{
    static const ww_slice null = {NULL, 0};
    int32_t len = ww__i32(r);
    if (len == -1)
        return null;
    if (len < 0)
        ww__break(r, "a length is negative", 4);
    return ww__bytes(r, len < 0 ? 0 : (size_t)len);
}

ww_slice ww__field_next(ww_walk *w)
{
    ww__reader r = ww__reader_of(w->left);
    ww_slice field = ww__field_read(&r);
    w->left.ptr = r.at;
    w->left.len = ww__left(&r);
    return field;
}
