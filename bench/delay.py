# SPDX-License-Identifier: MIT
"""Two network namespaces whose packets reach each other late: a TUN device in each, and bench/delay.c between them.
Nothing has to be cleaned up: the namespaces have no names and end with the last process in them, however it ends."""
import concurrent.futures
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time

import pg

SERVER, CLIENT = "198.18.0.1", "198.18.0.2"    # a network kept for benchmarks, RFC 2544
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS, SIOCSIFTXQLEN = 0x8916, 0x891C, 0x8914, 0x8943
IFF_UP = 1
QUEUE = 16384    # packets before the device, so that none is lost there


def bring_up(name, address):
    """Gives the device, of this thread's namespace, its address and starts it."""
    def request(what, layout, *values):
        fcntl.ioctl(control, what, struct.pack(f"16s{layout}", name, *values).ljust(40, b"\0"))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        if address:
            for what, value in ((SIOCSIFADDR, address), (SIOCSIFNETMASK, "255.255.255.0")):
                request(what, "HH4s", socket.AF_INET, 0, socket.inet_aton(value))
            request(SIOCSIFTXQLEN, "i", QUEUE)
        request(SIOCSIFFLAGS, "H", IFF_UP)


def leave_network(address):
    """Puts the calling thread into a network namespace of its own; returns the descriptor of its TUN device."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network namespace")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"delay", IFF_TUN | IFF_NO_PI))
    bring_up(b"delay", address)
    bring_up(b"lo", None)
    return tun


def end_with_us():
    """In the child."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Line:
    """Made as root, of which nothing is left then: this thread and what it starts are the clients' side;
    `at_server(function)` calls one on the server's."""

    def __init__(self, program):
        self.program, self.relay = program, None
        # What it starts may die with the thread that did it (pg.die_with_parent): one that stays.
        self.thread = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        self.tuns = [self.at_server(leave_network, SERVER), leave_network(CLIENT)]
        pg.drop_privileges()

    def at_server(self, function, *arguments):
        return self.thread.submit(function, *arguments).result()

    def set_delay(self, milliseconds):
        """Of each packet, each way."""
        self.stop()
        words = [self.program, *map(str, self.tuns), str(int(milliseconds * 1000))]
        self.relay = subprocess.Popen(words, pass_fds=self.tuns, stdin=subprocess.DEVNULL,
                                      preexec_fn=end_with_us)

    def round_trip(self, port):
        """Milliseconds that a connection to this port takes: the least of some."""
        found = []
        for _ in range(10):
            begin = time.monotonic()
            with socket.socket() as one:
                one.connect((SERVER, port))
            found.append(1000 * (time.monotonic() - begin))
        return min(found)

    def stop(self):
        if self.relay:
            self.relay.kill()
            self.relay.wait()
            self.relay = None
