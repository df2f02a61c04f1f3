"""A small name server on 127.0.0.1, over UDP and TCP, whose zones a test writes down."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from webapp.smtp.records import Ask, asker

SERVFAIL: Final = "servfail"
REFUSED: Final = "refused"
SILENCE: Final = "silence"
"""In place of a name's records: the server fails, refuses, or never answers."""

_FAULTS: Final = {SERVFAIL: dns.rcode.SERVFAIL, REFUSED: dns.rcode.REFUSED}

Zones = Mapping[str, Mapping[str, Sequence[str]] | str]
"""By name, by type of record, the records as in a zone file; TXT without quotes, to be cut at 255 bytes."""


class NameServer:
    """What a recursive resolver would answer: CNAMEs are followed, a name with others below it exists."""

    def __init__(self, zones: Zones) -> None:
        self.zones = {_name(name): found for name, found in zones.items()}
        self.port = 0
        self.questions: list[tuple[str, str]] = []

    def ask(self, *, seconds: float = 1.0) -> Ask:
        """Asks this server."""
        return asker([("127.0.0.1", self.port)], seconds=seconds)

    def answer(self, wire: bytes, *, limit: int) -> bytes | None:
        """The answer to a query, truncated if it is longer than ``limit`` or than the client takes."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.questions.append((question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)))
        response = dns.message.make_response(query, recursion_available=True)
        name = question.name.canonicalize()
        for _ in range(8):
            found = self.zones.get(name)
            if found == SILENCE:
                return None
            if found is None or isinstance(found, str):
                response.set_rcode(_FAULTS[found] if found else self._nothing(name))
                break
            if "CNAME" not in found:
                kind = dns.rdatatype.to_text(question.rdtype)
                response.answer += [_records(name, kind, found[kind])] if kind in found else []
                break
            response.answer.append(_records(name, "CNAME", found["CNAME"]))
            name = _name(found["CNAME"][0])
        try:
            return response.to_wire(max_size=min(limit, max(query.payload, 512)) if limit < 65_535 else limit)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()

    def _nothing(self, name: dns.name.Name) -> dns.rcode.Rcode:
        return dns.rcode.NOERROR if any(each.is_subdomain(name) for each in self.zones) else dns.rcode.NXDOMAIN


def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(text).canonicalize()


def _records(name: dns.name.Name, kind: str, values: Sequence[str]) -> dns.rrset.RRset:
    texts = [_quoted(value) if kind == "TXT" else value for value in values]
    return dns.rrset.from_text_list(name, 60, dns.rdataclass.IN, kind, texts)


def _quoted(text: str) -> str:
    """As in a zone file: strings of 255 bytes, every byte that needs it escaped."""
    raw = text.encode()
    strings = [raw[start : start + 255] for start in range(0, len(raw), 255)] or [b""]
    return " ".join('"' + "".join(_escaped(byte) for byte in string) + '"' for string in strings)


def _escaped(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isprintable() and char not in '"\\' else f"\\{byte:03d}"


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._server.answer(data, limit=1_232)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def name_server(zones: Zones) -> AsyncIterator[NameServer]:
    """A name server with these zones."""
    server = NameServer(zones)

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            answer = server.answer(await reader.readexactly(length), limit=65_535)
            if answer is not None:
                writer.write(struct.pack("!H", len(answer)) + answer)
                await writer.drain()
        writer.close()

    tcp = await asyncio.start_server(stream, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(server), ("127.0.0.1", server.port))
    try:
        yield server
    finally:
        udp.close()
        tcp.close()
        await tcp.wait_closed()
