"""The ladder against servers that behave."""

import asyncio
import base64
from email.message import EmailMessage

import pytest

from tests.smtp.climbing import (
    ALICE,
    PASSWORD,
    SENDER,
    anywhere,
    code_of,
    dial_instead,
    last_rung,
    letter,
    mail_server,
    rungs_of,
    shown,
)
from tests.smtp_server import Certificate, Tls, certificate_pem, replies, scripted_server, smtp_server
from webapp.smtp.ladder import Outcome, Step, climb
from webapp.smtp.resolve import Egress
from webapp.smtp.server import Auth, Security
from webapp.smtp.transcript import Transcript

STARTTLS_ORDER = ["address", "connect", "greeting", "tls", "capabilities", "sign_in", "sender", "recipient", "message"]
TLS_ORDER = ["address", "connect", "tls", "greeting", "capabilities", "sign_in", "sender", "recipient", "message"]


@pytest.mark.parametrize(
    ("tls", "security", "order"),
    [
        (Tls.NEVER, Security.NONE, STARTTLS_ORDER),
        (Tls.STARTTLS, Security.STARTTLS, STARTTLS_ORDER),
        (Tls.IMPLICIT, Security.TLS, TLS_ORDER),
    ],
)
async def test_a_letter_climbs_every_rung_and_arrives(tls: Tls, security: Security, order: list[str]) -> None:
    async with smtp_server(tls=tls, credentials=("alice", PASSWORD)) as server:
        rungs = await rungs_of(mail_server(server, security=security, username="alice"))
        received = await server.next_letter()
    assert [rung.step for rung in rungs] == order
    assert {rung.outcome for rung in rungs if rung.step is not Step.TLS} == {Outcome.OK}
    assert rungs[order.index("tls")].outcome is (Outcome.SKIPPED if security is Security.NONE else Outcome.OK)
    assert all(rung.milliseconds >= 0 for rung in rungs)
    assert (received.sender, received.recipients, received.signed_in_as) == (SENDER, [ALICE], "alice")
    assert received.encrypted is (security is not Security.NONE)
    assert received.message.get_content().strip() == "Hello, Alice."
    assert shown(rungs[-1])["Queue id"] == "4F1C2D3E4A"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_a_password_is_shown_once_by_what_the_server_offers(mechanism: str) -> None:
    async with smtp_server(credentials=("alice", PASSWORD), mechanisms=[mechanism]) as server:
        rung = await last_rung(mail_server(server, username="alice"), to=None)
    assert rung.outcome is Outcome.OK
    assert shown(rung) == {"Mechanism": mechanism, "Signed in as": "alice"}
    assert server.sign_ins == [(mechanism, "alice", PASSWORD)]


async def test_an_access_token_signs_in_by_xoauth2() -> None:
    async with smtp_server(credentials=("alice", "ya29.token"), mechanisms=["PLAIN", "XOAUTH2"]) as server:
        rung = await last_rung(mail_server(server, auth=Auth.XOAUTH2, username="alice", secret="ya29.token"), to=None)
    assert rung.outcome is Outcome.OK
    assert server.sign_ins == [("XOAUTH2", "alice", "ya29.token")]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_a_refused_password_is_tried_once_only(mechanism: str) -> None:
    offered = ["PLAIN", "LOGIN", "CRAM-MD5"] if mechanism == "PLAIN" else [mechanism]
    async with smtp_server(tls=Tls.IMPLICIT, credentials=("alice", "another one"), mechanisms=offered) as server:
        settings = mail_server(server, security=Security.TLS, username="alice")
        rung = await last_rung(settings)
    assert (rung.step, code_of(rung)) == (Step.SIGN_IN, "credentials_refused")
    assert len(server.sign_ins) == 1


async def test_a_refused_token_is_told_apart_from_a_refused_password() -> None:
    async with smtp_server(credentials=("alice", "ya29.token"), mechanisms=["XOAUTH2"]) as server:
        rung = await last_rung(mail_server(server, auth=Auth.XOAUTH2, username="alice", secret="stale"))
    assert (rung.step, code_of(rung)) == (Step.SIGN_IN, "token_refused")


async def test_without_a_recipient_the_climb_ends_after_the_sign_in() -> None:
    async with smtp_server() as server:
        rungs = await rungs_of(mail_server(server), letter=None, to=None)
    assert (rungs[-1].step, rungs[-1].outcome) == (Step.SIGN_IN, Outcome.SKIPPED)


async def test_without_a_letter_the_climb_ends_after_the_recipient() -> None:
    async with smtp_server() as server:
        rungs = await rungs_of(mail_server(server), letter=None)
    assert (rungs[-1].step, rungs[-1].outcome, server.letters) == (Step.RECIPIENT, Outcome.OK, [])


async def test_a_climb_ends_where_it_is_asked_to() -> None:
    async with smtp_server() as server:
        rungs = await rungs_of(mail_server(server), until=Step.CAPABILITIES)
    assert rungs[-1].step is Step.CAPABILITIES


async def test_the_rung_of_tls_shows_the_certificate() -> None:
    async with smtp_server(tls=Tls.IMPLICIT) as server:
        rungs = await rungs_of(mail_server(server, security=Security.TLS))
    details = shown(rungs[2])
    assert details["TLS version"] == "TLSv1.3"
    assert "CN=127.0.0.1" in details["Certificate of"]
    assert "mail.example.com" in details["Names"]
    assert "trustme" in details["Issued by"]
    assert details["Valid until"].endswith("UTC")


async def test_a_pasted_self_signed_certificate_is_trusted_for_its_server() -> None:
    async with smtp_server(tls=Tls.STARTTLS, certificate=Certificate.SELF_SIGNED) as server:
        settings = mail_server(
            server, security=Security.STARTTLS, ca_certificate=certificate_pem(Certificate.SELF_SIGNED)
        )
        rung = await last_rung(settings)
    assert rung.outcome is Outcome.OK


async def test_the_first_address_that_answers_is_used_and_the_others_are_named() -> None:
    async with smtp_server() as server:
        # The name has an IPv6 address too, where nothing listens.
        rungs = await rungs_of(mail_server(server, host="localhost"), to=None)
    connect = shown(rungs[1])
    assert connect["Answered"] == f"127.0.0.1:{server.port}"
    assert len(rungs) > 2


async def test_we_never_call_ourselves_localhost() -> None:
    async with smtp_server() as server:
        await rungs_of(mail_server(server), to=None)
        await rungs_of(mail_server(server, ehlo_name="postern.example.com"), to=None)
        await rungs_of(mail_server(server, ehlo_name="[192.0.2.1]"), to=None)
        await rungs_of(mail_server(server, ehlo_name="bücher.example"), to=None)
    derived, *chosen = server.ehlo_names
    assert "." in derived
    assert not derived.startswith("localhost")
    assert chosen == ["postern.example.com", "[192.0.2.1]", "xn--bcher-kva.example"]


async def test_an_old_server_is_greeted_in_the_old_way() -> None:
    heard: list[str] = []
    script = replies({"EHLO": "502 What?", "HELO": "250 mail.example.com"}, heard)
    async with scripted_server(script) as server:
        rung = await last_rung(mail_server(server))
    assert rung.outcome is Outcome.OK
    assert [line.split()[0] for line in heard] == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert heard[2] == f"MAIL FROM:<{SENDER}>"


async def test_an_internationalised_address_goes_out_by_smtputf8_where_it_is_offered() -> None:
    made = letter()
    del made["To"]
    made["To"] = "Jörg <jörg@bücher.example>"
    async with smtp_server(unicode=True) as server:
        rung = await last_rung(mail_server(server), letter=made, to="jörg@bücher.example")
    assert rung.outcome is Outcome.OK
    assert server.letters[0].recipients == ["jörg@xn--bcher-kva.example"]
    assert "jörg@" in server.letters[0].raw.decode()


@pytest.mark.parametrize(
    ("sender", "to", "code", "field"),
    [
        (SENDER, "jörg@example.com", "unicode_recipient_unsupported", "recipient"),
        ("jörg@example.com", ALICE, "unicode_sender_unsupported", "sender_address"),
    ],
)
async def test_an_internationalised_address_is_not_forced_on_a_server(
    sender: str, to: str, code: str, field: str
) -> None:
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        rung = await last_rung(mail_server(server, sender_address=sender), to=to)
    assert (rung.step, code_of(rung)) == (Step.SENDER, code)
    assert rung.diagnosis is not None
    assert rung.diagnosis.field == field
    assert not any(line.startswith("MAIL") for line in heard)


@pytest.mark.parametrize("as_bytes", [False, True])
async def test_eight_bit_parts_are_recoded_for_a_server_that_does_not_take_them(as_bytes: bool) -> None:
    made = EmailMessage()
    made["From"], made["To"] = SENDER, ALICE
    made.set_content("Grüße", cte="8bit")
    async with scripted_server(replies({"EHLO": "250 mail.example.com"})) as server:
        assert (await last_rung(mail_server(server), letter=made)).outcome is Outcome.OK
    async with smtp_server() as other:
        assert (await last_rung(mail_server(other), letter=bytes(made) if as_bytes else made)).outcome is Outcome.OK
    assert "Grüße" in other.letters[0].message.get_content()


async def test_seven_bit_servers_get_seven_bits() -> None:
    made = EmailMessage()
    made["From"], made["To"] = SENDER, ALICE
    made.set_content("Grüße", cte="8bit")
    got: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in (b"250 mail", b"250 ok", b"250 ok", b"354 go"):
            await reader.readline()
            writer.write(answer + b"\r\n")
        got.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.write(b"250 OK id=1tEXAMPLE-00\r\n")
        await reader.readline()

    async with scripted_server(script) as server:
        rung = await last_rung(mail_server(server), letter=bytes(made))
    assert rung.outcome is Outcome.OK
    assert got[0].isascii()
    assert shown(rung)["Queue id"] == "1tEXAMPLE-00"


async def test_a_letter_beyond_the_announced_size_is_not_even_begun() -> None:
    async with smtp_server(size_limit=300) as server:
        rung = await last_rung(mail_server(server), letter=letter("x" * 500))
    assert (rung.step, code_of(rung)) == (Step.SENDER, "letter_too_large")


async def test_lines_that_begin_with_a_dot_arrive_whole() -> None:
    async with smtp_server() as server:
        await rungs_of(mail_server(server), letter=letter("one\n.\n..two\n"))
    assert server.letters[0].message.get_content().splitlines() == ["one", ".", "..two"]


@pytest.mark.parametrize(
    "address", ["a\r\nRCPT TO:<eve@example.com>@example.com", "a\0b@example.com", "nobody", "a b@example.com", "<a@b>"]
)
@pytest.mark.parametrize("whose", ["sender", "recipient"])
async def test_an_address_that_could_end_the_command_is_refused(address: str, whose: str) -> None:
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        if whose == "sender":
            rung = await last_rung(mail_server(server, sender_address=address))
        else:
            rung = await last_rung(mail_server(server), to=address)
    assert code_of(rung) == f"{whose}_malformed"
    assert not any("eve" in line or "nobody" in line or "\0" in line for line in heard)


@pytest.mark.parametrize(("address", "allowed"), [("192.0.2.10", False), ("127.0.0.1", True)])
async def test_a_password_goes_in_the_clear_to_this_machine_only(address: str, allowed: bool) -> None:
    async with smtp_server(credentials=("alice", PASSWORD)) as server:
        settings = mail_server(server, host=address, username="alice")
        rung = await last_rung(settings, to=None, dial=dial_instead(server.host, server.port))
    assert rung.outcome is (Outcome.OK if allowed else Outcome.FAILED)
    assert code_of(rung) == ("" if allowed else "plaintext_auth_forbidden")
    assert bool(server.sign_ins) is allowed


async def test_a_password_goes_in_the_clear_elsewhere_if_that_was_chosen() -> None:
    async with smtp_server(credentials=("alice", PASSWORD), mechanisms=["PLAIN", "CRAM-MD5"]) as server:
        settings = mail_server(server, host="192.0.2.10", username="alice", plaintext_auth=True)
        rung = await last_rung(settings, to=None, dial=dial_instead(server.host, server.port))
    assert rung.outcome is Outcome.OK
    assert server.sign_ins[0][0] == "CRAM-MD5"


async def test_the_transcript_has_both_sides_and_no_secret() -> None:
    transcript = Transcript()
    async with smtp_server(tls=Tls.STARTTLS, credentials=("alice", PASSWORD)) as server:
        settings = mail_server(server, security=Security.STARTTLS, username="alice")
        await rungs_of(settings, transcript=transcript, letter=letter("the link is https://x.example/AbCdEfGhIjKlMnOp"))
    text = transcript.text()
    assert "C: AUTH PLAIN ********" in transcript.lines
    assert "S: 235 2.7.0 Authentication successful" in transcript.lines
    assert f"C: RCPT TO:<{ALICE}>" in transcript.lines
    assert PASSWORD not in text
    assert base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode() not in text
    assert "AbCdEfGhIjKlMnOp" not in text


async def test_a_secret_that_the_server_repeats_is_masked_everywhere() -> None:
    in_base64 = base64.b64encode(f"xy{PASSWORD}z".encode()).decode()
    transcript = Transcript()
    async with scripted_server(replies({"AUTH": f"535 5.7.8 no: {PASSWORD} {in_base64}"})) as server:
        rung = await last_rung(mail_server(server, username="alice"), transcript=transcript)
    assert rung.reply is not None
    for text in (transcript.text(), str(rung.reply), str(shown(rung))):
        assert PASSWORD not in text
        assert in_base64[4:-4] not in text
    assert "********" in rung.reply.text


async def test_a_link_that_the_server_repeats_is_masked() -> None:
    token = "ImFsaWNlQGV4YW1wbGUuY29tIg.Z0BxYw.9fK3"
    transcript = Transcript()
    async with scripted_server(
        replies({"MESSAGE": f"550 5.7.1 bad URL https://x.example/password-reset/{token}"})
    ) as server:
        made = letter(f"Grüße: https://x.example/password-reset/{token}")
        rung = await last_rung(mail_server(server), letter=made, transcript=transcript)
    assert rung.reply is not None
    assert token not in rung.reply.text
    assert token not in transcript.text()


async def test_closing_the_climb_closes_the_socket_at_once() -> None:
    async with scripted_server(_until_gone) as server:
        settings = mail_server(server)
        ladder = climb(settings, letter(), ALICE, egress=anywhere(settings))
        async for rung in ladder:
            if rung.step is Step.GREETING:
                break
        assert not server.closed.is_set()
        await ladder.aclose()
        async with asyncio.timeout(2):
            await server.closed.wait()


async def test_cancelling_the_task_closes_the_socket_at_once() -> None:
    async with scripted_server(replies({"EHLO": ...})) as server:
        reached = asyncio.Event()
        settings = mail_server(server)

        async def drive() -> None:
            async for rung in climb(settings, letter(), ALICE, egress=anywhere(settings)):
                if rung.step is Step.TLS:
                    reached.set()

        task = asyncio.create_task(drive())
        async with asyncio.timeout(2):
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def _until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await reader.read()


async def test_the_deadline_bounds_the_whole_climb() -> None:
    async with scripted_server(replies({"EHLO": ...})) as server:
        begun = asyncio.get_running_loop().time()
        rung = await last_rung(mail_server(server, timeout_seconds=60), deadline_seconds=0.3)
        took = asyncio.get_running_loop().time() - begun
    assert (rung.outcome, code_of(rung)) == (Outcome.FAILED, "reply_timed_out")
    assert took < 2


async def test_a_climb_without_time_left_says_so() -> None:
    async with smtp_server() as server:
        rung = await last_rung(mail_server(server), deadline_seconds=0.0)
    assert (rung.step, code_of(rung)) == (Step.ADDRESS, "deadline_reached")


async def test_no_answer_to_the_final_dot_is_neither_success_nor_failure() -> None:
    async with scripted_server(replies({"MESSAGE": ...})) as server:
        rung = await last_rung(mail_server(server), deadline_seconds=0.5)
    assert (rung.step, rung.outcome, code_of(rung)) == (Step.MESSAGE, Outcome.UNKNOWN, "acceptance_unknown")


async def test_the_address_that_is_dialled_is_the_one_that_was_checked() -> None:
    dialled: list[str] = []
    async with smtp_server() as server:
        near = dial_instead(server.host, server.port)

        async def dial(ip: str, port: int, timeout_seconds: float):  # type: ignore[no-untyped-def]
            dialled.append(ip)
            return await near(ip, port, timeout_seconds)

        rung = await last_rung(mail_server(server, host="192.0.2.7"), dial=dial)
    assert rung.outcome is Outcome.OK
    assert dialled == ["192.0.2.7"]


async def test_a_closed_address_is_not_dialled() -> None:
    async with smtp_server() as server:
        settings = mail_server(server)
        rung = await last_rung(settings, egress=Egress(frozenset({server.port}), private=False))
        assert (rung.step, code_of(rung)) == (Step.ADDRESS, "host_not_allowed")
        rung = await last_rung(settings, egress=Egress(frozenset({25})))
        assert (rung.step, code_of(rung)) == (Step.ADDRESS, "port_not_allowed")
        assert server.connections == 0
