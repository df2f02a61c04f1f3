import pytest

from tests.mail_server.filling import fields, with_password, with_tokens
from tests.smtp_server import ca_pem
from webapp.fields import Invalid, Valid, check
from webapp.mail_server.form import EMPTY, FIELDS, ServerForm
from webapp.smtp.server import Security


def form_of(**changes: str) -> ServerForm:
    checked = check(ServerForm, fields(**changes))
    assert isinstance(checked, Valid), checked
    return checked.form


def errors_of(**changes: str) -> dict[str, str]:
    checked = check(ServerForm, fields(**changes))
    assert isinstance(checked, Invalid), checked
    return {name: str(text) for name, text in checked.errors.items()}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("host", "", "smtp.example.org"),
        ("host", "https://smtp.example.org/", "without https://"),
        ("host", "smtp.example.org:587", "port in its own field"),
        ("host", "me@example.org", "mail address"),
        ("host", "two words", "smtp.example.org"),
        ("host", "a" * 64 + ".example.org", "smtp.example.org"),
        ("port", "0", "from 1 to 65535"),
        ("port", "65536", "from 1 to 65535"),
        ("port", "smtp", "from 1 to 65535"),
        ("port", "-1", "from 1 to 65535"),
        ("port", "9" * 5_000, "from 1 to 65535"),
        ("security", "", "None, STARTTLS or TLS"),
        ("security", "ssl", "None, STARTTLS or TLS"),
        ("auth", "", "None, Password or XOAUTH2"),
        ("auth", "magic", "None, Password or XOAUTH2"),
        ("plaintext_auth", "perhaps", "true or false"),
        ("sender_address", "", "postern@example.org"),
        ("sender_address", "postern", "name@example.org"),
        ("sender_address", '"a b"@example.org', "name@example.org"),
        ("reply_to", "nobody", "name@example.org"),
        ("bounce_address", "returns", "name@example.org"),
        ("sender_name", "x" * 201, "at most 200"),
        ("ehlo_name", "two words", "postern.example.org"),
        ("ehlo_name", "192.0.2.25", "brackets"),
        ("ehlo_name", "[not-an-address]", "postern.example.org"),
        ("timeout_seconds", "0", "from 1 to 60"),
        ("timeout_seconds", "61", "from 1 to 60"),
        ("timeout_seconds", "soon", "from 1 to 60"),
        ("ca_certificate", "not a certificate", "-----BEGIN CERTIFICATE-----"),
        ("ca_certificate", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----", "cannot be read"),
        ("ca_certificate", "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", "private key"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(field: str, value: str, says: str) -> None:
    errors = errors_of(**{field: value})
    assert list(errors) == [field]
    assert says in errors[field]


@pytest.mark.parametrize(
    "field",
    ["host", "username", "password", "sender_address", "sender_name", "reply_to", "bounce_address", "ehlo_name"],
)
@pytest.mark.parametrize("smuggled", ["a\r\nBcc: eve@example.org", "a\nb", "a\rb", "a\x00b", "a\u2028b", "a\x85b"])
def test_no_line_break_gets_into_a_header_or_command(field: str, smuggled: str) -> None:
    assert list(errors_of(auth="password", **{"username": "postern", "password": "p", field: smuggled})) == [field]


def test_a_sign_in_needs_a_username() -> None:
    assert "username" in errors_of(auth="password", username="")["username"]


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in {"security", "auth", "plaintext_auth"}])
def test_pasted_white_space_is_trimmed_everywhere_alike(field: str) -> None:
    addresses = {"reply_to": "a@example.org", "bounce_address": "b@example.org"}
    filled = {"username": "postern", **addresses, "ehlo_name": "me.example"}
    if field.startswith("oauth_"):
        pasted = with_tokens(oauth_grant="refresh_token", oauth_refresh_token="token", **filled)
    else:
        pasted = with_password(**filled)
    pasted["ca_certificate"] = ca_pem()
    plain = check(ServerForm, pasted)
    clinging = check(ServerForm, {**pasted, field: f" \u200b\u00a0\t{pasted[field]}\ufeff \r\n"})
    assert isinstance(plain, Valid)
    assert clinging == plain


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_an_empty_port_is_the_usual_one(security: str, port: int) -> None:
    assert form_of(security=security, port="").port == port
    assert form_of(security=security, port="2525").port == 2525


def test_names_of_hosts_are_taken_as_they_are_meant() -> None:
    assert form_of(host="SMTP.Example.ORG.").host == "smtp.example.org"
    assert form_of(host="[2001:db8::25]").host == "2001:db8::25"
    assert form_of(host="bücher.example").host == "bücher.example"
    assert form_of(ehlo_name="[IPv6:2001:db8::25]").ehlo_name == "[IPv6:2001:db8::25]"


def test_the_password_is_never_shown() -> None:
    form = form_of(auth="password", username="postern", password="secret-canary")
    assert "secret-canary" not in repr(form)
    assert "secret-canary" not in repr(form.server("secret-canary"))
    assert form.shown()["password"] == ""


def test_without_a_sign_in_no_credential_is_kept_in_the_server() -> None:
    server = form_of(auth="none", username="left over", password="left over").server("left over")
    assert (server.username, server.secret) == ("", "")
    assert server.security is Security.NONE


def test_an_smtp_password_may_hold_any_signs() -> None:
    plain = {"host": "mail.example.org", "port": "587", "security": "starttls", "sender_address": "a@example.org"}
    secret = {"auth": "password", "username": "u=?x", "password": "p=?utf-8?q?x?="}
    checked = check(ServerForm, {**EMPTY, **plain, **secret})
    assert isinstance(checked, Valid)
    assert checked.form.password == "p=?utf-8?q?x?="
