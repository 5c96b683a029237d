/* SPDX-License-Identifier: MIT */
/* fuzz_value_binary.c: any bytes as the binary form of any type. What is accepted
 *   - has a text, the same through a buffer of any size; what is refused has none, and says why;
 *   - can be walked, and all that is in it lies inside of it;
 *   - says the same as its text, read again, down to the last element.
 *
 * Input: a type's OID, the value. */
#include "base/reader.h"
#include "decode/value_encode.h"
#include "decode/value_walk.h"
#include "fuzz.h"

/* Quotes in quotes make long texts of short values: of those only the beginning is looked at. */
enum { ROOM = 1 << 20 };

typedef struct text {
    size_t len;
    uint8_t bytes[ROOM];
} text;

static bool keep(void *ctx, const uint8_t *bytes, size_t n)
{
    text *to = ctx;
    if (n > ROOM - to->len)
        return false;
    memcpy(to->bytes + to->len, bytes, n);
    to->len += n;
    return true;
}

static ww_status put(const ww_value *v, text *to, uint8_t *buffer, size_t cap, ww_error *err)
{
    ww_out out = {0};
    ww_status status;
    out.ptr = buffer;
    out.cap = cap;
    out.flush = keep;
    out.flush_ctx = to;
    to->len = 0;
    status = ww_value_put(v, &out, err);
    if (out.status == WW_OK && out.len > 0 && !keep(to, out.ptr, out.len))
        return WW_ERR_IO;
    return status;
}

static void require_error(const ww_value *v, const ww_error *err)
{
    REQUIRE(err->status == WW_ERR_DECODE && err->what != NULL && err->subject[0] != '\0');
    REQUIRE(err->offset == WW_NO_OFFSET || err->offset <= v->bytes.len);
}

/* There are many NaNs, of which text knows one. */
static bool has_nan(ww_slice read)
{
    size_t i;
    for (i = 0; i + 3 <= read.len; i++)
        if (memcmp(read.ptr + i, "NaN", 3) == 0)
            return true;
    return false;
}

/* Do the getters say the same of both? */
static void require_same_encoding(const ww_value *binary, const ww_value *read)
{
    ww_out x = {0}, y = {0};
    if (has_nan(read->bytes) || !encode_has(binary->types, binary->type))
        return;
    x.alloc = y.alloc = &walk_alloc;
    REQUIRE(encode_value(binary, &x, NULL) == WW_OK && encode_value(read, &y, NULL) == WW_OK);
    REQUIRE(x.len == y.len && (x.len == 0 || memcmp(x.ptr, y.ptr, x.len) == 0));
    walk_free(&x);
    walk_free(&y);
}

static void require_same(const ww_value *binary, const ww_value *read)
{
    const char *wrong;
    ww_error err;
    ww_error_clear(&err);
    if (ww_value_check(read, &err) != WW_OK) {
        fprintf(stderr, "%s (%s) at %llu: %.*s\n", err.what, err.subject,
                (unsigned long long)err.offset, (int)read->bytes.len,
                (const char *)read->bytes.ptr);
        REQUIRE_RULE(false, "the text of a binary value is accepted");
    }
    wrong = walk_compare(binary, read);
    REQUIRE_RULE(wrong == NULL, wrong);
    wrong = walk_inside(read);
    REQUIRE_RULE(wrong == NULL, wrong);
    require_same_encoding(binary, read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ww_types *types;
    static text first, second;
    static uint8_t buffer[4096];
    ww_value binary, read;
    ww_slice bytes = {data + 4, size - 4};
    const char *wrong;
    ww_error err;
    ww_status status;
    if (types == NULL)
        types = walk_types();
    if (size < 4)
        return 0;
    binary = walk_value(types, walk_oid(types, ww__load32(data)), WW_COLUMN_BINARY, bytes);
    ww_error_clear(&err);
    status = put(&binary, &first, buffer, sizeof buffer, &err);
    REQUIRE((ww_value_check(&binary, NULL) == WW_OK) == (status != WW_ERR_DECODE));
    if (status == WW_ERR_DECODE) {
        require_error(&binary, &err);
        REQUIRE(first.len == 0);
        return 0;
    }
    wrong = walk_inside(&binary);
    REQUIRE_RULE(wrong == NULL, wrong);
    if (status == WW_ERR_IO)
        return 0;
    REQUIRE(status == WW_OK);
    REQUIRE(put(&binary, &second, buffer, size % 7, NULL) == WW_OK);
    REQUIRE(first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0);
    bytes.ptr = first.bytes;
    bytes.len = first.len;
    read = walk_value(types, binary.type_oid, WW_COLUMN_TEXT, bytes);
    if (walk_is_current(&binary))
        require_same(&binary, &read);
    return 0;
}
