/* SPDX-License-Identifier: MIT */
/* text.c: commands as text, and the quoting that keeps a name a name. */
#include <walwire/base.h>

#include <string.h>

bool ww_text_fits(const ww_text *t)
{
    return t->len < t->cap;
}

static void add_bytes(ww_text *t, const void *bytes, size_t n)
{
    if (t->len < t->cap) {
        size_t room = t->cap - 1 - t->len;
        size_t part = n < room ? n : room;
        memcpy(t->text + t->len, bytes, part);
        t->text[t->len + part] = '\0';
    }
    t->len += n;
}

void ww_text_add(ww_text *t, const char *text)
{
    add_bytes(t, text, strlen(text));
}

/* `value` between quotes, with every quote and every `also` doubled. */
static void add_quoted(ww_text *t, ww_slice value, char quote, char also)
{
    size_t i;
    add_bytes(t, &quote, 1);
    for (i = 0; i < value.len; i++) {
        char c = (char)value.ptr[i];
        add_bytes(t, &c, 1);
        if (c == quote || c == also)
            add_bytes(t, &c, 1);
    }
    add_bytes(t, &quote, 1);
}

void ww_text_add_identifier(ww_text *t, ww_slice name)
{
    add_quoted(t, name, '"', '"');
}

void ww_text_add_literal(ww_text *t, ww_slice value)
{
    add_quoted(t, value, '\'', '\'');
}

void ww_text_add_sql_literal(ww_text *t, ww_slice value)
{
    if (value.len > 0 && memchr(value.ptr, '\\', value.len) != NULL)
        ww_text_add(t, "E");
    add_quoted(t, value, '\'', '\\');
}

void ww_text_add_name_list(ww_text *t, const ww_slice *names, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        if (i > 0)
            ww_text_add(t, ",");
        ww_text_add_identifier(t, names[i]);
    }
}
