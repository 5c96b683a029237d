/* SPDX-License-Identifier: MIT */
/* Filters: patterns and what they fit; which rows, columns, truncates and messages pass; a
 * transaction of which nothing passes leaves no line. */
#include "drive.h"

#include "format/glob.h"

#define ORDERS 10u
#define LINES 11u
#define LOG 12u

/* ---- patterns ------------------------------------------------------------------------------- */

static bool fits(const char *pattern, const char *name)
{
    const char *why = NULL;
    ww_slice one = ww_slice_of(name);
    CHECK_EQ_U64(ww__glob_names(pattern, &why), 1);
    return ww__glob_fits(pattern, &one, 1);
}

static void globs(void)
{
    CHECK(fits("a", "a") && !fits("a", "A") && !fits("a", "") && !fits("a", "ab"));
    CHECK(fits("*", "") && fits("*", "any.thing") && fits("***", "x"));
    CHECK(fits("a*", "a") && fits("a*", "abc") && !fits("a*", "ba"));
    CHECK(fits("*c", "abc") && fits("*b*", "abc") && !fits("*b", "abc"));
    CHECK(fits("a*b*c", "a1b2b3c") && !fits("a*b*c", "a1c2b"));
    CHECK(fits("a?c", "abc") && !fits("a?c", "ac") && !fits("?", ""));
    CHECK(fits("*?", "a") && !fits("*?", "") && fits("?*?", "ab") && !fits("?*?", "a"));
    CHECK(fits("[a]", "[a]") && fits("a\\*", "a\\b") && fits("%", "%") && !fits("_", "a"));
}

/* ? is a character, however many bytes it has; what is not UTF-8 counts byte by byte. */
static void characters(void)
{
    CHECK(fits("?", "\xc3\xa9") && fits("caf?", "caf\xc3\xa9") && fits("?", "\xf0\x9f\x90\x98"));
    CHECK(!fits("*??", "\xe2\x82\xac") && !fits("*\xac", "\xe2\x82\xac"));
    CHECK(fits("?", "\xff") && fits("??", "\xff\xfe") && fits("*\xff", "a\xff"));
}

static void quotes(void)
{
    CHECK(fits("\"a*\"", "a*") && !fits("\"a*\"", "ab") && !fits("\"?\"", "a"));
    CHECK(fits("\"a.b\"", "a.b") && fits("\"a\"\"b\"", "a\"b") && fits("\"\"\"\"", "\""));
    CHECK(fits("a\"*\"*", "a*b") && !fits("a\"*\"*", "ab") && fits("\"a\"b\"c\"", "abc"));
    CHECK(fits("\"A\"", "A") && !fits("\"A\"", "a") && fits("a,b", "a,b"));
}

static void several_names(void)
{
    const ww_slice names[] = {ww_slice_of("shop"), ww_slice_of("a.b"), ww_slice_of("c")};
    const char *why;
    CHECK_EQ_U64(ww__glob_names("a.b.c", &why), 3);
    CHECK_EQ_U64(ww__glob_names("\"a.b\".c", &why), 2);
    CHECK(ww__glob_fits("c", names, 3) && !ww__glob_fits("shop", names, 3));
    CHECK(ww__glob_fits("\"a.b\".c", names, 3) && ww__glob_fits("a*.c", names, 3));
    CHECK(ww__glob_fits("shop.*.?", names, 3) && !ww__glob_fits("sho.*.c", names, 3));
    CHECK(!ww__glob_fits("shop.a.b", names, 3) && !ww__glob_fits("*.shop.*.c", names, 3));
    CHECK(!ww__glob_fits("*", names, 0));
}

static void what_is_no_pattern(void)
{
    static const char *const empty[] = {"", ".", "a.", ".a", "a..b", "\"\"", "a.\"\""};
    static const char *const open[] = {"\"", "\"a", "a\"", "\"a\"\"", "\"a\".\"b", "\"a.b"};
    const char *why;
    size_t i;
    for (i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        CHECK_EQ_U64(ww__glob_names(empty[i], &why), 0);
        CHECK_TEXT(why, "a name is empty in the filter");
    }
    for (i = 0; i < sizeof open / sizeof open[0]; i++) {
        CHECK_EQ_U64(ww__glob_names(open[i], &why), 0);
        CHECK_TEXT(why, "a quote is left open in the filter");
    }
}

/* Every * followed by nearly all of the text: a matcher that tries all would not end. */
static void hostile_globs(void)
{
    static char pattern[4001], text[20001];
    size_t i;
    for (i = 0; i + 1 < sizeof pattern; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    memset(text, 'a', sizeof text - 1);
    CHECK(fits(pattern, text));
    pattern[sizeof pattern - 2] = 'b';
    CHECK(!fits(pattern, text));
    memset(pattern, '*', sizeof pattern - 1);
    CHECK(fits(pattern, text));
    memset(pattern, '?', sizeof pattern - 1);
    CHECK(!fits(pattern, text));
}

/* ---- opening -------------------------------------------------------------------------------- */

static ww_status open_rules(drive *d, const char *format, const ww_filter_rule *rules, size_t n)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    config.name = format;
    config.rules = rules;
    config.nrules = n;
    config.transactions = true;
    return drive_open_config(d, &config);
}

static void check_refused(ww_filter_kind kind, const char *pattern, const char *what,
                          const char *subject)
{
    ww_filter_rule rules[] = {{WW_FILTER_TABLE, false, "fine"}, {kind, true, pattern}};
    drive d;
    CHECK(open_rules(&d, "compact", rules, 2) == WW_ERR_USAGE);
    CHECK_TEXT(d.err.what, what);
    CHECK_TEXT(d.err.subject, subject);
    drive_close(&d);
}

static void refused_rules(void)
{
    static const char many[] = "there are too many names in the filter";
    check_refused(WW_FILTER_TABLE, "a..b", "a name is empty in the filter",
                  "a..b: a table is schema.table, or table in any schema");
    check_refused(WW_FILTER_TABLE, "db.s.t", many,
                  "db.s.t: a table is schema.table, or table in any schema");
    check_refused(WW_FILTER_SCHEMA, "s.t", many, "s.t: a schema is one name");
    check_refused(WW_FILTER_SCHEMA, "\"s", "a quote is left open in the filter",
                  "\"s: a schema is one name");
    check_refused(WW_FILTER_COLUMN, "a.b.c.d", many,
                  "a.b.c.d: a column is schema.table.column, table.column or column");
    check_refused(WW_FILTER_OP, "i", "the filter fits no operation",
                  "i: an operation is insert, update, delete, truncate or message");
    check_refused(WW_FILTER_OP, "INSERT", "the filter fits no operation",
                  "INSERT: an operation is insert, update, delete, truncate or message");
    check_refused(WW_FILTER_TABLE, NULL, "a filter needs one of the kinds, and a pattern", "");
    check_refused((ww_filter_kind)77, "a", "a filter needs one of the kinds, and a pattern", "");
}

/* ---- events --------------------------------------------------------------------------------- */

static void send_relation(drive *d, uint32_t id, const char *schema, const char *table)
{
    ww_relation_column columns[] = {enc_column("id", 23, true), enc_column("v", 25, false),
                                    enc_column("w", 25, false)};
    enc_relation(&d->e, 0, id, schema, table, 'd', columns, 3);
    drive_send(d);
}

static void begin(drive *d)
{
    enc_begin(&d->e, 0x100, 0, 7);
    drive_send(d);
}

static void commit(drive *d)
{
    enc_commit(&d->e, 0x100, 0x130, 0);
    drive_send(d);
}

static void insert(drive *d, uint32_t id)
{
    ww_column row[] = {enc_text("1"), enc_text("a"), enc_text("b")};
    enc_insert(&d->e, 0, id, row, 3);
    CHECK(drive_send(d) == WW_OK);
}

static void send_tables(drive *d)
{
    send_relation(d, ORDERS, "shop", "orders");
    send_relation(d, LINES, "shop", "lines");
    send_relation(d, LOG, "audit", "log");
}

/* Which of the three tables' inserts are written, as bits 1, 2, 4. */
static unsigned passing(const ww_filter_rule *rules, size_t n)
{
    drive d;
    unsigned bits = 0, i;
    CHECK(open_rules(&d, "debezium", rules, n) == WW_OK);
    send_tables(&d);
    for (i = 0; i < 3; i++) {
        drive_forget(&d);
        insert(&d, ORDERS + i);
        bits |= drive_output(&d).len > 0 ? 1u << i : 0;
    }
    drive_close(&d);
    return bits;
}

static unsigned one_rule(ww_filter_kind kind, bool exclude, const char *pattern)
{
    ww_filter_rule rule = {kind, exclude, pattern};
    return passing(&rule, 1);
}

static void tables_and_schemas(void)
{
    CHECK_EQ_U64(passing(NULL, 0), 7);
    CHECK_EQ_U64(one_rule(WW_FILTER_TABLE, false, "orders"), 1);
    CHECK_EQ_U64(one_rule(WW_FILTER_TABLE, false, "shop.*"), 3);
    CHECK_EQ_U64(one_rule(WW_FILTER_TABLE, false, "*.l*"), 6);
    CHECK_EQ_U64(one_rule(WW_FILTER_TABLE, false, "shop"), 0);
    CHECK_EQ_U64(one_rule(WW_FILTER_TABLE, false, "\"shop.orders\""), 0);
    CHECK_EQ_U64(one_rule(WW_FILTER_TABLE, true, "l*"), 1);
    CHECK_EQ_U64(one_rule(WW_FILTER_SCHEMA, false, "audit"), 4);
    CHECK_EQ_U64(one_rule(WW_FILTER_SCHEMA, true, "*"), 0);
    CHECK_EQ_U64(one_rule(WW_FILTER_OP, false, "insert"), 7);
    CHECK_EQ_U64(one_rule(WW_FILTER_OP, false, "?pdate"), 0);
    CHECK_EQ_U64(one_rule(WW_FILTER_OP, true, "*e*"), 0);
    CHECK_EQ_U64(one_rule(WW_FILTER_OP, true, "delete"), 7);
    CHECK_EQ_U64(one_rule(WW_FILTER_COLUMN, false, "no"), 7);
}

/* Exclusion wins, in whatever order; rules of two kinds must both let it pass. */
static void precedence(void)
{
    const ww_filter_rule a[] = {{WW_FILTER_TABLE, true, "shop.orders"},
                                {WW_FILTER_TABLE, false, "shop.*"}};
    const ww_filter_rule b[] = {{WW_FILTER_TABLE, false, "*"}, {WW_FILTER_TABLE, true, "log"}};
    const ww_filter_rule c[] = {{WW_FILTER_TABLE, false, "l*"}, {WW_FILTER_SCHEMA, true, "audit"}};
    const ww_filter_rule d[] = {{WW_FILTER_TABLE, false, "log"}, {WW_FILTER_TABLE, false, "lines"}};
    CHECK_EQ_U64(passing(a, 2), 2);
    CHECK_EQ_U64(passing(b, 2), 3);
    CHECK_EQ_U64(passing(c, 2), 2);
    CHECK_EQ_U64(passing(d, 2), 6);
}

/* A table that is renamed is looked at again. */
static void renamed_tables(void)
{
    ww_filter_rule rule = {WW_FILTER_TABLE, false, "orders"};
    drive d;
    CHECK(open_rules(&d, "debezium", &rule, 1) == WW_OK);
    send_relation(&d, ORDERS, "shop", "orders");
    send_relation(&d, ORDERS, "shop", "orders_old");
    insert(&d, ORDERS);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    send_relation(&d, ORDERS, "shop", "orders");
    insert(&d, ORDERS);
    CHECK(drive_output(&d).len > 0);
    drive_close(&d);
}

/* ---- columns -------------------------------------------------------------------------------- */

static void check_columns(const char *format, const ww_filter_rule *rules, size_t n,
                          const char *inserted, const char *updated)
{
    ww_column old[] = {enc_text("1"), enc_null(), enc_null()};
    ww_column now[] = {enc_text("2"), enc_unchanged(), enc_text("b")};
    drive d;
    CHECK(open_rules(&d, format, rules, n) == WW_OK);
    send_tables(&d);
    insert(&d, ORDERS);
    CHECK_SLICE(drive_last_line(&d), inserted);
    enc_update(&d.e, 0, ORDERS, 'K', old, now, 3);
    drive_send(&d);
    CHECK_SLICE(drive_last_line(&d), updated);
    drive_close(&d);
}

static void columns(void)
{
    const ww_filter_rule first[] = {{WW_FILTER_COLUMN, true, "shop.orders.id"}};
    const ww_filter_rule middle[] = {{WW_FILTER_COLUMN, true, "orders.v"}};
    const ww_filter_rule last[] = {{WW_FILTER_COLUMN, false, "i*"}, {WW_FILTER_COLUMN, false, "v"}};
    const ww_filter_rule none[] = {{WW_FILTER_COLUMN, true, "*"}};
#define HEAD(op) "{\"op\":\"" op "\",\"schema\":\"shop\",\"table\":\"orders\","
    check_columns("compact", first, 1, HEAD("I") "\"new\":{\"v\":\"a\",\"w\":\"b\"}}",
                  HEAD("U") "\"key\":{},\"new\":{\"w\":\"b\"},\"unchanged\":[\"v\"]}");
    check_columns("compact", middle, 1, HEAD("I") "\"new\":{\"id\":1,\"w\":\"b\"}}",
                  HEAD("U") "\"key\":{\"id\":1},\"new\":{\"id\":2,\"w\":\"b\"}}");
    check_columns("compact", last, 2, HEAD("I") "\"new\":{\"id\":1,\"v\":\"a\"}}",
                  HEAD("U") "\"key\":{\"id\":1},\"new\":{\"id\":2},\"unchanged\":[\"v\"]}");
    check_columns("compact", none, 1, HEAD("I") "\"new\":{}}", HEAD("U") "\"key\":{},\"new\":{}}");
    check_columns("test_decoding", middle, 1,
                  "table shop.orders: INSERT: id[integer]:1 w[text]:'b'",
                  "table shop.orders: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 "
                  "w[text]:'b'");
}

/* ---- truncates and messages ----------------------------------------------------------------- */

static void truncate(drive *d)
{
    static const uint32_t ids[] = {LINES, ORDERS, LOG, ORDERS};
    enc_truncate(&d->e, 0, ids, 4, 0);
    drive_send(d);
}

static void truncates(void)
{
    const ww_filter_rule orders = {WW_FILTER_TABLE, false, "orders"};
    const ww_filter_rule nothing = {WW_FILTER_TABLE, true, "*"};
    const ww_filter_rule rows = {WW_FILTER_OP, true, "truncate"};
    drive d;
    CHECK(open_rules(&d, "compact", &orders, 1) == WW_OK);
    send_tables(&d);
    truncate(&d);
    CHECK_SLICE(drive_output(&d), "{\"op\":\"T\",\"tables\":[[\"shop\",\"orders\"],"
                                  "[\"shop\",\"orders\"]],\"cascade\":false,\"restart\":false}\n");
    drive_close(&d);
    CHECK(open_rules(&d, "compact", &nothing, 1) == WW_OK);
    send_tables(&d);
    truncate(&d);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
    CHECK(open_rules(&d, "compact", &rows, 1) == WW_OK);
    send_tables(&d);
    truncate(&d);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    insert(&d, LOG);
    CHECK(drive_output(&d).len > 0);
    drive_close(&d);
}

static void message(drive *d, bool transactional)
{
    enc_message(&d->e, 0, transactional, 0x99, "p", ww_slice_of("x"));
    drive_send(d);
}

#define A_MESSAGE "{\"op\":\"M\",\"prefix\":\"p\",\"lsn\":\"0/99\",\"content\":\"x\"}\n"
#define A_BEGIN                                                                                    \
    "{\"op\":\"B\",\"xid\":7,\"lsn\":\"0/100\",\"ts\":\"2000-01-01T00:00:00.000000Z\"}\n"
#define A_COMMIT "{\"op\":\"C\",\"lsn\":\"0/130\"}\n"

static void messages(void)
{
    const ww_filter_rule tables = {WW_FILTER_TABLE, true, "*"};
    const ww_filter_rule rows = {WW_FILTER_OP, true, "message"};
    drive d;
    CHECK(open_rules(&d, "compact", &tables, 1) == WW_OK);
    message(&d, false);
    CHECK_SLICE(drive_output(&d), A_MESSAGE);
    drive_forget(&d);
    begin(&d);
    message(&d, true);
    commit(&d);
    CHECK_SLICE(drive_output(&d), A_BEGIN A_MESSAGE A_COMMIT);
    drive_close(&d);
    CHECK(open_rules(&d, "compact", &rows, 1) == WW_OK);
    begin(&d);
    message(&d, true);
    commit(&d);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    drive_close(&d);
}

/* ---- transactions --------------------------------------------------------------------------- */

static const ww_filter_rule only_log = {WW_FILTER_TABLE, false, "log"};

static void left_empty(void)
{
    size_t i;
    const char *format;
    for (i = 0; (format = ww_format_name(i, NULL)) != NULL; i++) {
        drive d;
        CHECK(open_rules(&d, format, &only_log, 1) == WW_OK);
        begin(&d);
        send_tables(&d);
        insert(&d, ORDERS);
        truncate(&d);
        commit(&d);
        drive_forget(&d); /* the truncate had a table that passes */
        begin(&d);
        insert(&d, LINES);
        commit(&d);
        begin(&d);
        commit(&d);
        CHECK_EQ_U64(drive_output(&d).len, 0);
        begin(&d);
        insert(&d, ORDERS);
        insert(&d, LOG);
        insert(&d, ORDERS);
        commit(&d);
        CHECK((drive_output(&d).len > 0) == (strcmp(format, "none") != 0));
        drive_close(&d);
    }
}

static void begin_comes_with_the_first_event(void)
{
    drive d;
    CHECK(open_rules(&d, "compact", &only_log, 1) == WW_OK);
    begin(&d);
    send_tables(&d);
    insert(&d, ORDERS);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    insert(&d, LOG);
    insert(&d, ORDERS);
    insert(&d, LOG);
    commit(&d);
#define A_ROW                                                                                      \
    "{\"op\":\"I\",\"schema\":\"audit\",\"table\":\"log\",\"new\":{\"id\":1,\"v\":\"a\",\"w\":"    \
    "\"b\"}}\n"
    CHECK_SLICE(drive_output(&d), A_BEGIN A_ROW A_ROW A_COMMIT);
    drive_close(&d);
}

/* Debezium's counts are those of what is written. */
static void counts(void)
{
    drive d;
    CHECK(open_rules(&d, "debezium", &only_log, 1) == WW_OK);
    begin(&d);
    send_tables(&d);
    insert(&d, ORDERS);
    insert(&d, LOG);
    commit(&d);
    CHECK_SLICE(drive_last_line(&d),
                "{\"status\":\"END\",\"id\":\"7:256\",\"ts_ms\":946684800000,\"event_count\":1,"
                "\"data_collections\":[{\"data_collection\":\"audit.log\",\"event_count\":1}]}");
    drive_close(&d);
}

static void prepare(drive *d, bool passes)
{
    enc_begin_prepare(&d->e, 0x100, 0x130, 0, 7, "a gid");
    drive_send(d);
    insert(d, passes ? LOG : ORDERS);
    enc_prepare(&d->e, 0x100, 0x130, 0, 7, "a gid");
    drive_send(d);
}

/* What ends a prepared transaction may come after a restart: it is written in any case. */
static void two_phase(void)
{
    drive d;
    CHECK(open_rules(&d, "compact", &only_log, 1) == WW_OK);
    send_tables(&d);
    prepare(&d, false);
    CHECK_EQ_U64(drive_output(&d).len, 0);
    enc_commit_prepared(&d.e, 0x200, 0x230, 0, 7, "a gid");
    drive_send(&d);
    CHECK(drive_output(&d).len > 0);
    drive_forget(&d);
    prepare(&d, true);
#define A_PREPARED "\"xid\":7,\"gid\":\"a gid\","
    CHECK_SLICE(drive_output(&d),
                "{\"op\":\"b\"," A_PREPARED
                "\"lsn\":\"0/100\",\"ts\":\"2000-01-01T00:00:00.000000Z\"}\n" A_ROW
                "{\"op\":\"P\"," A_PREPARED "\"prepare_lsn\":\"0/100\",\"lsn\":\"0/130\","
                "\"ts\":\"2000-01-01T00:00:00.000000Z\"}\n");
    drive_close(&d);
}

/* After a reconnect the transaction begins again; the beginning that waited is gone. */
static void begun_twice(void)
{
    drive d;
    CHECK(open_rules(&d, "compact", &only_log, 1) == WW_OK);
    send_tables(&d);
    begin(&d);
    insert(&d, ORDERS);
    begin(&d);
    insert(&d, LOG);
    commit(&d);
    CHECK_SLICE(drive_output(&d), A_BEGIN A_ROW A_COMMIT);
    drive_close(&d);
}

/* A transaction that is still open is shown in pieces, as it comes. */
static void stream_blocks(void)
{
    ww_column row[] = {enc_text("1"), enc_text("a"), enc_text("b")};
    drive d;
    CHECK(open_rules(&d, "compact", &only_log, 1) == WW_OK);
    send_tables(&d);
    enc_stream_start(&d.e, 7, true);
    drive_send(&d);
    enc_insert(&d.e, 7, ORDERS, row, 3);
    drive_send(&d);
    enc_stream_stop(&d.e);
    drive_send(&d);
    CHECK_SLICE(drive_output(&d),
                "{\"op\":\"S\",\"xid\":7,\"first\":true}\n{\"op\":\"E\",\"xid\":7}\n");
    drive_close(&d);
}

/* The definition of a table that passes is an event; of another it is none. */
static void schema_events(void)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    drive d;
    config.name = "compact";
    config.rules = &only_log;
    config.nrules = 1;
    config.schema_events = true;
    CHECK(drive_open_config(&d, &config) == WW_OK);
    begin(&d);
    send_relation(&d, ORDERS, "shop", "orders");
    CHECK_EQ_U64(drive_output(&d).len, 0);
    send_relation(&d, LOG, "audit", "log");
    CHECK(drive_output(&d).len > strlen(A_BEGIN) &&
          memcmp(drive_output(&d).ptr, A_BEGIN, strlen(A_BEGIN)) == 0);
    drive_forget(&d);
    commit(&d);
    CHECK_SLICE(drive_output(&d), A_COMMIT);
    drive_close(&d);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* The n-th allocation fails, and again the event is tried: the beginning is not lost, and there is
 * only one. */
static void no_memory(void)
{
    size_t n;
    bool done = false;
    for (n = 1; !done && CHECK(n < 100); n++) {
        drive d;
        CHECK(open_rules(&d, "compact", &only_log, 1) == WW_OK);
        send_tables(&d);
        begin(&d);
        d.memory.fail_at = d.memory.calls + n;
        d.out_memory.fail_at = d.out_memory.calls + n;
        truncate(&d);
        done = d.status == WW_OK;
        if (!done) {
            CHECK(d.status == WW_ERR_NOMEM);
            CHECK_EQ_U64(drive_output(&d).len, 0);
            d.out.status = WW_OK;
            d.memory.fail_at = d.out_memory.fail_at = 0;
            truncate(&d);
        }
        CHECK_SLICE(drive_output(&d),
                    A_BEGIN "{\"op\":\"T\",\"tables\":[[\"audit\",\"log\"]],\"cascade\":false,"
                            "\"restart\":false}\n");
        drive_close(&d);
    }
    CHECK(n > 2);
}

int main(void)
{
    RUN(globs);
    RUN(characters);
    RUN(quotes);
    RUN(several_names);
    RUN(what_is_no_pattern);
    RUN(hostile_globs);
    RUN(refused_rules);
    RUN(tables_and_schemas);
    RUN(precedence);
    RUN(renamed_tables);
    RUN(columns);
    RUN(truncates);
    RUN(messages);
    RUN(left_empty);
    RUN(begin_comes_with_the_first_event);
    RUN(counts);
    RUN(two_phase);
    RUN(begun_twice);
    RUN(stream_blocks);
    RUN(schema_events);
    RUN(no_memory);
    return check_report();
}
