"""A real Postfix for tests, on free ports of 127.0.0.1, with a configuration, a queue and mailboxes of its own.

The programs come from an unpacked Debian package or, read only, from the system's. No service of the system is used
or changed, and no letter leaves the machine: what is not for a mailbox here is thrown away.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from grp import getgrnam
from pathlib import Path
from pwd import getpwnam
from typing import Final

import pytest

from tests.ports import free_port
from tests.sasl_server import SaslServer, sasl_server
from tests.smtp_server import Certificate, ca_pem, leaf

ROOT: Final = Path(__file__).parents[1]
UNPACKED: Final = ROOT / ".venv" / "postfix"
"""Where scripts/unpack_postfix.sh puts the package."""

USERNAME: Final = "postern"
PASSWORD: Final = "canary of the sasl password"
SENDER: Final = "postern@example.com"
"""The address that belongs to USERNAME."""
OTHERS_ADDRESS: Final = "boss@example.com"
"""One that belongs to somebody else."""
ALICE: Final = "alice@example.com"
LATER: Final = "later@example.com"
"""A recipient who is greylisted."""
BLOCKED: Final = "blocked@example.com"
"""A recipient to whom a policy lets nobody write."""
GONE: Final = "gone@example.com"
"""A recipient who is accepted, and whose mail then comes back: it is forwarded to a mailbox that is not there."""
RETURNS: Final = "returns@example.com"
"""Where mail comes back to; also with ``+`` and more before the @."""
SIZE_LIMIT: Final = 20_000

OWNER: Final = "daemon"
OWNER_GROUP: Final = "mail"
UNPRIVILEGED: Final = "nobody"
"""Accounts that every Debian has. Postfix asks for three that share neither user nor group."""

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 10.0
DELIVERY_SECONDS: Final = 20.0
_PREFIX: Final = "postern-postfix-"
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Programs:
    """Where Postfix's programs and libraries are."""

    daemons: Path
    libraries: str
    """For LD_LIBRARY_PATH; empty where the system finds them by itself."""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running Postfix. Every port speaks SMTP; what differs is how it is secured and how strict it is."""

    folder: Path
    sasl: SaslServer
    ca_pem: str
    starttls_port: int
    """STARTTLS, and a sign-in only after it."""
    tls_port: int
    """TLS from the first byte."""
    early_port: int
    """As starttls_port, but senders are refused at MAIL instead of at RCPT."""
    plain_port: int
    """No TLS and no sign-in, as for mail from elsewhere."""
    unsized_port: int
    """As plain_port, without announcing how large a letter may be."""
    untrusted_port: int
    """As starttls_port, with a certificate of nobody's."""
    host: str = "127.0.0.1"

    @property
    def log(self) -> str:
        """What it has written down."""
        path = self.folder / "log" / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def letters(self, name: str = "alice") -> list[EmailMessage]:
        """What lies in a mailbox."""
        files = sorted((self.folder / "mail" / name / "new").glob("*"))
        return [message_from_bytes(path.read_bytes(), policy=SMTP_POLICY) for path in files]

    async def arrived(self, count: int = 1, *, name: str = "alice") -> list[EmailMessage]:
        """The same, once there are so many; TimeoutError if they do not come."""
        async with asyncio.timeout(DELIVERY_SECONDS):
            while len(found := self.letters(name)) < count:
                await asyncio.sleep(0.02)
        return found

    def empty(self) -> None:
        """Throw all letters away."""
        for path in (self.folder / "mail").glob("*/new/*"):
            path.unlink()


def missing() -> str:
    """Why no Postfix can be run here; empty if one can."""
    if not sys.platform.startswith("linux"):
        return "Postfix is run on Linux only"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    try:
        getpwnam(OWNER), getpwnam(UNPRIVILEGED), getgrnam(OWNER_GROUP)
    except KeyError as error:
        return f"an account that Postfix needs is missing: {error}"
    if _programs() is None:
        return "Postfix is not installed; on Debian: scripts/unpack_postfix.sh"
    return ""


def _programs() -> Programs | None:
    system = Path("/usr/lib/postfix/sbin")
    unpacked = UNPACKED / "usr" / "lib" / "postfix"
    if (unpacked / "sbin" / "master").exists():
        around = [path for lib in ("lib", "usr/lib") for path in sorted(UNPACKED.glob(f"{lib}/*-linux-*"))]
        return Programs(unpacked / "sbin", ":".join(map(str, (unpacked, *around))))
    return Programs(system, "") if (system / "master").exists() else None


@contextlib.contextmanager
def postfix_server() -> Iterator[Postfix]:
    """A running Postfix; everything that it wrote is deleted at the end. See missing()."""
    programs = _programs()
    if programs is None:
        raise RuntimeError(missing())
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir="/tmp"))
    try:
        with sasl_server({USERNAME: PASSWORD}) as sasl:
            server = Postfix(folder, sasl, ca_pem(), *_six_ports())
            _lay_out(server)
            _configure(server, programs)
            with _running(server, programs):
                yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postfix() -> Iterator[Postfix]:
    """A running Postfix, one for each process that runs tests."""
    if why := missing():
        pytest.skip(why)
    with postfix_server() as server:
        yield server


def _sweep() -> None:
    """Delete what runs left behind that were killed."""
    for folder in Path("/tmp").glob(f"{_PREFIX}*-*"):  # noqa: S108
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _six_ports() -> tuple[int, int, int, int, int, int]:
    return free_port(), free_port(), free_port(), free_port(), free_port(), free_port()


def _lay_out(server: Postfix) -> None:
    """The folders, as `postfix check` would make them."""
    folder = server.folder
    folder.chmod(0o755)
    owned = [
        "active",
        "bounce",
        "corrupt",
        "defer",
        "deferred",
        "flush",
        "hold",
        "incoming",
        "private",
        "saved",
        "trace",
    ]
    for name, mode in (
        ("etc", 0o755),
        ("log", 0o755),
        ("queue", 0o755),
        ("queue/pid", 0o755),
        *((f"queue/{name}", 0o700) for name in owned),
        ("queue/maildrop", 0o730),
        ("queue/public", 0o710),
        ("data", 0o700),
        ("mail", 0o700),
    ):
        path = folder / name
        path.mkdir()
        path.chmod(mode)
        if name in {"data", "mail"} or (name.startswith("queue/") and name != "queue/pid"):
            group = OWNER_GROUP if name in {"queue/maildrop", "queue/public"} else OWNER
            shutil.chown(path, OWNER, group)
    for kind in (Certificate.GOOD, Certificate.SELF_SIGNED):
        own = leaf(kind)
        parts = [own.private_key_pem, *own.cert_chain_pems]
        path = folder / "etc" / f"{kind}.pem"
        path.write_bytes(b"".join(part.bytes() for part in parts))
        path.chmod(0o600)


def _configure(server: Postfix, programs: Programs) -> None:
    (server.folder / "etc" / "main.cf").write_text(
        "".join(f"{name} = {value}\n" for name, value in _main(server, programs))
    )
    (server.folder / "etc" / "master.cf").write_text("\n".join(_services(server)) + "\n")


def _main(server: Postfix, programs: Programs) -> list[tuple[str, str]]:
    folder, owner = server.folder, getpwnam(OWNER)
    restrictions = f"check_recipient_access inline:{{ {{ {LATER} = 450 4.2.0 Greylisted, please try again later }}, "
    restrictions += f"{{ {BLOCKED} = 550 5.7.1 Access denied }} }}"
    own = {ALICE: "alice", LATER: "later", BLOCKED: "blocked", RETURNS: "returns"}
    mailboxes = ", ".join(f"{{ {address} = {name}/ }}" for address, name in own.items())
    return [
        ("compatibility_level", "3.6"),
        ("queue_directory", f"{folder}/queue"),
        ("data_directory", f"{folder}/data"),
        ("daemon_directory", str(programs.daemons)),
        ("import_environment", "MAIL_CONFIG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_LIBRARY_PATH"),
        ("mail_owner", OWNER),
        ("setgid_group", OWNER_GROUP),
        ("default_privs", UNPRIVILEGED),
        ("maillog_file", f"{folder}/log/mail.log"),
        ("maillog_file_prefixes", f"{folder}/log"),
        # Nothing leaves this machine, and no name service is asked.
        ("inet_interfaces", server.host),
        ("inet_protocols", "ipv4"),
        ("disable_dns_lookups", "yes"),
        ("smtpd_peername_lookup", "no"),
        ("default_transport", "discard:"),
        ("relay_transport", "discard:"),
        ("mynetworks", ""),
        ("myhostname", "mail.example.com"),
        ("mydomain", "example.com"),
        ("myorigin", "example.com"),
        ("mydestination", ""),
        ("local_transport", "error:nobody has a mailbox of the system here"),
        ("alias_maps", ""),
        ("alias_database", ""),
        # Mailboxes.
        ("virtual_mailbox_domains", "example.com"),
        ("virtual_mailbox_base", f"{folder}/mail"),
        (
            "virtual_mailbox_maps",
            f"inline:{{ {mailboxes} }}",
        ),
        ("virtual_alias_maps", f"inline:{{ {{ {GONE} = nobody.at.all@example.com }} }}"),
        ("recipient_delimiter", "+"),
        ("virtual_uid_maps", f"static:{owner.pw_uid}"),
        ("virtual_gid_maps", f"static:{owner.pw_gid}"),
        ("virtual_minimum_uid", "1"),
        # Who may send what to whom.
        ("message_size_limit", str(SIZE_LIMIT)),
        ("virtual_mailbox_limit", "0"),
        ("smtpd_sasl_type", "dovecot"),
        ("smtpd_sasl_path", f"inet:127.0.0.1:{server.sasl.port}"),
        (
            "smtpd_sender_login_maps",
            f"inline:{{ {{ {SENDER} = {USERNAME} }}, {{ {RETURNS} = {USERNAME} }}, {{ {OTHERS_ADDRESS} = boss }} }}",
        ),
        ("smtpd_relay_restrictions", "permit_sasl_authenticated, reject_unauth_destination"),
        ("smtpd_recipient_restrictions", f"{restrictions}"),
        ("smtpd_helo_required", "yes"),
        ("smtpd_tls_chain_files", f"{folder}/etc/{Certificate.GOOD}.pem"),
        ("smtpd_tls_auth_only", "yes"),
        ("smtpd_error_sleep_time", "0"),
    ]


def _services(server: Postfix) -> Iterator[str]:
    def listener(port: int, **options: str) -> Iterator[str]:
        yield f"{server.host}:{port} inet n - n - - smtpd"
        yield from (f"  -o {name}={value}" for name, value in options.items())

    signing_in = {
        "smtpd_tls_security_level": "may",
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_sender_restrictions": "reject_sender_login_mismatch",
        "smtpd_client_restrictions": "permit_sasl_authenticated,reject",
    }
    own = {"smtpd_tls_chain_files": f"{server.folder}/etc/{Certificate.SELF_SIGNED}.pem"}
    yield from listener(server.starttls_port, **signing_in)
    yield from listener(server.tls_port, **{**signing_in, "smtpd_tls_wrappermode": "yes"})
    yield from listener(
        server.early_port,
        **{**signing_in, "smtpd_client_restrictions": "", "smtpd_delay_reject": "no"},
    )
    yield from listener(server.plain_port)
    yield from listener(server.unsized_port, smtpd_discard_ehlo_keywords="size")
    yield from listener(server.untrusted_port, **{**signing_in, **own})
    yield from (
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "postlog unix-dgram n - n - 1 postlogd",
    )


@contextlib.contextmanager
def _running(server: Postfix, programs: Programs) -> Iterator[None]:
    """Postfix's master with all of its processes in a process group of their own."""
    environ: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "TZ": "UTC",
        **({"LD_LIBRARY_PATH": programs.libraries} if programs.libraries else {}),
    }
    with (server.folder / "log" / "master.out").open("wb") as out:
        master = subprocess.Popen(
            [programs.daemons / "master", "-c", server.folder / "etc", "-d"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=environ,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - it calls nothing that takes a lock
        )
    try:
        _wait_until_ready(server, master)
        yield
    finally:
        _stop(master)


def _wait_until_ready(server: Postfix, master: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_SECONDS
    while " daemon started " not in server.log:
        if master.poll() is not None or time.monotonic() > end:
            said = (server.folder / "log" / "master.out").read_text(errors="replace")
            raise RuntimeError(f"Postfix did not start: {said}{server.log}")
        time.sleep(0.05)


def _stop(master: "subprocess.Popen[bytes]") -> None:
    """The master takes its children along; whatever of its group is left after a while is ended hard."""
    master.send_signal(signal.SIGTERM)
    try:
        master.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        master.kill()
        master.wait(STOP_SECONDS)
    end = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.killpg(master.pid, 0)
            time.sleep(0.02)
        os.killpg(master.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
