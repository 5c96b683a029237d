/* SPDX-License-Identifier: MIT */
/* gather.c: how long to nap between two receives. A server sends one small message after the other;
 * a client that receives each as it comes costs both sides a wake-up per message.
 *
 * Two signals, both of the server's one clock, so that no clocks are compared:
 *   - lag, sent_at - commit_time: how old the data are anyway. A nap adds a fraction of that.
 *   - a gap between two messages of one transaction: a server that can send leaves microseconds. A
 *     gap as long as the nap means that the nap filled all buffers and stopped the server. */
#include "gather.h"

#include <string.h>

#define LAG_SHARE 16         /* a nap adds no more than this part of the lag ... */
#define LEAST_US 250u        /* ... or this, where a wake-up is dear */
#define HARMLESS_MIN_US 100u /* below that, naps do not pay */
#define MEMORY_US 4000.0     /* of the averages */
#define FORGET_US 20000      /* a pause that makes them worthless */
#define WORTHWHILE 4.0       /* messages that a nap has to gather */
#define EASE_US 20000u       /* between two steps back to longer naps while there are none */

#define UNIX_OVERHEAD 640u /* what a message costs in a Unix socket's buffer beside its bytes */
#define UNIX_SHARE 3       /* of that buffer a nap fills one part in so many, */
#define FAR_SHARE 8        /* and far away of ours */
#define TCP_FULL 65536u    /* a smaller batch has not filled a TCP connection */
#define DOUBT 0.9          /* what is left of such a belief after each gap that speaks against it */

#define SMALL_MESSAGE 1536.0 /* a small window suits these; */
#define LARGE_MESSAGE 3072.0 /* and it suits these no more */
#define REOPEN_US 200000u    /* an open window stays so for that long */

void ww__gather_init(ww__gather *g, ww__gather_path path, uint32_t rtt_us)
{
    memset(g, 0, sizeof *g);
    if (path == WW__GATHER_FAR && rtt_us < WW__GATHER_NAP_US)
        path = WW__GATHER_OFF; /* the server would send more packets, and smaller ones */
    g->path = path;
    g->rtt_us = rtt_us;
    g->small_window = path == WW__GATHER_NEAR;
    g->harmless_us = g->ceiling_us = WW__GATHER_NAP_US;
}

bool ww__gather_is_long(const ww__gather *g, size_t n)
{
    return n >= (g->small_window ? (size_t)16384 : (size_t)65536);
}

/* ---- what the server's times say ------------------------------------------------------------ */

/* Averages over what the server produced in the last few ms of its own time: our sleeping is not in
 * them. */
static void average(ww__gather *g, const ww__gather_batch *b)
{
    int64_t span = (int64_t)((uint64_t)b->sent_at - (uint64_t)g->sent_at);
    bool forget = span < 0 || span > FORGET_US;
    double fade = forget ? 0.0 : 1.0 / (1.0 + (double)span / (MEMORY_US / 2));
    g->sent_at = b->sent_at;
    g->messages = g->messages * fade + (double)b->messages;
    g->bytes = g->bytes * fade + (double)b->bytes;
    g->span_us = g->span_us * fade + (span > 0 ? (double)span : 0.0);
    if (g->span_us > MEMORY_US) {
        fade = MEMORY_US / g->span_us;
        g->messages *= fade;
        g->bytes *= fade;
        g->span_us = MEMORY_US;
    }
}

static double per_us(const ww__gather *g, double sum)
{
    return g->span_us > 0 ? sum / g->span_us : 0.0;
}

/* What has not committed yet, nobody waits for. */
static ww_mono_us allowed_by_lag(const ww__gather *g, const ww__gather_batch *b)
{
    ww_mono_us least = g->path == WW__GATHER_UNIX ? 0 : LEAST_US, nap;
    if (b->commit_time == INT64_MIN)
        return WW__GATHER_NAP_US;
    if (b->sent_at <= b->commit_time)
        return least;
    nap = ((uint64_t)b->sent_at - (uint64_t)b->commit_time) / LAG_SHARE;
    if (nap < least)
        return least;
    return nap < WW__GATHER_NAP_US ? nap : WW__GATHER_NAP_US;
}

/* ---- how long a nap may be before it stops the server ---------------------------------------- */

/* Or else the server paused for a reason of its own: it lost its CPU to somebody. */
static bool may_have_filled(ww__gather *g, const ww__gather_batch *b)
{
    if (g->path == WW__GATHER_UNIX)
        return (b->messages * UNIX_OVERHEAD + b->bytes) * 5 >= b->capacity * 3;
    if (b->bytes < TCP_FULL)
        return false;
    if ((double)b->bytes >= g->good_bytes / 2 || (double)b->messages >= g->good_messages / 2)
        return true;
    g->good_bytes *= DOUBT; /* more than that came through without a gap, once */
    g->good_messages *= DOUBT;
    return false;
}

/* One that lasted longer than was meant says nothing against shorter ones. */
static void shorten(ww__gather *g, ww_mono_us napped, ww_mono_us gap)
{
    ww_mono_us harmless = gap < napped / 2 ? napped - gap : napped / 2;
    if (harmless >= g->harmless_us)
        return;
    g->ceiling_us = harmless;
    g->harmless_us = g->ceiling_us * 9 / 10;
    if (g->harmless_us < HARMLESS_MIN_US)
        g->harmless_us = HARMLESS_MIN_US;
}

static void lengthen(ww__gather *g)
{
    if (g->harmless_us < g->ceiling_us) {
        g->harmless_us += g->harmless_us / 4;
        if (g->harmless_us > g->ceiling_us)
            g->harmless_us = g->ceiling_us;
    } else {
        g->ceiling_us = g->harmless_us * 103 / 100;
    }
    if (g->harmless_us > WW__GATHER_NAP_US)
        g->harmless_us = WW__GATHER_NAP_US;
}

static double greater(double a, double b)
{
    return a > b ? a : b;
}

static void learn(ww__gather *g, const ww__gather_batch *b)
{
    ww_mono_us gap = b->longest_gap > 0 ? (ww_mono_us)b->longest_gap : 0;
    bool hole = gap > b->napped_us / 16 + 50;
    if (b->napped_us == 0 || g->path == WW__GATHER_FAR)
        return; /* far away it is the path that stops the server, whatever we do */
    if (hole && may_have_filled(g, b)) {
        shorten(g, b->napped_us, gap);
    } else if (!hole) {
        g->good_bytes = greater(g->good_bytes, (double)b->bytes) * 0.999;
        g->good_messages = greater(g->good_messages, (double)b->messages) * 0.999;
        if (b->napped_us * 10 >= g->harmless_us * 9)
            lengthen(g);
    }
}

/* Naps so short that there are none would never be tried again. */
static void ease(ww__gather *g, ww_mono_us now)
{
    if (now - g->eased_at < EASE_US)
        return;
    g->eased_at = now;
    g->harmless_us += g->harmless_us / 4;
    if (g->harmless_us > WW__GATHER_NAP_US)
        g->harmless_us = WW__GATHER_NAP_US;
    if (g->ceiling_us < g->harmless_us)
        g->ceiling_us = g->harmless_us;
}

/* ---- the window ----------------------------------------------------------------------------- */

void ww__gather_give_up_window(ww__gather *g, ww_mono_us now)
{
    g->keep_open = true;
    g->small_window = false;
    g->opened_at = now;
}

/* A small one makes the server's small messages come together in its own buffer; large ones it
 * would cut into pieces. */
static void choose_window(ww__gather *g, const ww__gather_batch *b, bool napping)
{
    double size = g->bytes / g->messages;
    double in_flight = 2.0 * per_us(g, g->bytes) * (double)g->rtt_us;
    bool fits = in_flight <= (double)WW__GATHER_WINDOW;
    if (g->path != WW__GATHER_NEAR || g->keep_open)
        return;
    if (g->small_window && (size >= LARGE_MESSAGE || !fits)) {
        g->small_window = false;
        g->opened_at = b->now;
    } else if (!g->small_window && napping && size < SMALL_MESSAGE && fits) {
        g->small_window = b->now - g->opened_at >= REOPEN_US;
    }
}

/* ---- the decision --------------------------------------------------------------------------- */

static ww_mono_us shorter(ww_mono_us a, ww_mono_us b)
{
    return a < b ? a : b;
}

/* A full buffer stops the server, or holds its acknowledgements up; and naps last longer than they
 * are meant to. */
static ww_mono_us allowed_by_room(const ww__gather *g, const ww__gather_batch *b)
{
    double fills = per_us(g, g->bytes), room = (double)b->capacity;
    if (g->path == WW__GATHER_NEAR || fills <= 0 || b->capacity == 0)
        return WW__GATHER_NAP_US;
    if (g->path == WW__GATHER_UNIX)
        room = room / UNIX_SHARE / (fills + UNIX_OVERHEAD * per_us(g, g->messages));
    else
        room = room / FAR_SHARE / fills;
    return room < WW__GATHER_NAP_US ? (ww_mono_us)room : WW__GATHER_NAP_US;
}

ww_mono_us ww__gather_decide(ww__gather *g, const ww__gather_batch *b)
{
    ww_mono_us nap;
    bool worthwhile;
    if (b->messages == 0)
        return 0;
    average(g, b);
    learn(g, b);
    nap = shorter(shorter(allowed_by_lag(g, b), allowed_by_room(g, b)), g->harmless_us);
    worthwhile = nap > 0 && per_us(g, g->messages) * (double)nap >= WORTHWHILE;
    choose_window(g, b, worthwhile);
    if (worthwhile)
        return nap;
    ease(g, b->now);
    return 0;
}
