/* SPDX-License-Identifier: MIT */
/* fuzz_value_text.c: any bytes as the text form of any type. What is accepted is written as it is,
 * can be walked, and all that is in it lies inside of it and can be written, too; what is refused
 * is not written, and it is said why.
 *
 * Input: a type's OID, the value. */
#include "base/reader.h"
#include "decode/value_walk.h"
#include "fuzz.h"

static void require_walk(const ww_value *v)
{
    const char *wrong = walk_inside(v);
    if (wrong == NULL)
        wrong = walk_compare(v, v);
    REQUIRE_RULE(wrong == NULL, wrong);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ww_types *types;
    ww_slice bytes = {data + 4, size - 4};
    ww_value v;
    ww_error err;
    ww_out out;
    if (types == NULL)
        types = walk_types();
    if (size < 4)
        return 0;
    v = walk_value(types, walk_oid(types, ww__load32(data)), WW_COLUMN_TEXT, bytes);
    ww_error_clear(&err);
    if (walk_text(&v, &out, &err) == WW_OK) {
        REQUIRE(out.len == bytes.len);
        REQUIRE(out.len == 0 || memcmp(out.ptr, bytes.ptr, out.len) == 0);
        require_walk(&v);
    } else {
        REQUIRE(out.len == 0 && err.status == WW_ERR_DECODE && err.subject[0] != '\0');
        REQUIRE(err.offset == WW_NO_OFFSET || err.offset <= bytes.len);
    }
    walk_free(&out);
    return 0;
}
