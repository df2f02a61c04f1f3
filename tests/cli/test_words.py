"""What commands print of what they have found."""

from webapp.audit.chain import End, Ends
from webapp.audit.verify import Intact
from webapp.cli.audit import _in_words
from webapp.cli.mail_server_report import line, shown

REPORT = {
    "state": "in use",
    "reason": None,
    "last_test": None,
    "last_look": None,
    "settings": {"host": "smtp.example.org", "ca_certificate": "PEM", "username": ""},
    "set_by_environment": {"host": "POSTERN_SMTP_HOST"},
}


def test_a_mail_server_is_shown_with_what_is_known_of_it() -> None:
    bare = shown(REPORT)
    assert "host             smtp.example.org   (set by POSTERN_SMTP_HOST)" in bare
    assert "ca_certificate   (set)" in bare
    assert "username         -" in bare
    assert "reason" not in bare
    tested = {"passed": True, "at": "2026-11-22", "by": "", "received_at": None}
    looked = {"standing": "failed", "at": "2026-11-23", "step": "greeting", "cause": None, "reply": "421 busy"}
    full = shown(REPORT | {"reason": "no host", "last_test": tested, "last_look": looked})
    assert "reason           no host" in full
    assert "last test        passed at 2026-11-22, by the command line" in full
    assert "last look        failed at 2026-11-23, greeting: 421 busy" in full
    assert "received" not in full
    late = shown(REPORT | {"last_test": tested | {"passed": False, "by": "root", "received_at": "2026-11-24"}})
    assert "failed at 2026-11-22, by root" in late
    assert "received         confirmed at 2026-11-24" in late


def test_a_stage_is_told_with_its_cause_its_steps_and_what_the_server_said() -> None:
    rung = {"outcome": "failed", "step": "greeting", "milliseconds": 1.5, "cause": None, "steps": [], "reply": "421"}
    assert line(rung) == "failed   greeting           1.5 ms"
    told = line(rung | {"cause": "It is busy.", "steps": ["Wait."]})
    assert told.splitlines()[1:] == ["         It is busy.", "         - Wait.", "         421"]
    assert "421" not in line(rung | {"cause": "It is busy.", "reply": None})


def test_an_audit_without_a_seal_or_a_cut_says_neither() -> None:
    mac = "a" * 64
    assert _in_words(Intact(Ends(End(0, ""), End(0, "")), 3)) == "As sealed: 0 entries. Not sealed yet: 3."
    cut = _in_words(Intact(Ends(End(5, mac), End(9, mac)), 0))
    assert "Those up to no. 5 were deleted after their time." in cut
    assert f"Newest seal: 9:{mac}" in cut
