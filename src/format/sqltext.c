/* SPDX-License-Identifier: MIT */
/* sqltext.c: names and literals of SQL statements, from any bytes. */
#include "sql.h"

#include "base/utf8.h"

/* ---- literals ------------------------------------------------------------------------------- */

/* Text that comes in pieces, taken character by character. It passes twice: first without `out`, to
 * see whether it needs escapes. */
typedef struct walk {
    ww_out *out;
    bool terminal;
    bool escapes;
    uint8_t held[4]; /* the beginning of a character */
    size_t nheld;
} walk;

static bool must_escape(uint32_t code, bool terminal)
{
    return code < 0x20 || code == 0x7F || (terminal && ww__is_unsafe(code));
}

static void put_octal(ww_out *out, uint8_t byte)
{
    char text[4] = {'\\', (char)('0' + (byte >> 6)), (char)('0' + (byte >> 3 & 7)),
                    (char)('0' + (byte & 7))};
    ww__out_put(out, text, sizeof text);
}

static void put_escaped(walk *w, const uint8_t *bytes, size_t n)
{
    size_t i;
    w->escapes = true;
    if (w->out == NULL)
        return;
    if (*bytes == '\\')
        WW__OUT(w->out, "\\\\");
    else if (*bytes == '\n')
        WW__OUT(w->out, "\\n");
    else if (*bytes == '\r')
        WW__OUT(w->out, "\\r");
    else if (*bytes == '\t')
        WW__OUT(w->out, "\\t");
    else
        for (i = 0; i < n; i++)
            put_octal(w->out, bytes[i]);
}

static void take_character(walk *w, const uint8_t *bytes, size_t n, uint32_t code)
{
    if (code == '\\' || must_escape(code, w->terminal))
        put_escaped(w, bytes, n);
    else if (w->out != NULL)
        ww__out_put(w->out, code == '\'' ? (const uint8_t *)"''" : bytes, code == '\'' ? 2 : n);
}

/* What is held is no character: each byte for itself. */
static void drop_held(walk *w)
{
    size_t i;
    for (i = 0; i < w->nheld; i++)
        put_escaped(w, &w->held[i], 1);
    w->nheld = 0;
}

static size_t length_by_lead(uint8_t lead)
{
    if (lead < 0xC0)
        return 1;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static void take_byte(walk *w, uint8_t byte)
{
    uint32_t code;
    if (w->nheld > 0 && (byte & 0xC0) != 0x80)
        drop_held(w);
    w->held[w->nheld++] = byte;
    if (ww__utf8_decode(w->held, w->nheld, &code) == w->nheld) {
        take_character(w, w->held, w->nheld, code);
        w->nheld = 0;
    } else if (w->nheld == length_by_lead(w->held[0])) {
        drop_held(w);
    }
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '\'' && byte != '\\';
}

static void take_piece(void *ctx, ww_slice piece)
{
    walk *w = ctx;
    size_t at = 0, end;
    while (at < piece.len) {
        for (end = at; end < piece.len && is_plain(piece.ptr[end]); end++)
            ;
        if (end > at) {
            drop_held(w);
            if (w->out != NULL)
                ww__out_put(w->out, piece.ptr + at, end - at);
        }
        if (end < piece.len)
            take_byte(w, piece.ptr[end++]);
        at = end;
    }
}

static void open_literal(walk *w, ww_out *out)
{
    drop_held(w);
    w->out = out;
    if (w->escapes)
        ww__out_byte(out, 'E');
    ww__out_byte(out, '\'');
}

static void close_literal(walk *w)
{
    drop_held(w);
    ww__out_byte(w->out, '\'');
}

void ww__sql_literal(ww_out *out, const ww__policy *policy, ww_slice text)
{
    walk w = {NULL, policy->terminal, false, {0}, 0};
    take_piece(&w, text);
    open_literal(&w, out);
    take_piece(&w, text);
    close_literal(&w);
}

void ww__sql_value(ww_format *f, ww_out *out, const ww__plan_column *column, const ww_column *col)
{
    walk w = {NULL, f->policy.terminal, false, {0}, 0};
    ww__text_pieces(f, column, col, take_piece, &w);
    if (f->fault < 0)
        return;
    open_literal(&w, out);
    ww__text_pieces(f, column, col, take_piece, &w);
    close_literal(&w);
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Is there a character that must be escaped? */
static bool needs_escapes(const ww__policy *policy, ww_slice name)
{
    uint32_t code;
    size_t at;
    for (at = 0; at < name.len; at += ww__utf8_decode(name.ptr + at, name.len - at, &code)) {
        ww__utf8_decode(name.ptr + at, name.len - at, &code);
        if (must_escape(code, policy->terminal))
            return true;
    }
    return false;
}

/* \XXXX, or \+XXXXXX */
static void put_code(ww_out *out, uint32_t code)
{
    bool is_long = code > 0xFFFF;
    uint8_t bytes[3] = {(uint8_t)(code >> 16), (uint8_t)(code >> 8), (uint8_t)code};
    ww_slice hex = {bytes + !is_long, 2u + is_long};
    ww__out_byte(out, '\\');
    if (is_long)
        ww__out_byte(out, '+');
    ww__out_hex(out, hex);
}

bool ww__sql_name(ww_out *out, const ww__policy *policy, ww_slice name)
{
    bool escapes;
    size_t at, n;
    if (!ww__utf8_check(name))
        return false;
    escapes = needs_escapes(policy, name);
    if (escapes)
        WW__OUT(out, "U&");
    ww__out_byte(out, '"');
    for (at = 0; at < name.len; at += n) {
        uint32_t code = 0;
        n = ww__utf8_decode(name.ptr + at, name.len - at, &code);
        if (must_escape(code, policy->terminal)) {
            put_code(out, code);
            continue;
        }
        if (code == '"' || (escapes && code == '\\'))
            ww__out_byte(out, (char)code);
        ww__out_put(out, name.ptr + at, n);
    }
    ww__out_byte(out, '"');
    return true;
}
