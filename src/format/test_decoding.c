/* SPDX-License-Identifier: MIT */
/* test_decoding.c: the format "test_decoding": the lines of the server's plugin of that name with
 * skip-empty-xacts=1, include-xids=1, and of stream blocks with stream-changes=1.
 *
 * Source: contrib/test_decoding/test_decoding.c. */
#include "test_decoding.h"

/* How a value is written: ww__plan_column.type. */
enum { QUOTED, PLAIN, BIT, BOOLEAN };

/* ---- values --------------------------------------------------------------------------------- */

static uint8_t literal_of(uint32_t type_oid)
{
    if (ww__is_number_type(type_oid))
        return PLAIN;
    switch (type_oid) {
    case 1560: /* bit */
    case 1562: /* varbit */
        return BIT;
    case 16:
        return BOOLEAN;
    default:
        return QUOTED;
    }
}

/* print_literal() */
static void put_literal(ww_out *out, const ww__policy *policy, uint8_t type, ww_slice value)
{
    switch (type) {
    case PLAIN:
        ww__out_plain(out, policy, value);
        break;
    case BIT:
        WW__OUT(out, "B'");
        ww__out_plain(out, policy, value);
        ww__out_byte(out, '\'');
        break;
    case BOOLEAN:
        if (value.len == 1 && value.ptr[0] == 't')
            WW__OUT(out, "true");
        else
            WW__OUT(out, "false");
        break;
    default:
        ww__out_byte(out, '\'');
        ww__out_doubled(out, policy, value, '\'');
        ww__out_byte(out, '\'');
        break;
    }
}

/* Takes what the server would have sent as text. */
typedef struct rendered {
    ww_out *out;
    const ww__policy *policy;
    uint8_t type;
} rendered;

static void put_piece(void *ctx, ww_slice piece)
{
    rendered *r = ctx;
    if (r->type == QUOTED)
        ww__out_doubled(r->out, r->policy, piece, '\'');
    else if (r->type == BOOLEAN)
        put_literal(r->out, r->policy, BOOLEAN, piece);
    else
        ww__out_plain(r->out, r->policy, piece);
}

static void put_binary(ww_format *f, ww_out *out, const ww__plan_column *column,
                       const ww_column *col)
{
    rendered r = { out, &f->policy, column->type };
    if (column->type == BIT)
        ww__out_byte(out, 'B');
    if (column->type == BIT || column->type == QUOTED)
        ww__out_byte(out, '\'');
    ww__text_pieces(f, column, col, put_piece, &r);
    if (column->type == BIT || column->type == QUOTED)
        ww__out_byte(out, '\'');
}

static void put_value(ww_format *f, ww_out *out, const ww__plan_column *column,
                      const ww_column *col)
{
    switch (col->kind) {
    case WW_COLUMN_NULL:
        WW__OUT(out, "null");
        break;
    case WW_COLUMN_UNCHANGED:
        WW__OUT(out, "unchanged-toast-datum");
        break;
    case WW_COLUMN_BINARY:
        put_binary(f, out, column, col);
        break;
    default:
        put_literal(out, &f->policy, column->type, col->value);
        break;
    }
}

/* tuple_to_stringinfo() */
static void put_tuple(ww_format *f, ww_out *out, const ww__plan *plan, ww_tuple tuple)
{
    const ww__plan_column *c = plan->columns;
    ww_tuple_iter it = ww_tuple_begin(tuple);
    ww_column col;
    if (tuple.kind == WW_TUPLE_NONE)
        WW__OUT(out, " (no-tuple-data)");
    for (; ww_tuple_next(&it, &col); c++) {
        if (c->skipped || (tuple.kind == WW_TUPLE_KEY && !c->key))
            continue;
        if (tuple.kind != WW_TUPLE_NEW && col.kind == WW_COLUMN_NULL)
            continue;
        ww__out_fragment(out, c->name, c->len);
        put_value(f, out, c, &col);
    }
}

/* ---- plans ---------------------------------------------------------------------------------- */

static bool put_label(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    ww__out_qualified(out, &f->policy, relation->nspname, relation->relname);
    return true;
}

static bool put_head(const ww_format *f, const ww_relation *relation, ww_out *out)
{
    WW__OUT(out, "table ");
    put_label(f, relation, out);
    ww__out_byte(out, ':');
    return true;
}

static bool put_column(const ww_format *f, const ww_relation_column *column, uint8_t *type,
                       ww_out *out)
{
    const ww__test_decoding *td = f->state;
    *type = literal_of(column->type_oid);
    ww__out_byte(out, ' ');
    ww__out_identifier(out, &f->policy, column->name);
    ww__out_byte(out, '[');
    ww__typenames_put(&td->types, column->type_oid, &f->policy, out);
    WW__OUT(out, "]:");
    return true;
}

/* Lines of relations that were described before name the type's new name too, as the plugin's
 * would. */
static ww_status learn_type(ww_format *f, const ww_event *ev, ww_error *err)
{
    ww__test_decoding *td = f->state;
    bool changed;
    ww_status status = ww__typenames_learn(f, &td->types, ev, &changed, err);
    if (status == WW_OK && changed)
        ww__plans_expire(f);
    return status;
}

/* ---- changes -------------------------------------------------------------------------------- */

static void put_row(ww_format *f, const ww_event *ev, ww__plan *plan, ww_out *out)
{
    ww__test_decoding *td = f->state;
    ww__td_begin_change(td, out);
    if (td->in_block) {
        ww__td_put_xid(out, WW__LITERAL("streaming change for TXN "), td->xid);
        return;
    }
    ww__out_put(out, plan->head.ptr, plan->head.len);
    if (ev->kind == WW_EV_INSERT) {
        WW__OUT(out, " INSERT:");
        put_tuple(f, out, plan, ev->new_tuple);
    } else if (ev->kind == WW_EV_DELETE) {
        WW__OUT(out, " DELETE:");
        put_tuple(f, out, plan, ev->old_tuple);
    } else {
        WW__OUT(out, " UPDATE:");
        if (ev->old_tuple.kind != WW_TUPLE_NONE) {
            WW__OUT(out, " old-key:");
            put_tuple(f, out, plan, ev->old_tuple);
            WW__OUT(out, " new-tuple:");
        }
        put_tuple(f, out, plan, ev->new_tuple);
    }
    ww__out_byte(out, '\n');
}

static void put_truncate(ww_format *f, const ww_event *ev, ww_out *out)
{
    ww__test_decoding *td = f->state;
    uint32_t i;
    ww__td_begin_change(td, out);
    if (td->in_block) {
        ww__td_put_xid(out, WW__LITERAL("streaming truncate for TXN "), td->xid);
        return;
    }
    WW__OUT(out, "table ");
    for (i = 0; i < ev->truncate.count; i++) {
        const ww__plan *plan = ww__plan_find(f, ww_truncate_relation_id(&ev->truncate, i));
        if (i > 0)
            WW__OUT(out, ", ");
        ww__out_put(out, plan->counter.label.ptr, plan->counter.label.len);
    }
    WW__OUT(out, ": TRUNCATE:");
    if (ev->truncate.flags == 0)
        WW__OUT(out, " (no-flags)");
    if (ev->truncate.flags & WW_TRUNCATE_RESTART_IDENTITY)
        WW__OUT(out, " restart_seqs");
    if (ev->truncate.flags & WW_TRUNCATE_CASCADE)
        WW__OUT(out, " cascade");
    ww__out_byte(out, '\n');
}

static void put_message(ww_format *f, const ww_event *ev, ww_out *out)
{
    ww__test_decoding *td = f->state;
    bool transactional = (ev->message.flags & WW_MESSAGE_TRANSACTIONAL) != 0;
    bool streamed = transactional && td->in_block;
    if (transactional)
        ww__td_begin_change(td, out);
    if (streamed)
        WW__OUT(out, "streaming ");
    WW__OUT(out, "message: transactional: ");
    ww__out_u64(out, transactional);
    WW__OUT(out, " prefix: ");
    ww__out_plain(out, &f->policy, ev->message.prefix);
    WW__OUT(out, ", sz: ");
    ww__out_u64(out, ev->message.content.len);
    if (!streamed) {
        WW__OUT(out, " content:");
        ww__out_plain(out, &f->policy, ev->message.content);
    }
    ww__out_byte(out, '\n');
}

static ww_status open_state(ww_format *f, const ww_format_config *config, ww_error *err)
{
    ww__test_decoding *td = f->state;
    (void)config;
    (void)err;
    td->types.registry = f->types;
    return WW_OK;
}

static void close_state(ww_format *f)
{
    ww__test_decoding *td = f->state;
    ww__typenames_close(f, &td->types);
    ww__format_free(f, td->streams, td->cap * sizeof *td->streams);
}

const ww__format_ops ww__format_test_decoding = {
    .name = "test_decoding",
    .about = "the lines of PostgreSQL's test_decoding plugin",
    .state_size = sizeof(ww__test_decoding),
    .open = open_state,
    .close = close_state,
    .head = put_head,
    .label = put_label,
    .column = put_column,
    .type = learn_type,
    .begin = ww__td_begin,
    .row = put_row,
    .commit = ww__td_commit,
    .message = put_message,
    .truncate = put_truncate,
};
