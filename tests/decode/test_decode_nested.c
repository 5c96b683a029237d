/* SPDX-License-Identifier: MIT */
/* test_decode_nested.c: random values in random containers, made in both forms at once by a writer
 * that knows nothing of the library's. The text that comes from the binary form has to be that
 * text, and both forms have to say the same.
 *
 * WALWIRE_VALUES: how many values (10,000 if not set). */
#include "base/digits.h"
#include "check.h"
#include "container_vectors.h"
#include "value_walk.h"

enum { INT4 = 23, TEXT = 25, RECORD = 2249 };

/* A value while it is made. */
typedef struct pair {
    ww_out binary, text;
} pair;

static ww_types *types;
static uint64_t state;

static uint32_t pick(uint32_t n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % n;
}

/* ---- buffers --------------------------------------------------------------------------------- */

static pair open_pair(void)
{
    pair p;
    memset(&p, 0, sizeof p);
    p.binary.alloc = p.text.alloc = &walk_alloc;
    return p;
}

static void close_pair(pair *p)
{
    walk_free(&p->binary);
    walk_free(&p->text);
}

static void put32(ww_out *out, uint32_t n)
{
    uint8_t b[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    ww__out_put(out, b, sizeof b);
}

static void put_text(ww_out *out, const char *text)
{
    ww__out_put(out, text, strlen(text));
}

static void put_number(ww_out *out, long n)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", n);
    put_text(out, text);
}

/* ---- quoting, as the documentation says ------------------------------------------------------ */

static bool is_null_word(const ww_out *text)
{
    return text->len == 4 && (text->ptr[0] | 32) == 'n' && (text->ptr[1] | 32) == 'u' &&
           (text->ptr[2] | 32) == 'l' && (text->ptr[3] | 32) == 'l';
}

static bool needs_quotes(const ww_out *text, const char *special)
{
    size_t i;
    if (text->len == 0)
        return true;
    for (i = 0; i < text->len; i++)
        if (text->ptr[i] == '"' || text->ptr[i] == '\\' ||
            strchr(" \t\n\v\f\r", text->ptr[i]) != NULL || strchr(special, text->ptr[i]) != NULL)
            return true;
    return false;
}

static void put_quoted(ww_out *out, const ww_out *text, bool doubled)
{
    size_t i;
    put_text(out, "\"");
    for (i = 0; i < text->len; i++) {
        if (text->ptr[i] == '\\' || (text->ptr[i] == '"' && !doubled))
            put_text(out, "\\");
        else if (text->ptr[i] == '"')
            put_text(out, "\"");
        ww__out_put(out, text->ptr + i, 1);
    }
    put_text(out, "\"");
}

static void put_bare(ww_out *out, const ww_out *text)
{
    ww__out_put(out, text->ptr, text->len);
}

static void put_field(ww_out *out, const ww_out *binary)
{
    put32(out, (uint32_t)binary->len);
    if (binary->len > 0)
        ww__out_put(out, binary->ptr, binary->len);
}

/* ---- values ---------------------------------------------------------------------------------- */

static pair make(uint32_t oid);

static vector_type describe(uint32_t oid)
{
    static const vector_type built_in[] = {
        {1009, TEXT, 0, WW_TYPE_ARRAY, "text[]", {0}},
        {1007, INT4, 0, WW_TYPE_ARRAY, "int4[]", {0}},
        {2287, RECORD, 0, WW_TYPE_ARRAY, "record[]", {0}},
        {INT4, 0, 0, WW_TYPE_INT4, "int4", {0}},
        {3904, INT4, 0, WW_TYPE_RANGE, "int4range", {0}},
        {4451, 3904, 0, WW_TYPE_MULTIRANGE, "int4multirange", {0}},
        {RECORD, 0, 0, WW_TYPE_COMPOSITE, "record", {0}},
        {TEXT, 0, 0, WW_TYPE_TEXT, "text", {0}},
    };
    size_t i;
    for (i = 0; i < sizeof vector_types / sizeof vector_types[0]; i++)
        if (vector_types[i].oid == oid)
            return vector_types[i];
    for (i = 0; built_in[i].oid != oid && built_in[i].oid != TEXT; i++)
        continue;
    return built_in[i];
}

static pair make_text(void)
{
    static const char alphabet[] = "\"\"\\\\{}()[],; \t\n\v\f\r'=>aelnuNULx\xc3\xa9";
    pair p = open_pair();
    uint32_t n = pick(6);
    if (pick(10) == 0) {
        put_text(&p.text, pick(2) == 0 ? "NULL" : "nUlL");
        n = 0;
    }
    while (n-- > 0)
        ww__out_put(&p.text, &alphabet[pick(sizeof alphabet - 1)], 1);
    if (p.text.len > 0)
        put_bare(&p.binary, &p.text);
    return p;
}

static pair make_int4(void)
{
    pair p = open_pair();
    int32_t n = (int32_t)pick(2000) - 1000;
    put32(&p.binary, (uint32_t)n);
    put_number(&p.text, n);
    return p;
}

/* An element in an array's binary form and its text. */
static void add_element(pair *p, uint32_t oid, bool null)
{
    pair element;
    if (null) {
        put32(&p->binary, UINT32_MAX);
        put_text(&p->text, "NULL");
        return;
    }
    element = make(oid);
    put_field(&p->binary, &element.binary);
    if (is_null_word(&element.text) || needs_quotes(&element.text, "{},"))
        put_quoted(&p->text, &element.text, false);
    else
        put_bare(&p->text, &element.text);
    close_pair(&element);
}

static void add_elements(pair *p, uint32_t oid, const uint32_t *lens, uint32_t ndim, bool nulls)
{
    uint32_t i;
    if (ndim == 0) {
        add_element(p, oid, nulls && pick(4) == 0);
        return;
    }
    put_text(&p->text, "{");
    for (i = 0; i < lens[0]; i++) {
        if (i > 0)
            put_text(&p->text, ",");
        add_elements(p, oid, lens + 1, ndim - 1, nulls);
    }
    put_text(&p->text, "}");
}

static void put_bounds(ww_out *text, const uint32_t *lens, const int32_t *lowers, uint32_t ndim)
{
    uint32_t i;
    for (i = 0; i < ndim; i++) {
        put_text(text, "[");
        put_number(text, lowers[i]);
        put_text(text, ":");
        put_number(text, (long)lowers[i] + (long)lens[i] - 1);
        put_text(text, "]");
    }
    put_text(text, "=");
}

static pair make_array(uint32_t element)
{
    pair p = open_pair();
    uint32_t ndim = pick(8) == 0 ? 0 : pick(4) == 0 ? 2 + pick(2) : 1, i;
    uint32_t lens[3];
    int32_t lowers[3];
    bool others = false, nulls = pick(2) == 0;
    put32(&p.binary, ndim);
    put32(&p.binary, nulls);
    put32(&p.binary, element);
    for (i = 0; i < ndim; i++) {
        lens[i] = 1 + pick(ndim == 1 ? 4 : 2);
        lowers[i] = pick(8) == 0 ? (int32_t)pick(9) - 4 : 1;
        others = others || lowers[i] != 1;
        put32(&p.binary, lens[i]);
        put32(&p.binary, (uint32_t)lowers[i]);
    }
    if (others)
        put_bounds(&p.text, lens, lowers, ndim);
    if (ndim == 0)
        put_text(&p.text, "{}");
    else
        add_elements(&p, element, lens, ndim, nulls);
    return p;
}

static void add_field(pair *p, uint32_t oid)
{
    pair field;
    put32(&p->binary, oid);
    if (pick(6) == 0) {
        put32(&p->binary, UINT32_MAX);
        return;
    }
    field = make(oid);
    put_field(&p->binary, &field.binary);
    if (needs_quotes(&field.text, "(),"))
        put_quoted(&p->text, &field.text, true);
    else
        put_bare(&p->text, &field.text);
    close_pair(&field);
}

static pair make_composite(const uint32_t *fields)
{
    pair p = open_pair();
    uint32_t n = 0, i;
    while (n < 8 && fields[n] != 0)
        n++;
    put32(&p.binary, n);
    put_text(&p.text, "(");
    for (i = 0; i < n; i++) {
        if (i > 0)
            put_text(&p.text, ",");
        add_field(&p, fields[i]);
    }
    put_text(&p.text, ")");
    return p;
}

static pair make_record(void)
{
    static const uint32_t choice[] = {INT4, TEXT, 1009, 3904, 1007};
    uint32_t fields[8] = {0}, n = pick(5), i;
    for (i = 0; i < n; i++)
        fields[i] = choice[pick(5)];
    return make_composite(fields);
}

static void add_bound(pair *p, uint32_t oid)
{
    pair bound = make(oid);
    put_field(&p->binary, &bound.binary);
    if (needs_quotes(&bound.text, "()[],"))
        put_quoted(&p->text, &bound.text, true);
    else
        put_bare(&p->text, &bound.text);
    close_pair(&bound);
}

static pair make_range(uint32_t oid, bool may_be_empty)
{
    static const uint8_t lower[] = {0, 2, 8}, upper[] = {0, 4, 16};
    pair p = open_pair();
    uint8_t flags = lower[pick(3)] | upper[pick(3)];
    if (may_be_empty && pick(6) == 0) {
        ww__out_put(&p.binary, "\1", 1);
        put_text(&p.text, "empty");
        return p;
    }
    ww__out_put(&p.binary, &flags, 1);
    put_text(&p.text, (flags & 2) != 0 ? "[" : "(");
    if ((flags & 8) == 0)
        add_bound(&p, oid);
    put_text(&p.text, ",");
    if ((flags & 16) == 0)
        add_bound(&p, oid);
    put_text(&p.text, (flags & 4) != 0 ? "]" : ")");
    return p;
}

static pair make_multirange(uint32_t range)
{
    pair p = open_pair();
    uint32_t n = pick(4), i;
    put32(&p.binary, n);
    put_text(&p.text, "{");
    for (i = 0; i < n; i++) {
        pair one = make_range(describe(range).element, false);
        put_field(&p.binary, &one.binary);
        if (i > 0)
            put_text(&p.text, ",");
        put_bare(&p.text, &one.text);
        close_pair(&one);
    }
    put_text(&p.text, "}");
    return p;
}

static pair make_hstore(void)
{
    pair p = open_pair();
    uint32_t n = pick(4), i;
    put32(&p.binary, n);
    for (i = 0; i < n; i++) {
        pair key = make_text(), value = make_text();
        bool null = pick(4) == 0;
        put_text(&p.text, i > 0 ? ", " : "");
        put_field(&p.binary, &key.binary);
        put_quoted(&p.text, &key.text, false);
        put_text(&p.text, null ? "=>NULL" : "=>");
        if (null)
            put32(&p.binary, UINT32_MAX);
        else
            put_field(&p.binary, &value.binary);
        if (!null)
            put_quoted(&p.text, &value.text, false);
        close_pair(&key);
        close_pair(&value);
    }
    return p;
}

static pair make(uint32_t oid)
{
    vector_type type = describe(oid);
    switch (type.kind) {
    case WW_TYPE_INT4:
        return make_int4();
    case WW_TYPE_ARRAY:
        return make_array(type.element);
    case WW_TYPE_COMPOSITE:
        return oid == RECORD ? make_record() : make_composite(type.fields);
    case WW_TYPE_RANGE:
        return make_range(type.element, true);
    case WW_TYPE_MULTIRANGE:
        return make_multirange(type.element);
    case WW_TYPE_HSTORE:
        return make_hstore();
    default:
        return make_text();
    }
}

/* ---- the test -------------------------------------------------------------------------------- */

static uint32_t random_type(void)
{
    static const uint32_t built_in[] = {1009, 1007, 3904, 4451, RECORD, 2287};
    uint32_t n = sizeof vector_types / sizeof vector_types[0], i = pick(n + 6);
    return i < n ? vector_types[i].oid : built_in[i - n];
}

static void check_value(uint32_t oid)
{
    pair p = make(oid);
    ww_slice bytes = {p.binary.ptr, p.binary.len}, want = {p.text.ptr, p.text.len}, got;
    ww_value binary = walk_value(types, oid, WW_COLUMN_BINARY, bytes);
    ww_value text = walk_value(types, oid, WW_COLUMN_TEXT, want);
    ww_error err;
    ww_out out;
    const char *wrong;
    ww_error_clear(&err);
    CHECK_EQ_U64(walk_text(&binary, &out, &err), WW_OK);
    got.ptr = out.ptr;
    got.len = out.len;
    check_bytes(got, want, err.what, __FILE__, __LINE__);
    if (!CHECK_EQ_U64(ww_value_check(&text, &err), WW_OK))
        fprintf(stderr, "    %s at %" PRIu64 ": %.*s\n", err.what, err.offset, (int)want.len,
                (const char *)want.ptr);
    wrong = walk_compare(&binary, &text);
    if (wrong == NULL)
        wrong = walk_inside(&text);
    if (!CHECK(wrong == NULL))
        fprintf(stderr, "    %s: %.*s\n", wrong, (int)want.len, (const char *)want.ptr);
    walk_free(&out);
    close_pair(&p);
}

static void writes_and_reads_random_values(void)
{
    const char *wanted = getenv("WALWIRE_VALUES");
    long count = wanted != NULL ? strtol(wanted, NULL, 10) : 10000;
    for (state = 20260101; count > 0 && check_failures < 10; count--)
        check_value(random_type());
}

int main(void)
{
    types = walk_types();
    RUN(writes_and_reads_random_values);
    ww_types_close(types);
    return check_report();
}
