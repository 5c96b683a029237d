# SPDX-License-Identifier: MIT
"""A certificate authority for the tests, made by the openssl command: nothing secret is committed."""
import binascii
import pathlib
import re
import subprocess
import types

# What `openssl ca` wants to know; every other thing is said for each certificate.
BOOKS = """\
[ca]
default_ca = books
[books]
new_certs_dir = .
database = {name}.index
serial = {name}.serial
certificate = {name}.crt
private_key = {name}.key
policy = policy
default_md = sha256
unique_subject = no
email_in_dn = no
[policy]
commonName = supplied
"""
KEYS = {"rsa": ["-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:2048"],
        "ec": ["-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "ed25519": ["-algorithm", "ed25519"]}
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"]


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}:\n{done.stdout}")
    return done.stdout


def make_ca(directory, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", cwd=directory)


def make_signed(directory, ca, file, common_name, extension):
    """A key file.key (0600) and a certificate file.crt signed by `ca`."""
    (directory / f"{file}.ext").write_text(extension + "\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{file}.key", "-out", f"{file}.csr",
            "-subj", f"/CN={common_name}", cwd=directory)
    openssl("x509", "-req", "-in", f"{file}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key",
            "-CAcreateserial", "-days", "2", "-out", f"{file}.crt", "-extfile", f"{file}.ext",
            cwd=directory)
    (directory / f"{file}.key").chmod(0o600)


def make(directory, server_name):
    """ca: signs the server and the client certificate. stranger: a CA that signed nothing here."""
    directory = pathlib.Path(directory)
    directory.mkdir()
    make_ca(directory, "ca")
    make_ca(directory, "stranger")
    make_signed(directory, "ca", "server", server_name, f"subjectAltName=DNS:{server_name}")
    make_signed(directory, "ca", "client", "certified", "extendedKeyUsage=clientAuth")
    return types.SimpleNamespace(
        dir=directory, ca=directory / "ca.crt", stranger=directory / "stranger.crt",
        client_cert=directory / "client.crt", client_key=directory / "client.key")


class Authority:
    """A CA that keeps books, so that dates, digests and revocation are as wanted: NAME.crt and NAME.key."""

    def __init__(self, directory, name, kind="rsa"):
        self.dir, self.name = pathlib.Path(directory), name
        self.crt = self.dir / f"{name}.crt"
        make_key(self.dir, name, kind)
        openssl("req", "-x509", "-key", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE", cwd=self.dir)
        (self.dir / f"{name}.conf").write_text(BOOKS.format(name=name))
        (self.dir / f"{name}.index").touch()
        (self.dir / f"{name}.serial").write_text("01\n")

    def issue(self, file, key, common_name, names=None, dates=("20000101", "20491231"), digest="sha256", pss=False):
        """file.crt for the key of key.key; names: a subjectAltName in openssl's words."""
        extension = f"subjectAltName={names}" if names else "basicConstraints=CA:FALSE"
        (self.dir / f"{file}.ext").write_text(extension + "\n")
        openssl("req", "-new", "-key", f"{key}.key", "-out", f"{file}.csr", "-subj", f"/CN={common_name}",
                cwd=self.dir)
        self._ca("-in", f"{file}.csr", "-out", f"{file}.crt", "-extfile", f"{file}.ext", "-notext", "-batch",
                 "-startdate", f"{dates[0]}000000Z", "-enddate", f"{dates[1]}000000Z", "-md", digest,
                 *(PSS if pss else []))
        return self.dir / f"{file}.crt"

    def revoke(self, file):
        self._ca("-revoke", f"{file}.crt")

    def write_crl(self, file, directory):
        """The list, as a file and under its hash in a directory."""
        self._ca("-gencrl", "-crldays", "2", "-out", file)
        hashed = openssl("crl", "-in", file, "-noout", "-hash", cwd=self.dir).split()[0]
        (self.dir / directory).mkdir()
        (self.dir / directory / f"{hashed}.r0").write_bytes((self.dir / file).read_bytes())

    def _ca(self, *arguments):
        openssl("ca", "-config", f"{self.name}.conf", *arguments, cwd=self.dir)


def make_key(directory, file, kind):
    openssl("genpkey", *KEYS[kind], "-out", f"{file}.key", cwd=directory)
    (directory / f"{file}.key").chmod(0o600)


def name_with_nul(name):
    """A subjectAltName with this dNSName, which openssl takes for binary: it may have a NUL inside."""
    encoded = bytes([0x82, len(name)]) + name
    return "DER:" + (bytes([0x30, len(encoded)]) + encoded).hex()


def der_of(pem):
    """The first certificate of a PEM file, as the wire has it."""
    body = re.search(r"-----BEGIN CERTIFICATE-----\n(.*?)-----END", pem.read_text(), re.S)[1]
    return binascii.a2b_base64(body)
