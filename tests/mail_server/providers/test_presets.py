"""The list of known providers, and what they are recognised by."""

import re

import pytest

from webapp.fields import Valid, check
from webapp.mail_server.domain.relay import Relay
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
        ("smtppro.zoho.com", "zoho"),
        ("smtppro.zoho.eu", "zoho-eu"),
        ("smtp.zoho.com.cn", "zoho-cn"),
        ("smtp.zoho.jp", "zoho"),
        ("smtp.aliyun.com", ""),
        ("smtp.partner.outlook.cn", ""),
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
        (["mxn.mxhichina.com", "mxw.mxhichina.com"], "aliyun"),
        (["mx.zoho.com"], "zoho"),
        (["mx.zoho.eu", "mx2.zoho.eu"], "zoho-eu"),
        (["mx01.mail.icloud.com"], "icloud"),
        (["mxa.eu.mailgun.org"], "mailgun"),
        (["mta5.am0.yahoodns.net"], "yahoo"),
        (["mx-aol.mail.gm0.yahoodns.net"], ""),
        (["example-cn.mail.protection.partner.outlook.cn"], ""),
        (["in1-smtp.messagingengine.com"], "fastmail"),
        (["mail.example.org"], ""),
        ([], ""),
    ],
)
def test_a_domain_s_provider_is_recognised_by_where_its_mail_arrives(exchangers: list[str], key: str) -> None:
    assert key_of(by_exchangers(exchangers)) == key
    assert key_of(by_address("nobody")) == ""


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("163.com", "smtp.163.com"),
        ("126.com", "smtp.126.com"),
        ("yeah.net", "smtp.yeah.net"),
        ("foxmail.com", "smtp.qq.com"),
        ("vip.qq.com", "smtp.qq.com"),
        ("googlemail.com", "smtp.gmail.com"),
        ("live.com", "smtp-mail.outlook.com"),
        ("hotmail.com", "smtp-mail.outlook.com"),
        ("ya.ru", "smtp.yandex.com"),
        ("zohomail.eu", "smtp.zoho.eu"),
        ("zohomail.cn", "smtp.zoho.com.cn"),
        ("me.com", "smtp.mail.me.com"),
        ("aliyun.com", ""),
    ],
)
def test_an_address_of_a_provider_s_own_leads_to_the_server_that_knows_it(domain: str, host: str) -> None:
    found = by_domain(domain)
    assert (found.host if found else "") == host


@pytest.mark.parametrize(
    ("host", "include"),
    [
        ("smtp.gmail.com", "_spf.google.com"),
        ("smtp.office365.com", "spf.protection.outlook.com"),
        ("smtp.partner.outlook.cn", "spf.protection.partner.outlook.cn"),
        ("smtp.qiye.aliyun.com", "spf.qiye.aliyun.com"),
        ("smtpdm.aliyun.com", "spf1.dm.aliyun.com"),
        ("smtp.qiye.163.com", "spf.qiye.163.com"),
        ("hwsmtp.exmail.qq.com", "spf.mail.qq.com"),
        ("smtp.messagingengine.com", "spf.messagingengine.com"),
        ("smtppro.zoho.eu", "zohomail.eu"),
        ("email-smtp.eu-west-1.amazonaws.com", "amazonses.com"),
        ("smtp.resend.com", "amazonses.com"),
        ("notgmail.com", ""),
    ],
)
def test_a_provider_s_relay_is_admitted_by_its_include(host: str, include: str) -> None:
    assert Relay(host).include == include
