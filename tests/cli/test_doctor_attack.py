"""`postern doctor --attack` as a process of its own."""

import signal

import pytest

from tests.attack.weak_server import KNOWN, weak_server
from tests.cli.postern import Postern, running


async def test_an_installation_attacks_itself_and_holds(installed: Postern) -> None:
    assert (await installed.run("users", "create", KNOWN, "--email", "ann@example.org")).status == 0
    async with running(installed, "serve") as server:
        done = await installed.run("doctor", "--attack", server.url, "--as", KNOWN, "--json")
        await server.stop(signal.SIGTERM)
    assert done.status == 0, done
    states = {row["attack"]: row["state"] for row in done.json}
    assert states["cookies over TLS"] == "not tried"
    assert states["sign-in throttle"] == states["names at sign-in"] == "held"
    assert all(row["asvs"] for row in done.json)


async def test_what_does_not_hold_is_told_with_status_1(fresh: Postern) -> None:
    async with weak_server() as url:
        done = await fresh.run("doctor", "--attack", url, "--no-throttle")
    assert done.status == 1
    assert "\nnot held  foreign forms" in done.out
    assert "\nnot tried sign-in throttle" in done.out
    assert "[ASVS 3.5.1: " in done.out
    assert "--no-throttle leaves it out" not in done.out
    assert done.out.rstrip().endswith("was not tried: name one that exists with --as NAME.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--attack", "https://postern.example.org"),
        ("--attack", "http://localhost:8000/sign-in"),
        ("--attack", "localhost"),
        ("--attack", "https://localhost:1", "--ca", "none.pem"),
        ("--ca", "none.pem"),
        ("--as", "ann"),
        ("--no-throttle",),
        ("--i-may",),
    ],
)
async def test_misuse_is_told_with_status_2(fresh: Postern, arguments: tuple[str, ...]) -> None:
    done = await fresh.run("doctor", *arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1


async def test_what_is_not_postern_is_left_alone(fresh: Postern) -> None:
    done = await fresh.run("doctor", "--attack", "http://127.0.0.1:1")
    assert done.status == 1
    assert "does not answer" in done.err
    own = await fresh.run("doctor", "--attack", "http://h.invalid", PUBLIC_URL="http://h.invalid")
    assert "does not answer" in own.err
