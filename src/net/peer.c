/* SPDX-License-Identifier: MIT */
/* peer.c: who listens at the other end of a Unix socket, as the system knows it. */
#if defined(__linux__)
#define _GNU_SOURCE /* struct ucred */
#elif defined(__APPLE__)
#define _DARWIN_C_SOURCE /* getpeereid() */
#else
#define __BSD_VISIBLE 1
#endif
#include "sock.h"

#include "base/error.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static bool find_uid(int fd, uid_t *uid)
{
#if defined(__linux__)
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    *uid = peer.uid;
    return true;
#else
    gid_t gid;
    return getpeereid(fd, uid, &gid) == 0;
#endif
}

ww_status ww_sock_peer_user(const ww_sock *s, char *name, size_t cap, ww_error *err)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    uid_t uid = 0;
    if (!s->is_unix)
        return ww__fail(err, WW_ERR_USAGE, "only a Unix socket tells who listens there");
    if (!find_uid(s->fd, &uid))
        return ww__net_fail(err, WW_ERR_IO, "the system does not tell who listens on the socket",
                            s->peer, errno);
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || found == NULL ||
        strlen(entry.pw_name) >= cap) {
        ww__fail_text(err, WW_ERR_IO, "who listens on the socket has no name; its number is", "");
        ww__error_add_number(err, (uint64_t)uid);
        return WW_ERR_IO;
    }
    memcpy(name, entry.pw_name, strlen(entry.pw_name) + 1);
    return WW_OK;
}
