/* SPDX-License-Identifier: MIT */
/* clock.c: the only place in the library that asks what time it is. */
#include <walwire/net.h>

#include <time.h>

static int64_t read_clock_us(clockid_t id)
{
    struct timespec t = { 0, 0 };
    clock_gettime(id, &t); /* these two clocks cannot fail */
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

ww_mono_us ww_clock_mono(void)
{
    return (ww_mono_us)read_clock_us(CLOCK_MONOTONIC);
}

ww_now ww_clock_now(void)
{
    ww_now now;
    now.mono_us = ww_clock_mono();
    now.wall.us = read_clock_us(CLOCK_REALTIME) - WW_PG_EPOCH_UNIX_US;
    return now;
}
