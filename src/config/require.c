/* SPDX-License-Identifier: MIT */
/* require.c: require_auth, the list of what a server may ask for. Source: pqConnectOptions2. */
#include "conninfo.h"

/* Known to libpq, not spoken here: they may be listed, but cannot be all that is left. */
#define METHOD_GSS 64u
#define METHOD_SSPI 128u

#define METHODS_SPOKEN                                                                             \
    (WW_REQUIRE_NONE | WW_REQUIRE_PASSWORD | WW_REQUIRE_MD5 | WW_REQUIRE_SCRAM | WW_REQUIRE_OAUTH)

static const struct {
    const char *name;
    unsigned bit;
} methods[] = {
    {"none", WW_REQUIRE_NONE}, {"password", WW_REQUIRE_PASSWORD},
    {"md5", WW_REQUIRE_MD5},   {"scram-sha-256", WW_REQUIRE_SCRAM},
    {"gss", METHOD_GSS},       {"sspi", METHOD_SSPI},
    {"oauth", WW_REQUIRE_OAUTH},
};

static unsigned find_method(ww_slice name)
{
    size_t i;
    for (i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (ww_slice_equal(name, ww_slice_of(methods[i].name)))
            return methods[i].bit;
    return 0;
}

/* What is wrong with the list, or NULL; *listed gets the bits of the methods that it names. */
static const char *read_list(ww_slice list, bool negative, unsigned *listed)
{
    size_t at = 0;
    *listed = 0;
    while (at <= list.len) {
        ww_slice item = ww__next_item(list, &at);
        bool excluded = item.len > 0 && item.ptr[0] == '!';
        unsigned bit = find_method(ww__cut(item, excluded, item.len));
        if (bit == 0)
            return "require_auth lists password, md5, scram-sha-256, oauth, none (or libpq's gss, "
                   "sspi) without spaces, as in require_auth=scram-sha-256 or !password,!md5";
        if (excluded != negative)
            return "require_auth mixes methods with '!' and without; write all or none with it";
        if ((*listed & bit) != 0)
            return "require_auth names a method twice";
        *listed |= bit;
    }
    return NULL;
}

ww_status ww__require_read(const char *text, unsigned *mask, ww_error *err)
{
    ww_slice list = ww_slice_of(text);
    bool negative = list.len > 0 && list.ptr[0] == '!';
    const char *fault;
    unsigned listed;
    *mask = WW_REQUIRE_ANY;
    if (list.len == 0)
        return WW_OK;
    fault = read_list(list, negative, &listed);
    if (fault != NULL)
        return ww__refuse_value(err, fault, "require_auth", text);
    *mask = (negative ? ~listed : listed) & METHODS_SPOKEN;
    if (negative && (*mask & WW_REQUIRE_PASSWORD) != 0)
        *mask = (*mask & ~WW_REQUIRE_PASSWORD) | WW_REQUIRE_PASSWORD_SAFE;
    if (*mask == WW_REQUIRE_ANY)
        return ww__refuse_value(err,
                                "require_auth leaves no method that walwire can do; it can do "
                                "password, md5, scram-sha-256, oauth and none",
                                "require_auth", text);
    return WW_OK;
}
