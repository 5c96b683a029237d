#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A throw-away PostgreSQL server in a temporary directory.

    python3 tests/server/pg.py start 18 [NAME=VALUE...]   starts one, prints how to reach it, goes on
    python3 tests/server/pg.py run 18                     the same, until Ctrl-C
    python3 tests/server/pg.py stop DIRECTORY             stops it and removes its directory

Started as root, the server runs as the user "walwire" that scripts/setup makes.
"""
import ctypes
import glob
import os
import pathlib
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import certs
import fetch

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "wal_level": "logical",
    "max_replication_slots": "100",
    "max_wal_senders": "50",
    "max_connections": "100",
    "fsync": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "autovacuum": "off",
    "track_commit_timestamp": "on",
    "log_min_messages": "log",
    "log_replication_commands": "on",
}

# Each way to log in has a user of its own, so that one server serves every test. Password: "secret".
USERS = {"scram": "scram-sha-256", "md5": "md5", "plain": "password", "trusted": "trust"}

HBA = """\
local   all  postgres  trust
local   replication  postgres  trust
local   all  trusted   trust
host    all  trusted   127.0.0.1/32  trust
host    all  postgres  127.0.0.1/32  trust
host    all  scram     127.0.0.1/32  scram-sha-256
local   all  scram     scram-sha-256
host    all  md5       127.0.0.1/32  md5
host    all  plain     127.0.0.1/32  password
host    all  noreplication 127.0.0.1/32 trust
hostssl all  tlsonly   127.0.0.1/32  scram-sha-256
hostssl all  certified 127.0.0.1/32  cert
"""


def find_tool(name):
    """Debian's real binary, not the wrapper in /usr/bin, which costs 30 ms a call."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}")) + [shutil.which(name)]
    if not found[0]:
        sys.exit(f"{name} is missing: run scripts/setup")
    return found[0]


def major(version):
    """18 of "18", 15 of "debian15"."""
    return int(str(version).removeprefix("debian"))


def home(version):
    """Where this server is installed: "15" is one that scripts/setup fetched, "debian15" the package's."""
    if str(version).startswith("debian"):
        return pathlib.Path("/usr/lib/postgresql", str(major(version)))
    return fetch.home(version)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    """In the child: the server stops at once if the test program is killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGQUIT)


class Server:
    """initdb, start, stop; `sql` runs statements with psql and returns the output, unaligned.

    The server has TLS with a certificate for the name "localhost" (not for 127.0.0.1), signed by
    the CA `certs.ca`, and the users above."""

    def __init__(self, version, settings=None, directory=None):
        self.version = version
        self.major = major(version)
        self.home = home(version)
        if not (self.home / "bin" / "postgres").exists():
            sys.exit(f"PostgreSQL {version} is missing: run scripts/setup --servers {version}")
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix=f"walwire-pg{version}-"))
        self.data = self.dir / "data"
        self.settings = {**SETTINGS, **(settings or {})}
        self.host = str(self.dir)
        self.port = None
        self.process = None
        self.certs = None

    def init(self):
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-N",
                  "--locale=C", "--encoding=UTF8")
        self.certs = certs.make(self.dir / "certs", server_name="localhost")
        for name in ("server.crt", "server.key"):
            shutil.copy(self.certs.dir / name, self.data)
        shutil.copy(self.certs.ca, self.data / "root.crt")
        (self.data / "pg_hba.conf").write_text(HBA)

    def start(self, new_port=True, keep=False):
        """keep: the server outlives this program."""
        if not self.data.exists():
            self.init()
        for _ in range(5):
            if new_port or self.port is None:
                self.port = free_port()
            self._write_settings()
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [self.home / "bin" / "postgres", "-D", self.data], stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, env=self._env(),
                    preexec_fn=os.setsid if keep else die_with_parent)
            if self._wait_ready():
                break
        else:
            raise RuntimeError(f"PostgreSQL {self.major} does not start:\n{self.log.read_text()}")
        if not (self.dir / "users").exists():
            self._make_users()
        return self

    def stop(self, mode="fast"):
        """fast, immediate, or smart; then the directory stays, for another start."""
        if self.process and self.process.poll() is None:
            self.process.send_signal({"fast": signal.SIGINT, "immediate": signal.SIGQUIT,
                                      "smart": signal.SIGTERM}[mode])
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
                raise RuntimeError(f"server did not stop ({mode}): a client holds it up") from None
        self.process = None

    def remove(self):
        if self.process:
            self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.remove()

    @property
    def log(self):
        return self.dir / "log"

    def conninfo(self, user="postgres", dbname="postgres", host=None, **more):
        """A connection string; the Unix socket unless a host is given."""
        words = {"host": host or self.host, "port": self.port, "user": user, "dbname": dbname, **more}
        return " ".join(f"{key}='{value}'" for key, value in words.items())

    def sql(self, statements, dbname="postgres"):
        """Runs statements in one session, each in its own transaction unless they say BEGIN."""
        done = subprocess.run(
            [find_tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port),
             "-U", "postgres", "-d", dbname, "-f", "-"], input=statements,
            encoding="utf-8", capture_output=True, env=self._env())
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}\nin: {statements[:2000]}")
        return done.stdout.rstrip("\n")

    def value(self, expression, dbname="postgres"):
        return self.sql(f"SELECT {expression}", dbname)

    def wait(self, condition, dbname="postgres", seconds=30, alive=lambda: True):
        """Polls an SQL condition, or a function; an error after the time given, or when what should bring it about is
        no longer alive. Returns the seconds it took."""
        holds = condition if callable(condition) else lambda: self.value(condition, dbname) == "t"
        begin = time.monotonic()
        while not holds():
            if not alive():
                raise RuntimeError(f"nobody is left to make it true: {condition}")
            if time.monotonic() - begin > seconds:
                raise TimeoutError(f"not true after {seconds} s: {condition}")
            time.sleep(0.02)
        return time.monotonic() - begin

    def _env(self):
        keep = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return {**keep, "LC_ALL": "C", "PGPASSFILE": str(self.dir / "none")}

    def _run(self, tool, *arguments):
        done = subprocess.run([self.home / "bin" / tool, *map(str, arguments)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._env())
        if done.returncode != 0:
            raise RuntimeError(f"{tool} failed:\n{done.stdout}")

    def _write_settings(self):
        known = {**self.settings, "port": self.port, "unix_socket_directories": self.host,
                 "ssl": "on", "ssl_ca_file": "root.crt"}
        lines = [f"{name} = '{value}'\n" for name, value in known.items()]
        conf = self.data / "postgresql.conf"
        mark = "# walwire\n"
        conf.write_text(conf.read_text().split(mark)[0] + mark + "".join(lines))

    def _wait_ready(self, seconds=60):
        """True when postmaster.pid says so, False if the port was taken meanwhile."""
        end = time.monotonic() + seconds
        pidfile = self.data / "postmaster.pid"
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            try:
                lines = pidfile.read_text().split("\n")
                if len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self.process.pid:
                    return True
            except (OSError, ValueError):
                pass
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL {self.major} is not ready after {seconds} s:\n"
                           f"{self.log.read_text()}")

    def _make_users(self):
        for user, method in USERS.items():
            how = "md5" if method == "md5" else "scram-sha-256"
            self.sql(f"SET password_encryption = '{how}'; "
                     f"CREATE ROLE {user} SUPERUSER REPLICATION LOGIN PASSWORD 'secret'")
        self.sql("SET password_encryption = 'scram-sha-256'; "
                 "CREATE ROLE tlsonly SUPERUSER REPLICATION LOGIN PASSWORD 'secret'; "
                 "CREATE ROLE certified SUPERUSER REPLICATION LOGIN; "
                 "CREATE ROLE noreplication LOGIN")
        (self.dir / "users").touch()


def drop_privileges():
    """As root: go on as the unprivileged user."""
    if os.geteuid() == 0:
        account = pwd.getpwnam("walwire")
        os.environ["HOME"] = account.pw_dir
        os.environ["WALWIRE_CACHE"] = str(fetch.cache())
        os.initgroups(account.pw_name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


def announce(server):
    psql = [find_tool("psql"), "-h", server.host, "-p", str(server.port), "-U", "postgres"]
    print(f"directory  {server.dir}\nlog        {server.log}\n"
          f"conninfo   {server.conninfo()}\n"
          f"tcp        postgresql://scram:secret@127.0.0.1:{server.port}/postgres\n"
          f"tls        {server.conninfo('scram', host='localhost', sslmode='verify-full')} "
          f"sslrootcert={server.certs.ca} password=secret\n"
          f"psql       {shlex.join(psql)}", flush=True)


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("start", "run", "stop"):
        sys.exit(__doc__)
    if arguments[0] == "stop":
        directory = pathlib.Path(arguments[1])
        pid = int((directory / "data" / "postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, signal.SIGINT)
        while (directory / "data" / "postmaster.pid").exists():
            time.sleep(0.02)
        shutil.rmtree(directory)
        return
    drop_privileges()
    os.chdir("/")
    server = Server(arguments[1], dict(word.split("=", 1) for word in arguments[2:]))
    if arguments[0] == "start":
        server.start(keep=True)
        announce(server)
        return
    with server:
        announce(server)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main(sys.argv[1:])
