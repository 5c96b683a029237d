/* SPDX-License-Identifier: MIT */
/* knobs.c: the settings that a format has of its own, by name and value. */
#include "render.h"

#include "base/error.h"

/* The place of `value` in "a|b|c"; -1 if it is not there. */
static int place_of(const char *values, const char *value)
{
    size_t len = strlen(value);
    int place = 0;
    while (strncmp(values, value, len) != 0 || (values[len] != '|' && values[len] != '\0')) {
        values = strchr(values, '|');
        if (values == NULL)
            return -1;
        values++;
        place++;
    }
    return len > 0 ? place : -1;
}

static ww_status unknown_knob(const ww__format_ops *ops, const char *name, ww_error *err)
{
    const ww__knob *k;
    ww__fail_text(err, WW_ERR_USAGE, "the format has no such setting", name);
    ww__error_add_text(err, ": ");
    ww__error_add_text(err, ops->name);
    ww__error_add_text(err, ops->knobs == NULL ? " has none" : " has");
    for (k = ops->knobs; k != NULL && k->name != NULL; k++) {
        ww__error_add_text(err, k == ops->knobs ? " " : ", ");
        ww__error_add_text(err, k->name);
    }
    return WW_ERR_USAGE;
}

static ww_status unknown_value(const ww__knob *knob, const char *value, ww_error *err)
{
    ww__fail_text(err, WW_ERR_USAGE, "the setting has no such value", knob->name);
    ww__error_add_text(err, "=");
    ww__error_add_text(err, value);
    ww__error_add_text(err, ": choose ");
    ww__error_add_text(err, knob->values);
    return WW_ERR_USAGE;
}

static ww_status read_knob(ww_format *f, const ww_knob *given, ww_error *err)
{
    const ww__knob *k;
    size_t i = 0;
    for (k = f->ops->knobs; k != NULL && k->name != NULL; k++, i++) {
        int place;
        if (strcmp(k->name, given->name) != 0)
            continue;
        place = place_of(k->values, given->value);
        if (place < 0)
            return unknown_value(k, given->value, err);
        f->knobs[i] = (uint8_t)place;
        return WW_OK;
    }
    return unknown_knob(f->ops, given->name, err);
}

ww_status ww__knobs_read(ww_format *f, const ww_format_config *config, ww_error *err)
{
    size_t i;
    ww_status status = WW_OK;
    for (i = 0; status == WW_OK && i < config->nknobs; i++)
        status = read_knob(f, &config->knobs[i], err);
    return status;
}
