# SPDX-License-Identifier: MIT
"""TLS as a matrix: what the server shows x what the client demands. The result of each cell comes from the rules
below, which are those of libpq's documentation; libpq 18 itself is held against them too, on server 18."""
import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import os
import shutil
import socket
import ssl
import subprocess
import time
import unittest.mock

import certs
import support
from libpq import Libpq
from support import CONNECT, OK, Case, environment, since
from test_session import Impostor

MODES = (None, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
STRONG = ("require", "verify-ca", "verify-full")
PAST, FUTURE = ("20000101", "20010101"), ("20480101", "20491231")

# ---- what the server shows -----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class World:
    """A server's certificate and what matters about it. names: dNSName and iPAddress entries; ca: in our root file."""
    name: str
    tls: bool = True
    ca: str = "rsa"             # rsa, ec, ed25519: trusted; stranger
    key: str = "rsa"
    digest: str = "sha256"      # None: the signature has none of its own
    pss: bool = False
    dates: tuple = None         # None: good ones
    revoked: bool = False
    names: tuple = ("DNS:localhost",)
    common_name: str = "server"
    nul: bytes = None           # in place of names: one with a NUL inside
    settings: tuple = ()


GOOD = World("good")
WORLDS = [World("none", tls=False), GOOD, World("expired", dates=PAST), World("future", dates=FUTURE),
          World("unknown", ca="stranger"), World("revoked", revoked=True)]
NAMES = [(World("other", names=("DNS:elsewhere.example",)), ["localhost", "elsewhere.example", "ELSEWHERE.Example"]),
         (World("address", names=("IP:127.0.0.1",)), ["127.0.0.1", "localhost"]),
         (World("wildcard", names=("DNS:*.walwire.test",)),
          ["db.walwire.test", "a.b.walwire.test", "walwire.test", ".walwire.test"]),
         (World("wide", names=("DNS:*.test", "DNS:d*.walwire.test", "DNS:*")), ["walwire.test", "db.walwire.test"]),
         (World("dns_address", names=("DNS:127.0.0.1",)), ["127.0.0.1"]),
         (World("cn", names=(), common_name="localhost"), ["localhost", "elsewhere.example"]),
         (World("cn_beside", common_name="db.test", names=("DNS:localhost",)), ["localhost", "db.test"]),
         (World("nul", nul=b"localhost\0.evil.example"), ["localhost"])]
SIGNATURES = [World("sha1", digest="sha1"), World("sha384", digest="sha384"), World("sha512", digest="sha512"),
              World("pss256", pss=True), World("pss512", digest="sha512", pss=True),
              World("ecdsa256", ca="ec", key="ec"), World("ecdsa384", ca="ec", key="ec", digest="sha384"),
              World("ed25519", ca="ed25519", key="ed25519", digest=None)]
SILENT = dataclasses.replace(GOOD, name="silent", settings=(("ssl_ca_file", ""),))
ONLY12 = dataclasses.replace(GOOD, name="only12", settings=(("ssl_max_protocol_version", "TLSv1.2"),))

# ---- what the client demands ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Cell:
    world: World
    sslmode: str = None
    sslnegotiation: str = "postgres"
    channel_binding: str = "prefer"
    host: str = "localhost"
    user: str = "scram"
    root: str = "file"          # none, missing, system
    crl: str = "none"           # file, dir, missing, damaged, cas (a directory that has the unknown CA too)
    identity: str = "none"      # right, other (another name), strange (another CA), readable (by others), missing ...
    sslcertmode: str = None
    ssl_min_protocol_version: str = None
    ssl_max_protocol_version: str = None
    home: bool = False          # the files have their usual names and are not named

    def __str__(self):
        said = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)
                if field.name != "world" and getattr(self, field.name) != field.default}
        return " ".join([self.world.name, *(f"{key}={value}" for key, value in said.items())])


# ---- the rules -----------------------------------------------------------------------------------------------------

PLAIN, TLS, BOUND = "plain", "tls", "bound"                         # connected
FINAL, REFUSED, BROKEN = "final", "refused by the server", "no handshake"

# libpq's order. default: nobody wrote a mode; walwire then never returns from TLS to plain text.
ORDER = {"disable": "P", "allow": "PT", "default": "?", "prefer": "?P", "require": "T", "verify-ca": "T",
         "verify-full": "T"}
# Client certificates that cannot even be loaded.
UNUSABLE = ("readable", "group", "no key", "locked", "wrong password")


def covers(world, host, libpq):
    """Does the certificate name the host? Entries of the host's kind, else the common name."""
    if world.nul:
        return False
    kind = "IP:" if host.replace(".", "").isdigit() else "DNS:"
    if libpq and f"DNS:{host}" in world.names:  # of any kind
        return True
    names = [name.removeprefix(kind) for name in world.names if name.startswith(kind)] or [world.common_name]
    label, _, rest = host.lower().partition(".")
    dots = 1 if libpq else 2                    # "*.test" is a whole top-level domain
    return any(name == host.lower() or name.startswith("*.") and name.count(".") >= dots and label and
               rest == name[2:] for name in names)


def believed(cell, mode, libpq):
    """The certificate passes what the mode and the root file ask for."""
    world = cell.world
    if mode not in ("verify-ca", "verify-full") and cell.root in ("none", "missing"):
        return True
    if cell.root in ("none", "missing") or world.dates:
        return False
    if world.ca == "stranger" and not (libpq and cell.crl == "cas"):    # libpq trusts certificates that lie there
        return False
    if cell.crl == "damaged" and not libpq:     # libpq goes on without
        return False
    if world.revoked and cell.crl in ("file", "dir", "cas"):
        return False
    if world.digest == "sha1" and not libpq:    # OpenSSL 3 refuses it; the 1.1 that libpq has here does not
        return False
    return mode != "verify-full" or covers(world, cell.host, libpq)


def over_plain(cell):
    if cell.channel_binding == "require" or cell.sslcertmode == "require":
        return FINAL
    return REFUSED if cell.user in ("tlsonly", "certified") else PLAIN


def versions(cell):
    return (cell.ssl_min_protocol_version or "TLSv1.2",
            min(cell.ssl_max_protocol_version or "TLSv1.3", dict(cell.world.settings).get(
                "ssl_max_protocol_version", "TLSv1.3")))


def over_tls(cell, mode, major, libpq):
    world, identity = cell.world, "none" if cell.sslcertmode == "disable" else cell.identity
    least, most = versions(cell)
    if cell.sslnegotiation == "direct" and (major < 17 or not world.tls):
        return BROKEN
    if not world.tls:
        return FINAL
    if identity in UNUSABLE or least > most or not believed(cell, mode, libpq):
        return BROKEN
    asked = world != SILENT
    if cell.sslcertmode == "require" and (not asked or identity in ("none", "missing")):
        return FINAL
    if asked and identity == "strange":         # under TLS 1.3 the client hears of it after its handshake
        return BROKEN if most == "TLSv1.2" else FINAL
    if cell.user == "certified":
        return TLS if identity in ("right", "der", "encrypted") else REFUSED
    if libpq and world.digest is None and cell.channel_binding != "disable":
        return FINAL                            # libpq does not get over a certificate that cannot bind
    binds = major > 10 and world.digest is not None and cell.channel_binding != "disable"
    if cell.channel_binding == "require" and not binds:
        return FINAL
    return BOUND if binds else TLS


def expected(cell, major, libpq=False):
    """PLAIN, TLS, BOUND, or None: no connection."""
    mode = cell.sslmode or ("verify-full" if cell.root == "system" else "prefer" if libpq else "default")
    for method in ORDER[mode]:
        if method == "P" or (method == "?" and not cell.world.tls):
            result = over_plain(cell)
        else:
            result = over_tls(cell, mode, major, libpq)
        if result in (PLAIN, TLS, BOUND):
            return result
        if result == FINAL or (method == "?" and not cell.world.tls):
            return None
    return None


# ---- cells ---------------------------------------------------------------------------------------------------------


def negotiations(modes=MODES):
    """(sslmode, sslnegotiation): direct is for the strong modes alone."""
    return [(mode, "postgres") for mode in modes] + [(mode, "direct") for mode in modes if mode in STRONG]


def server_cells():
    """Every mode against every kind of server, with every kind of binding."""
    for world, (mode, how), binding in itertools.product(WORLDS, negotiations(), ("disable", "prefer", "require")):
        yield Cell(world, mode, how, binding)


def root_cells():
    """Without a root file, with one that is not there, with the system's; users that only TLS lets in."""
    for world, (mode, how), root in itertools.product(WORLDS[:5], negotiations(), ("none", "missing")):
        yield Cell(world, mode, how, root=root)
    for world, how in itertools.product(WORLDS[:5], ("postgres", "direct")):
        yield Cell(world, None if how == "postgres" else "verify-full", how, root="system")
    for world, mode, root in itertools.product(WORLDS[:5], MODES, ("file", "none")):
        yield Cell(world, mode, user="tlsonly", root=root)


def crl_cells():
    for world, (mode, how), crl in itertools.product((GOOD, *WORLDS[4:6]), negotiations(("prefer",) + STRONG),
                                                     ("file", "dir", "missing", "damaged", "cas")):
        yield Cell(world, mode, how, crl=crl)


def name_cells():
    for world, hosts in NAMES:
        for host, (mode, how) in itertools.product(hosts, negotiations(("require", "verify-ca", "verify-full"))):
            yield Cell(world, mode, how, host=host)


def signature_cells(major):
    """Which hash binds. Servers before 14 do not know PSS's, and their PLUS then fails."""
    for world, binding, (mode, how) in itertools.product(SIGNATURES, ("disable", "prefer", "require"),
                                                         negotiations((None, "require", "verify-full"))):
        if major >= 14 or not world.pss:
            yield Cell(world, mode, how, binding, root="file" if mode == "verify-full" else "none")


def identity_cells():
    for identity, (mode, how) in itertools.product(("none", "right", "other", "strange", "missing"),
                                                   negotiations(("disable", "prefer", "require"))):
        yield Cell(GOOD, mode, how, user="certified", identity=identity)
        for certmode in (None, "disable", "require"):
            yield Cell(GOOD, mode, how, identity=identity, sslcertmode=certmode)
    for identity, mode in itertools.product((*UNUSABLE, "der", "encrypted"), (None, "prefer", "require")):
        yield Cell(GOOD, mode, user="certified", identity=identity)
        yield Cell(GOOD, mode, identity=identity)
    for identity, certmode, (mode, how) in itertools.product(("none", "right"), ("allow", "disable", "require"),
                                                             negotiations(("prefer", "require"))):
        yield Cell(SILENT, mode, how, identity=identity, sslcertmode=certmode)


def version_cells():
    for world, mode in itertools.product((GOOD, ONLY12), (None, "prefer", "require")):
        for least, most in ((None, "TLSv1.2"), ("TLSv1.3", None), ("TLSv1.2", "TLSv1.3")):
            yield Cell(world, mode, ssl_min_protocol_version=least, ssl_max_protocol_version=most)
        yield Cell(world, mode, identity="strange", ssl_max_protocol_version="TLSv1.2")


def home_cells():
    for world, mode, user in itertools.product((GOOD, WORLDS[4], WORLDS[5]), MODES, ("scram", "certified")):
        yield Cell(world, mode, user=user, crl="file", identity="right", home=True)
    yield Cell(WORLDS[5], root="system", identity="right", home=True)   # the list at home is not for these


# ---- the test ------------------------------------------------------------------------------------------------------


class Tls(Case):
    @classmethod
    def find_server(cls):
        return support.other_server("tls", {})

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pki = cls.server.dir / "pki"
        cls.pki.mkdir()
        cls.authorities = {kind: certs.Authority(cls.pki, f"ca-{kind}", kind) for kind in certs.KEYS}
        cls.authorities["stranger"] = certs.Authority(cls.pki, "ca-stranger", "rsa")
        trusted = [cls.authorities[kind].crt for kind in certs.KEYS]
        (cls.pki / "root.crt").write_text("".join(path.read_text() for path in trusted))
        for kind in certs.KEYS:
            certs.make_key(cls.pki, f"key-{kind}", kind)
        cls.make_identities()
        cls.issued = {}
        revoked = cls.certificate(WORLDS[5])
        cls.authorities["rsa"].revoke(revoked.stem)
        cls.authorities["rsa"].write_crl("revoked.crl", "crls")
        cls.authorities["stranger"].write_crl("stranger.crl", "cas")
        for path in (cls.pki / "crls").iterdir():
            shutil.copy(path, cls.pki / "cas")
        hashed = certs.openssl("x509", "-in", "ca-stranger.crt", "-noout", "-hash", cwd=cls.pki).split()[0]
        shutil.copy(cls.pki / "ca-stranger.crt", cls.pki / "cas" / f"{hashed}.0")
        (cls.pki / "damaged.crl").write_text((cls.pki / "revoked.crl").read_text()[:200])
        shutil.copy(cls.authorities["rsa"].crt, cls.server.data / "root.crt")
        cls.env = environment(cls.pki, SSL_CERT_FILE=cls.pki / "root.crt")
        cls.libpq = Libpq() if cls.major == 18 else None
        patch = unittest.mock.patch.dict(os.environ, cls.env)   # libpq reads it in this process
        patch.start()
        cls.addClassCleanup(patch.stop)

    @classmethod
    def make_identities(cls):
        """The client's: sslcert, sslkey and more, by the names that Cell.identity has."""
        key, encrypted = cls.pki / "key-rsa.key", cls.pki / "encrypted.key"
        right = cls.authorities["rsa"].issue("right", "key-rsa", "certified")
        other = cls.authorities["rsa"].issue("other", "key-rsa", "somebody")
        strange = cls.authorities["stranger"].issue("strange", "key-rsa", "certified")
        for name, mode in (("readable.key", 0o604), ("group.key", 0o640)):
            shutil.copy(key, cls.pki / name)
            (cls.pki / name).chmod(mode)
        certs.openssl("pkey", "-in", key, "-outform", "DER", "-out", "der.key", cwd=cls.pki)
        certs.openssl("pkcs8", "-topk8", "-in", key, "-out", encrypted, "-passout", "pass:open sesame", cwd=cls.pki)
        for file in ("der.key", "encrypted.key"):
            (cls.pki / file).chmod(0o600)
        gone = cls.pki / "gone"
        cls.identities = {
            "none": {}, "right": (right, key), "other": (other, key), "strange": (strange, key),
            "missing": (gone, key), "no key": (right, gone), "readable": (right, cls.pki / "readable.key"),
            "group": (right, cls.pki / "group.key"), "der": (right, cls.pki / "der.key"),
            "locked": (right, encrypted), "encrypted": (right, encrypted, "open sesame"),
            "wrong password": (right, encrypted, "open barley")}

    @classmethod
    def certificate(cls, world):
        if world not in cls.issued:
            names = certs.name_with_nul(world.nul) if world.nul else ",".join(world.names)
            more = {"dates": world.dates} if world.dates else {}
            cls.issued[world] = cls.authorities[world.ca].issue(
                f"server-{world.name}", f"key-{world.key}", world.common_name, names,
                digest=world.digest or "sha256", pss=world.pss, **more)
        return cls.issued[world]

    def show(self, world):
        """Makes the server show this certificate to everyone who connects from now on."""
        before = self.server.value("pg_conf_load_time()")
        settings = {"ssl": "on" if world.tls else "off", **dict(world.settings)}
        statements = ["ALTER SYSTEM RESET ALL"]
        statements += [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()]
        if world.tls:
            shutil.copy(self.certificate(world), self.server.data / "server.crt")
            shutil.copy(self.pki / f"key-{world.key}.key", self.server.data / "server.key")
        self.server.sql(";\n".join([*statements, "SELECT pg_reload_conf()"]) + ";")
        self.server.wait(f"pg_conf_load_time() > '{before}'")
        self.assertEqual(self.shown(), certs.der_of(self.certificate(world)) if world.tls else None, world.name)

    def shown(self):
        """The certificate that a new connection gets, as Python sees it; None: no TLS."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            s.sendall(bytes.fromhex("0000000804d2162f"))
            if s.recv(1) != b"S":
                return None
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(s) as wrapped:
                return wrapped.getpeercert(binary_form=True)

    def words(self, cell):
        """The cell as a connection string."""
        files = {"root": {"file": "root.crt", "none": None, "missing": "gone.crt"},
                 "crl": {"file": "revoked.crl", "missing": "gone.crl", "damaged": "damaged.crl"},
                 "dir": {"dir": "crls", "cas": "cas"}}
        path = lambda name: name and self.pki / name
        words = {"hostaddr": "127.0.0.1", "password": "secret", "connect_timeout": 20,
                 "sslrootcert": "system" if cell.root == "system" else path(files["root"][cell.root]),
                 "sslcrl": path(files["crl"].get(cell.crl)),
                 "sslcrldir": path(files["dir"].get(cell.crl)),
                 **dict(zip(("sslcert", "sslkey", "sslpassword"), self.identities[cell.identity]))}
        for name in ("sslmode", "sslnegotiation", "channel_binding", "sslcertmode", "ssl_min_protocol_version",
                     "ssl_max_protocol_version"):
            words[name] = getattr(cell, name)
        if cell.home:
            words = {k: v for k, v in words.items() if self.pki not in getattr(v, "parents", ())}
        return self.conninfo(cell.user, host=cell.host, **{k: v for k, v in words.items() if v is not None})

    def connect(self, cell):
        """What walwire did and said, and what libpq did."""
        conninfo = self.words(cell)
        done = subprocess.run(self.command("info", conninfo=conninfo), env=self.env, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        theirs = self.libpq.connect(conninfo) if self.libpq else None
        return support.Finished(done.returncode, done.stdout, done.stderr), theirs

    @contextlib.contextmanager
    def at_home(self):
        """A home directory with a file for everything."""
        folder = self.dir / ".postgresql"
        folder.mkdir()
        for name, file in (("root.crt", "root.crt"), ("root.crl", "revoked.crl"), ("postgresql.crt", "right.crt"),
                           ("postgresql.key", "key-rsa.key")):
            shutil.copy(self.pki / file, folder / name)
        home = {"HOME": str(self.dir)}
        with unittest.mock.patch.dict(self.env, home), unittest.mock.patch.dict(os.environ, home):
            yield

    def check(self, cells):
        by_world = collections.defaultdict(list)
        for cell in cells:
            by_world[cell.world].append(cell)
        for world, group in by_world.items():
            self.show(world)
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                for cell, (done, theirs) in zip(group, pool.map(self.connect, group)):
                    with self.subTest(cell=str(cell)):
                        self.check_walwire(cell, done)
                    if self.libpq:
                        with self.subTest(libpq=str(cell)):
                            self.check_libpq(cell, theirs)

    def check_walwire(self, cell, done):
        wanted = expected(cell, self.major)
        if wanted is None:
            self.assert_error(done, CONNECT)
            return
        self.assertEqual(done.status, OK, done.err)
        said = dict(line.split(None, 1) for line in done.out.decode().splitlines())
        how = PLAIN if said["encryption"] == "none" else BOUND if "plus" in said["authentication"] else TLS
        self.assertEqual(how, wanted, done.out)
        self.assertNotIn("secret", done.out.decode() + done.err)
        self.assertNotRegex(done.err, r"AddressSanitizer|runtime error")

    def check_libpq(self, cell, theirs):
        wanted = expected(cell, self.major, libpq=True)
        self.assertEqual(theirs.split(":")[0], {PLAIN: "plain", None: "no"}.get(wanted, "tls"), theirs)

    def test_servers(self):
        self.check(server_cells())

    @since(18)
    def test_roots(self):
        self.check(root_cells())

    def test_revocation_lists(self):
        self.check(crl_cells())

    @since(18)
    def test_names(self):
        self.check(name_cells())

    def test_signatures(self):
        self.check(signature_cells(self.major))

    @since(18)
    def test_client_certificates(self):
        self.check(identity_cells())

    @since(18)
    def test_versions(self):
        self.check(version_cells())

    def test_a_refusal_is_heard_once_or_twice(self):
        """With prefer and allow the other encryption is tried; not once the server has let us in."""
        self.show(GOOD)
        refusals = {"password authentication failed": {"password": "wrong"},
                    "database \"nothing\" does not exist": {"dbname": "nothing"}}
        for (said, words), mode in itertools.product(refusals.items(), MODES[:5]):
            with self.subTest(said=said, sslmode=mode):
                conninfo = self.words(Cell(GOOD, mode)) + "".join(f" {k}='{v}'" for k, v in words.items())
                twice = mode in ("allow", "prefer") and "password" in words
                before = self.server.log.read_text().count(said)
                self.assert_error(self.run_command("info", conninfo=conninfo), CONNECT)
                self.assertEqual(self.server.log.read_text().count(said) - before, 2 if twice else 1)
                if self.libpq and mode:
                    self.libpq.connect(conninfo)
                    self.assertEqual(self.server.log.read_text().count(said) - before, 4 if twice else 2)

    @since(18)
    def test_files_at_home(self):
        with self.at_home():
            self.check(home_cells())


# ---- somebody in between -------------------------------------------------------------------------------------------

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
ESCAPE = b"\x1b]0;pwned\x07\nwalwire: forged"
AN_ERROR = b"SFATAL\0VFATAL\0C28000\0M" + ESCAPE + b"\0\0"
AN_ERROR = b"E" + (len(AN_ERROR) + 4).to_bytes(4, "big") + AN_ERROR
LET_IN = bytes.fromhex("520000000800000000" "5a0000000549")

# (what is answered to each thing that is said, the modes in which the client then speaks in plain text, and those in
# which libpq does so too: it takes bytes behind the answer for a handshake that failed)
BETWEEN = {
    "no TLS": ((b"N", b""), (None, "prefer"), ("prefer",)),
    "an error": ((AN_ERROR,), (), ()),
    "yes, and more": ((b"S" + LET_IN, b""), (), ("prefer",)),
    "yes, and the end": ((b"S",), ("prefer",), ("prefer",)),
    "yes, and no TLS": ((b"S", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("prefer",), ("prefer",)),
    "yes, and an error": ((b"S", AN_ERROR), ("prefer",), ("prefer",)),
    "neither": ((b"X",), (), ()),
    "the end": ((b"",), (), ()),
}


class TlsImpostor(Impostor):
    """Answers SSLRequest, or takes TLS from the first byte; then writes down what it hears."""

    def __init__(self, certificate, key, direct, alpn):
        self.direct = direct
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        if alpn:
            self.context.set_alpn_protocols([alpn])
        super().__init__()

    def talk(self, peer):
        with contextlib.suppress(OSError):
            if not self.direct and peer.recv(8) == SSL_REQUEST:
                peer.sendall(b"S")
            with self.context.wrap_socket(peer, server_side=True) as wrapped:
                self.heard += wrapped.recv(4096)


class Flood(Impostor):
    """Answers SSLRequest, and then sends messages that mean nothing for as long as anybody listens."""

    def talk(self, peer):
        record = bytes.fromhex("1603034000") + bytes(16384)
        with contextlib.suppress(OSError):
            self.heard += peer.recv(8)
            peer.sendall(b"S")
            self.heard += peer.recv(4096)
            while True:
                peer.sendall(record * 16)


@since(18)
class Between(Case):
    """Somebody in between answers for the server: nothing is said in plain text that need not be, and what comes
    unauthenticated is not shown. libpq does the same with the modes that somebody wrote."""
    STARTUP = b"user\0scram\0"

    def setUp(self):
        super().setUp()
        self.libpq = Libpq()

    def conninfo_of(self, impostor, **more):
        words = {"host": "127.0.0.1", "port": impostor.port, "user": "scram", "dbname": "d", "password": "secret",
                 "connect_timeout": 2, **more}
        return " ".join(f"{key}={value}" for key, value in words.items() if value)

    def heard(self, make, **more):
        """What such an impostor hears from walwire, what walwire said, and what the impostor hears from libpq."""
        with make() as ours, make() as theirs:
            done = self.run_command("info", conninfo=self.conninfo_of(ours, **more))
            self.assert_error(done, CONNECT)
            self.assertNotIn(b"secret", ours.heard)
            self.libpq.connect(self.conninfo_of(theirs, **more))
            return ours.heard, done.err, theirs.heard

    def test_plain_text(self):
        for (how, (answers, modes, libpqs)), mode in itertools.product(BETWEEN.items(), (None, "prefer", *STRONG[::2])):
            with self.subTest(how=how, sslmode=mode):
                root = self.server.certs.ca if mode == "verify-full" else None
                ours, said, theirs = self.heard(lambda: Impostor(*answers), sslmode=mode, sslrootcert=root)
                self.assertEqual(ours[:8], SSL_REQUEST)
                self.assertEqual(self.STARTUP in ours, mode in modes, ours)
                self.assertNotRegex(said, "pwned|forged|\x1b")
                self.assertEqual(self.STARTUP in theirs, (mode or "prefer") in libpqs, theirs)

    def test_the_protocol_of_direct_tls(self):
        """Over TLS from the first byte, ALPN must have chosen PostgreSQL: else it may be any other server."""
        pki = self.server.certs.dir
        for direct, alpn in itertools.product((False, True), (None, "http/1.1", "postgresql")):
            with self.subTest(direct=direct, alpn=alpn):
                ours, said, theirs = self.heard(
                    lambda: TlsImpostor(pki / "server.crt", pki / "server.key", direct, alpn), sslmode="require",
                    sslnegotiation="direct" if direct else "postgres")
                heard = not direct or alpn == "postgresql"
                self.assertEqual(self.STARTUP in ours, heard, said)
                if not heard:
                    self.assertIn("ALPN", said)
                self.assertEqual(self.STARTUP in theirs, heard)

    def test_a_handshake_without_end(self):
        """HelloRequests, which a TLS client skips: the deadline holds all the same."""
        with Flood() as endless:
            begin = time.monotonic()
            self.assert_error(self.run_command("info", conninfo=self.conninfo_of(endless, sslmode="require")), CONNECT)
            self.assertLess(time.monotonic() - begin, 8)

    def test_what_is_said_before_anything_is_proven(self):
        with Impostor(AN_ERROR) as liar:
            done = self.run_command("info", conninfo=self.conninfo_of(liar, sslmode="disable"))
        self.assert_error(done, CONNECT, "not authenticated")
        self.assertNotIn("\x1b", done.err)
        self.assertNotRegex(done.err, r"(?m)^walwire: forged")
