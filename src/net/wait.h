/* SPDX-License-Identifier: MIT */
/* wait.h: poll(), to the microsecond where the system has that. */
#ifndef WALWIRE_NET_WAIT_H
#define WALWIRE_NET_WAIT_H

#include <walwire/base.h>

#include <poll.h>

/* Until the deadline; WW_MONO_NEVER stays that. */
ww_mono_us ww__time_left(ww_mono_us deadline, ww_mono_us now);

/* Returns as poll() does. left_us WW_MONO_NEVER: without end. */
int ww__poll_for(struct pollfd *fds, size_t count, ww_mono_us left_us);

#endif
