# SPDX-License-Identifier: MIT
"""Where a password may be found: nowhere but in what the next connection needs. Every failure is provoked, and the
memory of a running walwire is searched (docs/connection.md, "Where secrets are")."""
import base64
import hashlib
import hmac
import pathlib
import re
import select
import signal
import socket
import subprocess
import threading

import support
from support import CONNECT, OK, REFUSED, USAGE, Case

CANARY = "Canary-7f3a91-bird"
TLS = {"host": "localhost", "sslmode": "verify-full"}


def mappings(pid):
    """(start, end, flags, name) of what can be read."""
    header = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$")
    found = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        match = header.match(line)
        if match:
            found.append([int(match[1], 16), int(match[2], 16), match[3], match[4], set()])
        elif line.startswith("VmFlags:"):
            found[-1][4] = set(line.split()[1:])
    return [(start, end, flags, name) for start, end, rights, name, flags in found
            if rights.startswith("r") and not name.startswith("[v")]


def search(pid, words):
    """Every place in the process's memory where one of these is: (word, mapping's name, its flags)."""
    places = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, flags, name in mappings(pid):
            memory.seek(start)
            try:
                data = memory.read(end - start)
            except OSError:        # a guard page
                continue
            places += [(word, name, flags) for word in words for _ in range(data.count(word))]
    return places


class Cutter:
    """A proxy that breaks each connection once so many bytes of the server's have gone through."""

    def __init__(self, port, count):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.target, self.count = self.listener.getsockname()[1], port, count
        self.passed = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, socket.socket() as server:
                try:
                    server.connect(("127.0.0.1", self.target))
                    self.copy(client, server)
                except OSError:
                    pass

    def copy(self, client, server):
        self.passed = 0
        while self.passed < self.count:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(self.count - self.passed if ready is server else 65536)
                if not data:
                    return
                (client if ready is server else server).sendall(data)
                self.passed += len(data) if ready is server else 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()


class Secrets(Case):
    @classmethod
    def find_server(cls):
        return support.other_server("secrets", {})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user, how in (("scram", "scram-sha-256"), ("md5", "md5"), ("plain", "scram-sha-256")):
            cls.server.sql(f"SET password_encryption = '{how}'; ALTER ROLE {user} PASSWORD '{CANARY}'")
        cls.server.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t", cls.db)

    def words(self, user="scram", **more):
        return self.server.conninfo(user, **{**TLS, "sslrootcert": self.server.certs.ca, "dbname": self.db, **more})

    # ---- in a running process --------------------------------------------------------------------

    def derived(self, user):
        """What is as good as the password, or nearly so."""
        stored = self.value(f"rolpassword FROM pg_authid WHERE rolname = '{user}'")
        if user == "md5":
            return [hashlib.md5((CANARY + user).encode()).hexdigest().encode()]
        rounds, salt, stored_key, server_key = re.fullmatch(r"SCRAM-SHA-256\$(\d+):(.*)\$(.*):(.*)", stored).groups()
        salted = hashlib.pbkdf2_hmac("sha256", CANARY.encode(), base64.b64decode(salt), int(rounds))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        assert hashlib.sha256(client_key).digest() == base64.b64decode(stored_key)
        return [salted, client_key, base64.b64decode(server_key)]

    def stream(self, conninfo, env):
        """By a command without sanitizers: they have copies of their own, and lock nothing."""
        self.create_slot()
        running = support.Running([support.tools / "walwire", "stream", "-S", self.slot, "--publication", "p",
                                   "-d", conninfo], support.environment(self.dir, **env), stdin=subprocess.DEVNULL)
        self.addCleanup(running.end)
        self.wait_active(running)
        return running

    def test_memory(self):
        """One copy, on a page that is locked and in no core dump; none where it comes from a file."""
        passfile = self.dir / "passfile"
        passfile.write_text(f"*:*:*:*:{CANARY}\n")
        passfile.chmod(0o600)
        encoded = CANARY.replace("a", "%61")
        uri = (f":{encoded}@localhost:{self.server.port}/{self.db}"
               f"?sslmode=verify-full&sslrootcert={self.server.certs.ca}")
        for user in ("scram", "md5", "plain"):
            ways = {"keyword": (self.words(user, password=CANARY), {}, 1), "uri": ("postgresql://" + user + uri, {}, 1),
                    "environment": (self.words(user), {"PGPASSWORD": CANARY}, 1),
                    "file": (self.words(user, passfile=passfile), {}, 0)}
            secrets = self.derived(user)
            for way, (conninfo, env, copies) in ways.items():
                with self.subTest(user=user, way=way):
                    self.drop_slots()
                    running = self.stream(conninfo, env)
                    pid = running.process.pid
                    places = search(pid, [CANARY.encode(), encoded.encode(), *secrets])
                    self.assertEqual([word for word, _, _ in places], [CANARY.encode()] * copies, places)
                    for _, name, flags in places:
                        self.assertEqual((name, flags & {"dd", "lo"}), ("", {"dd", "lo"}))
                    self.assertTrue(search(pid, [self.slot.encode()]), "the search finds nothing at all")
                    for file in ("cmdline", "environ"):
                        self.assertNotIn(CANARY.encode(), pathlib.Path(f"/proc/{pid}/{file}").read_bytes())
                    self.assertEqual(running.stop().status, OK)

    def test_keys_and_tokens(self):
        """The same for what takes the password's place."""
        salted, client_key, server_key = self.derived("scram")
        texts = [base64.b64encode(key).decode() for key in (client_key, server_key)]
        running = self.stream(self.words(scram_client_key=texts[0], scram_server_key=texts[1],
                                         oauth_token=CANARY), {})
        places = search(running.process.pid, [salted, client_key, server_key, CANARY.encode(),
                                              *(text.encode() for text in texts)])
        self.assertEqual(sorted(word.decode() for word, _, _ in places), sorted([*texts, CANARY]))
        for _, _, flags in places:
            self.assertEqual(flags & {"dd", "lo"}, {"dd", "lo"})
        self.assertNotIn(CANARY.encode(), pathlib.Path(f"/proc/{running.process.pid}/cmdline").read_bytes())
        self.assertEqual(running.stop().status, OK)

    def test_memory_during_the_login(self):
        """No process of the same user reads it, nor does the system dump it; test_memory reads what is left."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            running = self.start_command("info", conninfo=self.words(password=CANARY, port=silent.getsockname()[1]))
            with silent.accept()[0]:
                with self.assertRaises(PermissionError), open(f"/proc/{running.process.pid}/mem", "rb"):
                    pass
                self.assertEqual(running.stop().status, 128 + signal.SIGINT)

    # ---- when it fails ---------------------------------------------------------------------------

    def fails(self, status, *arguments, verb="info", **options):
        """Runs it as loudly as it can; the canary is nowhere."""
        trace = self.dir / "trace"
        trace.unlink(missing_ok=True)
        log = self.server.log.stat().st_size
        done = self.run_command(verb, "-v", "-v", "--trace", trace, *arguments, **options)
        self.assertEqual(done.status, status, done.err)
        logged = self.server.log.read_text()[log:]
        for text in (done.out.decode(), done.err, trace.read_text() if trace.exists() else "", logged):
            for piece in (CANARY, CANARY[:9], CANARY[-9:]):
                self.assertNotIn(piece, text)
            self.assertNotRegex(text, r"AddressSanitizer|runtime error")
        return done

    def test_failures(self):
        gone = self.dir / "gone"
        password = {"password": CANARY}
        with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            cases = [
                (CONNECT, {"password": CANARY + "x"}), (CONNECT, {"password": "x" + CANARY, "user": "plain"}),
                (CONNECT, {"password": CANARY + "x", "user": "md5"}), (CONNECT, {**password, "dbname": "not_there"}),
                (CONNECT, {**password, "user": "not_there"}), (CONNECT, {**password, "host": "127.0.0.1"}),
                (CONNECT, {**password, "sslrootcert": self.server.certs.stranger}),
                (CONNECT, {**password, "sslrootcert": gone}), (CONNECT, {**password, "require_auth": "md5"}),
                (CONNECT, {**password, "user": "plain", "sslmode": "disable"}),
                (CONNECT, {**password, "sslmode": "disable", "channel_binding": "require"}),
                (CONNECT, {**password, "port": closed.getsockname()[1]}),
                (CONNECT, {**password, "port": silent.getsockname()[1], "connect_timeout": 1}),
                (CONNECT, {**password, "host": "no-such-host.invalid"}),
                (REFUSED, {**password, "options": "-c no_such_setting=1"}),
                (REFUSED, {**password, "user": "noreplication"}),
                (USAGE, {**password, "sslmode": "maybe"}), (USAGE, {**password, "no_such_key": "1"}),
                (USAGE, {**password, "port": CANARY}), (USAGE, {"scram_client_key": CANARY}),
                (USAGE, {**password, "oauth_token": CANARY + " and more"}),
            ]
            for status, words in cases:
                with self.subTest(words=words):
                    self.fails(status, conninfo=self.words(**words))

    def test_failures_behind_the_login(self):
        conninfo = self.words(password=CANARY)
        arguments = ["-S", "not_there", "--publication", "p", "--until-now"]
        self.fails(REFUSED, *arguments, verb="stream", conninfo=conninfo)
        self.fails(REFUSED, "-S", "not_there", verb="slot drop", conninfo=conninfo)

    def test_texts_that_cannot_be_read(self):
        """A password with what splits it, in the wrong place."""
        for text in (f"password={CANARY} {CANARY[-9:]}", f"password='{CANARY}", f"host=a {CANARY}",
                     f"postgresql://u:{CANARY}@h:{CANARY[-9:]}/d", f"postgre://u:{CANARY}@h/d",
                     f"postgresql://u:{CANARY}/d@h:1x", f"postgresql://u:{CANARY}%zz@h/d"):
            with self.subTest(text=text):
                self.fails(USAGE, conninfo=text)

    def test_cut_connections(self):
        """Broken at every 97th byte of the login and of what follows; then it goes through."""
        for user in ("scram", "plain"):
            count = 1
            while True:
                with self.subTest(user=user, count=count), Cutter(self.server.port, count) as cutter:
                    conninfo = self.words(user, password=CANARY, port=cutter.port)
                    done = self.run_command("info", "-v", "-v", conninfo=conninfo)
                    self.assertNotIn(CANARY, done.err + done.out.decode())
                    if done.status != OK:
                        self.assertIn(done.status, (1, CONNECT), done.err)
                if done.status == OK or count > 20000:
                    break
                count += 97
            self.assertEqual(done.status, OK)
            self.assertGreater(count, 2000)

    def test_a_prompt(self):
        """There is nobody to ask: no terminal, no hang, and nothing said of what is not there."""
        done = subprocess.run([support.walwire, "info", "-w", "-d", self.words()], capture_output=True,
                              env=support.environment(self.dir), stdin=subprocess.DEVNULL, start_new_session=True,
                              timeout=20)
        self.assertEqual(done.returncode, CONNECT)
        self.assertIn(b"PGPASSWORD", done.stderr)
