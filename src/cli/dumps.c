/* SPDX-License-Identifier: MIT */
/* dumps.c: no core dump while there is a password outside of the locked pages: in what was read
 * from a file or typed, in buffers, in the TLS library. */
#include "cli.h"

#if defined(__linux__)
#include <sys/prctl.h>

static int before;

void dumps_forbid(void)
{
    before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Not where the system had forbidden them itself. */
void dumps_allow(void)
{
    if (before == 1)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
#else
void dumps_forbid(void)
{
}

void dumps_allow(void)
{
}
#endif
