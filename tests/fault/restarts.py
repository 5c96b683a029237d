#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server crashes, and is shut down fast and smart, under load, while one and the same walwire process writes its
file and reconnects by itself; then walwire itself is stopped in order again and again. The oracle compares.

    restarts.py --walwire BIN [--server 18] [--seed N] [--runs N] [--long]

--runs is for each way to stop the server; walwire is stopped four times as often."""
import signal
import sys
import threading

import rig
from decoder import lsn_number

SHORT, LONG = 3, 50
STOPS = 4                     # of walwire, for each of the server's
HELD_UP_S = 15                # a shutdown that takes longer was held up; wal_sender_timeout is 60 s
BACK_S = 30                   # within which it streams again; the longest pause between attempts is 10 s
NO_WAIT = 0.2                 # how often the next fault does not wait for the reconnect


class Checkpoints(threading.Thread):
    """One every second: a server that crashes then goes back to what it knew of the slot at the last one."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.done = server, threading.Event()
        self.start()

    def run(self):
        while not self.done.wait(1):
            try:
                self.server.sql("CHECKPOINT")
            except (RuntimeError, OSError):   # it is away
                pass


def stop_server(scene, how):
    """Under load, but for a smart shutdown: that waits for all sessions to end, and must not have to wait for us.
    Returns how long it took."""
    threading.Event().wait(scene.random.uniform(0.1, 0.8))
    if how == "smart":
        scene.load.pause()
    seconds = rig.measure(lambda: scene.server.stop(how))
    scene.server.start(new_port=False)
    if how == "smart":
        scene.load.resume()
    return seconds


def stop_often(scene, process, how, runs, remarks):
    longest, back = 0, 0
    for _ in range(runs):
        longest = max(longest, stop_server(scene, how))
        scene.expect_alive(process)
        if scene.random.random() > NO_WAIT:
            back = max(back, scene.wait_streaming(process, BACK_S))
    remarks.append(f"{runs} times, took {longest:.1f} s at most, streaming again after {back:.1f} s at most")
    if longest > HELD_UP_S:
        raise rig.Failed(f"the server's shutdown took {longest:.1f} s")


def last_unit(scene):
    """Where the last unit of the file ends."""
    data = scene.file.read_bytes()
    event = rig.parse_line(data[data.rstrip(b"\n").rfind(b"\n") + 1:])
    if not data.endswith(b"\n") or event["op"] not in "CPKrM":
        raise rig.Failed(f"the file does not end with a unit: {event}")
    return lsn_number(event["lsn"])


def stop_cleanly(scene):
    process = scene.start(*scene.some_options())
    scene.wait_streaming(process)
    threading.Event().wait(scene.random.uniform(0, 0.3))
    process.send_signal(scene.random.choice((signal.SIGTERM, signal.SIGINT)))
    seconds = rig.measure(lambda: scene.expect_end(process))
    scene.wait_inactive()
    last, confirmed = last_unit(scene), scene.confirmed()
    if confirmed < last:
        raise rig.Failed(f"the file ends with {last:#x}, the server was told {confirmed:#x}: it sends the rest again")
    return seconds


def run(options, report):
    with rig.Scene(options, report) as scene:
        scene.load.pause()
        alone = rig.measure(lambda: scene.server.stop("smart"))
        scene.server.start(new_port=False)
        scene.load.resume()
        checkpoints = Checkpoints(scene.server)
        process = scene.start("-s", "1", "--fsync-interval", "0.05")
        scene.wait_streaming(process)
        for how in ("immediate", "fast", "smart"):
            with report.check(f"the server is stopped: {how}") as remarks:
                stop_often(scene, process, how, options.runs, remarks)
                if how == "smart":
                    remarks.append(f"without us it took {alone:.1f} s")
        with report.check("one process went through all that, and ends in order"):
            scene.wait_caught_up(process, BACK_S)
            process.send_signal(signal.SIGTERM)
            scene.expect_end(process)
        checkpoints.done.set()
        with report.check("after a clean stop the server has nothing to send again") as remarks:
            longest = max(stop_cleanly(scene) for _ in range(STOPS * options.runs))
            remarks.append(f"{STOPS * options.runs} times, took {longest:.2f} s at most")
        scene.judge()


def main(argv):
    return rig.main(argv, "restarts", __doc__, SHORT, LONG, run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
