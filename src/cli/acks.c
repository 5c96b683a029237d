/* SPDX-License-Identifier: MIT */
/* acks.c: --ack received: lines that the consumer writes, each a position up to which it has
 * everything. Invariant: nothing but such a line moves the slot, and after a bad one nothing does.
 */
#include "acks.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 64 /* reads at a time: who writes without end does not keep us from the server */

/* What we opened ourselves is closed on exec; what was handed to us is not. */
static bool is_readable(int fd)
{
    int own = fcntl(fd, F_GETFD), mode = fcntl(fd, F_GETFL);
    return own >= 0 && (own & FD_CLOEXEC) == 0 && mode >= 0 && (mode & O_ACCMODE) != O_WRONLY;
}

ww_status acks_open(acks *a, const options *o, ww_error *err)
{
    memset(a, 0, sizeof *a);
    a->fd = -1;
    if (o->ack != ACK_RECEIVED || o->command != CMD_STREAM)
        return WW_OK;
    if (!is_readable(o->ack_fd))
        return ww__fail(err, WW_ERR_USAGE,
                        "--ack-fd: that descriptor is not open for reading; a shell opens it with "
                        "N<FILE, or 0 is standard input");
    a->on = true;
    a->fd = o->ack_fd;
    a->window = o->max_unconfirmed != 0 ? o->max_unconfirmed : WW_DEFAULT_MAX_UNCONFIRMED;
    return WW_OK;
}

size_t acks_waiting(const acks *a, const ww_client *client)
{
    return a->on ? ww_stream_unconfirmed(ww_client_stream(client)) : 0;
}

bool acks_full(const acks *a, const ww_client *client)
{
    return a->on && acks_waiting(a, client) >= a->window;
}

bool acks_over(const acks *a, const ww_client *client)
{
    return a->on && a->ended && acks_waiting(a, client) > 0;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static ww_status fail_line(acks *a, const char *what, ww_error *err)
{
    a->fd = -1;
    a->bad = true;
    a->line[a->len] = '\0';
    return ww__fail_text(err, WW_ERR_IO, what, a->line);
}

static bool parse_decimal(ww_slice text, ww_lsn *lsn)
{
    size_t i;
    *lsn = 0;
    for (i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(text.ptr[i] - '0');
        if (digit > 9 || *lsn > (UINT64_MAX - digit) / 10)
            return false;
        *lsn = *lsn * 10 + digit;
    }
    return text.len > 0;
}

/* Nobody can have more than the server had when we connected, or has sent since. */
static ww_lsn end_of_wal(const ww_client *client)
{
    ww_client_info info;
    ww_lsn received = ww_stream_received(ww_client_stream(client));
    ww_client_describe(client, &info);
    return info.system.wal_position > received ? info.system.wal_position : received;
}

/* A consumer that starts says where it stands, and the server was not told before we were killed,
 * or has forgotten in a crash: what it has comes again, and is confirmed as it comes. */
static bool take_ahead(acks *a, ww_client *client, ww_lsn lsn)
{
    if (a->begun || lsn > end_of_wal(client))
        return false;
    if (lsn > a->ahead)
        a->ahead = lsn;
    return ww_client_confirm_through(client, a->handed_out, NULL) == WW_OK;
}

static bool take_position(acks *a, ww_client *client, ww_lsn lsn)
{
    size_t waiting = acks_waiting(a, client);
    if (ww_client_confirm_through(client, lsn, NULL) < 0)
        return take_ahead(a, client, lsn);
    a->begun |= acks_waiting(a, client) < waiting;
    return true;
}

void acks_unit(acks *a, ww_client *client, ww_lsn unit)
{
    if (!a->on)
        return;
    if (unit > a->handed_out)
        a->handed_out = unit;
    if (unit <= a->ahead)
        ww_client_confirm_through(client, unit, NULL);
    if (a->ahead != 0 && a->handed_out >= a->ahead) {
        a->ahead = 0;
        a->begun = true;
    }
}

void acks_warn_ahead(const acks *a, const ww_client *client)
{
    char text[WW_LSN_TEXT_SIZE];
    ww_lsn_format(a->ahead, text);
    if (a->ahead > ww_stream_flush(ww_client_stream(client)))
        report_position(WW_LOG_WARNING, a->ahead,
                        "%s was acknowledged at the start, and the stream ended before it", text);
}

static ww_status take_line(acks *a, ww_client *client, ww_error *err)
{
    ww_slice text;
    ww_lsn lsn;
    if (a->len > 0 && a->line[a->len - 1] == '\r')
        a->len--;
    a->line[a->len] = '\0';
    text = ww_slice_of(a->line);
    if (text.len != a->len || (!ww_lsn_parse(text, &lsn) && !parse_decimal(text, &lsn)))
        return fail_line(a,
                         "a line of the acknowledgements is no position (X/X, or the same as a "
                         "number); nothing is acknowledged any more",
                         err);
    if (!take_position(a, client, lsn))
        return fail_line(a,
                         "an acknowledgement of what was not delivered yet; nothing is "
                         "acknowledged any more",
                         err);
    a->heard_at = ww_clock_mono();
    a->len = 0;
    return WW_OK;
}

static ww_status take_bytes(acks *a, ww_client *client, const char *bytes, size_t len,
                            ww_error *err)
{
    ww_status st = WW_OK;
    size_t i;
    for (i = 0; i < len && st == WW_OK; i++) {
        if (bytes[i] == '\n')
            st = take_line(a, client, err);
        else if (a->len < ACKS_LINE_MAX)
            a->line[a->len++] = bytes[i];
        else
            st = fail_line(a, "a line of the acknowledgements is too long for a position", err);
    }
    return st;
}

/* What polls readable does not block, whoever else has the descriptor: its flags stay as they are.
 */
static bool has_input(const acks *a)
{
    struct pollfd fd = {a->fd, POLLIN, 0};
    return a->fd >= 0 && poll(&fd, 1, 0) > 0;
}

/* A last line without its line feed does not count: it may be half of one. */
static ww_status end_of_file(acks *a)
{
    a->fd = -1;
    a->ended = true;
    return WW_OK;
}

static ww_status fail_read(acks *a, int code, ww_error *err)
{
    a->fd = -1;
    ww__fail(err, WW_ERR_IO, "cannot read the acknowledgements");
    err->sys_errno = code;
    return WW_ERR_IO;
}

ww_status acks_read(acks *a, ww_client *client, ww_error *err)
{
    char bytes[4096];
    ww_status st = WW_OK;
    int round;
    for (round = 0; st == WW_OK && round < ROUNDS && has_input(a); round++) {
        ssize_t n = read(a->fd, bytes, sizeof bytes);
        if (n > 0)
            st = take_bytes(a, client, bytes, (size_t)n, err);
        else if (n == 0)
            st = end_of_file(a);
        else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            st = fail_read(a, errno, err);
    }
    return st;
}
