/* SPDX-License-Identifier: MIT */
/* negotiate.c: pgoutput's options, from what the server has and what the caller wants. A server
 * that does not know an option refuses the whole stream, so each is sent only where it exists
 * (PROTOCOL 3.6). */
#include "negotiate.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define SERVER_14 140000
#define SERVER_15 150000
#define SERVER_16 160000

bool ww__option_given(const ww_client_config *config, const char *name)
{
    size_t i;
    for (i = 0; i < config->noptions; i++)
        if (ww_slice_equal(config->options[i].name, ww_slice_of(name)))
            return true;
    return false;
}

static ww_status refuse(ww_error *err, const char *why, const char *option)
{
    return ww__fail_text(err, WW_ERR_USAGE, why, option);
}

/* ---- protocol and streaming ----------------------------------------------------------------- */

static unsigned highest_protocol(int server_version)
{
    if (server_version >= SERVER_16)
        return 4;
    if (server_version >= SERVER_15)
        return 3;
    return server_version >= SERVER_14 ? 2 : 1;
}

static ww_status choose_protocol(const ww_client_config *config, int server_version,
                                 ww__plugin_options *out, ww_error *err)
{
    unsigned highest = highest_protocol(server_version);
    out->proto_version = config->proto_version != 0 ? config->proto_version : highest;
    if (out->proto_version > 4)
        return refuse(err, "pgoutput's protocol is 1, 2, 3 or 4", "proto");
    if (out->proto_version > highest)
        return refuse(err,
                      "this server's pgoutput does not know that protocol: 2 needs PostgreSQL 14, "
                      "3 needs 15, 4 needs 16",
                      "proto");
    return WW_OK;
}

static ww_streaming best_streaming(unsigned proto_version)
{
    if (proto_version >= 4)
        return WW_STREAMING_PARALLEL;
    return proto_version >= 2 ? WW_STREAMING_ON : WW_STREAMING_OFF;
}

static ww_status choose_streaming(const ww_client_config *config, ww__plugin_options *out,
                                  ww_error *err)
{
    ww_streaming best = best_streaming(out->proto_version);
    out->streaming = config->streaming != WW_STREAMING_DEFAULT ? config->streaming : best;
    if (out->streaming == WW_STREAMING_PARALLEL && best != WW_STREAMING_PARALLEL)
        return refuse(err, "streaming=parallel needs PostgreSQL 16 and protocol 4", "streaming");
    if (out->streaming == WW_STREAMING_ON && best == WW_STREAMING_OFF)
        return refuse(err, "streaming needs PostgreSQL 14 and protocol 2", "streaming");
    return WW_OK;
}

/* ---- the others ----------------------------------------------------------------------------- */

static ww_status choose_switches(const ww_client_config *config, int server_version,
                                 ww__plugin_options *out, ww_error *err)
{
    bool origin = config->origin != NULL && strcmp(config->origin, "any") != 0;
    out->messages = config->messages > 0 || (config->messages < 0 && server_version >= SERVER_14);
    out->binary = config->binary > 0;
    out->two_phase = config->two_phase;
    if (out->messages && server_version < SERVER_14)
        return refuse(err, "logical messages need PostgreSQL 14 or newer", "messages");
    if (out->binary && server_version < SERVER_14)
        return refuse(err, "binary values need PostgreSQL 14 or newer", "binary");
    if (out->two_phase && server_version < SERVER_15)
        return refuse(err, "two-phase decoding by pgoutput needs PostgreSQL 15 or newer",
                      "two-phase");
    if (out->two_phase && out->proto_version < 3)
        return refuse(err, "two-phase decoding needs protocol 3 or 4", "proto");
    if (origin && server_version < SERVER_16)
        return refuse(err, "filtering by origin needs PostgreSQL 16 or newer", "origin");
    return WW_OK;
}

static void choose(const ww_client_config *config, ww__plugin_options *out, const char *name,
                   ww_slice value)
{
    if (ww__option_given(config, name))
        return;
    out->items[out->count].name = ww_slice_of(name);
    out->items[out->count++].value = value;
}

/* ---- options given with -o ------------------------------------------------------------------ */

/* As the server compares words: without regard to case. */
static bool is(ww_slice value, const char *word)
{
    size_t i;
    for (i = 0; i < value.len && word[i] != '\0'; i++) {
        uint8_t c = value.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)word[i])
            return false;
    }
    return i == value.len && word[i] == '\0';
}

static bool is_true(ww_slice value)
{
    return value.ptr == NULL || is(value, "on") || is(value, "true") || is(value, "1");
}

/* An option of pgoutput that is given by its name means what our own setting of it would mean. */
static void apply_given(ww_client_config *config)
{
    size_t i;
    for (i = 0; i < config->noptions; i++) {
        const ww_plugin_option *o = &config->options[i];
        if (is(o->name, "binary"))
            config->binary = is_true(o->value);
        else if (is(o->name, "messages"))
            config->messages = is_true(o->value);
        else if (is(o->name, "two_phase"))
            config->two_phase = is_true(o->value);
        else if (is(o->name, "streaming"))
            config->streaming = is(o->value, "parallel") ? WW_STREAMING_PARALLEL
                                : is_true(o->value)      ? WW_STREAMING_ON
                                                         : WW_STREAMING_OFF;
        else if (is(o->name, "proto_version") && o->value.len == 1)
            config->proto_version = (unsigned)(o->value.ptr[0] - '0');
    }
}

ww_status ww__choose_options(const ww_client_config *given, int server_version,
                             ww_slice publications, ww__plugin_options *out, ww_error *err)
{
    ww_client_config effective = *given;
    const ww_client_config *config = &effective;
    ww_status st;
    apply_given(&effective);
    st = choose_protocol(config, server_version, out, err);
    if (st == WW_OK)
        st = choose_streaming(config, out, err);
    if (st == WW_OK)
        st = choose_switches(config, server_version, out, err);
    if (st < 0)
        return st;
    out->proto_text[0] = (char)('0' + out->proto_version);
    out->proto_text[1] = '\0';
    choose(config, out, "proto_version", ww_slice_of(out->proto_text));
    choose(config, out, "publication_names", publications);
    if (out->messages)
        choose(config, out, "messages", ww_slice_of("true"));
    if (out->binary)
        choose(config, out, "binary", ww_slice_of("true"));
    if (out->streaming == WW_STREAMING_PARALLEL)
        choose(config, out, "streaming", ww_slice_of("parallel"));
    else if (out->streaming == WW_STREAMING_ON)
        choose(config, out, "streaming", ww_slice_of("on"));
    if (out->two_phase)
        choose(config, out, "two_phase", ww_slice_of("on"));
    if (config->origin != NULL && server_version >= SERVER_16)
        choose(config, out, "origin", ww_slice_of(config->origin));
    return WW_OK;
}

/* ---- the caller's own ----------------------------------------------------------------------- */

ww_status ww__add_given_options(const ww_client_config *config, ww__plugin_options *out,
                                ww_error *err)
{
    size_t i;
    for (i = 0; i < config->noptions; i++) {
        if (out->count == WW__MAX_OPTIONS)
            return ww__fail_about(err, WW_ERR_LIMIT, "too many plugin options",
                                  config->options[i].name);
        out->items[out->count++] = config->options[i];
    }
    return WW_OK;
}
