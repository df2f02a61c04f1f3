"""A mail server for the benchmarks, as a process of its own: `python -m bench.sink [SECONDS]`.

It prints its ports and its authority's certificate as one line of JSON. One port is a server that takes SECONDS over
every reply, as one that is far away does.
"""

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from typing import Final

from tests.smtp_server import Reader, Tls, Writer, scripted_server, smtp_server

CREDENTIALS: Final = ("postern", "the password of the benchmark")
_REPLIES: Final = {b"DATA": b"354 Go ahead", b"QUIT": b"221 2.0.0 Bye"}


async def serve(seconds: float) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def far_away(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        while line := await reader.readline():
            await asyncio.sleep(seconds)
            verb = line.strip().upper()
            writer.write(_REPLIES.get(verb, b"250 2.0.0 Ok") + b"\r\n")
            if verb == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 2.0.0 Ok: queued as 4F1C2D3E4A\r\n")

    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(smtp_server())
        secure = await stack.enter_async_context(smtp_server(tls=Tls.STARTTLS, credentials=CREDENTIALS))
        distant = await stack.enter_async_context(scripted_server(far_away))
        ports = {"plain": plain.port, "starttls": secure.port, "distant": distant.port}
        print(json.dumps({**ports, "ca": secure.ca_pem}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
