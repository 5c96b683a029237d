/* SPDX-License-Identifier: MIT */
/* bare.c: the floor of bench/stream.py: what it costs to receive a slot's messages and do nothing
 * with them but find where each ends. No TLS, no password, no feedback; what it gets wrong, it gets
 * wrong at once.
 *
 *     bare PORT SLOT PUBLICATION END_LSN recv|poll
 *
 * recv: one blocking call after the other. poll: each behind a poll(), as whoever has other
 * descriptors to look at. */
#include "base/reader.h"
#include "base/writer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, HEADER = 5 };

typedef struct {
    int fd;
    bool poll;
    size_t first, end;
    uint8_t bytes[BUFFER];
} line;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("connect");
    return fd;
}

static void receive(line *l)
{
    struct pollfd ready = {l->fd, POLLIN, 0};
    ssize_t n;
    memmove(l->bytes, l->bytes + l->first, l->end - l->first);
    l->end -= l->first;
    l->first = 0;
    if (l->poll && poll(&ready, 1, -1) < 0)
        fail("poll");
    n = recv(l->fd, l->bytes + l->end, BUFFER - l->end, 0);
    if (n <= 0)
        fail("recv");
    l->end += (size_t)n;
}

/* The next message: its type; its body is behind it and its length. */
static const uint8_t *next(line *l, size_t *len)
{
    const uint8_t *message;
    for (;;) {
        size_t have = l->end - l->first;
        message = l->bytes + l->first;
        if (have >= HEADER && have > (*len = ww__load32(message + 1)))
            break;
        receive(l);
    }
    l->first += 1 + *len;
    return message;
}

static void wait_for(line *l, uint8_t type)
{
    const uint8_t *message;
    size_t len;
    do {
        message = next(l, &len);
        if (message[0] == 'E')
            exit(write(STDERR_FILENO, message, len) < 0 ? 2 : 1);
    } while (message[0] != type);
}

static void say(int fd, uint8_t *message, size_t at, size_t len)
{
    ww__store32(message + at, (uint32_t)(len - at));
    if (send(fd, message, len, 0) != (ssize_t)len)
        fail("send");
}

static void start(line *l, const char *slot, const char *publication)
{
    static const char who[] = "user\0postgres\0database\0postgres\0replication\0database\0";
    uint8_t message[1024];
    int n;
    memcpy(message + 8, who, sizeof who);
    ww__store32(message + 4, 3u << 16);
    say(l->fd, message, 0, 8 + sizeof who);
    wait_for(l, 'Z');
    message[0] = 'Q';
    n = snprintf((char *)message + HEADER, sizeof message - HEADER,
                 "START_REPLICATION SLOT \"%s\" LOGICAL 0/0 (proto_version '1', "
                 "publication_names '%s')",
                 slot, publication);
    say(l->fd, message, 1, HEADER + (size_t)n + 1);
    wait_for(l, 'W');
}

int main(int argc, char **argv)
{
    static line l;
    uint64_t messages = 0;
    ww_lsn end, at = 0;
    if (argc != 6 || !ww_lsn_parse(ww_slice_of(argv[4]), &end))
        return 2;
    l.fd = connect_to((uint16_t)strtoul(argv[1], NULL, 10));
    l.poll = strcmp(argv[5], "poll") == 0;
    start(&l, argv[2], argv[3]);
    while (at < end) {
        size_t len;
        const uint8_t *message = next(&l, &len);
        if (message[0] != 'd' || len < HEADER + 8)
            continue;
        at = ww__load64(message + HEADER + 1);
        messages++;
    }
    printf("%llu messages\n", (unsigned long long)messages);
    return 0;
}
