# SPDX-License-Identifier: MIT
"""Runs one command and says how it ended and what it took: a small process, since the kernel counts a child's peak from
its parent's size on.

    watch.py FD SECONDS COMMAND...   to the descriptor: the child's pid; then status, peak in KiB, seconds of CPU"""
import os
import signal
import sys

news, seconds, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, news)])
os.write(news, b"%d\n" % child)
signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
signal.setitimer(signal.ITIMER_REAL, seconds)
_, status, usage = os.wait4(child, 0)
os.write(news, b"%d %d %f\n" % (os.waitstatus_to_exitcode(status), usage.ru_maxrss, usage.ru_utime))
