/* SPDX-License-Identifier: MIT */
/* take_rows.c: a caller of the client's that takes so many inserted rows from a slot, and prints
 * how they were received: the path and the number of naps. Run by test_gather.py.
 *
 *     take_rows CONNINFO SLOT PUBLICATION ROWS poll|block US
 *
 * poll: nonblocking, and polls whenever nothing is buffered, also where next() has not said
 * WW_MORE. US: the time that it spends on each row. */
#include <walwire/walwire.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US UINT64_C(3600000000)

/* Until the client's deadline, which no short interval brings on: what is missed stays missed. */
static void wait_for(const ww_client *c)
{
    struct pollfd p = {ww_client_fd(c), ww_client_poll_events(c), 0};
    ww_mono_us now = ww_clock_mono(), until = ww_client_deadline(c);
    ww_mono_us left = until > now ? until - now : 0;
    poll(&p, 1, (int)((left < HOUR_US ? left : HOUR_US) / 1000 + (left % 1000 != 0)));
}

static void spend(ww_mono_us us)
{
    ww_mono_us end = ww_clock_mono() + us;
    while (ww_clock_mono() < end)
        ;
}

static ww_status take(ww_client *c, bool polls, uint64_t rows, ww_mono_us us, ww_error *err)
{
    ww_status st = WW_OK;
    ww_event ev;
    while (rows > 0 && (st == WW_OK || st == WW_MORE)) {
        if (polls && !ww_client_buffered(c))
            wait_for(c);
        st = ww_client_next(c, &ev, err);
        if (st != WW_OK || ev.kind != WW_EV_INSERT)
            continue;
        rows--;
        spend(us);
    }
    return st;
}

int main(int argc, char **argv)
{
    static const char *const paths[] = {"unknown", "unix", "near", "far"};
    ww_client_config config = WW_CLIENT_CONFIG_INIT;
    ww_client_info info;
    ww_client *c;
    ww_status st;
    ww_error err;
    if (argc != 7)
        return 2;
    config.conninfo = argv[1];
    config.slot = argv[2];
    config.publications = argv[3];
    config.nonblocking = strcmp(argv[5], "poll") == 0;
    config.confirm_none = true;
    config.status_interval_us = HOUR_US;
    ww_error_clear(&err);
    c = ww_client_open(&config, &err);
    st = c == NULL ? err.status
                   : take(c, config.nonblocking, strtoull(argv[4], NULL, 10),
                          strtoull(argv[6], NULL, 10), &err);
    if (st < 0) {
        fprintf(stderr, "%s %s %s\n", err.what, err.subject, err.message);
    } else {
        ww_client_describe(c, &info);
        printf("%s %" PRIu64 "\n", paths[info.gathering.path], info.gathering.naps);
    }
    ww_client_close(c);
    return st < 0 ? 1 : 0;
}
