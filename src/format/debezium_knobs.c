/* SPDX-License-Identifier: MIT */
/* debezium_knobs.c: Debezium's settings of how values are written, under its own names, with its
 * own values; the default is always what loses nothing: docs/values.md. */
#include "debezium.h"

#include "base/error.h"

const ww__knob ww__debezium_knobs[] = {
    {"decimal.handling.mode", "string|precise|double",
     "numeric and money: text, base64 of the unscaled number, or a JSON number"},
    {"time.precision.mode",
     "text|adaptive|adaptive_time_microseconds|connect|isostring|microseconds|nanoseconds",
     "dates and times: text, or numbers since 1970 or midnight"},
    {"interval.handling.mode", "text|numeric|string",
     "intervals: text, microseconds with months of 30.4375 days, or ISO 8601"},
    {"binary.handling.mode", "text|bytes|base64|base64-url-safe|hex",
     "bytea: PostgreSQL's \\x text, base64 or bare hexadecimal"},
    {"hstore.handling.mode", "text|json|map",
     "hstore: PostgreSQL's text, JSON in a string, or a JSON object"},
    {NULL, NULL, NULL},
};

#define KIND(kind) (UINT64_C(1) << (kind))
_Static_assert(WW_TYPE_VOID < 64, "kinds are bits");

static void put_value(const ww__place *place, const ww_value *v, int32_t typmod)
{
    switch (v->type->kind) {
    case WW_TYPE_NUMERIC:
    case WW_TYPE_MONEY:
        ww__debezium_decimal(place, v, typmod);
        break;
    case WW_TYPE_INTERVAL:
        ww__debezium_interval(place, v);
        break;
    case WW_TYPE_BYTEA:
        ww__debezium_bytes(place, v);
        break;
    case WW_TYPE_HSTORE:
        ww__debezium_hstore(place, v);
        break;
    default:
        ww__debezium_time(place, v, typmod);
        break;
    }
}

ww_status ww__debezium_knobs_open(ww_format *f, ww_error *err)
{
    static const uint64_t kinds[] = {
        [WW__DECIMAL_MODE] = KIND(WW_TYPE_NUMERIC) | KIND(WW_TYPE_MONEY),
        [WW__TIME_MODE] = KIND(WW_TYPE_DATE) | KIND(WW_TYPE_TIME) | KIND(WW_TYPE_TIMETZ) |
                          KIND(WW_TYPE_TIMESTAMP) | KIND(WW_TYPE_TIMESTAMPTZ),
        [WW__INTERVAL_MODE] = KIND(WW_TYPE_INTERVAL),
        [WW__BINARY_MODE] = KIND(WW_TYPE_BYTEA),
        [WW__HSTORE_MODE] = KIND(WW_TYPE_HSTORE),
    };
    ww__debezium *d = f->state;
    size_t i;
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (f->knobs[i] != 0)
            f->knob_kinds |= kinds[i];
    f->knob_value = put_value;
    if (f->knobs[WW__DECIMAL_MODE] != WW__DECIMAL_PRECISE)
        return WW_OK;
    d->limbs = ww__format_alloc(f, WW__LIMBS * sizeof *d->limbs);
    return d->limbs != NULL ? WW_OK : ww__fail(err, WW_ERR_NOMEM, "no memory for a format");
}

void ww__debezium_knobs_close(ww_format *f)
{
    ww__debezium *d = f->state;
    ww__format_free(f, d->limbs, WW__LIMBS * sizeof *d->limbs);
}
