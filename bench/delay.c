/* SPDX-License-Identifier: MIT */
/* delay.c: a line between two TUN devices. A packet read from one is held for a time and written to
 * the other, in both directions; nothing else limits it. The devices are open already.
 *
 *     delay DESCRIPTOR DESCRIPTOR MICROSECONDS */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    MTU = 1500,
    SLOTS = 16384, /* a full ring is not read into: then the device's queue fills */
    BATCH = 256,   /* taken in one turn, with one look at the clock */
    TURN_NS = 100000
};

typedef struct {
    int64_t due;
    size_t length;
    uint8_t bytes[MTU];
} packet;

typedef struct {
    int from, to;
    size_t first, held;
    packet *ring;
} line;

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* False when the device is gone. */
static bool take(line *l, int64_t due)
{
    int i;
    for (i = 0; i < BATCH && l->held < SLOTS; i++) {
        packet *p = &l->ring[(l->first + l->held) % SLOTS];
        ssize_t got = read(l->from, p->bytes, MTU);
        if (got <= 0)
            return got < 0 && (errno == EAGAIN || errno == EINTR);
        p->due = due;
        p->length = (size_t)got;
        l->held++;
    }
    return true;
}

/* What cannot be written is lost, as on any line. */
static void give(line *l, int64_t now)
{
    while (l->held > 0 && l->ring[l->first].due <= now) {
        const packet *p = &l->ring[l->first];
        ssize_t put = write(l->to, p->bytes, p->length);
        (void)put;
        l->first = (l->first + 1) % SLOTS;
        l->held--;
    }
}

/* While there is traffic the devices are looked at from time to time, and not polled: who sends
 * would pay for waking us, packet by packet, as no network has it. */
static bool pause_until(int64_t due, int64_t now)
{
    int64_t pause = due - now < TURN_NS ? due - now : TURN_NS;
    struct timespec t = {0, pause > 0 ? pause : 0};
    nanosleep(&t, NULL);
    return true;
}

static bool wait_for(const line lines[2], int64_t now)
{
    struct pollfd fds[2];
    int64_t next = INT64_MAX;
    int i;
    for (i = 0; i < 2; i++) {
        const line *l = &lines[i];
        fds[i] = (struct pollfd){l->from, POLLIN, 0};
        if (l->held > 0 && l->ring[l->first].due < next)
            next = l->ring[l->first].due;
    }
    if (next != INT64_MAX)
        return pause_until(next, now);
    if (poll(fds, 2, -1) < 0)
        return errno == EINTR;
    return ((fds[0].revents | fds[1].revents) & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

int main(int argc, char **argv)
{
    line lines[2] = {0};
    int64_t delay, now;
    int i;
    if (argc != 4) {
        fputs("usage: delay DESCRIPTOR DESCRIPTOR MICROSECONDS\n", stderr);
        return 2;
    }
    for (i = 0; i < 2; i++) {
        lines[i].from = (int)strtol(argv[1 + i], NULL, 10);
        lines[i].to = (int)strtol(argv[2 - i], NULL, 10);
        lines[i].ring = calloc(SLOTS, sizeof(packet));
        if (!lines[i].ring || fcntl(lines[i].from, F_SETFL, O_NONBLOCK) != 0) {
            perror("delay");
            return 1;
        }
    }
    delay = strtol(argv[3], NULL, 10) * 1000;
    do {
        now = clock_ns();
        give(&lines[0], now);
        give(&lines[1], now);
    } while (take(&lines[0], now + delay) && take(&lines[1], now + delay) &&
             wait_for(lines, clock_ns()));
    fputs("delay: a device is gone\n", stderr);
    return 1;
}
