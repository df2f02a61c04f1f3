"""Django's own sign-in and way back in, as a site: `python -m bench.django_site FOLDER MAIL_PORT ADDRESS`.

ADDRESS is host:port; FOLDER holds people.json. The views and forms are Django's, on SQLite, with Argon2; gunicorn
serves them with two processes of four threads. `make bench` installs both (requirements/bench.txt) into a folder of its
own: nothing else here can import them.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bench.django_mail import FOLDER
from bench.process import environment, site

IS_INSTALLED: Final = (FOLDER / "gunicorn").is_dir()
PROCESSES: Final = 2
THREADS: Final = 4
_TEMPLATES: Final = {
    "account.html": "<!doctype html><title>Account</title><p>{{ user.username }} {{ user.email }}</p>",
    "registration/login.html": "<!doctype html><title>Sign in</title><form method=post>{{ form.as_p }}</form>",
    "registration/password_reset_form.html": "<!doctype html><title>Forgot?</title><form>{{ form.as_p }}</form>",
    "registration/password_reset_done.html": "<!doctype html><title>Sent</title><p>Look into your mailbox.</p>",
    "registration/password_reset_email.html": "{{ protocol }}://{{ domain }}/new/{{ uid }}/{{ token }}/",
    "registration/password_reset_subject.txt": "A new password",
}


@contextlib.contextmanager
def django_site(folder: Path, people: Sequence[dict[str, Any]], *, mail_port: int) -> Iterator[str]:
    """The site with these people, by fields of Django's user, until the end of the block; gives its address."""
    own = folder / "django"
    own.mkdir()
    (own / "people.json").write_text(json.dumps(list(people)))
    environ = environment(own)
    arguments = ("-m", "bench.django_site", str(own), str(mail_port), environ["POSTERN_BIND"])
    with site(*arguments, folder=own, environ=environ) as (url, _):
        yield url


def main(folder: Path, mail_port: int, address: str) -> None:
    """Make the database, create the people and serve until SIGTERM."""
    sys.path.insert(0, str(FOLDER))
    import django  # noqa: PLC0415 - it is in FOLDER alone
    from django.conf import settings  # noqa: PLC0415 - as above
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 - as above

    settings.configure(**_settings(folder, mail_port))
    django.setup()
    _populate(folder)
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - as above

    class Served(BaseApplication):  # type: ignore[misc]  # gunicorn is not there for the type checker
        def load_config(self) -> None:
            for name, value in (("bind", address), ("workers", PROCESSES), ("threads", THREADS)):
                self.cfg.set(name, value)

        def load(self) -> Any:
            return get_wsgi_application()

    sys.argv = sys.argv[:1]  # gunicorn reads them otherwise
    Served().run()


def _settings(folder: Path, mail_port: int) -> dict[str, Any]:
    return {
        "ROOT_URLCONF": "bench.django_urls",
        "SECRET_KEY": "of the benchmark",
        "ALLOWED_HOSTS": ["*"],
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "django.sqlite3"}},
        "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        "MIDDLEWARE": [
            "bench.django_urls.unasked",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [("django.template.loaders.locmem.Loader", _TEMPLATES)],
                    "context_processors": ["django.contrib.auth.context_processors.auth"],
                },
            }
        ],
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": mail_port,
        "LOGIN_REDIRECT_URL": "/account",
        "USE_TZ": True,
    }


def _populate(folder: Path) -> None:
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415 - it is in FOLDER alone
    from django.contrib.auth.models import User  # noqa: PLC0415 - as above
    from django.core.management import call_command  # noqa: PLC0415 - as above
    from django.db import connections  # noqa: PLC0415 - as above

    call_command("migrate", verbosity=0)
    people = json.loads((folder / "people.json").read_text())
    hashes = {password: make_password(password) for password in {each["password"] for each in people}}
    User.objects.bulk_create([User(**{**each, "password": hashes[each["password"]]}) for each in people])
    connections.close_all()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
