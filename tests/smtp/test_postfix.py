"""The ladder against a real Postfix: what it accepts, and what its refusals are called."""

from typing import Any

import pytest

from tests.postfix_server import (
    ALICE,
    BLOCKED,
    LATER,
    OTHERS_ADDRESS,
    PASSWORD,
    SENDER,
    SIZE_LIMIT,
    USERNAME,
    Postfix,
)
from tests.smtp.climbing import code_of, last_rung, letter, rungs_of, shown
from webapp.smtp.ladder import Outcome, Rung, Step
from webapp.smtp.server import Auth, MailServer, Security
from webapp.smtp.transcript import Transcript


def signed_in(postfix: Postfix, port: int, security: Security = Security.STARTTLS, **changes: Any) -> MailServer:
    """Settings that Postfix accepts."""
    settings: dict[str, Any] = {
        "host": postfix.host,
        "port": port,
        "security": security,
        "auth": Auth.PASSWORD,
        "username": USERNAME,
        "secret": PASSWORD,
        "sender_address": SENDER,
        "timeout_seconds": 5,
        "ca_certificate": postfix.ca_pem,
    }
    return MailServer(**(settings | changes))


def from_elsewhere(postfix: Postfix, port: int) -> MailServer:
    """Settings without TLS and sign-in."""
    return signed_in(postfix, port, Security.NONE, auth=Auth.NONE, sender_address="somebody@elsewhere.example")


def verdict(rung: Rung) -> tuple[Step, str, str]:
    """Where it ended, what it is called, and the reply that decided."""
    return rung.step, code_of(rung), str(rung.reply or "")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_letter_goes_all_the_way_into_the_mailbox(postfix: Postfix, security: Security) -> None:
    postfix.empty()
    port = postfix.starttls_port if security is Security.STARTTLS else postfix.tls_port
    transcript = Transcript()
    rungs = await rungs_of(signed_in(postfix, port, security), letter=letter("Grüße."), transcript=transcript)
    assert {rung.outcome for rung in rungs} == {Outcome.OK}, transcript.text()
    assert len(rungs) == 9
    by_step = {rung.step: shown(rung) for rung in rungs}
    assert by_step[Step.TLS]["TLS version"].startswith("TLSv1.")
    assert by_step[Step.SIGN_IN] == {"Mechanism": "PLAIN", "Signed in as": USERNAME}
    assert PASSWORD not in transcript.text()
    [arrived] = await postfix.arrived()
    assert arrived.get_content().strip() == "Grüße."
    queue_id = by_step[Step.MESSAGE]["Queue id"]
    assert queue_id in arrived["Received"]
    assert f"{queue_id}: to=<{ALICE}>" in postfix.log
    assert f"sasl_username={USERNAME}" in postfix.log


async def test_connecting_alone_sends_nothing(postfix: Postfix) -> None:
    postfix.empty()
    rungs = await rungs_of(signed_in(postfix, postfix.starttls_port), letter=None, to=None)
    assert (rungs[-1].step, rungs[-1].outcome) == (Step.SIGN_IN, Outcome.OK)
    assert postfix.letters() == []


async def test_a_wrong_password_is_shown_once(postfix: Postfix) -> None:
    before = len(postfix.sasl.sign_ins)
    rung = await last_rung(signed_in(postfix, postfix.starttls_port, secret="the wrong one"))
    step, code, reply = verdict(rung)
    assert (step, code) == (Step.SIGN_IN, "credentials_refused")
    assert reply.startswith("535 5.7.8")
    assert rung.diagnosis is not None
    assert rung.diagnosis.field == "password"
    assert postfix.sasl.sign_ins[before:] == [("PLAIN", USERNAME, "the wrong one")]


@pytest.mark.parametrize("early", [True, False])
async def test_a_sender_who_is_not_the_one_signed_in_is_blamed(postfix: Postfix, early: bool) -> None:
    """Postfix tells at RCPT what it holds against the sender, unless it is told not to wait."""
    port = postfix.early_port if early else postfix.starttls_port
    rung = await last_rung(signed_in(postfix, port, sender_address=OTHERS_ADDRESS))
    step, code, reply = verdict(rung)
    assert (step, code) == (Step.SENDER if early else Step.RECIPIENT, "sender_not_owned")
    assert reply.startswith("553 5.7.1")
    assert rung.diagnosis is not None
    assert rung.diagnosis.field == "sender_address"


async def test_a_sender_without_a_sign_in_is_told_to_sign_in(postfix: Postfix) -> None:
    rung = await last_rung(signed_in(postfix, postfix.early_port, auth=Auth.NONE))
    step, code, reply = verdict(rung)
    assert (step, reply[:9]) == (Step.SENDER, "553 5.7.1")
    assert code == "sign_in_required"


async def test_a_submission_port_takes_nothing_without_a_sign_in(postfix: Postfix) -> None:
    rung = await last_rung(signed_in(postfix, postfix.starttls_port, auth=Auth.NONE))
    step, code, reply = verdict(rung)
    assert (step, code) == (Step.RECIPIENT, "relay_denied")
    assert reply.startswith("554 5.7.1")
    assert "Client host rejected" in reply


@pytest.mark.parametrize("signs_in", [True, False])
async def test_an_unknown_recipient_is_blamed(postfix: Postfix, signs_in: bool) -> None:
    settings = (
        signed_in(postfix, postfix.tls_port, Security.TLS) if signs_in else from_elsewhere(postfix, postfix.plain_port)
    )
    rung = await last_rung(settings, to="nobody@example.com")
    step, code, reply = verdict(rung)
    assert (step, code) == (Step.RECIPIENT, "recipient_unknown")
    assert reply.startswith("550 5.1.1")


async def test_a_letter_for_elsewhere_is_not_relayed_without_a_sign_in(postfix: Postfix) -> None:
    rung = await last_rung(from_elsewhere(postfix, postfix.plain_port), to="alice@elsewhere.example")
    step, code, reply = verdict(rung)
    assert (step, code) == (Step.RECIPIENT, "relay_denied")
    assert reply.startswith("554 5.7.1")


@pytest.mark.parametrize(
    ("recipient", "code", "reply"), [(LATER, "greylisted", "450 4.2.0"), (BLOCKED, "relay_denied", "550 5.7.1")]
)
async def test_a_recipient_may_be_put_off_or_barred(postfix: Postfix, recipient: str, code: str, reply: str) -> None:
    rung = await last_rung(from_elsewhere(postfix, postfix.plain_port), to=recipient)
    assert (rung.step, verdict(rung)[2][:9]) == (Step.RECIPIENT, reply)
    assert code_of(rung) == code


async def test_a_letter_beyond_the_limit_is_not_sent_where_the_limit_is_announced(postfix: Postfix) -> None:
    rung = await last_rung(from_elsewhere(postfix, postfix.plain_port), letter=letter("x" * SIZE_LIMIT))
    assert verdict(rung) == (Step.SENDER, "letter_too_large", "")


async def test_a_letter_beyond_the_limit_is_refused_where_it_is_not(postfix: Postfix) -> None:
    rung = await last_rung(from_elsewhere(postfix, postfix.unsized_port), letter=letter("x\n" * SIZE_LIMIT))
    step, code, reply = verdict(rung)
    assert (step, code) == (Step.MESSAGE, "letter_too_large")
    assert reply.startswith("552 5.3.4")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_an_authority_that_nobody_knows_is_not_trusted_until_it_is_given(
    postfix: Postfix, security: Security
) -> None:
    before = len(postfix.sasl.sign_ins)
    port = postfix.starttls_port if security is Security.STARTTLS else postfix.tls_port
    settings = signed_in(postfix, port, security, ca_certificate="")
    rung = await last_rung(settings)
    assert (rung.step, code_of(rung)) == (Step.TLS, "certificate_unknown_ca")
    assert "CN=127.0.0.1" in shown(rung)["Certificate of"]
    assert postfix.sasl.sign_ins[before:] == []
    rung = await last_rung(signed_in(postfix, port, security), to=None)
    assert rung.outcome is Outcome.OK


async def test_a_certificate_of_another_authority_is_not_trusted(postfix: Postfix) -> None:
    rung = await last_rung(signed_in(postfix, postfix.untrusted_port))
    assert (rung.step, code_of(rung)) == (Step.TLS, "certificate_self_signed")


async def test_the_two_kinds_of_tls_are_told_apart(postfix: Postfix) -> None:
    rung = await last_rung(signed_in(postfix, postfix.starttls_port, Security.TLS))
    assert (rung.step, code_of(rung)) == (Step.TLS, "plain_expected")
    rung = await last_rung(signed_in(postfix, postfix.tls_port, Security.STARTTLS, timeout_seconds=1))
    assert (rung.step, code_of(rung)) == (Step.GREETING, "tls_expected")


async def test_a_password_is_not_shown_without_tls(postfix: Postfix) -> None:
    before = len(postfix.sasl.sign_ins)
    rung = await last_rung(signed_in(postfix, postfix.starttls_port, Security.NONE))
    assert (rung.step, code_of(rung)) == (Step.SIGN_IN, "auth_only_after_tls")
    rung = await last_rung(signed_in(postfix, postfix.plain_port, Security.STARTTLS))
    assert (rung.step, code_of(rung)) == (Step.TLS, "starttls_not_offered")
    assert postfix.sasl.sign_ins[before:] == []
