"""Django's send_mail: `python -m bench.django_mail PORT LETTERS`, subject, text and HTML on standard input.

It prints the seconds that sending took. `make bench` installs Django (requirements/bench.txt) into a folder of its own:
nothing else here can import it.
"""

import sys
import time
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent.parent / ".venv" / "bench"


def main(port: int, letters: int) -> float:
    """Send so many letters as Django does, with a connection for each."""
    sys.path.insert(0, str(FOLDER))
    from django.conf import settings  # noqa: PLC0415 - it is in FOLDER alone
    from django.core.mail import send_mail  # noqa: PLC0415

    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, USE_I18N=False, DEFAULT_CHARSET="utf-8")
    subject, text, html = sys.stdin.read().split("\0")
    begun = time.perf_counter()
    for number in range(letters):
        send_mail(subject, text, "no-reply@example.org", [f"user{number}@example.org"], html_message=html)
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(main(int(sys.argv[1]), int(sys.argv[2])))
