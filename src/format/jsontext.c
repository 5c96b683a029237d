/* SPDX-License-Identifier: MIT */
/* jsontext.c: the server's text as a JSON string. What has to be rendered first comes in pieces,
 * which may end in the middle of a character: its bytes wait for the rest. Whether all of it is
 * UTF-8 must be known before the first byte is written, so a long text is rendered twice. */
#include "jsonvalue.h"

#include "base/error.h"

#define PIECE 512u
#define MAX_CHARACTER 4u

typedef struct pieces {
    const ww__place *place;
    void (*put)(struct pieces *p, ww_slice whole); /* whole characters, if it is UTF-8 */
    bool valid;
    size_t waiting;
    uint8_t character[MAX_CHARACTER];
} pieces;

/* ---- whole characters ----------------------------------------------------------------------- */

/* By its first byte, which the check judges later. */
static size_t character_length(uint8_t first)
{
    if (first < 0xC0)
        return 1;
    if (first < 0xE0)
        return 2;
    return first < 0xF0 ? 3 : 4;
}

/* How many bytes at the end begin a character that goes on behind it. */
static size_t cut_off(ww_slice piece)
{
    size_t n;
    for (n = 1; n < MAX_CHARACTER && n <= piece.len; n++) {
        uint8_t byte = piece.ptr[piece.len - n];
        if ((byte & 0xC0) != 0x80)
            return character_length(byte) > n ? n : 0;
    }
    return 0;
}

static void take_waiting(pieces *p, ww_slice *piece)
{
    ww_slice whole = {p->character, 0};
    while (piece->len > 0 && p->waiting < character_length(p->character[0])) {
        p->character[p->waiting++] = *piece->ptr++;
        piece->len--;
    }
    if (p->waiting < character_length(p->character[0]))
        return;
    whole.len = p->waiting;
    p->waiting = 0;
    p->put(p, whole);
}

static bool take_piece(void *ctx, const uint8_t *bytes, size_t len)
{
    pieces *p = ctx;
    ww_slice piece = {bytes, len};
    if (p->waiting > 0)
        take_waiting(p, &piece);
    if (piece.len == 0)
        return true;
    p->waiting = cut_off(piece);
    piece.len -= p->waiting;
    memcpy(p->character, piece.ptr + piece.len, p->waiting);
    if (piece.len > 0)
        p->put(p, piece);
    return true;
}

static void end_pieces(pieces *p, const ww_out *text)
{
    ww_slice rest;
    if (text->len > 0)
        take_piece(p, text->ptr, text->len);
    rest.ptr = p->character;
    rest.len = p->waiting;
    p->waiting = 0;
    if (rest.len > 0)
        p->put(p, rest);
}

/* ---- what is done with them ----------------------------------------------------------------- */

static void check(pieces *p, ww_slice whole)
{
    p->valid = p->valid && ww__utf8_check(whole);
}

static void put_string(pieces *p, ww_slice whole)
{
    ww__json_inside(p->place->out, &p->place->f->policy, whole);
}

static void put_hex(pieces *p, ww_slice whole)
{
    ww__out_hex(p->place->out, whole);
}

/* Renders once more what was rendered before. */
static void put_again(pieces *p, const ww_value *v, ww_out *text,
                      void (*put)(pieces *p, ww_slice whole))
{
    p->put = put;
    text->len = 0;
    ww__json_took(p->place, ww_value_put(v, text, NULL));
    end_pieces(p, text);
}

void ww__json_put_text(const ww__place *place, const ww_value *v)
{
    uint8_t room[PIECE];
    pieces p = {place, check, true, 0, {0}};
    ww_out text = {room, 0, sizeof room, WW_OK, NULL, take_piece, &p, 0};
    ww_slice whole = {room, 0};
    if (!ww__json_took(place, ww__value_known(v, place->f->err)))
        return;
    if (ww_value_text(v, &whole)) {
        ww__json_text(place->out, &place->f->policy, whole);
        return;
    }
    if (!ww__json_took(place, ww_value_put(v, &text, place->f->err)))
        return;
    if (text.flushed == 0) {
        whole.len = text.len;
        ww__json_text(place->out, &place->f->policy, whole);
        return;
    }
    end_pieces(&p, &text);
    if (p.valid) {
        ww__out_byte(place->out, '"');
        put_again(&p, v, &text, put_string);
        ww__out_byte(place->out, '"');
    } else {
        WW__OUT(place->out, "{\"$bytes\":\"");
        put_again(&p, v, &text, put_hex);
        WW__OUT(place->out, "\"}");
    }
}

void ww__json_put_inside(const ww__place *place, const ww_value *v)
{
    uint8_t room[PIECE];
    pieces p = {place, put_string, true, 0, {0}};
    ww_out text = {room, 0, sizeof room, WW_OK, NULL, take_piece, &p, 0};
    if (ww__json_took(place, ww_value_put(v, &text, place->f->err)))
        end_pieces(&p, &text);
}

bool ww__json_is_utf8(const ww__place *place, const ww_value *v)
{
    uint8_t room[PIECE];
    pieces p = {place, check, true, 0, {0}};
    ww_out text = {room, 0, sizeof room, WW_OK, NULL, take_piece, &p, 0};
    if (!ww__json_took(place, ww_value_put(v, &text, place->f->err)))
        return false;
    end_pieces(&p, &text);
    return p.valid;
}

void ww__json_put_nested(const ww__place *place, const ww_value *v,
                         void (*write)(const ww__place *inner, const ww_value *v))
{
    uint8_t room[PIECE];
    pieces p = {place, put_string, true, 0, {0}};
    ww_out text = {room, 0, sizeof room, WW_OK, NULL, take_piece, &p, 0};
    ww__place inner = {place->f, &text, place->column, place->last};
    ww__out_byte(place->out, '"');
    write(&inner, v);
    end_pieces(&p, &text);
    ww__out_byte(place->out, '"');
}

bool ww__json_whole_text(const ww__place *place, const ww_value *v, ww_slice *text)
{
    ww_out *scratch = &place->f->scratch;
    ww_status status;
    if (ww_value_text(v, text))
        return true;
    scratch->len = 0;
    scratch->status = WW_OK;
    status = ww_value_put(v, scratch, place->f->err);
    if (scratch->status < 0)
        status = ww__fail(place->f->err, scratch->status, "no memory for a document in a value");
    text->ptr = scratch->ptr;
    text->len = scratch->len;
    return ww__json_took(place, status);
}
