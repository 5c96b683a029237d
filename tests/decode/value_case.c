/* SPDX-License-Identifier: MIT */
/* value_case.c: compares the two forms of a value with each other, through text and getters. */
#include "value_case.h"

#include "value_encode.h"

void case_open(case_buffer *b)
{
    memset(b, 0, sizeof *b);
    check_alloc_init(&b->memory, 0);
    b->out.alloc = &b->memory.alloc;
}

void case_close(case_buffer *b)
{
    free(b->out.ptr);
}

ww_slice case_slice(const case_buffer *b)
{
    ww_slice s = {b->out.ptr, b->out.len};
    return s;
}

ww_value case_value(uint32_t oid, ww_column_kind form, ww_slice bytes)
{
    ww_column col;
    memset(&col, 0, sizeof col);
    col.kind = (uint8_t)form;
    col.value = bytes;
    return ww_value_of(NULL, oid, &col);
}

bool case_is_read(const ww_value *v)
{
    return v->type->kind != WW_TYPE_CHAR && v->type->kind != WW_TYPE_SNAPSHOT;
}

static bool puts_text(const ww_value *binary, ww_slice text)
{
    case_buffer b;
    bool same;
    case_open(&b);
    same = ww_value_put(binary, &b.out, NULL) == WW_OK && ww_slice_equal(case_slice(&b), text);
    case_close(&b);
    return same;
}

static bool encodes(const ww_value *v, ww_slice binary)
{
    case_buffer b;
    bool same;
    case_open(&b);
    same = encode_value(v, &b.out, NULL) == WW_OK && ww_slice_equal(case_slice(&b), binary);
    case_close(&b);
    return same;
}

const char *case_compare(const ww_value *binary, const ww_value *text)
{
    if (ww_value_check(binary, NULL) != WW_OK)
        return "the binary form is refused";
    if (ww_value_check(text, NULL) != WW_OK)
        return "the text is refused";
    if (!puts_text(binary, text->bytes))
        return "the text of the binary form is another";
    if (!case_is_read(binary))
        return NULL;
    if (!encodes(text, binary->bytes))
        return "the typed value of the text is another";
    return encodes(binary, binary->bytes) ? NULL : "the typed value of the binary form is another";
}
