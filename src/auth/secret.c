/* SPDX-License-Identifier: MIT */
/* secret.c: memory that held a secret is wiped, and secrets are compared without telling where they
 * differ. */
#include <walwire/auth.h>

#include <string.h>

/* The compiler cannot know what is behind a volatile pointer, so it cannot drop the call as a store
 * that nobody reads; nor can the linker's optimiser. */
static void *(*const volatile overwrite)(void *, int, size_t) = memset;

void ww_wipe(void *ptr, size_t len)
{
    if (len > 0)
        overwrite(ptr, 0, len);
}

bool ww_equal_constant_time(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = (const volatile uint8_t *)a;
    const volatile uint8_t *y = (const volatile uint8_t *)b;
    unsigned difference = 0;
    size_t i;
    for (i = 0; i < len; i++)
        difference |= (unsigned)(x[i] ^ y[i]);
    return difference == 0;
}
