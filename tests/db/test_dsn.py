from pathlib import Path

import pytest

from tests.databases import dsn
from webapp.db.connect import BadDsn, Database, parse_dsn

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/postern.sqlite3", Path.cwd() / "var/postern.sqlite3"),
        ("sqlite:////srv/postern.sqlite3", Path("/srv/postern.sqlite3")),
        ("  SQLite:////srv/100%25 #1.sqlite3\n", Path("/srv/100%25 #1.sqlite3")),
    ],
)
def test_an_sqlite_address_names_a_file(url: str, path: Path) -> None:
    assert parse_dsn(url) == Database(engine="sqlite", path=path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "POSTGRES"])
def test_a_postgresql_address_names_host_user_and_database(scheme: str) -> None:
    assert parse_dsn(f"{scheme}://anna:pw@db.example:6543/postern") == Database(
        engine="postgres", host="db.example", port=6543, user="anna", password="pw", name="postern"
    )


def test_every_part_is_percent_decoded() -> None:
    found = parse_dsn("postgres://an%40na:p%2Fw%3A%25@[::1]/post%20ern?sslmode=verify-full&sslrootcert=%2Fca.pem")
    assert found == Database(
        engine="postgres",
        host="::1",
        user="an@na",
        password="p/w:%",
        name="post ern",
        sslmode="verify-full",
        sslrootcert="/ca.pem",
    )


def test_an_option_names_a_unix_socket() -> None:
    found = parse_dsn("postgresql:///postern?host=/run/postgresql&port=5433")
    assert (found.host, found.port, found.user) == ("/run/postgresql", 5433, "")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "empty"),
        ("postern.sqlite3", "begin with"),
        (f"mysql://u:{SECRET}@h/d", "begin with"),
        (SECRET, "begin with"),
        ("sqlite://", "name a file"),
        ("sqlite:///", "name a file"),
        ("sqlite://postern.sqlite3", "name a file"),
        ("sqlite:///var/", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite:///a.sqlite3?mode=ro", "no options"),
        ("sqlite:///a\0b", "control character"),
        (f"postgres://u:{SECRET}@h", "name of one database"),
        (f"postgres://u:{SECRET}@h/a/b", "name of one database"),
        (f"postgres://u:{SECRET}@h:port/d", "percent-encoded"),
        (f"postgres://u:{SECRET}@h:70000/d", "percent-encoded"),
        (f"postgres://u:{SECRET}@h:0/d", "1 to 65535"),
        (f"postgres://u:{SECRET}@h/d?port=99999", "1 to 65535"),
        (f"postgres://u:{SECRET}@h/d?port=x", "1 to 65535"),
        (f"postgres://u:{SECRET}@h,i/d", "one host"),
        (f"postgres://u:{SECRET}@h/d?sslmode={SECRET}", "sslmode"),
        (f"postgres://u:{SECRET}@h/d?{SECRET}=1", "After the ?"),
        (f"postgres://u:{SECRET}@h/d?host=a&host=b", "each once"),
        (f"postgres://u:{SECRET}%ff@h/d", "UTF-8"),
        (f"postgres://u:{SECRET}%00@h/d", "NUL"),
        (f"postgres://u:{SECRET}\n@h/d", "control character"),
        (f"postgres://u:a#{SECRET}@h/d", "percent-encoded"),
        (f"postgres://u:1#{SECRET}@h/d", "#"),
        (f"postgres://u:1/{SECRET}@h/d", "percent-encoded"),
        (f"postgres://u:a?{SECRET}@h/d", "percent-encoded"),
        (f"postgres://u:1/d?{SECRET}=@h/d", "After the ?"),
        (f"postgres://u:[{SECRET}@h/d", "percent-encoded"),
    ],
)
def test_a_bad_address_is_refused_in_one_sentence_without_the_password(url: str, word: str) -> None:
    with pytest.raises(BadDsn) as refused:
        parse_dsn(url)
    sentence = str(refused.value)
    assert word in sentence
    assert SECRET not in sentence
    assert "\n" not in sentence
    assert refused.value.__cause__ is None


def test_a_password_is_not_in_what_is_printed() -> None:
    assert SECRET not in repr(parse_dsn(f"postgres://u:{SECRET}@h/d"))


def test_tests_hand_on_the_database_that_they_have(database: Database) -> None:
    found = parse_dsn(dsn(database))
    assert (found.engine, found.path, found.host, found.name) == (
        database.engine,
        database.path,
        database.host,
        database.name,
    )
