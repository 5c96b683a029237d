#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything that can happen to a connection, made by a proxy that reads along, while one walwire process writes its
file under load. The oracle compares; and no status update, as the proxy saw it, was ahead of what was durable.

    network.py --walwire BIN --shim LIB [--server 18] [--seed N] [--runs N] [--long]

--runs: how many connections are cut"""
import os
import signal
import sys
import threading

import feedback
import position_file
import rig
from proxy import CLIENT, SERVER, Fault, Proxy

SHORT, LONG = 24, 1000
FIRST_BYTES = 65536           # over which the cuts are spread
BACK_S = 30                   # the longest pause between two attempts is 10 s
PATIENCE_S = 3                # for a byte to be reached
RATE = 40                     # transactions a second, so that one throttled to 4 KiB a second can catch up
TIMEOUT_S = 2                 # wal_sender_timeout, where silence is to be noticed
NOTICED_S = 15                # by when it must have been, at twice that, on a machine with other things to do
GOAL_S = 5                    # to be caught up after a fault is over; told, not demanded


class Network:
    """The scene with a proxy in it."""

    def __init__(self, scene):
        self.scene, self.random = scene, scene.random
        self.proxy = Proxy(scene.server.port, self.judge_feedback)
        self.last = {}        # of each connection
        self.caught_up = 0
        self.log = scene.dir / "shim"
        self.process = None

    def judge_feedback(self, one):
        """Before it is passed on: told is what the position file has, and never less than before."""
        kept = position_file.read_file(self.scene.position)
        if one.flush and (kept is None or one.flush > kept.acked):
            raise rig.Failed(f"flush is beyond the position {kept}")
        # What a frozen connection held back passes after that of later ones: it is compared with its own only.
        last = self.last.get(one.link) or self.last.get(max((n for n in self.last if n < one.link), default=None))
        wrote = self.last[one.link].write if one.link in self.last else 0
        if one.flush and last and one.flush < last.flush or one.write < wrote or one.apply > one.flush:
            raise rig.Failed(f"less than before: {last}")
        self.last[one.link] = one

    def start(self, *arguments, **settings):
        more = {"options": " ".join(f"-c {name}={value}" for name, value in settings.items())} if settings else {}
        self.scene.conninfo = self.scene.server.conninfo("postgres", rig.DB, "127.0.0.1", sslmode="disable",
                                                         **more, port=self.proxy.port)
        environment = {"LD_PRELOAD": self.scene.options.shim, "FAULT_LOG": f"{self.log}.log",
                       "FAULT_DATA": f"{self.log}.data"}
        self.process = self.scene.start("-s", "1", "--fsync-interval", "0.01", *arguments, env=environment)
        self.wait(self.proxy.is_streaming, "it does not stream")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.scene.expect_end(self.process)

    def wait(self, condition, what, seconds=BACK_S):
        alive = lambda: self.scene.expect_alive(self.process)   # noqa: E731
        if not self.proxy.wait(condition, seconds, alive):
            raise rig.Failed(f"{what}, after {seconds} s; walwire says: {self.scene.said()}")

    def recover(self):
        """After a fault: everything that has been committed meanwhile is acknowledged."""
        took = self.scene.wait_caught_up(self.process, BACK_S)
        self.caught_up = max(self.caught_up, took)
        return took

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


# ---- cuts -----------------------------------------------------------------------------------------------


def cuts(network, count):
    """At bytes spread over the first 64 KiB of what the server sends, over what it says before the stream begins, over
    what the client says before that, and anywhere in the stream."""
    link, number = network.proxy.links[-1], network.random.randrange
    link.streaming.wait(BACK_S)
    each = count // 4
    for n in range(each):
        for fault in ((SERVER, FIRST_BYTES * n // each + number(16), False),
                      (SERVER, (link.streaming_at[SERVER] + 40) * n // each + number(16), False),
                      (CLIENT, link.streaming_at[CLIENT] * n // each + number(8), False),
                      network.random.choice(((SERVER, int(2 ** network.random.uniform(0, 17)), True),
                                             (CLIENT, number(50), True)))):
            yield Fault(*fault, reset=network.random.choice((False, True)))


def cut_one(network, fault):
    """The connection that there is, and the next one at that byte; then it may get on, so that pauses stay short.
    False if the byte lies behind what was said."""
    proxy, struck = network.proxy, network.proxy.struck
    proxy.next(fault)
    proxy.cut_now(reset=fault.reset)
    struck = proxy.wait(lambda: proxy.struck > struck + 1, PATIENCE_S)
    size = network.scene.file.stat().st_size
    network.wait(lambda: proxy.is_streaming() and network.scene.file.stat().st_size > size,
                 f"no progress after {fault}")
    return struck


def cut_often(network, remarks):
    faults = list(cuts(network, network.scene.options.runs))
    struck = sum(cut_one(network, fault) for fault in faults)
    remarks.append(f"{len(faults)} connections at any moment, {struck} of the next at a byte that was chosen; "
                   f"caught up after {network.recover():.1f} s")
    if struck < len(faults) / 2:
        raise rig.Failed("most of the bytes lie behind what was said: that proves little")


# ---- what passes ----------------------------------------------------------------------------------------


def slow(network, seconds, **how):
    """rate, piece or delay are these for some seconds; the connection must survive."""
    proxy, links = network.proxy, len(network.proxy.links)
    vars(proxy).update(how)
    threading.Event().wait(seconds)
    vars(proxy).update(rate=None, piece=None, delay=0)
    took = network.recover()
    if len(proxy.links) > links:
        raise rig.Failed("it has connected anew, and nothing was lost")
    return took


def go_away(network, seconds):
    """Every connection is refused, for some seconds."""
    proxy, port = network.proxy, network.proxy.server_port
    proxy.server_port = 1         # nobody listens there
    proxy.cut_now(reset=True)
    threading.Event().wait(seconds)
    proxy.server_port = port
    network.wait(proxy.is_streaming, "it does not come back")
    return network.recover()


def fall_silent(network, remarks):
    """The connection is there and nothing passes any more: noticed by a timer of its own, at wal_sender_timeout."""
    proxy, links = network.proxy, len(network.proxy.links)
    proxy.freeze(only_these=True)
    took = rig.measure(lambda: network.wait(lambda: len(proxy.links) > links, "silence is not noticed", NOTICED_S))
    network.wait(lambda: any(link.streaming.is_set() for link in proxy.links[links:]), "it does not stream")
    proxy.thaw()
    remarks.append(f"noticed after {took:.1f} s, caught up {network.recover():.1f} s later")


def fall_silent_everywhere(network, remarks):
    """New connections get no answer either, until that passes."""
    network.proxy.freeze()
    threading.Event().wait(network.random.uniform(1, 3) * TIMEOUT_S)
    network.proxy.thaw()
    remarks.append(f"caught up after {network.recover():.1f} s")


def lose_the_end(network, remarks):
    """walwire learns that the connection is over, the server does not: the slot is in use until it has noticed."""
    proxy, links = network.proxy, len(network.proxy.links)
    for link in list(proxy.links):
        if not link.ended:
            link.fault = Fault(half=True, reset=True)
            link.strike()
    network.wait(lambda: any(link.streaming.is_set() and not link.ended for link in proxy.links[links:]),
                 "it does not come back")
    remarks.append(f"caught up after {network.recover():.1f} s")


def sleep_too_long(network, remarks):
    """walwire itself is stopped for longer than the server waits."""
    network.process.send_signal(signal.SIGSTOP)
    threading.Event().wait(2 * TIMEOUT_S)
    network.process.send_signal(signal.SIGCONT)
    remarks.append(f"caught up after {network.recover():.1f} s")


def stop_in_silence(network, remarks):
    """Nothing passes any more, and walwire is to stop: it does, in order, without an answer."""
    network.proxy.freeze()
    remarks.append(f"took {rig.measure(network.stop):.1f} s")
    network.proxy.thaw()


SILENCES = (fall_silent, fall_silent_everywhere, lose_the_end, sleep_too_long)


# ---- the rig --------------------------------------------------------------------------------------------


def run_cuts(network, report):
    options, begin = network.scene.options, network.descriptors()
    with report.check("connections are cut") as remarks:
        cut_often(network, remarks)
    seconds = 10 if options.long else 2
    for name, how in (("throttled to 4 KiB a second", {"rate": 4096}), ("in single bytes", {"piece": 1}),
                      ("each piece 0.3 s late", {"delay": 0.3}),
                      ("in pieces of 7 bytes, late", {"piece": 7, "delay": 0.01})):
        with report.check(f"what passes is {name}") as remarks:
            remarks.append(f"caught up after {slow(network, seconds, **how):.1f} s")
    with report.check("the server cannot be reached") as remarks:
        remarks.append(f"caught up after {go_away(network, seconds):.1f} s")
    with report.check("no descriptor is left open"):
        if network.descriptors() > begin:
            raise rig.Failed(f"{begin} at first, {network.descriptors()} in the end")


def run_silences(network, report):
    for _ in range(5 if network.scene.options.long else 1):
        for what in SILENCES:
            with report.check(what.__doc__.split("\n")[0].rstrip(".")) as remarks:
                what(network, remarks)


def judge(network, report):
    proxy, scene = network.proxy, network.scene
    scene.conninfo = None
    scene.judge()
    with report.check("what was acknowledged, at the proxy, was written down before, and never less") as remarks:
        remarks.append(f"{len(proxy.feedbacks)} status updates on {len(proxy.links)} connections, "
                       f"{len({one.flush for one in proxy.feedbacks})} positions")
        if proxy.wrong or not proxy.feedbacks:
            raise rig.Failed(f"{len(proxy.wrong)} were not: {proxy.wrong[:3]}")
    with report.check("what was acknowledged was synced before (I3, by the shim's log)") as remarks:
        wrong, moved = feedback.check(network.log, scene.file)
        remarks.append(f"{moved} status updates that moved the slot")
        if wrong or not moved:
            raise rig.Failed(f"{len(wrong)} were not: {wrong[:3]}")
    with report.check("it caught up in good time each time (I8)") as remarks:
        remarks.append(f"{network.caught_up:.1f} s at most, the goal is {GOAL_S} s")


def run(options, report):
    if not options.shim:
        raise rig.Failed("--shim is missing")
    with rig.Scene(options, report, rate=RATE) as scene:
        network = Network(scene)
        with network.proxy:
            network.start()
            run_cuts(network, report)
            network.stop()
            network.start(wal_sender_timeout=f"{TIMEOUT_S}s")
            run_silences(network, report)
            with report.check(stop_in_silence.__doc__) as remarks:
                stop_in_silence(network, remarks)
        judge(network, report)


def main(argv):
    return rig.main(argv, "network", __doc__, SHORT, LONG, run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
