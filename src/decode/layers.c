/* SPDX-License-Identifier: MIT */
/* layers.c: the text of an element without the escapes of the containers that it stands in. */
#include "containers.h"

ww__chars ww__chars_of(const ww_value *v)
{
    ww__reader r = ww__reader_of(v->bytes);
    ww__chars c = {r.at, r.end, v->layers, v->nlayers};
    return c;
}

static bool is_special(uint8_t byte)
{
    return byte == '"' || byte == '\\';
}

static bool is_escape(unsigned layer, int c)
{
    return c == '\\' || (c == '"' && layer == WW__LAYER_DOUBLED);
}

/* Layer 0 is the innermost container's; behind the last one are the raw bytes. */
static int next_inside(ww__chars *c, unsigned layer)
{
    int byte;
    if (layer == c->nlayers)
        return c->at < c->end ? *c->at++ : -1;
    byte = next_inside(c, layer + 1);
    return is_escape(c->layers >> 2 * layer & 3, byte) ? next_inside(c, layer + 1) : byte;
}

int ww__chars_next(ww__chars *c)
{
    if (c->at < c->end && !is_special(*c->at))
        return *c->at++;
    return next_inside(c, 0);
}

static bool has_escapes(const ww_value *v)
{
    return v->nlayers > 0 && v->bytes.len > 0 &&
           (memchr(v->bytes.ptr, '"', v->bytes.len) != NULL ||
            memchr(v->bytes.ptr, '\\', v->bytes.len) != NULL);
}

bool ww__value_plain(const ww_value *v, ww_slice *text, uint8_t *scratch, size_t cap)
{
    ww__chars c = ww__chars_of(v);
    size_t len = 0;
    int byte;
    if (!has_escapes(v)) {
        *text = v->bytes;
        return true;
    }
    while ((byte = ww__chars_next(&c)) >= 0) {
        if (len == cap)
            return false;
        scratch[len++] = (uint8_t)byte;
    }
    text->ptr = scratch;
    text->len = len;
    return true;
}

void ww__chars_put(ww__chars *c, ww_out *out)
{
    while (c->at < c->end) {
        const uint8_t *from = c->at;
        int byte;
        while (c->at < c->end && !is_special(*c->at))
            c->at++;
        ww__out_put(out, from, (size_t)(c->at - from));
        byte = ww__chars_next(c);
        if (byte >= 0)
            ww__out_byte(out, (char)byte);
    }
}
