/* SPDX-License-Identifier: MIT */
/* binary.c: whether values come in binary form, and back to text when a column cannot
 * (docs/adr/0007-restart-on-a-new-session.md). */
#include "client.h"

#include "base/error.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define SERVER_14 140000
#define FOR_EVER_US (UINT64_C(1) << 62)

/* ---- at the start --------------------------------------------------------------------------- */

/* The caller reads the bytes itself, of whatever type. */
static bool skips_check(const ww_client *c)
{
    return c->config.binary_any && c->config.binary != WW_BINARY_AUTO && !c->binary_auto;
}

static ww_catalog catalog_mode(const ww_client *c)
{
    bool binary = c->config.binary > 0 || ww__option_given(&c->config, "binary");
    if (c->config.raw)
        return WW_CATALOG_OFF;
    if (c->config.catalog == WW_CATALOG_OFF && binary && !skips_check(c))
        return WW_CATALOG_TYPES;
    return c->config.catalog;
}

static void say_text(const ww_client *c, const char *why, const char *what)
{
    ww__log(&c->config.log, WW_LOG_INFO, "values come in text form: %s%s", why, what);
}

static bool may_choose(const ww_client *c, size_t publications)
{
    ww_session_info info;
    ww_session_describe(c->session, &info);
    if (info.server_version_num < SERVER_14)
        say_text(c, "binary needs PostgreSQL 14 or newer", "");
    else if (c->config.slot == NULL || c->config.temporary)
        say_text(c, "a temporary slot is not there any more to go on in text", "");
    else if (publications == 0 || c->config.raw)
        say_text(c, "the published columns are not known", "");
    else
        return true;
    return false;
}

static bool may_be_binary(const ww_client *c, const ww__text_column *column)
{
    char what[400];
    if (column->found && column->name[0] == '\0')
        say_text(c, "the published columns could not be looked up", "");
    else if (column->found) {
        snprintf(what, sizeof what, "%s is of type %s", column->name, column->type);
        say_text(c, what, ", which is not read in binary");
    } else
        return true;
    return false;
}

ww_status ww__binary_choose(ww_client *c, const ww_slice *publications, size_t count, ww_error *err)
{
    bool automatic = c->config.binary == WW_BINARY_AUTO && !ww__option_given(&c->config, "binary");
    ww_catalog mode = catalog_mode(c);
    ww__text_column column;
    ww_status st = WW_OK;
    ww_session_info info;
    ww_session_describe(c->session, &info);
    if (mode != WW_CATALOG_OFF &&
        (c->catalog = ww__catalog_open(mode, info.server_version_num)) == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for what is known of types");
    if (!automatic)
        return WW_OK;
    c->config.binary = WW_BINARY_OFF;
    if (!may_choose(c, count))
        return WW_OK;
    st = ww__catalog_prepare(c, publications, count, &column, err);
    if (st < 0 || !may_be_binary(c, &column))
        return st;
    c->config.binary = WW_BINARY_ON;
    c->binary_auto = true;
    return WW_OK;
}

/* ---- tables that come along ------------------------------------------------------------------ */

/* What cannot be read in binary. */
typedef struct unread {
    const ww_relation *rel;
    const ww_relation_column *column;
    const char *how; /* it has the type */
    uint32_t type_oid;
} unread;

/* "schema.table.column is of type name" */
static void name_unread(const ww_client *c, const unread *u, ww_error *out)
{
    const ww_type *type = ww_types_find(ww__catalog_types(c->catalog), u->type_oid);
    ww__error_add(out, u->rel->nspname);
    ww__error_add_text(out, ".");
    ww__error_add(out, u->rel->relname);
    ww__error_add_text(out, ".");
    ww__error_add(out, u->column->name);
    ww__error_add_text(out, u->how);
    if (type != NULL)
        ww__error_add(out, type->sqlname);
    else
        ww__error_add_number(out, u->type_oid);
}

static const ww_relation_column *find_text_column(const ww_client *c, const ww_relation *rel)
{
    uint16_t i;
    for (i = 0; i < rel->ncols; i++)
        if (!ww_types_binary(ww__catalog_types(c->catalog), rel->columns[i].type_oid))
            return &rel->columns[i];
    return NULL;
}

/* Stream events of an open transaction cannot be taken back. */
static bool may_restart(const ww_client *c)
{
    return c->binary_auto && (c->spool != NULL || ww_stream_open_streams(&c->stream) == 0);
}

/* looked_up, cause: how the look-up of the type went. */
static ww_status leave_binary(const ww_client *c, const unread *u, ww_status looked_up,
                              const ww_error *cause, ww_error *err)
{
    ww_text detail = {err->detail, sizeof err->detail, 0};
    ww__fail(err, WW_ERR_SERVER, "a column cannot be read in binary form");
    name_unread(c, u, err);
    if (may_restart(c)) {
        say_text(c, err->subject, ", which is not read in binary");
        return WW_MORE;
    }
    if (looked_up != WW_OK) {
        ww_text_add(&detail, "Its type could not be looked up: ");
        ww_text_add(&detail, cause->message[0] != '\0' ? cause->message : cause->what);
    }
    snprintf(err->hint, sizeof err->hint,
             "--binary off reads every type; --binary auto chooses by the published columns");
    return WW_ERR_SERVER;
}

ww_status ww__binary_follow(ww_client *c, ww_event *relation, ww_error *err)
{
    unread u = {relation->relation, NULL, " is of type ", 0};
    ww_error cause;
    ww_status st;
    ww_error_clear(&cause);
    st = ww__catalog_follow(c, relation, &cause);
    if (st == WW_ERR_CANCELLED) {
        *err = cause;
        return st;
    }
    if (!c->options.binary || skips_check(c))
        return WW_OK;
    u.column = find_text_column(c, relation->relation);
    if (u.column == NULL)
        return WW_OK;
    u.type_oid = u.column->type_oid;
    return leave_binary(c, &u, st, &cause, err);
}

ww_status ww__binary_check_row(ww_client *c, const ww_event *row, ww_error *err)
{
    const ww_types *types = ww__catalog_types(c->catalog);
    unread u = {row->relation, NULL, " holds a value of type ", 0};
    ww_error cause;
    ww_status st = WW_OK;
    if (!c->options.binary || skips_check(c) || row->relation == NULL ||
        !ww__catalog_composites(c->catalog, row->relation))
        return WW_OK;
    u.column = ww__binary_unread(types, row, &u.type_oid);
    if (u.column != NULL && ww_types_find(types, u.type_oid) == NULL) {
        st = ww__catalog_learn(c, u.type_oid, u.column->type_oid, &cause);
        if (st == WW_ERR_CANCELLED) {
            *err = cause;
            return st;
        }
        u.column = ww__binary_unread(types, row, &u.type_oid);
    }
    if (u.column == NULL)
        return WW_OK;
    st = leave_binary(c, &u, st, &cause, err);
    if (st == WW_MORE)
        ww_stream_give_back(&c->stream, row);
    return st;
}

/* ---- back to text --------------------------------------------------------------------------- */

static void drop_option(ww__plugin_options *options, const char *name)
{
    size_t i, kept = 0;
    for (i = 0; i < options->count; i++)
        if (!ww_slice_equal(options->items[i].name, ww_slice_of(name)))
            options->items[kept++] = options->items[i];
    options->count = kept;
}

/* What is still on its way is read and dropped: the server sends it again. */
static ww_status end_copy(ww_client *c, ww_error *err)
{
    ww_conn *conn = &c->session->conn;
    ww_status st = WW_OK;
    if (conn->state == WW_CONN_COPY_BOTH)
        st = ww_conn_copy_done(conn, err);
    if (st == WW_OK && conn->state != WW_CONN_IDLE)
        st = ww__client_drain(c, c->silence_us, FOR_EVER_US, err);
    if (st == WW_OK && conn->state != WW_CONN_IDLE)
        st = ww__fail_text(err, WW_ERR_IO, "the server closed the connection", c->session->address);
    return st;
}

/* Cancelled, it is called again, and goes on where it was. */
ww_status ww__binary_leave(ww_client *c, ww_error *err)
{
    ww_error why;
    ww_status st = end_copy(c, &why);
    if (st == WW_ERR_CANCELLED && err != NULL)
        *err = why;
    if (st == WW_ERR_CANCELLED)
        return st;
    drop_option(&c->options, "binary");
    c->options.binary = c->binary_auto = false;
    if (st < 0)
        return ww__client_lose(c, &why, err);
    ww__client_leave(c);
    return WW_MORE;
}
