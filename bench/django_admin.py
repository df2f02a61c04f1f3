"""Django's own admin list of users: `python -m bench.django_admin FOLDER TEXT ROUNDS`, new users on standard input.

It prints the median of the seconds that the whole answer took, without a network. `make bench` installs Django
(requirements/bench.txt) into a folder of its own: nothing else here can import it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.django_mail import FOLDER
from webapp.users.search import PAGE_SIZE


def admin_list(folder: Path, people: Sequence[Sequence[str]], text: str, rounds: int) -> float:
    """The median seconds of a search in Django's admin, after these people (username, address, name) were added."""
    arguments = ("-m", "bench.django_admin", str(folder), text, str(rounds))
    done = subprocess.run(
        [sys.executable, *arguments], input=json.dumps(list(people)), text=True, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def main(folder: Path, text: str, rounds: int) -> float:
    """Add the people, then search."""
    sys.path.insert(0, str(FOLDER))
    import django  # noqa: PLC0415 - it is in FOLDER alone
    from django.conf import settings  # noqa: PLC0415 - as above

    settings.configure(**_settings(folder))
    django.setup()
    from django.contrib.auth.admin import UserAdmin  # noqa: PLC0415 - as above
    from django.contrib.auth.models import User  # noqa: PLC0415 - as above
    from django.core.management import call_command  # noqa: PLC0415 - as above
    from django.test import Client  # noqa: PLC0415 - as above

    people = json.load(sys.stdin)
    if people:
        call_command("migrate", verbosity=0)
        new = (User(username=name, email=email, first_name=shown[:150]) for name, email, shown in people)
        User.objects.bulk_create(new, batch_size=5_000)
        User.objects.create_superuser("of-the-bench")
    UserAdmin.list_per_page = PAGE_SIZE
    client = Client()
    client.force_login(User.objects.get(username="of-the-bench"))
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = client.get("/admin/auth/user/", {"q": text})
        seconds.append(time.perf_counter() - begun)
        if answer.status_code != 200:
            raise RuntimeError(f"the admin answered {answer.status_code}")
    return median(seconds)


def _settings(folder: Path) -> dict[str, Any]:
    apps = ("admin", "auth", "contenttypes", "sessions", "messages")
    processors = ("auth.context_processors.auth", "messages.context_processors.messages")
    return {
        "SECRET_KEY": "of the benchmark",
        "ALLOWED_HOSTS": ["*"],
        "ROOT_URLCONF": "bench.django_admin_urls",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "django-admin.sqlite3"}},
        "INSTALLED_APPS": [f"django.contrib.{app}" for app in apps],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        *(f"django.contrib.{each}" for each in processors),
                    ]
                },
            }
        ],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "STATIC_URL": "/static/",
        "USE_TZ": True,
    }


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
