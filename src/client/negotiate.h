/* SPDX-License-Identifier: MIT */
/* negotiate.h: which options the output plugin gets. */
#ifndef WALWIRE_CLIENT_NEGOTIATE_H
#define WALWIRE_CLIENT_NEGOTIATE_H

#include <walwire/client.h>

#define WW__MAX_OPTIONS 24u

/* The options as they will be sent, and what they mean for us. */
typedef struct ww__plugin_options {
    ww_plugin_option items[WW__MAX_OPTIONS];
    size_t count;
    char proto_text[4];
    unsigned proto_version;
    ww_streaming streaming; /* OFF, ON or PARALLEL */
    bool messages, binary, two_phase;
} ww__plugin_options;

/* True if the caller gave a plugin option of this name itself. */
bool ww__option_given(const ww_client_config *config, const char *name);

/* Chooses pgoutput's options for this server from the configuration; `publications` is the value of
 * publication_names. What the server does not have is ERR_USAGE that says which server has it. */
ww_status ww__choose_options(const ww_client_config *config, int server_version,
                             ww_slice publications, ww__plugin_options *out, ww_error *err);
/* Adds the caller's own options, which replace the chosen ones of the same name. */
ww_status ww__add_given_options(const ww_client_config *config, ww__plugin_options *out,
                                ww_error *err);

#endif
