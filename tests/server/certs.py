# SPDX-License-Identifier: MIT
"""A certificate authority for the tests, made by the openssl command: nothing secret is committed."""
import pathlib
import subprocess
import types


def openssl(*arguments, cwd):
    done = subprocess.run(["openssl", *arguments], cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}:\n{done.stdout}")


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
