"""What every process of an installation works with, made from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from webapp.clock import Clock, utc_now
from webapp.crypto.keys import BadKeys, Keys, load_or_create
from webapp.crypto.links import Links
from webapp.crypto.vault import Vault
from webapp.db.connect import Database, parse_dsn
from webapp.dev_mailbox.mailbox import FOLDER
from webapp.mail_server.models import Slot
from webapp.policy.stored import KnownPolicy
from webapp.security_policy import PolicyInUse
from webapp.settings import Settings
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.records import Ask, ask_machine
from webapp.smtp.resolve import Dial, Egress, Lookup, dial_tcp
from webapp.smtp.resolve import look_up as look_up_host
from webapp.web.measured import Measurements

KEY_FILE: Final = "secret-keys"


@dataclass(frozen=True)
class Tools:
    """What web, worker and command line are made of, from one set of settings."""

    settings: Settings
    clock: Clock
    dial: Dial
    database: Database
    keys: Keys
    links: Links
    vault: Vault
    egress: Egress
    tokens: AccessTokens
    setup_token: str
    lookup: Lookup
    ask: Ask
    policy: PolicyInUse
    measurements: Measurements = field(default_factory=Measurements)

    @property
    def presets(self) -> Mapping[Slot, Mapping[str, str]]:
        """The fields that the environment fixes of each of the two mail servers."""
        return {slot: self.settings.preset(slot) for slot in Slot}


def tools(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    dial: Dial = dial_tcp,
    lookup: Lookup = look_up_host,
    ask: Ask = ask_machine,
) -> Tools:
    """Read the keys, creating them at the first start, and make what depends on them.

    Raises:
        BadKeys: the keys are missing where they must be given, or cannot be read.
        BadDsn: DATABASE_URL cannot be understood.
    """
    database = parse_dsn(settings.dsn)
    given = settings.secret_keys.get_secret_value()
    if not given and database.engine == "postgres" and not settings.is_loopback:
        msg = "POSTERN_SECRET_KEYS must be set with PostgreSQL, the same for every process."
        raise BadKeys(msg)
    keys = Keys.parse(given) if given else load_or_create(settings.data_dir / KEY_FILE)
    # Where development has been, the commands may reach its mailbox as well as the pages.
    develops = settings.dev or (settings.data_dir / FOLDER).is_dir()
    ports = settings.egress_ports | {settings.dev_mailbox_port} if develops else settings.egress_ports
    egress = Egress(ports=ports, private=settings.egress_private)
    return Tools(
        settings=settings,
        clock=clock,
        dial=dial,
        database=database,
        keys=keys,
        links=Links(keys, clock),
        vault=Vault(keys),
        egress=egress,
        tokens=AccessTokens(egress=egress, dial=dial, lookup=lookup, clock=clock),
        setup_token=settings.setup_token.get_secret_value() or keys.derive("setup-token")[0].hex(),
        lookup=lookup,
        ask=ask,
        policy=KnownPolicy(clock, settings.fixed_policy),
    )
