/* SPDX-License-Identifier: MIT */
/* cancel.c: asks the server to give up what a session of ours is doing: a slot creation that waits
 * for other people's transactions would go on after we have gone (FIELD 16). */
#include "session.h"

#include <poll.h>

#define CANCEL_US UINT64_C(2000000) /* for all of it */

static const uint8_t ssl_request[8] = {0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F};

static bool send_all(ww_sock *sock, const uint8_t *bytes, size_t len, ww_mono_us deadline)
{
    size_t n = 0;
    while (len > 0) {
        ww_status st = ww_sock_send(sock, bytes, len, &n, NULL);
        if (st == WW_MORE)
            st = ww_sock_wait(sock, ww_sock_poll_events(sock, false, true), deadline, -1, NULL);
        else if (st == WW_OK) {
            bytes += n;
            len -= n;
        }
        if (st != WW_OK)
            return false;
    }
    return true;
}

/* One byte, or the end of the connection (false). */
static bool receive_byte(ww_sock *sock, uint8_t *byte, ww_mono_us deadline)
{
    for (;;) {
        size_t n = 0;
        ww_status st = ww_sock_recv(sock, byte, 1, &n, NULL);
        if (st == WW_MORE)
            st = ww_sock_wait(sock, POLLIN, deadline, -1, NULL);
        else if (st == WW_OK)
            return true;
        if (st != WW_OK)
            return false;
    }
}

/* As much protected as the session itself: the packet holds its key. */
static bool encrypt(const ww_session *s, ww_sock *sock, ww_mono_us deadline)
{
    uint8_t answer = 0;
    if (!s->conn.tls_active)
        return true;
    if (s->conn.config.tls != WW_CONN_TLS_DIRECT &&
        (!send_all(sock, ssl_request, sizeof ssl_request, deadline) ||
         !receive_byte(sock, &answer, deadline) || answer != 'S'))
        return false;
    return ww_sock_tls_start(sock, s->tls, NULL) == WW_OK &&
           ww__shake_hands(sock, deadline, -1, NULL) == WW_OK;
}

static bool connect_again(const ww_session *s, ww_sock **sock, ww_mono_us deadline)
{
    ww_status st = ww_sock_open(sock, s->addrs, s->addr_index, NULL, NULL);
    if (st != WW_OK)
        return false;
    while ((st = ww_sock_connected(*sock, NULL)) == WW_MORE)
        if (ww_sock_wait(*sock, POLLOUT, deadline, -1, NULL) != WW_OK)
            return false;
    return st == WW_OK;
}

void ww__session_cancel(const ww_session *s)
{
    ww_mono_us deadline = ww_clock_mono() + CANCEL_US;
    uint8_t packet[512], byte;
    ww_sock *sock = NULL;
    size_t len = ww_conn_cancel_packet(&s->conn, packet, sizeof packet);
    ww__trace_note(s, "cancel", "");
    if (len > 0 && s->addrs != NULL && connect_again(s, &sock, deadline) &&
        encrypt(s, sock, deadline) && send_all(sock, packet, len, deadline))
        while (receive_byte(sock, &byte, deadline)) /* the server closes once it has acted */
            continue;
    ww_sock_close(sock);
    ww_wipe(packet, sizeof packet);
}
