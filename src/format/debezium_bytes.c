/* SPDX-License-Identifier: MIT */
/* debezium_bytes.c: bytea and hstore as Debezium's binary.handling.mode and hstore.handling.mode
 * have them. */
#include "debezium.h"

enum { BINARY_TEXT, BINARY_BYTES, BINARY_BASE64, BINARY_URL_SAFE, BINARY_HEX };
enum { HSTORE_TEXT, HSTORE_JSON, HSTORE_MAP };

void ww__debezium_bytes(const ww__place *place, const ww_value *v)
{
    uint8_t chunk[192]; /* of a size that base64 ends without padding */
    ww_bytes bytes;
    ww_slice next = {chunk, 0};
    if (!ww__json_took(place, ww_value_bytes(v, &bytes, place->f->err)))
        return;
    ww__out_byte(place->out, '"');
    while ((next.len = ww_bytes_next(&bytes, chunk, sizeof chunk)) > 0) {
        if (place->f->knobs[WW__BINARY_MODE] == BINARY_HEX)
            ww__out_hex(place->out, next);
        else if (place->f->knobs[WW__BINARY_MODE] == BINARY_URL_SAFE)
            ww__out_base64_url(place->out, next);
        else
            ww__out_base64(place->out, next);
    }
    ww__out_byte(place->out, '"');
}

/* ---- hstore --------------------------------------------------------------------------------- */

static void put_string(const ww__place *place, const ww_value *v)
{
    if (ww_value_is_null(v)) {
        WW__OUT(place->out, "null");
        return;
    }
    ww__out_byte(place->out, '"');
    ww__json_put_inside(place, v);
    ww__out_byte(place->out, '"');
}

static void put_object(const ww__place *place, const ww_value *v)
{
    ww_value key, value;
    ww_hstore h;
    bool first = true;
    if (!ww__json_took(place, ww_value_hstore(v, &h, place->f->err)))
        return;
    ww__out_byte(place->out, '{');
    for (; ww_hstore_next(&h, &key, &value); first = false) {
        if (!first)
            ww__out_byte(place->out, ',');
        put_string(place, &key);
        ww__out_byte(place->out, ':');
        put_string(place, &value);
    }
    ww__out_byte(place->out, '}');
}

void ww__debezium_hstore(const ww__place *place, const ww_value *v)
{
    ww_hstore h;
    if (!ww__json_took(place, ww_value_hstore(v, &h, place->f->err)))
        return;
    if (!ww__json_is_utf8(place, v))
        ww__json_put_text(place, v);
    else if (place->f->knobs[WW__HSTORE_MODE] == HSTORE_JSON)
        ww__json_put_nested(place, v, put_object);
    else
        put_object(place, v);
}
