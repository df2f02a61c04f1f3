"""The environment, and what is said when it is wrong."""

from pathlib import Path

import pytest

from webapp.settings import BadSettings, Settings


def read(environ: dict[str, str], dotenv: Path | None = None) -> Settings:
    return Settings.from_environ({f"POSTERN_{name}": value for name, value in environ.items()}, dotenv=dotenv)


def test_nothing_need_be_set() -> None:
    settings = read({})
    assert settings.public_url == "http://localhost:8000"
    assert settings.dsn == "sqlite:///var/postern.sqlite3"
    assert settings.is_loopback
    assert not settings.secure


def test_values_are_typed_and_empty_ones_count_as_unset() -> None:
    settings = read(
        {
            "PUBLIC_URL": "https://Postern.Example.org/",
            "EGRESS_PORTS": "25, 2525",
            "EGRESS_PRIVATE": "false",
            "TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "LINK_MINUTES": "",
            "MAIL_SERVER_HOST": "mail.example.org",
            "FALLBACK_MAIL_SERVER_HOST": "fallback.example.org",
        }
    )
    assert settings.public_url == "https://postern.example.org"
    assert settings.secure
    assert settings.public_host == "postern.example.org"
    assert settings.egress_ports == {25, 2525}
    assert not settings.egress_private
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.link_minutes == 30
    assert settings.preset() == settings.preset("primary") == {"host": "mail.example.org"}
    assert settings.preset("fallback") == {"host": "fallback.example.org"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINK_MINUTES", "soon"),
        ("LINK_MINUTES", "1"),
        ("PUBLIC_URL", "postern.example.org"),
        ("PUBLIC_URL", "https://example.org/postern"),
        ("BIND", "8000"),
        ("BIND", "localhost:99999"),
        ("TRUSTED_PROXIES", "proxy.example.org"),
        ("LOG_LEVEL", "loud"),
        ("EGRESS_PORTS", "smtp"),
        ("NO_SUCH_THING", "1"),
        ("FALLBACK_MAIL_SERVER", "1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read({name: value})
    assert f"POSTERN_{name}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "keys"
    secret.write_text("k" * 40 + "\n")
    settings = read({"SECRET_KEYS_FILE": str(secret)})
    assert settings.secret_keys.get_secret_value() == "k" * 40
    assert "k" * 40 not in repr(settings)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "keys"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(BadSettings, match="POSTERN_SECRET_KEYS_FILE"):
        read({"SECRET_KEYS_FILE": str(secret)})


def test_the_environment_wins_over_a_dotenv_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("POSTERN_LINK_MINUTES=10\nPOSTERN_SESSION_HOURS=2\nOTHER=1\n")
    settings = read({"LINK_MINUTES": "20"}, dotenv)
    assert (settings.link_minutes, settings.session_hours) == (20, 2)


def test_every_setting_is_in_the_table_of_the_readme() -> None:
    readme = Path("README.md").read_text()
    for name in Settings.model_fields:
        if name not in {"mail_server", "fallback_mail_server"}:
            assert f"`POSTERN_{name.upper()}`" in readme, name
    assert "`POSTERN_MAIL_SERVER_HOST`" in readme
    assert "`POSTERN_FALLBACK_MAIL_SERVER_HOST`" in readme
