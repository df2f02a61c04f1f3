"""Replies to several commands that were said at once, each in its turn."""

from collections.abc import Sequence

from aiosmtplib.errors import SMTPServerDisconnected
from aiosmtplib.protocol import COMMAND_INJECTION_REGEX, MAX_RESPONSE_LENGTH, SMTPProtocol
from aiosmtplib.response import SMTPResponse


class Pipe(SMTPProtocol):
    """aiosmtplib's protocol, which by itself drops what arrives while no reply is being waited for.

    While replies are due it keeps what arrives until each of them is asked for; at other times what the server says
    unasked is dropped for good, and never taken for the reply to the next command.
    """

    _due = 0
    """Replies to come that nobody waits for yet."""

    def write_ahead(self, commands: Sequence[bytes]) -> None:
        """Say these lines in one write (RFC 2920); then ``read_response`` once for each.

        Raises:
            ValueError: a line holds a control character.
            SMTPServerDisconnected: the connection is gone.
        """
        if any(COMMAND_INJECTION_REGEX.search(command) for command in commands):
            raise ValueError("a command holds a control character")
        self._buffer.clear()
        self._due = len(commands)
        self.write(b"".join(command + b"\r\n" for command in commands))

    async def execute_command(self, *args: bytes, timeout: float | None = None) -> SMTPResponse:
        """Say one line and wait for the reply."""
        self._buffer.clear()
        return await super().execute_command(*args, timeout=timeout)

    async def read_response(self, timeout: float | None = None) -> SMTPResponse:
        """The next reply. One that has arrived is given even if the connection is lost since."""
        if self._due:
            self._due -= 1
            found = self._read_response_from_buffer()
            if found is not None:
                return found
        return await super().read_response(timeout)

    def data_received(self, data: bytes) -> None:
        """Keep what arrives while more replies are due than the one that is waited for."""
        waiter = self._response_waiter
        if self._due and waiter is not None and (not self._response_pending or waiter.done()):
            self._buffer.extend(data)
            if len(self._buffer) > MAX_RESPONSE_LENGTH and not waiter.done():
                self._buffer.clear()
                self._set_response_exception(waiter, SMTPServerDisconnected("Response too long"))
            return
        super().data_received(data)
