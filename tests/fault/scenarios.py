# SPDX-License-Identifier: MIT
"""What goes on while faults are made: the server's WAL, what is there before, and what happens meanwhile.

`before` leaves files (name -> bytes) and where the slot stands; a scenario without it begins with nothing. The rows'
ids ascend from 1, so that every line of the output is one that can be told from all others."""
import dataclasses
import os
import tempfile

import position_file
import shimlog
from scripted import ROTATE, TERMINATE, Run, Slot, Wal, cut, stop, wait_answer


@dataclasses.dataclass
class Scenario:
    name: str
    wal: Wal
    args: tuple = ()
    before: callable = None       # before(scenario, server, tools): files and confirmed
    two_phase: bool = False
    tail: bytes = b""             # behind the file that was left
    speed: int = 1                # of the command's clock
    again: tuple = None           # the arguments of the run after the fault; None: the same
    files: dict = dataclasses.field(default_factory=dict)
    confirmed: int = 0x1000000
    golden: bytes = b""
    inode: int = 0
    ends: dict = None

    def prepare(self, server, tools):
        """Runs it once, without a fault: what has to come out."""
        if self.before:
            self.before(self, server, tools)
        with tempfile.TemporaryDirectory(prefix="walwire-points-") as directory:
            self.restore(directory)
            for again in range(3):   # one that is stopped goes on
                run = self.run(server, tools, directory, scripted=not again, args=self.again if again else None)
                if run.status != 0 or run.wrong:
                    raise SystemExit(f"{self.name}: does not work without a fault: {run.wrong} {run.stderr}")
                if self.whole(directory):
                    return self
        raise SystemExit(f"{self.name}: the output lacks something:\n{self.golden[-2000:].decode()}")

    def whole(self, directory):
        """All units are in the output, once and in order, as are the rows."""
        self.golden = output(directory)
        ends = [lsn for _, lsn in shimlog.unit_ends(self.golden)]
        wanted = [unit.end for unit in sorted(self.wal.units, key=lambda one: one.end)]
        return ends[-len(wanted):] == wanted and sorted(ids_of(self.golden)) == list(range(1, self.wal.id + 1))

    def restore(self, directory):
        """The state before."""
        for name, data in self.files.items():
            with open(os.path.join(directory, name), "wb") as out:
                out.write(data)
        kept = os.path.join(directory, "out.position")
        if os.path.exists(kept):
            with open(kept, "wb") as out:
                out.write(position_file.move(self.files["out.position"], self.inode, os.path.join(directory, "out")))

    def run(self, server, tools, directory, faults=None, scripted=True, args=None, log=None, slot=None):
        slot = slot or Slot(self.confirmed, self.two_phase)
        faults = (faults or {}) | {"SPEED": self.speed}
        return Run(server, tools, directory, self.wal, slot, self.args if args is None else args, faults, scripted, log)

    def unit_ends(self):
        """Offset in the output -> end_lsn."""
        self.ends = self.ends or dict(shimlog.unit_ends(self.golden))
        return self.ends

    def units(self):
        return [(unit.start, unit.end) for unit in self.wal.units]


def ids_of(content):
    for line in content.split(b"\n"):
        if line.startswith(b'{"op":"I"') and line.endswith(b"}"):
            yield int(line[line.index(b'"id":"') + 6:].split(b'"')[0])


def rotated_end(directory):
    """How much of the file that was renamed is whole: all, unless the position is still of it."""
    old = os.path.join(directory, "out.1")
    kept = position_file.read_file(os.path.join(directory, "out.position"))
    if kept and kept.inode == os.stat(old).st_ino:
        return kept.offset
    return os.path.getsize(old)


def output(directory):
    """What is in the output, with what was rotated away before it."""
    content = b""
    for name in ("out.1", "out"):
        path = os.path.join(directory, name)
        if os.path.exists(path):
            with open(path, "rb") as data:
                content += data.read()
    return content


# ---- states to begin with ------------------------------------------------------------------------------------------

def half_of_it(scenario, server, tools):
    """The first half was delivered in an ordinary run."""
    whole, scenario.wal = scenario.wal, shorter(scenario.wal)
    with tempfile.TemporaryDirectory(prefix="walwire-points-") as directory:
        slot = Slot(scenario.confirmed, scenario.two_phase)
        run = scenario.run(server, tools, directory, slot=slot, args=scenario.args)
        if run.status != 0:
            raise SystemExit(f"{scenario.name}: the run before fails: {run.stderr}")
        take(scenario, directory, ("out", "out.position"))
        scenario.confirmed = slot.confirmed
    scenario.files["out"] += scenario.tail
    scenario.wal = whole


def shorter(wal):
    """The units of the first half, as a WAL of its own."""
    half = Wal()
    half.units = wal.units[:len(wal.units) // 2]
    ends = {id(unit) for unit in half.units}
    half.steps = [step for step in wal.steps if id(step.unit) in ends]
    half.end = half.units[-1].end
    return half


def take(scenario, directory, names):
    scenario.inode = os.stat(os.path.join(directory, "out")).st_ino
    for name in names:
        path = os.path.join(directory, name)
        if os.path.exists(path):
            with open(path, "rb") as data:
                scenario.files[name] = data.read()


def position_lost(scenario, server, tools):
    """The output is there, its position is not: --init takes it as it is."""
    half_of_it(scenario, server, tools)
    del scenario.files["out.position"]


# ---- what happens meanwhile ----------------------------------------------------------------------------------------

def rotate(peer, step):
    """As logrotate does it."""
    if peer.run.scripted:
        peer.run.scripted = False
        path = peer.run.directory / "out"
        peer.run.tell("rename", path.stat().st_ino, "out.1")
        path.rename(path.with_name("out.1"))
        peer.run.signal(ROTATE)


def small():
    return Scenario("first start", Wal().transaction().transaction(2).message().settled().transaction(3).transaction())


def many(count):
    wal = Wal()
    for i in range(count):
        wal.transaction(1 + i % 3, 5)
        if i % 10 == 9:
            wal.asked()
    return wal


def within(wal, steps_from_end, act):
    """Something happens inside what came last; the client has taken in what is before it."""
    wal.steps[-steps_from_end:-steps_from_end] = Wal().act(wait_answer, 0).act(act, wal.end).steps
    return wal


def stopped():
    wal = Wal().transaction(2).transaction(3).settled()
    return within(wal.transaction(20, 100), 10, stop(TERMINATE)).transaction()


def stopped_while_idle():
    wal = Wal().transaction(2).quiet().asked().transaction().settled().quiet(reply=True).asked()
    return wal.act(stop(TERMINATE)).asked().quiet().transaction(2)


def cut_and_again():
    wal = Wal().transaction(2).settled().act(cut).transaction(3)
    within(wal.transaction(10, 100), 5, cut).transaction().settled().act(cut)
    return wal.transaction(2).quiet()


def cut_in_streams():
    wal = Wal().transaction()
    within(wal.streamed(3, 4, 200), 9, cut).quiet().settled()
    within(wal.streamed(2, 3, 200), 1, cut).transaction(2)
    return within(wal.prepared(4, 30), 6, cut).settled()


def asked_early():
    """Units wait for their sync while the server's WAL goes on, and it wants to know."""
    wal = Wal()
    for _ in range(4):
        wal.transaction(2).quiet(reply=True).asked().transaction().asked().quiet(reply=True).asked()
    return wal.settled().transaction().quiet().asked()


def quiet_for_long():
    """The intervals pass: between status updates, between acknowledgements, between syncs."""
    wal = Wal().transaction().passes(0.01).quiet().passes(0.07).transaction(2).quiet().passes(0.07)
    return wal.quiet().passes(0.06).transaction().quiet().passes(0.01).stopped()


def rotated_within():
    wal = Wal().transaction(2).settled()
    return within(wal.transaction(30, 100), 12, rotate).transaction(2).settled().transaction()


def everything():
    wal = Wal().transaction(3).streamed(3, 3, 200).quiet(reply=True)
    wal.prepared(3, 100).message().settled().transaction(2).prepared(2, 30, commit=False)
    return wal.quiet().settled().transaction(4)


TORN = b'{"op":"B","xid":99999,"lsn":"0/99","ts":"2026-01-01T00:00:00Z"}\n{"op":"I","schema":"pub'


def all_of_them():
    two_phase = dict(args=("--two-phase",), two_phase=True)
    return [
        small(),
        Scenario("small transactions, going on", many(12), before=half_of_it),
        Scenario("one large transaction", Wal().transaction().transaction(300, 1000).transaction()),
        Scenario("many tiny ones", many(150)),
        Scenario("streamed, spilled", Wal().transaction().streamed(4, 5, 300).streamed(2, 3, 500).settled()
                 .transaction(), ("--assemble-memory", "1000")),
        Scenario("two-phase", Wal().prepared(3, 50).settled().prepared(2, 20, 2).prepared(2, 20, 1, False)
                 .transaction(), **two_phase),
        Scenario("asked before it is synced", asked_early(), ("--fsync-interval", "0.02", "-s", "0.005")),
        Scenario("idle advance", Wal().transaction(2).settled().quiet(reply=True).asked().quiet().settled()
                 .quiet(0x10000, True).asked().transaction(2).quiet(reply=True).quiet(), ("-s", "0.02")),
        Scenario("quiet for long", quiet_for_long(), speed=200),
        Scenario("rotation", Wal().transaction(2).transaction(3).settled().act(rotate).transaction(2).transaction()
                 .settled().transaction()),
        Scenario("rotation within a transaction", rotated_within()),
        Scenario("a tail to cut", many(10), before=half_of_it, tail=TORN),
        Scenario("a tail of whole units to cut", many(14), before=half_of_it,
                 tail=b'{"op":"B","xid":1}\n{"op":"C","lsn":"0/FFFFFF00"}\n'),
        Scenario("--init", many(10), ("--init",), before=position_lost, again=()),
        Scenario("--init, a torn line", many(10), ("--init",), before=position_lost, tail=TORN[:-1], again=()),
        Scenario("server cuts", cut_and_again()),
        Scenario("server cuts in streams", cut_in_streams(), ("--assemble-memory", "500", *two_phase["args"]),
                 two_phase=True),
        Scenario("stop by SIGTERM", stopped()),
        Scenario("stop while idle", stopped_while_idle(), ("-s", "0.02")),
        Scenario("everything", everything(), ("--assemble-memory", "500", *two_phase["args"]), two_phase=True),
    ]
