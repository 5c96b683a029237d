/* SPDX-License-Identifier: MIT */
/* command.c: CREATE_REPLICATION_SLOT, DROP_REPLICATION_SLOT, START_REPLICATION.
 *
 * Keywords are upper case, which is all that the server's lexer knows; every name is quoted as an
 * identifier and every option value as a literal, so that no character of them can mean anything
 * (repl_scanner.l, repl_gram.y). */
#include <walwire/stream.h>

#include "base/error.h"

ww_status ww_slot_name_check(ww_slice name, ww_error *err)
{
    size_t i;
    if (name.len == 0)
        return ww__fail(err, WW_ERR_USAGE, "the slot name is empty");
    if (name.len > WW_SLOT_NAME_MAX)
        return ww__fail_about(err, WW_ERR_USAGE, "the slot name is longer than 63 characters",
                              name);
    for (i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return ww__fail_about(err, WW_ERR_USAGE,
                                  "a slot name has only lower-case letters, digits and underscores",
                                  name);
    }
    return WW_OK;
}

static ww_status check_fit(const ww_text *t, ww_error *err)
{
    if (ww_text_fits(t))
        return WW_OK;
    return ww__fail(err, WW_ERR_LIMIT, "the command is too long for its buffer");
}

static ww_status check_create(const ww_create_slot *slot, int server_version, ww_error *err)
{
    ww_status status = ww_slot_name_check(slot->name, err);
    if (status != WW_OK)
        return status;
    if (slot->plugin.len > WW_SLOT_NAME_MAX)
        return ww__fail_about(err, WW_ERR_USAGE, "the plugin name is longer than 63 characters",
                              slot->plugin);
    if ((unsigned)slot->snapshot > WW_SNAPSHOT_USE)
        return ww__fail(err, WW_ERR_USAGE, "unknown snapshot action for a new slot");
    if (slot->two_phase && server_version < 150000)
        return ww__fail(err, WW_ERR_USAGE, "two-phase slots need PostgreSQL 15 or later");
    if (slot->failover && server_version < 170000)
        return ww__fail(err, WW_ERR_USAGE, "failover slots need PostgreSQL 17 or later");
    if (slot->failover && slot->temporary)
        return ww__fail(err, WW_ERR_USAGE, "a temporary slot cannot be a failover slot");
    return WW_OK;
}

/* 15 and later */
static void add_options(ww_text *t, const ww_create_slot *slot)
{
    static const char *const snapshots[] = { "nothing", "export", "use" };
    ww_text_add(t, " (SNAPSHOT ");
    ww_text_add_literal(t, ww_slice_of(snapshots[slot->snapshot]));
    if (slot->two_phase)
        ww_text_add(t, ", TWO_PHASE");
    if (slot->failover)
        ww_text_add(t, ", FAILOVER");
    ww_text_add(t, ")");
}

static void add_keywords(ww_text *t, const ww_create_slot *slot)
{
    static const char *const snapshots[] = { " NOEXPORT_SNAPSHOT", " EXPORT_SNAPSHOT",
                                             " USE_SNAPSHOT" };
    ww_text_add(t, snapshots[slot->snapshot]);
}

ww_status ww_create_slot_command(ww_text *t, const ww_create_slot *slot, int server_version,
                                 ww_error *err)
{
    ww_slice plugin = slot->plugin.len > 0 ? slot->plugin : ww_slice_of("pgoutput");
    ww_status status = check_create(slot, server_version, err);
    if (status != WW_OK)
        return status;
    ww_text_add(t, "CREATE_REPLICATION_SLOT ");
    ww_text_add_identifier(t, slot->name);
    ww_text_add(t, slot->temporary ? " TEMPORARY LOGICAL " : " LOGICAL ");
    ww_text_add_identifier(t, plugin);
    if (server_version >= 150000)
        add_options(t, slot);
    else
        add_keywords(t, slot);
    return check_fit(t, err);
}

ww_status ww_drop_slot_command(ww_text *t, ww_slice name, bool wait, ww_error *err)
{
    ww_status status = ww_slot_name_check(name, err);
    if (status != WW_OK)
        return status;
    ww_text_add(t, "DROP_REPLICATION_SLOT ");
    ww_text_add_identifier(t, name);
    if (wait)
        ww_text_add(t, " WAIT");
    return check_fit(t, err);
}

static void add_alter_option(ww_text *t, const char *before, const char *name, int value)
{
    ww_text_add(t, before);
    ww_text_add(t, name);
    ww_text_add(t, value > 0 ? " true" : " false");
}

ww_status ww_alter_slot_command(ww_text *t, ww_slice name, int two_phase, int failover,
                                int server_version, ww_error *err)
{
    ww_status status = ww_slot_name_check(name, err);
    if (status != WW_OK)
        return status;
    if (two_phase < 0 && failover < 0)
        return ww__fail(err, WW_ERR_USAGE, "nothing of the slot is to be altered");
    if (two_phase >= 0 && server_version < 180000)
        return ww__fail(err, WW_ERR_USAGE, "altering two_phase needs PostgreSQL 18 or later");
    if (server_version < 170000)
        return ww__fail(err, WW_ERR_USAGE, "altering a slot needs PostgreSQL 17 or later");
    ww_text_add(t, "ALTER_REPLICATION_SLOT ");
    ww_text_add_identifier(t, name);
    if (two_phase >= 0)
        add_alter_option(t, " (", "TWO_PHASE", two_phase);
    if (failover >= 0)
        add_alter_option(t, two_phase >= 0 ? ", " : " (", "FAILOVER", failover);
    ww_text_add(t, ")");
    return check_fit(t, err);
}

/* What the server does not survive, or takes to mean that nothing is to be sent. */
static ww_status check_option(const ww_plugin_option *option, ww_error *err)
{
    bool publications = ww_slice_equal(option->name, ww_slice_of("publication_names"));
    if (option->name.len == 0)
        return ww__fail(err, WW_ERR_USAGE, "a plugin option has no name");
    if (option->value.ptr == NULL &&
        (publications || ww_slice_equal(option->name, ww_slice_of("proto_version"))))
        return ww__fail_about(err, WW_ERR_USAGE, "this plugin option needs a value", option->name);
    if (publications && option->value.len == 0)
        return ww__fail(err, WW_ERR_USAGE, "publication_names names no publication");
    return WW_OK;
}

static void add_plugin_options(ww_text *t, const ww_plugin_option *options, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        ww_text_add(t, i == 0 ? " (" : ", ");
        ww_text_add_identifier(t, options[i].name);
        if (options[i].value.ptr != NULL) {
            ww_text_add(t, " ");
            ww_text_add_literal(t, options[i].value);
        }
    }
    if (count > 0)
        ww_text_add(t, ")");
}

ww_status ww_start_replication_command(ww_text *t, ww_slice slot, ww_lsn start,
                                       const ww_plugin_option *options, size_t count,
                                       ww_error *err)
{
    ww_status status = ww_slot_name_check(slot, err);
    char lsn[WW_LSN_TEXT_SIZE];
    size_t i;
    for (i = 0; status == WW_OK && i < count; i++)
        status = check_option(&options[i], err);
    if (status != WW_OK)
        return status;
    ww_lsn_format(start, lsn);
    ww_text_add(t, "START_REPLICATION SLOT ");
    ww_text_add_identifier(t, slot);
    ww_text_add(t, " LOGICAL ");
    ww_text_add(t, lsn);
    add_plugin_options(t, options, count);
    return check_fit(t, err);
}
