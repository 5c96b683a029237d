/* SPDX-License-Identifier: MIT */
/* rendering.c: how events are written: the filters and the format's own settings, from the command
 * line to the format. What settings there are, the formats say themselves. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

/* ---- filters -------------------------------------------------------------------------------- */

/* The end of the first pattern of a list: a comma in double quotes is part of a name. */
static char *end_of_pattern(char *list)
{
    bool quoted = false;
    for (; *list != '\0' && (quoted || *list != ','); list++)
        quoted ^= *list == '"';
    return list;
}

bool rendering_add_rules(options *o, ww_filter_kind kind, bool exclude, char *list)
{
    bool more = true;
    while (more) {
        char *end = end_of_pattern(list);
        ww_filter_rule *rule = &o->rules[o->nrules];
        if (o->nrules == MAX_RULES)
            return false;
        o->nrules++;
        rule->kind = kind;
        rule->exclude = exclude;
        rule->pattern = list;
        more = *end == ',';
        *end = '\0';
        list = end + 1;
    }
    return true;
}

/* ---- a format's own settings ---------------------------------------------------------------- */

/* The setting of that name; NULL if the format has none. */
static const char *find_setting(const char *format, const char *name, size_t len,
                                const char **values)
{
    const char *known;
    size_t i;
    for (i = 0; (known = ww_format_knob(format, i, values, NULL)) != NULL; i++)
        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return known;
    return NULL;
}

const char *rendering_find_setting(const char *name, size_t len, const char **values)
{
    const char *format, *known = NULL;
    size_t i;
    for (i = 0; known == NULL && (format = ww_format_name(i, NULL)) != NULL; i++)
        known = find_setting(format, name, len, values);
    return known;
}

bool rendering_is_switch(const char *values)
{
    return strcmp(values, "false|true") == 0 || strcmp(values, "true|false") == 0;
}

/* Switches take the words that the other options take too. */
static const char *true_or_false(const char *value)
{
    static const char *const words[][2] = {
        {"on", "true"}, {"off", "false"}, {"1", "true"}, {"0", "false"}};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i][0]) == 0)
            return words[i][1];
    return value;
}

bool rendering_set(options *o, const char *name, const char *values, const char *value)
{
    ww_knob *setting = &o->settings[o->nsettings];
    if (o->nsettings == MAX_SETTINGS)
        return false;
    o->nsettings++;
    setting->name = name;
    setting->value = rendering_is_switch(values) ? true_or_false(value) : value;
    return true;
}

/* "a", "a or b", "a, b or c" */
static void name_formats_with(const char *setting, char *out, size_t cap)
{
    const char *format;
    size_t i, found = 0, left = 0, len = 0;
    for (i = 0; (format = ww_format_name(i, NULL)) != NULL; i++)
        left += find_setting(format, setting, strlen(setting), NULL) != NULL;
    for (i = 0; (format = ww_format_name(i, NULL)) != NULL && len < cap; i++) {
        const char *between = found == 0 ? "" : left == 1 ? " or " : ", ";
        if (find_setting(format, setting, strlen(setting), NULL) == NULL)
            continue;
        len += (size_t)snprintf(out + len, cap - len, "%s%s", between, format);
        found++;
        left--;
    }
}

/* By another name too: then it has settings. */
static bool format_exists(const char *name)
{
    const char *format;
    size_t i;
    if (ww_format_knob(name, 0, NULL, NULL) != NULL)
        return true;
    for (i = 0; (format = ww_format_name(i, NULL)) != NULL; i++)
        if (strcmp(format, name) == 0)
            return true;
    return false;
}

bool rendering_fits(const options *o)
{
    char formats[256];
    size_t i;
    if (o->tombstones && !o->key) {
        report("--tombstones goes with --key");
        return false;
    }
    for (i = 0; i < o->nsettings && format_exists(o->format); i++) {
        const char *name = o->settings[i].name;
        if (find_setting(o->format, name, strlen(name), NULL) != NULL)
            continue;
        name_formats_with(name, formats, sizeof formats);
        report("--%s is a setting of the format %s, not of %s: choose with --format", name, formats,
               o->format);
        return false;
    }
    return true;
}

/* ---- where transactions end ----------------------------------------------------------------- */

static bool is_format(const options *o, const char *name)
{
    return strcmp(o->format, name) == 0;
}

static bool is_set_to(const options *o, const char *name, const char *value)
{
    size_t i;
    for (i = 0; i < o->nsettings; i++)
        if (strcmp(o->settings[i].name, name) == 0 && strcmp(o->settings[i].value, value) == 0)
            return true;
    return false;
}

bool rendering_names_ends(options *o)
{
    bool v1 = is_format(o, "wal2json-v1");
    bool v2 = is_format(o, "wal2json-v2") || is_format(o, "wal2json");
    if (options_plugin_is_raw(o->plugin)) {
        report(
            "--ack received goes with the plugin pgoutput: of others walwire does not know where "
            "transactions end");
    } else if (!v1 && !v2 && !is_format(o, DEFAULT_FORMAT) && !is_format(o, "compact")) {
        report("--ack received needs lines that say where a transaction ends: choose --format "
               "debezium, compact, wal2json-v2 or wal2json-v1");
    } else if (v1 && o->messages != 0) {
        report("--ack received: wal2json-v1 does not say where a message outside of a transaction "
               "ends: leave them out (--messages off), or choose wal2json-v2");
    } else if (is_set_to(o, "include-lsn", "false") ||
               is_set_to(o, "include-transaction", "false")) {
        report("--ack received needs the settings include-lsn and include-transaction to be true");
    } else {
        o->transactions = true;
        return (!v1 && !v2) || rendering_set(o, "include-lsn", "false|true", "true");
    }
    return false;
}

/* ---- the format ----------------------------------------------------------------------------- */

void rendering_configure(const options *o, ww_format_config *config)
{
    ww_format_config init = WW_FORMAT_CONFIG_INIT;
    *config = init;
    config->alloc = ww_alloc_malloc();
    config->name = o->format;
    config->connector_name = o->connector_name;
    config->transactions = o->transactions;
    config->knobs = o->settings;
    config->nknobs = o->nsettings;
    config->rules = o->rules;
    config->nrules = o->nrules;
    config->schema_events = o->schema_events;
    config->key = o->key;
    config->tombstones = o->tombstones;
    config->end_positions = o->ack == ACK_RECEIVED;
}

bool rendering_check(const options *o, ww_error *err)
{
    ww_format_config config;
    ww_format *f = NULL;
    bool ok;
    rendering_configure(o, &config);
    ok = ww_format_open(&f, &config, err) == WW_OK;
    ww_format_close(f);
    return ok;
}

bool rendering_needs_tables(const options *o)
{
    return o->key || o->schema_events || strcmp(o->format, "pypgoutput") == 0;
}
