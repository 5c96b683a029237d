/* SPDX-License-Identifier: MIT */
/* hostile.h: what tests with bad servers share: a peer, how far to take it, how it must fail. */
#ifndef WALWIRE_TESTS_WIRE_HOSTILE_H
#define WALWIRE_TESTS_WIRE_HOSTILE_H

#include "check.h"
#include "script.h"

static peer p;

/* Cryptography that answers, but is none: what is tested here comes before it matters. */
static inline bool fake_hash(void *ctx, const ww_slice *parts, size_t nparts, uint8_t *out)
{
    (void)ctx, (void)parts, (void)nparts;
    memset(out, 1, 16);
    return true;
}

static inline bool fake_hmac(void *ctx, ww_slice key, const ww_slice *parts, size_t nparts,
                             uint8_t *out)
{
    (void)key;
    return fake_hash(ctx, parts, nparts, out);
}

static inline bool fake_slice(void *ctx, ww_slice key, uint8_t *u, uint8_t *acc, uint32_t rounds)
{
    (void)ctx, (void)key, (void)u, (void)acc, (void)rounds;
    return true;
}

static const ww_crypto fake = { NULL, fake_hash, fake_hmac, fake_hash, fake_slice };

static inline ww_conn_config base_config(void)
{
    ww_conn_config config = { 0 };
    config.user = "joe";
    config.password = "canary";
    config.crypto = &fake;
    return config;
}

static inline void start(const ww_conn_config *config)
{
    memset(&p, 0, sizeof p);
    CHECK(peer_open(&p, config));
}

static inline bool sent_any(const char *text)
{
    size_t n = strlen(text), i;
    for (i = 0; i + n <= p.nsent; i++)
        if (memcmp(p.sent + i, text, n) == 0)
            return true;
    return false;
}

/* The engine has failed like this, and says what it says. */
static inline bool failed(const char *id, ww_status status, const char *says)
{
    const ww_error *err = ww_conn_error(&p.conn);
    bool ok = p.status == status && err->status == status && p.conn.state == WW_CONN_FAILED &&
              (strstr(err->what, says) != NULL || strstr(err->subject, says) != NULL);
    check_that(ok, id, __FILE__, __LINE__);
    if (!ok)
        fprintf(stderr, "    want \"%s\"; log: %s\n", says, p.log);
    return ok;
}

/* Takes a new peer to a place: 0 startup, 1 authenticated, 2 idle, 3 in a query, 4 in a stream. */
static inline void go(int place)
{
    ww_conn_config config = base_config();
    start(&config);
    if (place >= 1)
        peer_say(&p, "R(00000000)");
    if (place >= 2)
        peer_say(&p, "Z(\"I\")");
    if (place >= 3)
        CHECK(ww_conn_query(&p.conn, ww_slice_of("q"), NULL) == WW_OK);
    peer_pump(&p);
    if (place >= 4)
        peer_say(&p, "W(000000)");
}

#endif
