"""The list of known providers, and what they are recognised by."""

import re

import pytest

from webapp.fields import Valid, check
from webapp.mail_server.form import FIELDS, ServerForm
from webapp.mail_server.providers.filling import with_preset
from webapp.smtp.presets import PRESETS, Preset
from webapp.smtp.recognising import by_address, by_domain, by_exchangers, by_host, by_key
from webapp.smtp.server import Auth, Security

EVERY = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
TYPED = {
    "username": "postern@example.org",
    "sender_address": "postern@example.org",
    "oauth_client_id": "client",
    "oauth_client_secret": "secret",
    "oauth_refresh_token": "token",
}


def key_of(preset: Preset | None) -> str:
    return preset.key if preset else ""


@EVERY
def test_each_fills_in_a_form_that_can_be_used(preset: Preset) -> None:
    filled = with_preset({**dict.fromkeys(FIELDS, ""), **TYPED}, preset)
    checked = check(ServerForm, filled)
    assert isinstance(checked, Valid), checked
    assert (checked.form.host, checked.form.port) == (preset.host, preset.port)
    assert checked.form.auth is preset.auth


@EVERY
def test_each_is_recognised_by_its_own_host_and_domains(preset: Preset) -> None:
    assert by_key(preset.key) is preset
    assert by_host(preset.host) is preset
    assert by_host(f"{preset.host.upper()}.") is preset
    for domain in preset.domains:
        assert by_domain(domain) is preset
        assert by_address(f"somebody@{domain.upper()}") is preset


@EVERY
def test_each_names_its_source_and_binds_its_rules_to_fields(preset: Preset) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", preset.key)
    assert preset.source
    assert preset.rules
    assert set(preset.rules) <= set(FIELDS)
    assert set(preset.oauth) <= set(FIELDS)
    assert preset.port == {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}[preset.security]


def test_no_two_share_a_name_host_or_domain() -> None:
    for values in (
        [preset.key for preset in PRESETS],
        [str(preset.name) for preset in PRESETS],
        [preset.host for preset in PRESETS],
        [domain for preset in PRESETS for domain in preset.domains],
    ):
        assert len(values) == len(set(values))


def test_no_password_is_to_be_sent_in_plain_text_elsewhere() -> None:
    assert [preset.key for preset in PRESETS if preset.security is Security.NONE] == ["local-relay"]
    assert [preset.key for preset in PRESETS if preset.auth is Auth.NONE] == ["local-relay"]


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "ses"),
        ("email-smtp.cn-north-1.amazonaws.com.cn", "ses"),
        ("email-smtp.eu-west-1.evil.example.amazonaws.com", ""),
        ("email-smtp.eu-west-1.amazonaws.com.evil.example", ""),
        ("smtppro.zoho.eu", "zoho"),
        ("smtp.zoho.com.cn", "zoho"),
        ("smtpdm-ap-southeast-1.aliyuncs.com", "aliyun-directmail"),
        ("smtp.mxhichina.com", "aliyun"),
        ("smtp.eu.mailgun.org", "mailgun"),
        ("smtp.example.org", ""),
        ("", ""),
        ("two words", ""),
    ],
)
def test_regional_hosts_belong_to_their_provider(host: str, key: str) -> None:
    assert key_of(by_host(host)) == key


@pytest.mark.parametrize(
    ("exchangers", "key"),
    [
        (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], "gmail"),
        (["example-org.mail.protection.outlook.com"], "microsoft365"),
        (["mxbiz1.qq.com"], "exmail"),
        (["mx1.qiye.aliyun.com"], "aliyun"),
        (["in1-smtp.messagingengine.com"], "fastmail"),
        (["mail.example.org"], ""),
        ([], ""),
    ],
)
def test_a_domain_s_provider_is_recognised_by_where_its_mail_arrives(exchangers: list[str], key: str) -> None:
    assert key_of(by_exchangers(exchangers)) == key
    assert key_of(by_address("nobody")) == ""
