"""What to send to whoever helps: settings, rungs and transcript, safe to paste in public."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from webapp.mail_server.try_out import Trial
from webapp.smtp.rung import Rung


def support_text(trial: Trial, rungs: Sequence[Rung], transcript: Sequence[str]) -> str:
    """A report in English. The password is in none of its parts, and of people's addresses only the first letter."""
    server = trial.server
    lines = [
        f"Postern {_version()}, Python {python_version()}",
        f"{server.host}:{server.port}, security {server.security}, authentication {server.auth}",
        f"time-out {server.timeout_seconds} s, EHLO name {server.ehlo_name or '(by itself)'}",
        f"CA certificate of its own: {'yes' if server.ca_certificate else 'no'}",
        f"sender {server.sender_address}, recipient {trial.recipient}, username {server.username or '(none)'}",
        "",
        *(_line(rung) for rung in rungs),
        "",
        *transcript,
    ]
    text = "\n".join(lines)
    for address in sorted({server.sender_address, server.username, trial.recipient, server.reply_to} - {""}, key=len):
        text = text.replace(address, _masked(address))
    return text


def _line(rung: Rung) -> str:
    found = f" [{rung.diagnosis.code}]" if rung.diagnosis else ""
    reply = f" {rung.reply}" if rung.reply and rung.diagnosis else ""
    return f"{rung.step}: {rung.outcome} in {rung.milliseconds:.0f} ms{found}{reply}"


def _masked(address: str) -> str:
    local, at, domain = address.partition("@")
    return f"{local[:1]}***{at}{domain}"


def _version() -> str:
    try:
        return version("postern")
    except PackageNotFoundError:
        return "(not installed)"
