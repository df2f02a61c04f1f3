"""Cookies: HttpOnly, SameSite=Lax, and bound to the host where PUBLIC_URL is https."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours. With a path of its own it gets the ``__Secure-`` prefix, else ``__Host-`` (RFC 6265bis)."""

    name: str
    path: str = "/"

    def _full_name(self, *, secure: bool) -> str:
        if not secure:
            return self.name
        return f"__Host-{self.name}" if self.path == "/" else f"__Secure-{self.name}"

    def read(self, request: HTTPConnection[Any], *, secure: bool) -> str:
        """The cookie's value, empty if the browser sent none."""
        return request.cookies.get(self._full_name(secure=secure), "")

    def write(self, response: Response, value: str, *, secure: bool, lifetime: timedelta | None = None) -> None:
        """Set the cookie; without a lifetime it ends with the browser."""
        response.set_cookie(
            self._full_name(secure=secure),
            value,
            max_age=int(lifetime.total_seconds()) if lifetime else None,
            path=self.path,
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response, *, secure: bool) -> None:
        """Have the browser forget the cookie."""
        response.delete_cookie(
            self._full_name(secure=secure), path=self.path, secure=secure, httponly=True, samesite="lax"
        )


SESSION: Final = Cookie("postern_session")
KNOWN_BROWSER: Final = Cookie("postern_browser")
"""By which a browser is known to the people who have signed in there. It opens nothing."""
RESET: Final = Cookie("postern_reset", path="/password-reset")
ASKED: Final = Cookie("postern_asked", path="/password-reset")
"""What was typed on the forgot page, sealed, so that it need not be typed again."""
INVITATION: Final = Cookie("postern_invitation", path="/invitations")
CONFIRMATION: Final = Cookie("postern_confirmation", path="/address-confirmations")
SECOND_STEP: Final = Cookie("postern_second_step", path="/sign-in")
HANDOFF: Final = Cookie("postern_handoff", path="/handoffs")
FLASH: Final = Cookie("postern_flash")
LANGUAGE: Final = Cookie("postern_language")
