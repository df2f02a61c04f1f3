"""Whose refusal it is decides what follows."""

import pytest

from webapp.delivery.outcome import Accepted, Failed, GaveUp, Judgement, ServerRefused, SlowDown, TryAgain, judge
from webapp.smtp import connection_diagnoses as connection
from webapp.smtp import mail_diagnoses as mail
from webapp.smtp import sign_in_diagnoses as sign_in
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.refusals import explain_reply
from webapp.smtp.reply import reply_of
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import MailServer, Security

SERVER = MailServer(host="mail.example.org", port=587, security=Security.STARTTLS, sender_address="a@example.org")


def refused(step: Step, code: int, text: str) -> Rung:
    reply = reply_of(code, text)
    return Rung(step, Outcome.FAILED, 1, (), reply, explain_reply(step, reply, SERVER))


@pytest.mark.parametrize(
    ("rung", "judgement"),
    [
        (refused(Step.RECIPIENT, 550, "5.1.1 No such user"), Failed("recipient_unknown", address_refused=True)),
        (refused(Step.MESSAGE, 550, "5.1.1 No such user"), Failed("recipient_unknown", address_refused=True)),
        (refused(Step.RECIPIENT, 556, "5.1.10 Null MX"), Failed("recipient_domain_unknown", address_refused=True)),
        (refused(Step.RECIPIENT, 550, "5.1.0 User rejected"), Failed("recipient_unknown", address_refused=True)),
        (refused(Step.RECIPIENT, 550, "5.1.0 Sender denied"), Failed("recipient_unknown")),
        (refused(Step.RECIPIENT, 550, "5.1.9 No gateway"), Failed("recipient_refused")),
        (refused(Step.RECIPIENT, 550, "5.1.7 Bad sender"), ServerRefused(until_changed=False, about_letter=True)),
        (refused(Step.RECIPIENT, 550, "5.1.8 Bad sender"), ServerRefused(until_changed=False, about_letter=True)),
        (refused(Step.RECIPIENT, 550, "No such user"), Failed("recipient_unknown")),
        (refused(Step.RECIPIENT, 552, "5.2.2 Full"), Failed("mailbox_full")),
        (refused(Step.MESSAGE, 554, "5.6.0 Looks like spam"), Failed("content_refused")),
        (refused(Step.RECIPIENT, 450, "4.2.0 Greylisted"), TryAgain()),
        (refused(Step.RECIPIENT, 550, "5.7.1 Policy"), ServerRefused(until_changed=False, about_letter=True)),
        (refused(Step.MESSAGE, 550, "5.7.1 Policy"), ServerRefused(until_changed=False, about_letter=True)),
        (refused(Step.SENDER, 553, "5.7.1 Not yours"), ServerRefused(until_changed=False, about_letter=True)),
        (refused(Step.RECIPIENT, 421, "4.3.2 Going down"), SlowDown()),
        (refused(Step.GREETING, 421, "Too many connections"), SlowDown()),
        (refused(Step.SENDER, 450, "4.7.1 Error: too much mail"), SlowDown()),
        (refused(Step.RECIPIENT, 450, "4.7.1 Message rate limit exceeded"), SlowDown()),
        (refused(Step.RECIPIENT, 451, "4.7.1 Greylisted, come back later"), TryAgain()),
        (refused(Step.MESSAGE, 451, "4.3.2 System not accepting messages"), SlowDown()),
        (refused(Step.MESSAGE, 451, "4.7.0 Try later"), SlowDown()),
        (refused(Step.SIGN_IN, 421, "4.7.0 Too many"), ServerRefused(until_changed=False, about_letter=False)),
        (refused(Step.SENDER, 550, "5.7.1 Too many"), ServerRefused(until_changed=False, about_letter=True)),
        (refused(Step.GREETING, 554, "No"), ServerRefused(until_changed=False, about_letter=False)),
        (refused(Step.SIGN_IN, 535, "5.7.8 Wrong"), ServerRefused(until_changed=True, about_letter=False)),
        (refused(Step.SIGN_IN, 454, "4.7.0 Later"), ServerRefused(until_changed=False, about_letter=False)),
        (Rung(Step.MESSAGE, Outcome.OK, 1), Accepted()),
    ],
)
def test_what_follows_from_a_refusal(rung: Rung, judgement: Judgement) -> None:
    assert judge(rung, unknown_before=0) == judgement


def test_a_sign_in_that_cannot_even_be_tried_waits_for_other_settings() -> None:
    rung = Rung(Step.SIGN_IN, Outcome.FAILED, 1, (), None, sign_in.PLAINTEXT_AUTH_FORBIDDEN)
    assert judge(rung, unknown_before=0) == ServerRefused(until_changed=True, about_letter=False)


@pytest.mark.parametrize(("before", "judgement"), [(0, TryAgain()), (1, TryAgain()), (2, GaveUp()), (7, GaveUp())])
def test_an_unanswered_dot_is_tried_again_so_many_times(before: int, judgement: Judgement) -> None:
    rung = Rung(Step.MESSAGE, Outcome.UNKNOWN, 1, (), None, mail.ACCEPTANCE_UNKNOWN)
    assert judge(rung, unknown_before=before) == judgement


def test_a_dot_unanswered_over_several_letters_in_a_row_is_the_servers() -> None:
    rung = Rung(Step.MESSAGE, Outcome.UNKNOWN, 1, (), None, mail.ACCEPTANCE_UNKNOWN)
    found = [judge(rung, unknown_before=0, broken_off_before=before) for before in range(4)]
    assert found == [TryAgain(), TryAgain(), *2 * [ServerRefused(until_changed=False, about_letter=True)]]
    assert judge(rung, unknown_before=2, broken_off_before=2) == GaveUp()


def test_a_server_that_cannot_be_sent_to_more_slowly_has_refused() -> None:
    rung = refused(Step.RECIPIENT, 421, "4.3.2 Going down")
    assert judge(rung, unknown_before=0, may_slow_down=False) == ServerRefused(until_changed=False, about_letter=True)


@pytest.mark.parametrize("diagnosis", [connection.DISCONNECTED, connection.REPLY_TIMED_OUT])
@pytest.mark.parametrize("step", [Step.SENDER, Step.RECIPIENT, Step.MESSAGE])
def test_one_letter_that_ends_the_conversation_is_at_fault_itself_and_three_in_a_row_are_not(
    step: Step, diagnosis: Diagnosis
) -> None:
    rung = Rung(step, Outcome.FAILED, 1, (), None, diagnosis)
    found = [judge(rung, unknown_before=0, broken_off_before=before) for before in range(4)]
    assert found == [TryAgain(), TryAgain(), *2 * [ServerRefused(until_changed=False, about_letter=True)]]


def test_a_connection_that_ends_before_a_letter_is_named_is_the_servers() -> None:
    rung = Rung(Step.GREETING, Outcome.FAILED, 1, (), None, connection.GREETING_DISCONNECTED)
    assert judge(rung, unknown_before=0) == ServerRefused(until_changed=False, about_letter=False)
