/* SPDX-License-Identifier: MIT */
/* vector.h: a value's two forms as a server gave them, to be held against what walwire says. */
#ifndef WALWIRE_TESTS_VECTOR_H
#define WALWIRE_TESTS_VECTOR_H

#include "check.h"

#include <walwire/value.h>

typedef struct vector {
    uint32_t oid;
    const char *text, *hex;
} vector;

/* A value of a built-in type. */
static inline ww_value vector_value(uint32_t oid, ww_column_kind form, ww_slice bytes)
{
    ww_column col;
    memset(&col, 0, sizeof col);
    col.kind = (uint8_t)form;
    col.value = bytes;
    return ww_value_of(NULL, oid, &col);
}

static inline void *vector_resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size > 0)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

/* What ww_value_put() writes, which the caller frees; ptr NULL if the value is refused. */
static inline ww_slice vector_text(const ww_value *v)
{
    static const ww_alloc memory = {NULL, vector_resize};
    ww_out out = {malloc(1), 0, 1, WW_OK, &memory, NULL, NULL, 0};
    ww_slice text = {NULL, 0};
    if (ww_value_put(v, &out, NULL) != WW_OK) {
        free(out.ptr);
        return text;
    }
    text.ptr = out.ptr;
    text.len = out.len;
    return text;
}

static inline void vector_free(ww_slice bytes)
{
    free((void *)(uintptr_t)bytes.ptr);
}

static inline int vector_nibble(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* In memory of exactly its size; the caller frees ptr. */
static inline ww_slice vector_binary(const vector *x)
{
    size_t i, len = strlen(x->hex) / 2;
    uint8_t *bytes = malloc(len + 1);
    ww_slice s = {bytes, len};
    if (bytes == NULL)
        abort();
    for (i = 0; i < len; i++)
        bytes[i] = (uint8_t)(vector_nibble(x->hex[2 * i]) << 4 | vector_nibble(x->hex[2 * i + 1]));
    return s;
}

/* Is this refused, as no value of the type? At the end of memory, so that no read beyond it stays
 * unseen by a sanitizer. */
static inline bool vector_refused(uint32_t oid, ww_column_kind form, ww_slice bytes)
{
    uint8_t *copy = malloc(bytes.len + 1);
    ww_slice s = {copy + 1, bytes.len};
    ww_error err;
    ww_value v = vector_value(oid, form, s);
    bool refused;
    if (copy == NULL)
        abort();
    if (bytes.len > 0)
        memcpy(copy + 1, bytes.ptr, bytes.len);
    ww_error_clear(&err);
    refused = ww_value_check(&v, &err) == WW_ERR_DECODE && err.what != NULL;
    free(copy);
    return refused;
}

/* The binary form is the server's text; no part of it, and nothing longer, is a value. */
static inline void vector_check(const vector *x)
{
    ww_slice binary = vector_binary(x), part = binary, text;
    ww_value v = vector_value(x->oid, WW_COLUMN_BINARY, binary);
    ww_error err;
    ww_error_clear(&err);
    CHECK(ww_value_check(&v, &err) == WW_OK);
    text = vector_text(&v);
    CHECK_SLICE(text, x->text);
    vector_free(text);
    for (part.len = 0; part.len < binary.len; part.len++)
        CHECK(vector_refused(x->oid, WW_COLUMN_BINARY, part));
    ((uint8_t *)(uintptr_t)binary.ptr)[binary.len] = 0;
    part.len++;
    CHECK(vector_refused(x->oid, WW_COLUMN_BINARY, part));
    vector_free(binary);
}

#endif
