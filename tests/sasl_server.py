"""A server that checks passwords for Postfix, by Dovecot's protocol (version 1.1), on a free port of 127.0.0.1.

https://doc.dovecot.org/main/developers/design/auth_protocol.html
"""

import base64
import contextlib
import itertools
import os
import socketserver
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MECHANISMS: Final = ("PLAIN", "LOGIN")
_STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class SaslServer:
    """A running server and what it has seen."""

    port: int = 0
    sign_ins: list[tuple[str, str, str]] = field(default_factory=list)
    """Every credential that was shown to it: mechanism, username, password."""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self.accounts = accounts
        self.seen = SaslServer()
        self.ids = itertools.count(1)
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen.port = int(self.server_address[1])


class _Handler(socketserver.StreamRequestHandler):
    """One connection; each process of Postfix's smtpd keeps one."""

    server: _Server

    def handle(self) -> None:
        self.asked: dict[str, tuple[str, list[str]]] = {}
        with contextlib.suppress(ConnectionError):
            self._greet()
            for line in self.rfile:
                self._hear(*line.decode().rstrip("\n").split("\t"))

    def _greet(self) -> None:
        self._say("VERSION", "1", "1")
        for mechanism in MECHANISMS:
            self._say("MECH", mechanism, "plaintext")
        self._say("SPID", str(os.getpid()))
        self._say("CUID", str(next(self.server.ids)))
        self._say("COOKIE", os.urandom(16).hex())
        self._say("DONE")

    def _hear(self, command: str, *arguments: str) -> None:
        if command == "AUTH":
            number, mechanism, *parameters = arguments
            self.asked[number] = (mechanism, [])
            said = next((each.removeprefix("resp=") for each in parameters if each.startswith("resp=")), "")
        elif command == "CONT":
            number, said = arguments
        else:
            return
        mechanism, answers = self.asked[number]
        if said:
            answers.append(base64.b64decode(said).decode())
        self._judge(number, mechanism, answers)

    def _judge(self, number: str, mechanism: str, answers: list[str]) -> None:
        prompts = ["Username:", "Password:"] if mechanism == "LOGIN" else [""]
        if len(answers) < len(prompts):
            self._say("CONT", number, base64.b64encode(prompts[len(answers)].encode()).decode())
            return
        username, password = answers if mechanism == "LOGIN" else answers[0].split("\0")[1:]
        self.server.seen.sign_ins.append((mechanism, username, password))
        right = self.server.accounts.get(username) == password
        self._say("OK" if right else "FAIL", number, f"user={username}")

    def _say(self, *words: str) -> None:
        self.wfile.write(("\t".join(words) + "\n").encode())


@contextlib.contextmanager
def sasl_server(accounts: Mapping[str, str]) -> Iterator[SaslServer]:
    """Serve until the end of the block. ``accounts`` are passwords by username."""
    with _Server(accounts) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="sasl")
        thread.start()
        try:
            yield server.seen
        finally:
            server.shutdown()
            thread.join(_STOP_SECONDS)
