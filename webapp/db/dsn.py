"""A database's address (DSN) and what it means."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

Engine = Literal["sqlite", "postgres"]

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OPTIONS: Final = ("host", "port", "sslmode", "sslrootcert")
_SQLITE: Final = "sqlite:///"
_ENCODE: Final = "Signs such as @ : / ? # % in its username or password must be percent-encoded."


class BadDsn(ValueError):
    """Raised if a database's address cannot be understood; its text is one sentence without any part of a password."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the database is. SQLite has a ``path``; PostgreSQL has the rest.

    Empty texts stand for PostgreSQL's own defaults (its environment variables, the local socket, ``~/.pgpass``).
    """

    engine: Engine
    path: Path = Path()
    host: str = ""
    """A host name or address, or the folder of a Unix socket."""
    port: int = 5432
    user: str = ""
    password: str = field(default="", repr=False)
    name: str = ""
    sslmode: str = ""
    sslrootcert: str = ""
    """A file with the certificates to trust for ``verify-ca`` and ``verify-full``; empty: those of the system."""
    patience_seconds: float = 5.0
    """How long a statement waits for another's lock (SQLite), or for a free connection or a new one (PostgreSQL)."""


def parse_dsn(url: str) -> Database:
    """The database that a URL names.

    ``sqlite:///relative/path``, ``sqlite:////absolute/path`` (taken literally, nothing is decoded), or
    ``postgres://user:password@host:port/name?sslmode=require`` (``postgresql://`` too, each part percent-decoded;
    ``?host=/folder`` names a Unix socket).

    Raises:
        BadDsn: the address is malformed, or names something that is not supported.
    """
    url = url.strip()
    if not url:
        raise BadDsn("The database's address is empty; give sqlite:///path or postgres://user:password@host/name.")
    if any(ord(character) < 32 or ord(character) == 127 for character in url):
        raise BadDsn("The database's address holds a control character.")
    scheme, separator, _ = url.partition("://")
    match scheme.lower():
        case "sqlite" if separator:
            return _sqlite(url)
        case "postgres" | "postgresql" if separator:
            return _postgres(url)
        case _:
            raise BadDsn("The database's address must begin with sqlite:/// or postgres://.")


def _sqlite(url: str) -> Database:
    path = url[len(_SQLITE) :] if url.lower().startswith(_SQLITE) else ""
    if not path or ":memory:" in path or path.endswith("/"):
        raise BadDsn(
            "An SQLite database's address must name a file: sqlite:///relative/path or sqlite:////absolute/path."
        )
    if "?" in path:
        raise BadDsn("An SQLite database's address takes no options, and no question mark.")
    return Database(engine="sqlite", path=Path(path).absolute())


def _postgres(url: str) -> Database:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadDsn(f"The host or port in PostgreSQL's address cannot be read. {_ENCODE}") from None
    if parts.fragment:
        raise BadDsn(f"PostgreSQL's address holds an unencoded #. {_ENCODE}")
    name = _decoded(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise BadDsn(
            f"PostgreSQL's address must end in the name of one database: postgres://user:password@host/name. {_ENCODE}"
        )
    options = _options(parts)
    host = options.get("host") or _decoded(parts.hostname or "")
    given = options.get("port", "")
    if given and not re.fullmatch(r"[0-9]{1,5}", given):
        raise BadDsn("The port in PostgreSQL's address must be a number from 1 to 65535.")
    port = int(given) if given else 5432 if port is None else port
    if not 0 < port < 65_536:
        raise BadDsn("The port in PostgreSQL's address must be a number from 1 to 65535.")
    if "," in host:
        raise BadDsn("PostgreSQL's address must name one host.")
    return Database(
        engine="postgres",
        host=host,
        port=port,
        user=_decoded(parts.username or ""),
        password=_decoded(parts.password or ""),
        name=name,
        sslmode=_sslmode(options.get("sslmode", "")),
        sslrootcert=options.get("sslrootcert", ""),
    )


def _options(parts: SplitResult) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in filter(None, parts.query.split("&")):
        key, _, value = pair.partition("=")
        if key not in _OPTIONS or key in options:
            raise BadDsn(
                f"After the ? of PostgreSQL's address only {', '.join(_OPTIONS)} may stand, each once. {_ENCODE}"
            )
        options[key] = _decoded(value)
    return options


def _sslmode(mode: str) -> str:
    if mode and mode not in SSL_MODES:
        raise BadDsn(f"The sslmode in PostgreSQL's address must be one of {', '.join(SSL_MODES)}.")
    return mode


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadDsn(f"PostgreSQL's address holds a percent-encoding that is not UTF-8. {_ENCODE}") from None
    if "\0" in decoded:
        raise BadDsn("PostgreSQL's address holds a NUL.")
    return decoded
