import pytest

from webapp.mail_server.preset import check_preset, locked, overlaid

WHOLE = {
    "host": "relay.example.org",
    "port": "587",
    "security": "starttls",
    "username": "u",
    "password": "canary-of-env",
}


def test_values_that_can_be_used_pass() -> None:
    check_preset({})
    check_preset({"host": "relay.example.org", "timeout_seconds": "20"})
    check_preset({**WHOLE, "sender_address": "postern@example.org"})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"prot": "25"}, "POSTERN_MAIL_SERVER_PROT is not a field"),
        ({"port": "many"}, "POSTERN_MAIL_SERVER_PORT cannot be used: "),
        ({"security": "ssl"}, "POSTERN_MAIL_SERVER_SECURITY cannot be used: "),
        ({"sender_address": "nobody"}, "POSTERN_MAIL_SERVER_SENDER_ADDRESS cannot be used: "),
        ({**WHOLE, "password": "a\nb"}, "POSTERN_MAIL_SERVER_PASSWORD cannot be used: "),
    ],
)
def test_a_value_that_cannot_be_used_is_one_line_at_start_up(values: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        check_preset(values)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("missing", ["host", "port", "security", "username"])
def test_a_password_in_the_environment_needs_its_server_there_too(missing: str) -> None:
    with pytest.raises(ValueError, match=f"needs POSTERN_MAIL_SERVER_{missing.upper()}"):
        check_preset({name: value for name, value in WHOLE.items() if name != missing})


def test_a_password_in_the_environment_fixes_how_it_is_used() -> None:
    fixed = locked(WHOLE)
    assert fixed["auth"] == "password"
    assert fixed["ca_certificate"] == ""
    typed = {"host": "evil.example", "ca_certificate": "theirs", "sender_name": "Mine"}
    assert overlaid(typed, WHOLE) == {**fixed, "sender_name": "Mine"}
