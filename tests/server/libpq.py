# SPDX-License-Identifier: MIT
"""libpq 18, as it comes with server 18, to compare with. It brings an OpenSSL of its own."""
import ctypes

import fetch


class Libpq:
    def __init__(self):
        self.library = ctypes.CDLL(str(fetch.home(18) / "lib" / "libpq.so.5"))
        self.library.PQconnectdb.restype = ctypes.c_void_p
        self.library.PQconnectdb.argtypes = [ctypes.c_char_p]
        self.library.PQerrorMessage.restype = ctypes.c_char_p
        for name in ("PQstatus", "PQsslInUse", "PQerrorMessage", "PQfinish"):
            getattr(self.library, name).argtypes = [ctypes.c_void_p]

    def connect(self, conninfo):
        """Connects and closes: "tls", "plain", or "no: why". Any thread may call it."""
        connection = self.library.PQconnectdb(conninfo.encode())
        try:
            if self.library.PQstatus(connection) == 0:
                return "tls" if self.library.PQsslInUse(connection) else "plain"
            return "no: " + " ".join(self.library.PQerrorMessage(connection).decode(errors="replace").split())
        finally:
            self.library.PQfinish(connection)
