/* SPDX-License-Identifier: MIT */
/* error.c: statuses in words, errors as plain data, and which of them a client may try again. */
#include "error.h"

#include <string.h>

const char *ww_status_text(ww_status status)
{
    switch (status) {
#define WW_STATUS_CASE(name, value, text)                                                          \
    case WW_##name:                                                                                \
        return text;
        WW_STATUS_MAP(WW_STATUS_CASE)
#undef WW_STATUS_CASE
    }
    return "unknown status";
}

void ww_error_clear(ww_error *err)
{
    if (err == NULL)
        return;
    memset(err, 0, sizeof *err);
    err->what = "no error";
    err->offset = WW_NO_OFFSET;
}

size_t ww__copy_cut(char *out, size_t cap, ww_slice text)
{
    size_t n = text.len;
    if (cap == 0)
        return 0;
    if (n > cap - 1) {
        size_t cut = cap - 1;
        n = cut;
        while (n > 0 && cut - n < 3 && (text.ptr[n] & 0xC0) == 0x80)
            n--;
        if ((text.ptr[n] & 0xC0) == 0x80)
            n = cut; /* not UTF-8: one place is as good as another */
    }
    if (n > 0)
        memcpy(out, text.ptr, n);
    out[n] = '\0';
    return n;
}

ww_status ww__fail(ww_error *err, ww_status status, const char *what)
{
    if (err != NULL) {
        ww_error_clear(err);
        err->status = status;
        err->what = what;
    }
    return status;
}

ww_status ww__fail_about(ww_error *err, ww_status status, const char *what, ww_slice subject)
{
    ww__fail(err, status, what);
    ww__error_add(err, subject);
    return status;
}

ww_status ww__fail_text(ww_error *err, ww_status status, const char *what, const char *subject)
{
    return ww__fail_about(err, status, what, ww_slice_of(subject));
}

ww_status ww__fail_at(ww_error *err, ww_status status, const char *what, uint64_t offset,
                      char type)
{
    ww__fail(err, status, what);
    if (err != NULL) {
        err->offset = offset;
        err->msg_type = type;
    }
    return status;
}

void ww__error_add(ww_error *err, ww_slice text)
{
    size_t used;
    if (err == NULL)
        return;
    used = strlen(err->subject);
    ww__copy_cut(err->subject + used, sizeof err->subject - used, text);
}

void ww__error_add_text(ww_error *err, const char *text)
{
    ww__error_add(err, ww_slice_of(text));
}

void ww__error_add_number(ww_error *err, uint64_t number)
{
    char digits[20];
    size_t n = sizeof digits;
    ww_slice s;
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    s.ptr = (const uint8_t *)digits + n;
    s.len = sizeof digits - n;
    ww__error_add(err, s);
}

/* SQLSTATEs after which the same attempt may succeed later: PROTOCOL 3.7, class "retry". */
static const char retryable[][6] = {
    "53300", "53000", "53100", "53200", "57P01", "57P02", "57P03", "57P05", "57014",
    "40001", "08000", "08003", "08006", "55006",
};

bool ww_status_retryable(const ww_error *err)
{
    size_t i;
    if (err == NULL)
        return false;
    if (err->status == WW_ERR_IO || err->status == WW_ERR_TIMEOUT)
        return true;
    if (err->status != WW_ERR_SERVER)
        return false;
    for (i = 0; i < sizeof retryable / sizeof retryable[0]; i++)
        if (memcmp(err->sqlstate, retryable[i], 5) == 0)
            return true;
    return false;
}
