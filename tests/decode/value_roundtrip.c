/* SPDX-License-Identifier: MIT */
/* value_roundtrip.c: holds values against a server's own two forms of them. Reads lines:
 *
 *     type OID KIND ELEMENT [NAME:OID ...]   a type of the user's, before it is used
 *     OID <TAB> HEX <TAB> HEX                a value: its type, the server's text, its binary form
 *
 * and checks: the binary form is one, and its text is the server's text; where there are getters,
 * text -> typed value -> binary is the server's binary, and binary -> typed value -> binary too.
 * Prints each difference, and at the end how many values were compared; exit status 1 if one
 * differed. Used by tests/server/test_value_properties.py. */
#include "value_encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long compared, typed, differences;

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

static const ww_alloc memory = {NULL, resize};

static void differ(const char *what, uint32_t oid, ww_slice text, const ww_error *err, ww_slice got)
{
    size_t i;
    if (++differences > 6)
        return;
    printf("type %" PRIu32 ": %s: %.*s", oid, what, (int)(text.len < 300 ? text.len : 300),
           (const char *)text.ptr);
    if (err != NULL && err->status < 0)
        printf(" [%s at %" PRIu64 "]", err->what, err->offset);
    printf(" got ");
    for (i = 0; i < got.len && i < 100; i++)
        printf(got.ptr[i] >= 32 && got.ptr[i] < 127 ? "%c" : "\\x%02x", got.ptr[i]);
    printf("\n");
}

/* ---- one value ------------------------------------------------------------------------------ */

static ww_value make(const ww_types *types, uint32_t oid, ww_slice bytes, ww_column_kind kind)
{
    ww_column col;
    col.value = bytes;
    col.kind = (uint8_t)kind;
    return ww_value_of(types, oid, &col);
}

static void check_text_of(const ww_value *v, ww_slice text, ww_out *out)
{
    ww_error err;
    ww_slice got;
    ww_error_clear(&err);
    out->len = 0;
    ww_value_put(v, out, &err);
    got.ptr = out->ptr;
    got.len = out->len;
    if (err.status < 0 || !ww_slice_equal(got, text))
        differ("text of binary", v->type_oid, text, &err, got);
}

static void check_binary_of(const ww_value *v, ww_slice text, ww_slice binary, ww_out *out)
{
    ww_error err;
    ww_slice got;
    ww_error_clear(&err);
    out->len = 0;
    encode_value(v, out, &err);
    got.ptr = out->ptr;
    got.len = out->len;
    if (err.status < 0 || !ww_slice_equal(got, binary))
        differ(v->form == WW_COLUMN_TEXT ? "typed value of text" : "typed value of binary",
               v->type_oid, text, &err, got);
}

static void check_pair(const ww_types *types, uint32_t oid, ww_slice text, ww_slice binary,
                       ww_out *out)
{
    ww_value from_text = make(types, oid, text, WW_COLUMN_TEXT);
    ww_value from_binary = make(types, oid, binary, WW_COLUMN_BINARY);
    compared++;
    check_text_of(&from_binary, text, out);
    if (!encode_has(types, from_text.type))
        return;
    typed++;
    check_binary_of(&from_text, text, binary, out);
    check_binary_of(&from_binary, text, binary, out);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static int nibble(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Hexadecimal digits in place; returns what comes behind them. */
static char *unhex(char *at, ww_slice *bytes)
{
    uint8_t *to = (uint8_t *)at;
    bytes->ptr = to;
    for (; nibble(at[0]) >= 0; at += 2)
        *to++ = (uint8_t)(nibble(at[0]) << 4 | nibble(at[1]));
    bytes->len = (size_t)(to - bytes->ptr);
    return at;
}

static uint32_t number(char **at)
{
    return (uint32_t)strtoul(*at, at, 10);
}

/* The kinds that a user's type can be of. */
static uint8_t kind(char **at)
{
    static const struct {
        const char *word;
        ww_type_kind kind;
    } kinds[] = {
        {" enum", WW_TYPE_ENUM},     {" array", WW_TYPE_ARRAY},
        {" range", WW_TYPE_RANGE},   {" composite", WW_TYPE_COMPOSITE},
        {" hstore", WW_TYPE_HSTORE}, {" multirange", WW_TYPE_MULTIRANGE},
        {" text", WW_TYPE_TEXT},     {" ltree", WW_TYPE_LTREE},
    };
    size_t i;
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].word);
        if (strncmp(*at, kinds[i].word, len) == 0) {
            *at += len;
            return (uint8_t)kinds[i].kind;
        }
    }
    return WW_TYPE_OTHER;
}

static bool read_type(ww_types *types, char *at)
{
    static ww_type_field fields[64];
    ww_type type;
    ww_error err;
    memset(&type, 0, sizeof type);
    type.oid = number(&at);
    if (strncmp(at, " domain", 7) == 0) {
        at += 7;
        type.domain_of = number(&at);
    } else {
        type.kind = kind(&at);
        type.element = number(&at);
    }
    type.delimiter = ',';
    type.typname = type.sqlname = ww_slice_of("user");
    type.fields = fields;
    while (*at == ' ') {
        ww_type_field *field = &fields[type.nfields++];
        char *colon = strchr(at, ':');
        field->name.ptr = (uint8_t *)at + 1;
        field->name.len = (size_t)(colon - at - 1);
        field->typmod = -1;
        at = colon + 1;
        field->type_oid = number(&at);
    }
    return ww_types_put(types, &type, &err) == WW_OK;
}

int main(void)
{
    ww_types *types = ww_types_open(&memory, 0);
    ww_out out = {NULL, 0, 0, WW_OK, &memory, NULL, NULL, 0};
    char *line = NULL, *at;
    size_t cap = 0;
    while (getline(&line, &cap, stdin) > 0) {
        ww_slice text, binary;
        uint32_t oid;
        if (strncmp(line, "type ", 5) == 0) {
            if (!read_type(types, line + 5))
                return 2;
            continue;
        }
        oid = (uint32_t)strtoul(line, &at, 10);
        at = unhex(at + 1, &text);
        unhex(at + 1, &binary);
        check_pair(types, oid, text, binary, &out);
    }
    printf("%lu values compared, %lu of them typed, %lu differences\n", compared, typed,
           differences);
    memory.resize(NULL, out.ptr, out.cap, 0);
    free(line);
    ww_types_close(types);
    return differences > 0 || compared == 0;
}
