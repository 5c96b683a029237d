/* SPDX-License-Identifier: MIT */
/* The lines of definitions: before a table's first row, and when it changes; what is added,
 * dropped, altered; what the catalog adds; only those that differ. */
#include "drive.h"
#include "strictjson.h"

#define ID 16385u

enum { INT4 = 23, TEXT = 25, NUMERIC = 1700, VARCHAR = 1043, TIMESTAMP = 1114, MOOD = 20001 };

static ww_status open_drive(drive *d, const char *format, const ww_types *types,
                            const ww_filter_rule *rule)
{
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    config.name = format;
    config.types = types;
    config.schema_events = true;
    config.rules = rule;
    config.nrules = rule != NULL;
    return drive_open_config(d, &config);
}

static void send_table(drive *d, char identity, const ww_relation_column *columns, uint16_t n)
{
    enc_relation(&d->e, 0, ID, "public", "orders", identity, columns, n);
    drive_send(d);
}

static void compact_lines(void)
{
    ww_relation_column columns[3] = { enc_column("id", INT4, true), enc_column("n", NUMERIC, false),
                                      enc_column("m", MOOD, false) };
    drive d;
    columns[1].typmod = (10 << 16 | 2) + 4;
    CHECK(open_drive(&d, "compact", NULL, NULL) == WW_OK);
    enc_type(&d.e, 0, MOOD, "shop", "mood");
    drive_send(&d);
    CHECK_EQ_U64(d.out.len, 0);
    send_table(&d, 'd', columns, 3);
    CHECK_SLICE(drive_last_line(&d),
                "{\"op\":\"R\",\"schema\":\"public\",\"table\":\"orders\",\"relation_id\":16385,"
                "\"version\":1,\"identity\":\"d\",\"columns\":["
                "{\"name\":\"id\",\"type\":\"integer\",\"type_oid\":23,\"typmod\":-1,\"key\":true,"
                "\"primary_key\":null,\"nullable\":null},"
                "{\"name\":\"n\",\"type\":\"numeric(10,2)\",\"type_oid\":1700,\"typmod\":655366,"
                "\"key\":false,\"primary_key\":null,\"nullable\":null},"
                "{\"name\":\"m\",\"type\":\"shop.mood\",\"type_oid\":20001,\"typmod\":-1,"
                "\"key\":false,\"primary_key\":null,\"nullable\":null}],\"catalog_lsn\":null}");
    drive_close(&d);
}

static void check_lists(const drive *d, const char *added, const char *dropped,
                        const char *altered)
{
    CHECK(sj_valid(drive_last_line(d)));
    CHECK_SLICE(sj_get(drive_last_line(d), "added"), added);
    CHECK_SLICE(sj_get(drive_last_line(d), "dropped"), dropped);
    CHECK_SLICE(sj_get(drive_last_line(d), "altered"), altered);
}

static void differences(void)
{
    ww_relation_column columns[4] = { enc_column("id", INT4, true), enc_column("a\"", TEXT, false),
                                      enc_column("b", VARCHAR, false),
                                      enc_column("c", TEXT, false) };
    drive d;
    columns[2].typmod = 24;
    CHECK(open_drive(&d, "compact", NULL, NULL) == WW_OK);
    send_table(&d, 'd', columns, 3);
    CHECK_EQ_U64(sj_get(drive_last_line(&d), "added").len, 0);
    drive_forget(&d);
    send_table(&d, 'd', columns, 3); /* equal: nothing to tell */
    CHECK_EQ_U64(d.out.len, 0);
    send_table(&d, 'd', columns, 4);
    check_lists(&d, "[\"c\"]", "[]", "[]");
    CHECK_SLICE(sj_get(drive_last_line(&d), "version"), "2");
    columns[2].typmod = 44;
    columns[0].flags = 0;
    send_table(&d, 'n', columns, 4);
    check_lists(&d, "[]", "[]", "[\"id\",\"b\"]");
    columns[1] = enc_column("renamed", TEXT, false);
    columns[3].type_oid = INT4;
    send_table(&d, 'n', columns, 4);
    check_lists(&d, "[\"renamed\"]", "[\"a\\\"\"]", "[\"c\"]");
    send_table(&d, 'n', columns, 1);
    check_lists(&d, "[]", "[\"renamed\",\"b\",\"c\"]", "[]");
    drive_close(&d);
}

static ww_types *make_types(check_alloc *memory)
{
    ww_column_facts columns[2] = {
        { { (const uint8_t *)"id", 2 }, INT4, -1, 1, true },
        { { (const uint8_t *)"note", 4 }, VARCHAR, 24, 0, false },
    };
    ww_relation_facts facts = { ID, 2, columns, 0x16B3748 };
    ww_types *types = ww_types_open(&memory->alloc, 0);
    CHECK(ww_types_put_relation(types, &facts, NULL) == WW_OK);
    return types;
}

static void with_a_catalog(void)
{
    ww_relation_column columns[3] = { enc_column("id", INT4, true),
                                      enc_column("note", VARCHAR, true),
                                      enc_column("new", TEXT, true) };
    check_alloc memory;
    ww_types *types;
    drive d;
    columns[1].typmod = 24;
    check_alloc_init(&memory, 0);
    types = make_types(&memory);
    CHECK(open_drive(&d, "compact", types, NULL) == WW_OK);
    send_table(&d, 'f', columns, 3);
    CHECK_SLICE(sj_get(drive_last_line(&d), "columns"),
                "[{\"name\":\"id\",\"type\":\"integer\",\"type_oid\":23,\"typmod\":-1,\"key\":true,"
                "\"primary_key\":1,\"nullable\":false},"
                "{\"name\":\"note\",\"type\":\"character varying(20)\",\"type_oid\":1043,"
                "\"typmod\":24,\"key\":true,\"primary_key\":null,\"nullable\":true},"
                "{\"name\":\"new\",\"type\":\"text\",\"type_oid\":25,\"typmod\":-1,\"key\":true,"
                "\"primary_key\":null,\"nullable\":null}]");
    CHECK_SLICE(sj_get(drive_last_line(&d), "catalog_lsn"), "\"0/16B3748\"");
    drive_close(&d);
    ww_types_close(types);
}

static void debezium_lines(void)
{
    ww_relation_column columns[3] = { enc_column("id", INT4, true),
                                      enc_column("note", VARCHAR, false),
                                      enc_column("at", TIMESTAMP, false) };
    check_alloc memory;
    ww_types *types;
    ww_slice line, change;
    drive d;
    columns[1].typmod = 24;
    columns[2].typmod = 3;
    check_alloc_init(&memory, 0);
    types = make_types(&memory);
    CHECK(open_drive(&d, "debezium", types, NULL) == WW_OK);
    enc_begin(&d.e, 0x16B3748, 0, 731);
    drive_send(&d);
    send_table(&d, 'd', columns, 2);
    line = drive_last_line(&d);
    CHECK(sj_valid(line));
    CHECK_SLICE(sj_get(sj_get(line, "source"), "txId"), "731");
    CHECK_SLICE(sj_get(sj_get(line, "source"), "table"), "\"orders\"");
    CHECK_SLICE(sj_get(line, "databaseName"), "\"shop\"");
    CHECK_SLICE(sj_get(line, "schemaName"), "\"public\"");
    CHECK_SLICE(sj_get(line, "ddl"), "null");
    CHECK_SLICE(sj_get(line, "tableChanges"),
                "[{\"type\":\"CREATE\",\"id\":\"\\\"shop\\\".\\\"public\\\".\\\"orders\\\"\","
                "\"table\":{\"defaultCharsetName\":null,\"primaryKeyColumnNames\":[\"id\"],"
                "\"columns\":[{\"name\":\"id\",\"jdbcType\":4,\"nativeType\":23,"
                "\"typeName\":\"int4\",\"typeExpression\":\"integer\",\"charsetName\":null,"
                "\"length\":null,\"scale\":null,\"position\":1,\"optional\":false,"
                "\"autoIncremented\":null,\"generated\":null,\"comment\":null,"
                "\"defaultValueExpression\":null,\"enumValues\":null},"
                "{\"name\":\"note\",\"jdbcType\":12,\"nativeType\":1043,"
                "\"typeName\":\"varchar\",\"typeExpression\":\"character varying(20)\","
                "\"charsetName\":null,\"length\":20,\"scale\":null,\"position\":2,"
                "\"optional\":true,\"autoIncremented\":null,\"generated\":null,\"comment\":null,"
                "\"defaultValueExpression\":null,\"enumValues\":null}],\"comment\":null}}]");
    send_table(&d, 'd', columns, 3);
    change = sj_get(drive_last_line(&d), "tableChanges");
    CHECK(sj_valid(drive_last_line(&d)));
    CHECK(change.len > 20 && memcmp(change.ptr, "[{\"type\":\"ALTER\"", 16) == 0);
    drive_close(&d);
    ww_types_close(types);
}

/* The configuration's strings may go once the format is open. */
static void names_are_copied(void)
{
    ww_relation_column column = enc_column("id", INT4, true);
    ww_format_config config = WW_FORMAT_CONFIG_INIT;
    static const char id[] = "\"id\":\"\\\"sh\\\"op\\\".\\\"public\\\".";
    char database[] = "sh\"op", name[] = "one";
    ww_slice change;
    drive d;
    CHECK(open_drive(&d, "debezium", NULL, NULL) == WW_OK);
    ww_format_close(d.format);
    config.alloc = &d.memory.alloc;
    config.schema_events = true;
    config.database = database;
    config.connector_name = name;
    CHECK(ww_format_open(&d.format, &config, &d.err) == WW_OK);
    memset(database, 'x', sizeof database - 1);
    memset(name, 'x', sizeof name - 1);
    send_table(&d, 'd', &column, 1);
    CHECK_SLICE(sj_get(drive_last_line(&d), "databaseName"), "\"sh\\\"op\"");
    CHECK_SLICE(sj_get(sj_get(drive_last_line(&d), "source"), "db"), "\"sh\\\"op\"");
    CHECK_SLICE(sj_get(sj_get(drive_last_line(&d), "source"), "name"), "\"one\"");
    change = sj_get(drive_last_line(&d), "tableChanges");
    CHECK(change.len > sizeof id &&
          memcmp(change.ptr + sizeof "[{\"type\":\"CREATE\"," - 1, id, sizeof id - 1) == 0);
    drive_close(&d);
}

/* Tables and columns that a filter leaves out are left out here too. */
static void filtered(void)
{
    ww_relation_column columns[2] = { enc_column("id", INT4, true), enc_column("b", TEXT, false) };
    ww_filter_rule rule = { WW_FILTER_TABLE, true, "orders" };
    drive d;
    CHECK(open_drive(&d, "compact", NULL, &rule) == WW_OK);
    send_table(&d, 'd', columns, 2);
    CHECK_EQ_U64(d.out.len, 0);
    drive_close(&d);
    rule.kind = WW_FILTER_COLUMN;
    rule.pattern = "b";
    CHECK(open_drive(&d, "compact", NULL, &rule) == WW_OK);
    send_table(&d, 'd', columns, 1);
    drive_forget(&d);
    send_table(&d, 'd', columns, 2);
    CHECK(sj_valid(drive_last_line(&d)));
    check_lists(&d, "[]", "[]", "[]");
    CHECK_SLICE(sj_get(drive_last_line(&d), "columns"),
                "[{\"name\":\"id\",\"type\":\"integer\",\"type_oid\":23,\"typmod\":-1,\"key\":true,"
                "\"primary_key\":null,\"nullable\":null}]");
    drive_close(&d);
}

/* Bad names are marked, and no memory is said. */
static void bad_names(void)
{
    ww_relation_column column = enc_column("\xFF", INT4, true);
    drive d;
    CHECK(open_drive(&d, "debezium", NULL, NULL) == WW_OK);
    send_table(&d, 'd', &column, 1);
    CHECK(sj_valid(drive_last_line(&d)));
    CHECK_SLICE(sj_get(drive_last_line(&d), "$invalid"), "true");
    drive_close(&d);
    CHECK(open_drive(&d, "test_decoding", NULL, NULL) == WW_ERR_USAGE);
    drive_close(&d);
}

/* Each allocation of a changed definition fails once: an error, nothing written, nothing lost. */
static void no_memory(void)
{
    ww_relation_column columns[2] = { enc_column("id", INT4, true), enc_column("b", TEXT, false) };
    size_t n, failed = 0;
    for (n = 1; n < 20; n++) {
        ww_event ev;
        drive d;
        CHECK(open_drive(&d, "compact", NULL, NULL) == WW_OK);
        send_table(&d, 'd', columns, 1);
        drive_forget(&d);
        enc_relation(&d.e, 0, ID, "public", "orders", 'd', columns, 2);
        CHECK(ww_decode(&d.decoder, enc_slice(&d.e), &ev, NULL) == WW_OK);
        d.memory.fail_at = d.memory.calls + n;
        if (drive_render(&d, &ev) != WW_OK) {
            CHECK(d.status == WW_ERR_NOMEM);
            CHECK_EQ_U64(d.out.len, 0);
            failed++;
        }
        d.memory.fail_at = 0;
        enc_clear(&d.e);
        drive_close(&d);
    }
    CHECK(failed >= 3 && failed < 19);
}

int main(void)
{
    RUN(compact_lines);
    RUN(differences);
    RUN(with_a_catalog);
    RUN(debezium_lines);
    RUN(names_are_copied);
    RUN(filtered);
    RUN(bad_names);
    RUN(no_memory);
    return check_report();
}
