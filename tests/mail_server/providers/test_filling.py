"""The picker: it fills the form in, keeps what else was typed, and saves nothing."""

import re
from urllib.parse import urlencode

import httpx2
import pytest

from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.world import Browser
from webapp.mail_server.models import Revision
from webapp.mail_server.providers.filling import Settings, read_settings
from webapp.smtp.server import Auth, Security

PATH = "/mail-server"
FILL = "/mail-server/fillings"


def value_of(response: httpx2.Response, name: str) -> str:
    tag = re.search(rf'<input[^>]*id="{name}"[^>]*>', response.text)
    assert tag, name
    found = re.search(r'value="([^"]*)"', tag[0])
    return found[1] if found else ""


def chosen(response: httpx2.Response, name: str) -> str:
    for tag in re.findall(rf'<input type="radio" name="{name}"[^>]*>', response.text):
        if " checked" in tag:
            return re.search(r'value="([^"]*)"', tag)[1]  # type: ignore[index]
    return ""


def picked(response: httpx2.Response) -> str:
    found = re.search(r'<option value="([^"]*)" selected', response.text)
    return found[1] if found else ""


def rule_of(response: httpx2.Response, name: str) -> str:
    _, _, after = response.text.partition(f'id="{name}-rule"')
    return after.partition(">")[2].partition("<")[0]


async def test_a_provider_fills_the_form_in_and_what_was_typed_stays(alice: Browser) -> None:
    typed = with_password(sender_name="Kept", reply_to="kept@example.org", preset="qq", recipient="me@example.org")
    whole, part = await alice.post(FILL, typed), await alice.htmx_post(FILL, typed)
    for answer in (whole, part):
        assert answer.status_code == 200
        assert (value_of(answer, "host"), value_of(answer, "port")) == ("smtp.qq.com", "465")
        assert (chosen(answer, "security"), chosen(answer, "auth"), picked(answer)) == ("tls", "password", "qq")
        assert value_of(answer, "sender_name") == "Kept"
        assert value_of(answer, "reply_to") == "kept@example.org"
        assert value_of(answer, "username") == "postern"
        assert "authorization code" in rule_of(answer, "password")
        assert "address that signs in" in rule_of(answer, "sender_address")
        assert "The settings of QQ Mail are filled in." in answer.text
        assert CANARY not in answer.text
        assert re.search(r'<input type="password"[^>]*id="password"[^>]*hx-preserve', answer.text)
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert await Revision.all().count() == 0


async def test_the_rules_stand_at_their_fields_and_belong_to_them(alice: Browser) -> None:
    answer = await alice.post(FILL, fields(preset="sendgrid"))
    assert value_of(answer, "username") == "apikey"
    tag = re.search(r'<input[^>]*id="username"[^>]*>', answer.text)
    assert tag
    assert 'aria-describedby="username-error username-rule' in tag[0]
    other = await alice.post(FILL, fields(username="apikey", preset="gmail"))
    assert value_of(other, "username") == ""


async def test_a_provider_s_regional_host_stays(alice: Browser) -> None:
    answer = await alice.post(FILL, fields(host="email-smtp.eu-west-1.amazonaws.com", preset="ses"))
    assert value_of(answer, "host") == "email-smtp.eu-west-1.amazonaws.com"


async def test_without_javascript_an_address_fills_in_a_provider_over_what_is_saved(alice: Browser) -> None:
    await alice.post(PATH, with_password(sender_name="Saved"))
    page = await alice.get(f"{PATH}?preset=gmail")
    assert (value_of(page, "host"), value_of(page, "sender_name")) == ("smtp.gmail.com", "Saved")
    assert await Revision.all().count() == 1
    assert value_of(await alice.get(f"{PATH}?preset=nonsense"), "host") == "smtp.example.org"


async def test_a_provider_is_recognised_by_the_host_and_by_addresses(alice: Browser) -> None:
    wrong = with_password(timeout_seconds="never")
    for change in ({"sender_address": "me@qq.com"}, {"username": "me@foxmail.com"}):
        answer = await alice.htmx_post(PATH, {**wrong, **change})
        assert answer.status_code == 422
        assert "This looks like QQ Mail: smtp.qq.com, port 465, TLS." in answer.text
        assert f'formaction="{FILL}?preset=qq"' in answer.text
        assert rule_of(answer, "password") == ""
    known = await alice.htmx_post(PATH, {**wrong, "host": "SMTP.QQ.com.", "security": "starttls"})
    assert picked(known) == "qq"
    assert "authorization code" in rule_of(known, "password")
    assert "This looks like" not in known.text
    plain = await alice.htmx_post(PATH, {**wrong, "host": "smtp.qq.com", "security": "none"})
    assert "This looks like QQ Mail" in plain.text
    none = await alice.htmx_post(PATH, wrong)
    assert picked(none) == ""
    assert "This looks like" not in none.text


async def test_the_proposal_fills_in_what_it_says(alice: Browser) -> None:
    answer = await alice.post(f"{FILL}?preset=163", with_password(sender_address="me@163.com", preset=""))
    assert (value_of(answer, "host"), picked(answer)) == ("smtp.163.com", "163")


async def test_found_settings_fill_the_form_in(alice: Browser) -> None:
    use = str(Settings("mail.example.com", 2525, Security.STARTTLS, Auth.NONE))
    answer = await alice.post(f"{FILL}?use={use}", with_password(sender_name="Kept"))
    assert (value_of(answer, "host"), value_of(answer, "port")) == ("mail.example.com", "2525")
    assert (chosen(answer, "security"), chosen(answer, "auth")) == ("starttls", "none")
    assert value_of(answer, "sender_name") == "Kept"


@pytest.mark.parametrize(
    "use", ["a", "a b c", "a 1 ssl", "a 1 tls magic", "a 999999 tls", "a 1 tls none x", "a@b 1 tls"]
)
async def test_nonsense_is_refused(alice: Browser, use: str) -> None:
    assert read_settings(use) is None
    assert (await alice.post(f"{FILL}?use={use}", fields())).status_code == 422
    assert (await alice.post(FILL, fields(preset="nonsense"))).status_code == 422


async def test_without_a_choice_it_is_asked_for(alice: Browser) -> None:
    answer = await alice.htmx_post(FILL, fields(host="typed.example.org"))
    assert answer.status_code == 422
    assert error_of(answer, "preset") == "Please choose a provider first."
    assert value_of(answer, "host") == "typed.example.org"


async def test_saving_does_not_look_at_the_picker(alice: Browser) -> None:
    assert (await alice.post(PATH, fields(preset="qq"))).status_code == 303
    saved = await Revision.all().first()
    assert saved
    assert saved.host == "smtp.example.org"


def test_settings_are_read_as_they_were_written() -> None:
    for settings in (
        Settings("mail.example.com", 465, Security.TLS, Auth.PASSWORD),
        Settings("2001:db8::25", 25, Security.NONE),
    ):
        assert read_settings(str(settings)) == settings


@pytest.mark.parametrize(
    ("typed", "proposed"),
    [
        ({"host": " smtp.163.com "}, "smtp.163.com, port 465, TLS"),
        ({"host": "smtp.163.com", "port": "465", "security": "tls"}, ""),
        ({"host": "smtp.163.com", "port": "8332", "security": "starttls"}, "smtp.163.com, port 465, TLS"),
        ({"sender_address": "me@qq.com"}, "smtp.qq.com, port 465, TLS"),
        ({"username": "me@qq.com"}, "smtp.qq.com, port 465, TLS"),
        ({"host": "127.0.0.1", "port": "2525", "security": "none"}, ""),
        ({"host": "mail.example.org"}, ""),
    ],
)
async def test_what_was_just_typed_is_recognised(alice: Browser, typed: dict[str, str], proposed: str) -> None:
    shown = await alice.htmx_get(f"/mail-server/providers?{urlencode(typed)}")
    assert shown.status_code == 200
    assert shown.text.lstrip().startswith('<div id="proposal"')
    assert (proposed in shown.text) if proposed else ("provider-proposal" not in shown.text)
    assert "mail-server-form" not in shown.text.partition(">")[0]
    assert await Revision.all().count() == 0
