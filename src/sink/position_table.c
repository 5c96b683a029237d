/* SPDX-License-Identifier: MIT */
/* position_table.c: a position in a row of a table, beside the effects of what it stands for. */
#include <walwire/sink.h>

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 63u /* longer ones the server would cut silently */
#define TABLE_SIZE 300u     /* two names, quoted */
#define FIXED_SIZE 2048u    /* a statement without the consumer's name */
#define COLUMNS 6u
#define COLUMN_SIZE 80u

struct ww_position_table {
    ww_position_store store;
    ww_session *session;
    char table[TABLE_SIZE]; /* quoted */
    ww_slice consumer;
    ww_text sql; /* room for any statement */
    bool fresh;  /* nothing was saved since load(): what is saved next may be a new beginning */
};

/* ---- statements ----------------------------------------------------------------------------- */

static void begin(ww_position_table *t, const char *text)
{
    t->sql.len = 0;
    ww_text_add(&t->sql, text);
}

static void add_literal(ww_position_table *t, const char *text)
{
    ww_text_add_sql_literal(&t->sql, ww_slice_of(text));
}

static void add_consumer(ww_position_table *t)
{
    ww_text_add_sql_literal(&t->sql, t->consumer);
}

static void add_lsn(ww_position_table *t, ww_lsn lsn)
{
    char text[WW_LSN_TEXT_SIZE];
    ww_lsn_format(lsn, text);
    add_literal(t, text);
}

static void add_number(ww_position_table *t, uint64_t number)
{
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    add_literal(t, digits + at);
}

/* Runs what was put together; its first row's columns. WW_END: no row. */
static ww_status run(ww_position_table *t, size_t columns, char *row, ww_error *err)
{
    if (!ww_text_fits(&t->sql))
        return ww__fail(err, WW_ERR_INTERNAL, "a statement for the position is too long");
    return ww_session_row_text(t->session, t->sql.text, columns, COLUMN_SIZE, row, err);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* Asked first, because CREATE TABLE IF NOT EXISTS needs the right to create even where it does
 * not. */
static ww_status exists(ww_position_table *t, bool *yes, ww_error *err)
{
    char found[COLUMN_SIZE];
    ww_status st;
    begin(t, "SELECT pg_catalog.to_regclass(");
    add_literal(t, t->table);
    ww_text_add(&t->sql, ") IS NOT NULL");
    st = run(t, 1, found, err);
    *yes = st == WW_OK && strcmp(found, "t") == 0;
    return st;
}

static ww_status create(ww_position_table *t, ww_error *err)
{
    begin(t, "CREATE TABLE ");
    ww_text_add(&t->sql, t->table);
    ww_text_add(&t->sql, " (consumer text PRIMARY KEY, end_lsn pg_lsn NOT NULL, "
                         "acked pg_lsn NOT NULL, system_id numeric(20) NOT NULL, "
                         "timeline bigint NOT NULL, slot text NOT NULL, database text NOT NULL)");
    return ww_session_exec(t->session, t->sql.text, err);
}

/* Two consumers may start at the same moment: the one that comes second finds it made. */
static ww_status ensure(ww_position_table *t, ww_error *err)
{
    ww_error ignored;
    bool yes = false;
    ww_status st = exists(t, &yes, err), made;
    if (st < 0 || yes)
        return st;
    made = create(t, err);
    if (made < 0 && exists(t, &yes, &ignored) == WW_OK && yes)
        made = WW_OK;
    return made;
}

/* ---- the store ------------------------------------------------------------------------------ */

static bool parse_number(const char *text, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return p != text && *p == '\0';
}

static bool parse_row(char row[COLUMNS][COLUMN_SIZE], ww_position *out)
{
    uint64_t timeline = 0;
    bool good = ww_lsn_parse(ww_slice_of(row[0]), &out->end_lsn) &&
                ww_lsn_parse(ww_slice_of(row[1]), &out->acked) &&
                parse_number(row[2], UINT64_MAX, &out->system_id) &&
                parse_number(row[3], UINT32_MAX, &timeline) && strlen(row[4]) < sizeof out->slot &&
                strlen(row[5]) < sizeof out->database;
    if (!good)
        return false;
    out->timeline = (uint32_t)timeline;
    memcpy(out->slot, row[4], sizeof out->slot);
    memcpy(out->database, row[5], sizeof out->database);
    return true;
}

/* Effects may be committed whose unit was not acknowledged yet: they count. */
static ww_status load(void *ctx, ww_position *out, ww_error *err)
{
    ww_position_table *t = ctx;
    char row[COLUMNS][COLUMN_SIZE];
    ww_status st;
    memset(out, 0, sizeof *out);
    t->fresh = true;
    begin(t, "SELECT end_lsn, acked, system_id, timeline, slot, database FROM ");
    ww_text_add(&t->sql, t->table);
    ww_text_add(&t->sql, " WHERE consumer = ");
    add_consumer(t);
    st = run(t, COLUMNS, row[0], err);
    if (st != WW_OK)
        return st;
    if (!parse_row(row, out))
        return ww__fail_about(err, WW_ERR_GAP, "this consumer's row holds no position",
                              t->consumer);
    if (out->acked < out->end_lsn)
        out->acked = out->end_lsn;
    return WW_OK;
}

/* One statement, so one transaction, that does not commit before it is on disk, whatever the
 * session says: with it all effects before it are, too. A unit that was committed with its effects
 * may be ahead of what the client knows. */
static void build_save(ww_position_table *t, const ww_position *p)
{
    begin(t, "INSERT INTO ");
    ww_text_add(&t->sql, t->table);
    ww_text_add(&t->sql, " AS old (consumer, end_lsn, acked, system_id, timeline, slot, database) "
                         "SELECT ");
    add_consumer(t);
    ww_text_add(&t->sql, ", ");
    add_lsn(t, p->end_lsn);
    ww_text_add(&t->sql, "::pg_lsn, ");
    add_lsn(t, p->acked);
    ww_text_add(&t->sql, "::pg_lsn, ");
    add_number(t, p->system_id);
    ww_text_add(&t->sql, "::numeric, ");
    add_number(t, p->timeline);
    ww_text_add(&t->sql, "::bigint, ");
    add_literal(t, p->slot);
    ww_text_add(&t->sql, ", ");
    add_literal(t, p->database);
    ww_text_add(&t->sql, " FROM pg_catalog.current_setting('synchronous_commit') AS now(setting), "
                         "pg_catalog.set_config('synchronous_commit', "
                         "CASE setting WHEN 'off' THEN 'on' ELSE setting END, true) "
                         "ON CONFLICT (consumer) DO UPDATE SET acked = excluded.acked, "
                         "system_id = excluded.system_id, timeline = excluded.timeline, "
                         "slot = excluded.slot, database = excluded.database, end_lsn = ");
    ww_text_add(&t->sql, t->fresh ? "excluded.end_lsn" : "GREATEST(old.end_lsn, excluded.end_lsn)");
}

static ww_status save(void *ctx, const ww_position *p, ww_error *err)
{
    ww_position_table *t = ctx;
    ww_status st;
    if (ww_session_transaction_status(t->session) != 'I')
        return WW_MORE;
    build_save(t, p);
    st = run(t, 0, NULL, err);
    if (st < 0)
        return st;
    t->fresh = false;
    return WW_OK;
}

ww_status ww_position_table_save(ww_position_table *t, ww_lsn end_lsn, ww_error *err)
{
    char row[COLUMN_SIZE];
    ww_status st;
    if (ww_session_transaction_status(t->session) != 'T')
        return ww__fail(err, WW_ERR_USAGE, "no transaction is open on this session");
    begin(t, "UPDATE ");
    ww_text_add(&t->sql, t->table);
    ww_text_add(&t->sql, " SET end_lsn = ");
    add_lsn(t, end_lsn);
    ww_text_add(&t->sql, "::pg_lsn WHERE consumer = ");
    add_consumer(t);
    ww_text_add(&t->sql, " RETURNING 1");
    st = run(t, 1, row, err);
    if (st == WW_END)
        return ww__fail_about(
            err, WW_ERR_USAGE,
            "this consumer has no row yet: open the client first, with this store", t->consumer);
    return st;
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool add_part(ww_text *quoted, ww_slice part)
{
    ww_text_add_identifier(quoted, part);
    return part.len > 0 && part.len <= NAME_MAX_LENGTH;
}

/* schema.table or table; a name with a dot in it cannot be given. Our sessions have no search
 * path. */
static bool quote_table(ww_position_table *t, const char *name)
{
    ww_text quoted = {t->table, sizeof t->table, 0};
    const char *dot = strchr(name, '.');
    ww_slice schema = {(const uint8_t *)name, dot == NULL ? 0 : (size_t)(dot - name)};
    if (dot == NULL)
        schema = ww_slice_of("public");
    else
        name = dot + 1;
    if (strchr(name, '.') != NULL || !add_part(&quoted, schema))
        return false;
    ww_text_add(&quoted, ".");
    return add_part(&quoted, ww_slice_of(name));
}

static ww_position_table *make(const char *consumer)
{
    size_t len = strlen(consumer), room = FIXED_SIZE + 2 * len;
    ww_position_table *t = calloc(1, sizeof *t);
    char *memory = malloc(room + len);
    if (t == NULL || memory == NULL) {
        free(memory);
        free(t);
        return NULL;
    }
    memcpy(memory + room, consumer, len);
    t->consumer.ptr = (const uint8_t *)memory + room;
    t->consumer.len = len;
    t->sql.text = memory;
    t->sql.cap = room;
    t->store.ctx = t;
    t->store.load = load;
    t->store.save = save;
    return t;
}

ww_status ww_position_table_open(ww_position_table **out, ww_session *session, const char *table,
                                 const char *consumer, ww_error *err)
{
    ww_position_table *t;
    ww_status st;
    *out = NULL;
    if (table == NULL)
        table = "walwire_position";
    if (consumer == NULL || *consumer == '\0')
        return ww__fail(err, WW_ERR_USAGE, "a position in a table needs the consumer's name");
    if (ww_session_transaction_status(session) != 'I')
        return ww__fail(err, WW_ERR_USAGE,
                        "a position's table is opened while no transaction is open");
    t = make(consumer);
    if (t == NULL)
        return ww__fail(err, WW_ERR_NOMEM, "no memory for a position");
    t->session = session;
    if (quote_table(t, table))
        st = ensure(t, err);
    else
        st = ww__fail_text(err, WW_ERR_USAGE,
                           "a position's table is a name, or schema.name, of 1 to 63 bytes each",
                           table);
    if (st < 0) {
        ww_position_table_close(t);
        return st;
    }
    *out = t;
    return WW_OK;
}

void ww_position_table_close(ww_position_table *t)
{
    if (t == NULL)
        return;
    free(t->sql.text);
    free(t);
}

const ww_position_store *ww_position_table_store(const ww_position_table *t)
{
    return &t->store;
}
