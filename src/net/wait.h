/* SPDX-License-Identifier: MIT */
/* wait.h: poll(), to the microsecond where the system has that. */
#ifndef WALWIRE_NET_WAIT_H
#define WALWIRE_NET_WAIT_H

#include <walwire/base.h>

#include <poll.h>

/* Returns as poll() does. */
int ww__poll_until(struct pollfd *fds, size_t count, ww_mono_us deadline);

#endif
