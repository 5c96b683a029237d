/* SPDX-License-Identifier: MIT */
/* typed_values.c: columns as typed C values, from the text form and the binary form alike:
 *
 *     example_typed_values
 *
 * The columns stand here as a server would send them; in a program they come from ww_tuple_next(),
 * their types from relation->columns[i].type_oid, and `types` from ww_client_types(). */
#include <walwire/value.h>

#include <inttypes.h>
#include <stdio.h>

static bool print(void *ctx, const uint8_t *bytes, size_t len)
{
    return fwrite(bytes, 1, len, ctx) == len;
}

static void print_array(const ww_value *v);

static void print_value(const ww_value *v)
{
    uint8_t room[64];
    ww_out out = { room, 0, sizeof room, WW_OK, NULL, print, stdout, 0 };
    ww_pg_time at;
    ww_error err;
    int64_t number;
    if (ww_value_is_null(v)) {
        printf("null");
    } else if (ww_value_int(v, &number, &err) == WW_OK) {
        printf("the integer %" PRId64, number);
    } else if (ww_value_timestamp(v, &at, &err) == WW_OK) {
        printf("%" PRId64 " us after 2000-01-01", at.us);
    } else if (v->type != NULL && v->type->kind == WW_TYPE_ARRAY) {
        print_array(v);
    } else if (ww_value_put(v, &out, &err) == WW_OK) {
        print(stdout, room, out.len); /* what is still in the buffer */
    } else {
        printf("no value: %s: %s", err.subject, err.what);
    }
}

static void print_array(const ww_value *v)
{
    ww_array array;
    ww_value element;
    ww_error err;
    if (ww_value_array(v, &array, &err) < 0) {
        printf("no array: %s", err.what);
        return;
    }
    printf("%" PRIu32 " elements:", array.count);
    while (ww_array_next(&array, &element)) {
        printf(" [");
        print_value(&element);
        printf("]");
    }
}

static void print_column(uint32_t type_oid, ww_slice bytes, uint8_t form)
{
    ww_column column = { bytes, form };
    ww_value v = ww_value_of(NULL, type_oid, &column);
    print_value(&v);
    puts("");
}

int main(void)
{
    static const uint8_t four[] = { 0, 0, 0, 4 };
    static const uint8_t one_and_null[] = {
        0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, /* one dimension, with nulls, of int4 */
        0, 0, 0, 2, 0, 0, 0, 1,              /* two elements, from index 1 */
        0, 0, 0, 4, 0, 0, 0, 1, 255, 255, 255, 255,
    };
    ww_slice binary_four = { four, sizeof four };
    ww_slice binary_array = { one_and_null, sizeof one_and_null };
    print_column(23, ww_slice_of("4"), WW_COLUMN_TEXT);
    print_column(23, binary_four, WW_COLUMN_BINARY);
    print_column(1184, ww_slice_of("2000-01-01 00:00:01.5+00"), WW_COLUMN_TEXT);
    print_column(1007, binary_array, WW_COLUMN_BINARY);
    print_column(1009, ww_slice_of("{\"a b\",NULL}"), WW_COLUMN_TEXT);
    print_column(1700, ww_slice_of("12.50"), WW_COLUMN_TEXT);
    print_column(23, ww_slice_of("four"), WW_COLUMN_TEXT);
    return 0;
}
