"""What can be wrong before the server has said a word, and while it introduces itself."""

from typing import Final

from webapp.smtp.diagnosis import Diagnosis
from webapp.text import message

HOST_MALFORMED: Final = Diagnosis(
    "host_malformed",
    message("“%(host)s” cannot be the name of a host."),
    (message("Enter a name such as mail.example.com or an IP address, without a scheme, a path or spaces."),),
    "host",
)
HOST_UNKNOWN: Final = Diagnosis(
    "host_unknown",
    message("No host named %(host)s was found."),
    (
        message("Check the spelling; providers publish the name of their SMTP server, which often starts with smtp."),
        message("If the name is known inside your network only, check which name server this machine asks."),
    ),
    "host",
)
HOST_LOOKUP_FAILED: Final = Diagnosis(
    "host_lookup_failed",
    message("The name %(host)s could not be looked up: the name service did not answer."),
    (
        message("Try again in a minute."),
        message("Check that this machine can reach its name server (in a container: that DNS works inside it)."),
    ),
    "host",
    temporary=True,
)
HOST_NOT_ALLOWED: Final = Diagnosis(
    "host_not_allowed",
    message("This installation does not allow connections to the address of %(host)s."),
    (
        message("Enter the host of a mail server that may be reached from here."),
        message(
            "Whoever operates Postern can allow private addresses (POSTERN_EGRESS_PRIVATE); link-local and cloud metadata addresses stay closed."
        ),
    ),
    "host",
)
PORT_NOT_ALLOWED: Final = Diagnosis(
    "port_not_allowed",
    message("This installation does not allow connections to port %(port)s."),
    (
        message("Use a port for mail: 465 for TLS, 587 for STARTTLS, 25 for a relay in your own network."),
        message("Whoever operates Postern can allow more ports (POSTERN_EGRESS_PORTS)."),
    ),
    "port",
)
CONNECTION_REFUSED: Final = Diagnosis(
    "connection_refused",
    message("%(host)s refused the connection on port %(port)s: nothing listens there."),
    (
        message("Check the port: 465 goes with TLS, 587 with STARTTLS, 25 with a relay in your own network."),
        message("Check that the mail server runs and listens on an address that this machine can reach."),
    ),
    "port",
    temporary=True,
)
CONNECT_TIMED_OUT: Final = Diagnosis(
    "connect_timed_out",
    message("%(host)s did not answer on port %(port)s in time."),
    (
        message("Check host and port; a firewall that drops packets looks like this."),
        message("Allow outgoing connections from this machine to %(host)s on port %(port)s."),
        message("If the network is just slow, raise the timeout."),
    ),
    "host",
    temporary=True,
)
PORT_25_BLOCKED: Final = Diagnosis(
    "port_25_blocked",
    message("%(host)s did not answer on port 25 in time. Most cloud and internet providers block outgoing port 25."),
    (
        message("Use port 587 with STARTTLS or 465 with TLS, and sign in: those are for handing in mail."),
        message("If it must be port 25, ask your provider whether it is blocked and to open it."),
    ),
    "port",
    temporary=True,
)
NO_ROUTE: Final = Diagnosis(
    "no_route",
    message("There is no way from this machine to %(host)s: the network is unreachable."),
    (
        message("Check this machine's network, its default route and VPN."),
        message("If the host has an IPv6 address only, this machine needs IPv6."),
    ),
    "host",
    temporary=True,
)
CONNECTION_FORBIDDEN: Final = Diagnosis(
    "connection_forbidden",
    message(
        "This machine's own firewall or security policy does not let Postern connect to %(host)s on port %(port)s."
    ),
    (message("Allow the connection in the local firewall, container policy or SELinux/AppArmor profile."),),
    "port",
)
CONNECTION_RESET: Final = Diagnosis(
    "connection_reset",
    message("The connection to %(host)s on port %(port)s was cut off at once."),
    (
        message(
            "A firewall, or the server itself, does not accept connections from this machine: ask whoever runs it to allow it."
        ),
        message("Check that the port is one for mail."),
    ),
    "host",
    temporary=True,
)
CONNECTION_FAILED: Final = Diagnosis(
    "connection_failed",
    message("The connection to %(host)s on port %(port)s could not be opened: %(reason)s."),
    (message("Try again; if it persists, check this machine's network and its limits on open files."),),
    "host",
    temporary=True,
)
GREETING_TIMED_OUT: Final = Diagnosis(
    "greeting_timed_out",
    message("%(host)s accepted the connection on port %(port)s but did not greet in time."),
    (
        message("Check that port %(port)s is one for mail."),
        message("Some servers greet late on purpose, or look up this machine's name first: raise the timeout."),
    ),
    "port",
    temporary=True,
)
TLS_EXPECTED: Final = Diagnosis(
    "tls_expected",
    message("Port %(port)s of %(host)s speaks TLS from the first byte, but the security setting starts in plain text."),
    (message("Set the security to TLS for this port, or use the port for STARTTLS, which is usually 587."),),
    "security",
)
NOT_SMTP: Final = Diagnosis(
    "not_smtp",
    message("What listens on port %(port)s of %(host)s is not a mail server, or something between garbles it."),
    (message("Check host and port: 465 goes with TLS, 587 with STARTTLS, 25 with a relay in your own network."),),
    "port",
)
GREETING_DISCONNECTED: Final = Diagnosis(
    "greeting_disconnected",
    message("%(host)s closed the connection without a greeting."),
    (
        message("The server may not accept this machine's address: ask whoever runs it to allow it."),
        message("Check that the security setting fits the port: TLS with 465, STARTTLS with 587."),
    ),
    "host",
    temporary=True,
)
GREETING_REFUSED: Final = Diagnosis(
    "greeting_refused",
    message("%(host)s does not accept mail from this machine."),
    (
        message("Read the server's reply; it often names the reason."),
        message(
            "Ask whoever runs the server to allow this machine's address, or use its port for submission (587 or 465) and sign in."
        ),
    ),
    "host",
)
SERVER_BUSY: Final = Diagnosis(
    "server_busy",
    message("%(host)s takes no connections right now."),
    (
        message("Try again in a few minutes."),
        message("If it persists, ask whoever runs it about limits on connections from this machine."),
    ),
    None,
    temporary=True,
)
EHLO_REFUSED: Final = Diagnosis(
    "ehlo_refused",
    message("%(host)s does not accept the name that Postern introduces itself with."),
    (message("Set the EHLO name to this machine's full name, one that DNS knows, such as postern.example.com."),),
    "ehlo_name",
)
CLIENT_CERTIFICATE_REQUIRED: Final = Diagnosis(
    "client_certificate_required",
    message("%(host)s asks for a client certificate on port %(port)s, which Postern does not have."),
    (
        message(
            "Use the port that takes a username and password, usually 587 or 465, or let the server not require one."
        ),
    ),
    "port",
)
DISCONNECTED: Final = Diagnosis(
    "disconnected",
    message("%(host)s closed the connection in the middle of the conversation."),
    (
        message("Try again: the server may have been restarted."),
        message(
            "If it persists, look into the server's log at this moment; a filter or limit may have cut the connection."
        ),
    ),
    None,
    temporary=True,
)
REPLY_TIMED_OUT: Final = Diagnosis(
    "reply_timed_out",
    message("%(host)s stopped answering."),
    (
        message("Try again; if the server is slow by nature, raise the timeout."),
        message(
            "If it persists, look into the server's log: it may wait for a name look-up, a filter or its user directory."
        ),
    ),
    "timeout_seconds",
    temporary=True,
)
REPLY_GARBLED: Final = Diagnosis(
    "reply_garbled",
    message("%(host)s answered with something that is not SMTP."),
    (
        message("Check that port %(port)s is one for mail."),
        message(
            "A firewall or virus scanner between may rewrite the conversation: let it leave this connection alone."
        ),
    ),
    "port",
)
DEADLINE_REACHED: Final = Diagnosis(
    "deadline_reached",
    message("The time for the whole test was up before the server was done."),
    (message("Try again; the stages above show where the time went."),),
    "timeout_seconds",
    temporary=True,
)
