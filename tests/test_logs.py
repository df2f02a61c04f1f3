import json
import subprocess
import sys

PROGRAM = """
import logging
import structlog
from webapp.logs import configure
configure({level!r}, {form!r})
log = structlog.get_logger("postern.test")
log.debug("quiet")
log.info("told", letter=7)
logging.getLogger("library").info("murmur")
logging.getLogger("library").warning("loud %s", "word")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""


def said(level: str, form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(level=level, form=form)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_is_one_object_a_line() -> None:
    events = [json.loads(line) for line in said("info", "json")]
    assert [(event["event"], event["level"]) for event in events] == [
        ("told", "info"),
        ("loud word", "warning"),
        ("failed", "error"),
    ]
    assert events[0]["letter"] == 7
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert "ZeroDivisionError" in events[2]["exception"]


def test_people_read_lines() -> None:
    lines = said("info", "console")
    assert "told" in lines[0]
    assert "letter=7" in lines[0]
    assert "loud word" in lines[1]
    assert any("ZeroDivisionError" in line for line in lines)


def test_the_level_holds_for_us_and_from_warnings_on_for_libraries() -> None:
    assert [json.loads(line)["event"] for line in said("debug", "json")] == ["quiet", "told", "loud word", "failed"]
    assert [json.loads(line)["event"] for line in said("error", "json")] == ["failed"]
