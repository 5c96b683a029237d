/* SPDX-License-Identifier: MIT */
/* wait.h: poll(), to the microsecond where the system has that. */
#ifndef WALWIRE_NET_WAIT_H
#define WALWIRE_NET_WAIT_H

#include <walwire/base.h>

#include <poll.h>

/* Returns as poll() does. left_us WW_MONO_NEVER: without end. */
int ww__poll_for(struct pollfd *fds, size_t count, ww_mono_us left_us);

#endif
