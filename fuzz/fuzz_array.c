/* SPDX-License-Identifier: MIT */
/* fuzz_array.c: any bytes as the text of an array. If they are one, a writer of its own makes the
 * same bytes from what walking the array says: there is one text for each array.
 *
 * Input: which type of array, the text. */
#include "base/digits.h"
#include "decode/value_walk.h"
#include "fuzz.h"

/* text[], box[], int4[], jsonb[], record[] */
static const uint32_t arrays[] = {1009, 1020, 1007, 3807, 2287};

static void put(ww_out *out, const char *text)
{
    ww__out_put(out, text, strlen(text));
}

static void write_bounds(const ww_array *a, ww_out *out)
{
    bool shown = false;
    uint32_t i;
    char text[64];
    for (i = 0; i < a->ndim; i++)
        shown = shown || a->dims[i].lower != 1;
    for (i = 0; shown && i < a->ndim; i++) {
        snprintf(text, sizeof text, "[%lld:%lld]", (long long)a->dims[i].lower,
                 (long long)a->dims[i].lower + a->dims[i].len - 1);
        put(out, text);
    }
    if (shown)
        put(out, "=");
}

static bool is_null_word(const ww_out *text)
{
    static const char upper[] = "NULL", lower[] = "null";
    size_t i;
    for (i = 0; text->len == 4 && i < 4; i++)
        if (text->ptr[i] != upper[i] && text->ptr[i] != lower[i])
            return false;
    return text->len == 4;
}

static void write_text(const ww_out *text, char delimiter, ww_out *out)
{
    bool quoted = text->len == 0 || is_null_word(text);
    size_t i;
    for (i = 0; i < text->len; i++)
        quoted = quoted || text->ptr[i] == (uint8_t)delimiter ||
                 memchr("\"\\{} \t\n\v\f\r", text->ptr[i], 10) != NULL;
    put(out, quoted ? "\"" : "");
    for (i = 0; i < text->len; i++) {
        if (text->ptr[i] == '"' || text->ptr[i] == '\\')
            put(out, "\\");
        ww__out_put(out, text->ptr + i, 1);
    }
    put(out, quoted ? "\"" : "");
}

static void write_element(ww_array *a, char delimiter, ww_out *out)
{
    ww_value element;
    ww_out text;
    REQUIRE(ww_array_next(a, &element));
    if (ww_value_is_null(&element)) {
        put(out, "NULL");
        return;
    }
    REQUIRE(walk_text(&element, &text, NULL) == WW_OK);
    write_text(&text, delimiter, out);
    walk_free(&text);
}

static void write_level(ww_array *a, uint32_t level, char delimiter, ww_out *out)
{
    uint32_t i;
    if (level == a->ndim) {
        write_element(a, delimiter, out);
        return;
    }
    put(out, "{");
    for (i = 0; i < a->dims[level].len; i++) {
        if (i > 0)
            ww__out_put(out, &delimiter, 1);
        write_level(a, level + 1, delimiter, out);
    }
    put(out, "}");
}

static void require_same(const ww_value *v)
{
    ww_array a;
    ww_value element;
    ww_out out = {0};
    char delimiter = v->type_oid == 1020 ? ';' : ',';
    out.alloc = &walk_alloc;
    REQUIRE(ww_value_array(v, &a, NULL) == WW_OK);
    write_bounds(&a, &out);
    if (a.ndim == 0)
        put(&out, "{}");
    else
        write_level(&a, 0, delimiter, &out);
    REQUIRE(!ww_array_next(&a, &element));
    REQUIRE(out.len == v->bytes.len && memcmp(out.ptr, v->bytes.ptr, out.len) == 0);
    walk_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ww_slice text = {data + 1, size - 1};
    ww_value v;
    if (size < 1)
        return 0;
    v = walk_value(NULL, arrays[data[0] % 5], WW_COLUMN_TEXT, text);
    if (ww_value_check(&v, NULL) == WW_OK)
        require_same(&v);
    return 0;
}
