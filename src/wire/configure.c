/* SPDX-License-Identifier: MIT */
/* configure.c: what ww_conn_init() refuses, before a byte is queued. */
#include "engine.h"

static ww_status refuse(ww_error *err, const char *what, const char *member)
{
    return ww__fail_text(err, WW_ERR_USAGE, what, member);
}

static ww_status check_buffers(const ww_conn_config *config, ww_error *err)
{
    if (config->recv_buffer == NULL || config->recv_size < WW_MIN_RECV_BUFFER)
        return refuse(err, "a receive buffer of WW_MIN_RECV_BUFFER bytes is needed", "recv_buffer");
    if (config->send_buffer == NULL || config->send_size < WW_MIN_SEND_BUFFER)
        return refuse(err, "a send buffer of WW_MIN_SEND_BUFFER bytes is needed", "send_buffer");
    return WW_OK;
}

static bool is_protocol(uint32_t version)
{
    return version == 0 || version == WW_PROTOCOL_3_0 || version == WW_PROTOCOL_3_2;
}

static ww_status check_protocol(const ww_conn_config *config, ww_error *err)
{
    uint32_t protocol = config->protocol != 0 ? config->protocol : WW_PROTOCOL_3_0;
    if (!is_protocol(config->protocol))
        return refuse(err, "only 3.0 and 3.2 can be asked for", "protocol");
    if (!is_protocol(config->min_protocol) || config->min_protocol > protocol)
        return refuse(err, "must be 3.0 or 3.2, and not above protocol", "min_protocol");
    return WW_OK;
}

static ww_status check_choices(const ww_conn_config *config, ww_error *err)
{
    if ((unsigned)config->tls > WW_CONN_TLS_DIRECT)
        return refuse(err, "not a ww_conn_tls", "tls");
    if ((unsigned)config->channel_binding > WW_CHANNEL_BINDING_REQUIRE)
        return refuse(err, "not a ww_channel_binding", "channel_binding");
    if (config->allowed_auth > (2 * WW_AUTH_OAUTH - 1))
        return refuse(err, "not a set of WW_AUTH_*", "allowed_auth");
    if (config->oauth_token != NULL && !ww__oauth_is_token(config->oauth_token))
        return refuse(err, "not a bearer token: letters, digits and -._~+/, then '='",
                      "oauth_token");
    if (config->max_copy_data > INT32_MAX - 4)
        return refuse(err, "no message of the protocol can be that long", "max_copy_data");
    if (config->max_message > INT32_MAX - 4)
        return refuse(err, "no message of the protocol can be that long", "max_message");
    return WW_OK;
}

static bool is_own(const char *name)
{
    static const char *const own[] = { "user", "database", "replication" };
    size_t i;
    for (i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return false;
}

static ww_status check_params(const ww_conn_config *config, ww_error *err)
{
    size_t i;
    if (config->user == NULL || config->user[0] == '\0')
        return refuse(err, "a user name is needed", "user");
    if (config->nparams > 0 && config->params == NULL)
        return refuse(err, "is NULL", "params");
    for (i = 0; i < config->nparams; i++) {
        const ww_param *p = &config->params[i];
        if (p->name == NULL || p->name[0] == '\0' || p->value == NULL)
            return refuse(err, "a startup parameter without name or value", "params");
        if (is_own(p->name))
            return refuse(err, "this startup parameter has a member of its own", p->name);
    }
    return WW_OK;
}

static ww_status check_size(const ww_conn_config *config, ww_error *err)
{
    size_t size = ww__startup_size(config);
    if (size > WW_MAX_STARTUP_PACKET) {
        ww__fail(err, WW_ERR_LIMIT, "user, database and params are longer than a server takes");
        ww__error_add_number(err, size);
        ww__error_add_text(err, " bytes of WW_MAX_STARTUP_PACKET");
        return WW_ERR_LIMIT;
    }
    if (size + 4 > config->send_size)
        return ww__fail_text(err, WW_ERR_LIMIT, "the startup packet does not fit", "send_size");
    return WW_OK;
}

ww_status ww__config_check(const ww_conn_config *config, ww_error *err)
{
    ww_status status = check_buffers(config, err);
    if (status == WW_OK)
        status = check_protocol(config, err);
    if (status == WW_OK)
        status = check_choices(config, err);
    if (status == WW_OK)
        status = check_params(config, err);
    if (status == WW_OK)
        status = check_size(config, err);
    return status;
}
