"""What `postern mail-server` prints: values for JSON, and lines for people."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webapp.health.now import Now
    from webapp.mail_server.verdict import LastTest


def last_test(last: "LastTest") -> dict[str, Any]:
    """The last test of exactly these values."""
    return {
        "at": last.tested_at.isoformat(),
        "by": last.tested_by or None,
        "passed": last.passed,
        "received_at": last.received_at.isoformat() if last.received_at else None,
    }


def last_look(now: "Now | None") -> dict[str, Any] | None:
    """The last look at the server; none while nobody has looked."""
    if now is None or now.look is None:
        return None
    look = now.look
    return {
        "at": look.at.isoformat(),
        "standing": look.standing.value,
        "step": look.step,
        "diagnosis": look.diagnosis or None,
        "cause": str(now.cause) if now.cause else None,
        "reply": look.reply or None,
    }


def shown(report: dict[str, Any]) -> str:
    """The report of `show` as lines."""
    lines = [f"state            {report['state']}"]
    if report["reason"]:
        lines.append(f"reason           {report['reason']}")
    if last := report["last_test"]:
        outcome = "passed" if last["passed"] else "failed"
        lines.append(f"last test        {outcome} at {last['at']}, by {last['by'] or 'the command line'}")
        if last["received_at"]:
            lines.append(f"received         confirmed at {last['received_at']}")
    if look := report["last_look"]:
        where = "" if look["standing"] == "healthy" else f", {look['step']}: {look['cause'] or look['reply'] or '-'}"
        lines.append(f"last look        {look['standing']} at {look['at']}{where}")
    for name, value in report["settings"].items():
        fixed = report["set_by_environment"].get(name)
        shown = "(set)" if name == "ca_certificate" and value else value or "-"
        lines.append(f"{name:<16} {shown}" + (f"   (set by {fixed})" if fixed else ""))
    return "\n".join(lines)


def rung(rung: Any) -> dict[str, Any]:
    """One stage of a test; ``rung`` is a webapp.smtp.rung.Rung."""
    found = rung.diagnosis
    return {
        "step": rung.step.value,
        "outcome": rung.outcome.value,
        "milliseconds": round(rung.milliseconds, 1),
        "details": [[str(label), str(value)] for label, value in rung.details],
        "reply": str(rung.reply) if rung.reply else None,
        "diagnosis": found.code if found else None,
        "cause": str(found.cause) if found else None,
        "steps": [str(step) for step in found.steps] if found else [],
        "field": found.field if found else None,
    }


def line(rung: dict[str, Any]) -> str:
    """The same as lines."""
    lines = [f"{rung['outcome']:<8} {rung['step']:<13} {rung['milliseconds']:>8} ms"]
    if rung["cause"]:
        lines += [f"         {rung['cause']}", *(f"         - {step}" for step in rung["steps"])]
        if rung["reply"]:
            lines.append(f"         {rung['reply']}")
    return "\n".join(lines)
