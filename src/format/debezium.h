/* SPDX-License-Identifier: MIT */
/* debezium.h: what the files of the format "debezium" share. */
#ifndef WALWIRE_FORMAT_DEBEZIUM_H
#define WALWIRE_FORMAT_DEBEZIUM_H

#include "jsonvalue.h"
#include "schema.h"

#define WW__XID_ROOM 32u

typedef struct ww__debezium {
    uint8_t *text;          /* one allocation: `before` and `behind`, then `source` */
    size_t text_size;
    ww_slice before;        /* ,"source":{ ... "ts_ms": */
    ww_slice behind;        /* ,"snapshot":"false","db":"..." */
    uint8_t *source;        /* before + commit's numbers + behind */
    size_t source_len;
    bool invalid;           /* the database's or the connector's name is not UTF-8 */
    ww__stamp commit, sent;
    bool xid_set;
    uint32_t xid;
    size_t xid_len;
    uint8_t xid_text[WW__XID_ROOM + WW__PAD]; /* 731,"lsn": */
    ww__counter messages;
    ww__typenames types;    /* with schema_events */
    ww_slice database;      /* its name as a JSON string */
    uint32_t *limbs;        /* WW__LIMBS of them, where numbers become binary; or NULL */
} ww__debezium;

/* From ,"source" to its "lsn", `comma` bytes of that left off; head: schema, table and the key of
 * txId. */
void ww__debezium_source(ww__debezium *d, const ww_event *ev, ww_slice head, size_t comma,
                         ww_out *out);

/* Lines that are not of a row have an empty key. */
static inline void ww__debezium_no_key(const ww_format *f, ww_out *out)
{
    if (f->key)
        ww__out_byte(out, '\t');
}

/* "id":"<xid>:<lsn>". Debezium's id is the transaction and a WAL position; with the final one,
 * all lines of a transaction share it. */
void ww__debezium_id(uint32_t xid, ww_lsn lsn, ww_out *out);
/* ,"gid":"...". False: it is not UTF-8. */
bool ww__debezium_gid(const ww_format *f, ww_slice gid, ww_out *out);

/* ---- debezium_knobs.c: Debezium's settings of how values are written ------------------------- */

/* Places in f->knobs. */
enum { WW__DECIMAL_MODE, WW__TIME_MODE, WW__INTERVAL_MODE, WW__BINARY_MODE, WW__HSTORE_MODE };

extern const ww__knob ww__debezium_knobs[];
/* Once the knobs are read. ERR_NOMEM. */
ww_status ww__debezium_knobs_open(ww_format *f, ww_error *err);
void ww__debezium_knobs_close(ww_format *f);

/* ---- debezium_decimal.c: NUMERIC, MONEY ------------------------------------------------------ */

/* Enough for 22000 digits: the longest number that is converted, with zeros up to its scale. */
#define WW__LIMBS 2304u

enum { WW__DECIMAL_STRING, WW__DECIMAL_PRECISE, WW__DECIMAL_DOUBLE };
void ww__debezium_decimal(const ww__place *place, const ww_value *v, int32_t typmod);

/* ---- debezium_time.c: DATE TIME TIMETZ TIMESTAMP TIMESTAMPTZ INTERVAL ------------------------ */

void ww__debezium_time(const ww__place *place, const ww_value *v, int32_t typmod);
void ww__debezium_interval(const ww__place *place, const ww_value *v);

/* ---- debezium_bytes.c: BYTEA, HSTORE --------------------------------------------------------- */

void ww__debezium_bytes(const ww__place *place, const ww_value *v);
void ww__debezium_hstore(const ww__place *place, const ww_value *v);

/* ---- debezium_schema.c ----------------------------------------------------------------------- */

ww_status ww__debezium_type(ww_format *f, const ww_event *ev, ww_error *err);
void ww__debezium_relation(ww_format *f, const ww_event *ev, const ww__plan *old, ww__plan *plan,
                           ww_out *out);

/* ---- debezium_txn.c -------------------------------------------------------------------------- */

ww_status ww__debezium_begin(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);
ww_status ww__debezium_commit(ww_format *f, const ww_event *ev, ww_out *out, ww_error *err);

#endif
