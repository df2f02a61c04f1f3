"""What can be wrong with signing in."""

from typing import Final

from webapp.smtp.diagnosis import Diagnosis
from webapp.text import message

CREDENTIALS_MISSING: Final = Diagnosis(
    "credentials_missing",
    message("There is no username or no password to sign in with."),
    (message("Enter both, or set the authentication to None."),),
    "password",
)
CREDENTIALS_REFUSED: Final = Diagnosis(
    "credentials_refused",
    message("%(host)s did not accept the username and password."),
    (
        message("Check the username: most servers want the whole address, some only the part before the @."),
        message(
            "Type the password again. Many providers (163, QQ, Gmail, iCloud, Yahoo and others) want an authorization code or application password instead of the account's password."
        ),
        message("Check that the account may send by SMTP; many providers have a switch for it."),
    ),
    "password",
)
AUTHORIZATION_CODE_NEEDED: Final = Diagnosis(
    "authorization_code_needed",
    message("%(host)s wants an authorization code, not the account's password."),
    (
        message(
            "Sign in to the mailbox on the web, switch SMTP on in its settings, and create an authorization code there."
        ),
        message("Enter that code as password."),
    ),
    "password",
)
APPLICATION_PASSWORD_NEEDED: Final = Diagnosis(
    "application_password_needed",
    message("%(host)s wants an application password for this account, not the account's own."),
    (
        message(
            "In the account's security settings create a password for an application (it needs two-step verification at most providers)."
        ),
        message("Enter that as password."),
    ),
    "password",
)
OAUTH_REQUIRED: Final = Diagnosis(
    "oauth_required",
    message("%(host)s no longer takes passwords for this account: it wants OAuth."),
    (
        message("Set the authentication to XOAUTH2 and enter the token settings."),
        message(
            "In Microsoft 365 an administrator can also allow authenticated SMTP for this one mailbox, as long as it is still offered."
        ),
    ),
    "auth",
)
SMTP_SIGN_IN_DISABLED: Final = Diagnosis(
    "smtp_sign_in_disabled",
    message("Sending by SMTP is switched off for this account at %(host)s."),
    (
        message(
            "Switch SMTP on in the mailbox's settings on the web; some providers then show an authorization code to use as password."
        ),
        message(
            "In an organisation, an administrator may have to allow it (in Microsoft 365: “Authenticated SMTP” of the mailbox)."
        ),
    ),
    "username",
)
BROWSER_SIGN_IN_NEEDED: Final = Diagnosis(
    "browser_sign_in_needed",
    message("%(host)s wants the owner of the account to sign in on the web first."),
    (
        message("Sign in to the account in a browser and confirm that it was you."),
        message("Then create an application password for Postern, or use XOAUTH2."),
    ),
    "password",
)
ACCOUNT_LOCKED: Final = Diagnosis(
    "account_locked",
    message("The account %(username)s is locked or disabled at %(host)s."),
    (
        message("Ask whoever runs the server, or the provider, to unlock it, and find out what locked it."),
        message("Do not try again before that: each attempt may lengthen the lock."),
    ),
    "username",
)
PASSWORD_EXPIRED: Final = Diagnosis(
    "password_expired",
    message("The password of %(username)s has expired, or must be changed before it can be used by SMTP."),
    (message("Change the password at the provider or in your directory, then enter the new one here."),),
    "password",
)
TOO_MANY_SIGN_INS: Final = Diagnosis(
    "too_many_sign_ins",
    message("%(host)s refuses to sign anyone in from here for now: there were too many attempts."),
    (
        message("Wait a while, up to a day at some providers, before you try again."),
        message("Look for other programs that sign in to this account with an old password."),
    ),
    "username",
    temporary=True,
)
SIGN_IN_UNAVAILABLE: Final = Diagnosis(
    "sign_in_unavailable",
    message("%(host)s cannot check passwords at the moment."),
    (
        message("Try again in a few minutes."),
        message("If it persists, look into the server's log: its user directory may be unreachable."),
    ),
    None,
    temporary=True,
)
AUTH_NOT_OFFERED: Final = Diagnosis(
    "auth_not_offered",
    message("%(host)s does not offer to sign in on port %(port)s."),
    (
        message("If it is a relay that knows this machine by its address, set the authentication to None."),
        message("Otherwise use the port for submission: 587 with STARTTLS or 465 with TLS."),
    ),
    "auth",
)
AUTH_ONLY_AFTER_TLS: Final = Diagnosis(
    "auth_only_after_tls",
    message("%(host)s lets nobody sign in before the connection is encrypted."),
    (message("Set the security to STARTTLS, or to TLS with port 465."),),
    "security",
)
PLAINTEXT_AUTH_FORBIDDEN: Final = Diagnosis(
    "plaintext_auth_forbidden",
    message(
        "The password was not sent: the connection to %(host)s is not encrypted, and anyone on the way could read it."
    ),
    (
        message("Set the security to STARTTLS, or to TLS with port 465."),
        message("If the network in between is trusted, tick “Sign in without encryption”."),
    ),
    "security",
)
NO_COMMON_MECHANISM: Final = Diagnosis(
    "no_common_mechanism",
    message(
        "%(host)s offers none of the ways to sign in that Postern knows (PLAIN, LOGIN, CRAM-MD5). It offers: %(mechanisms)s."
    ),
    (message("Enable PLAIN or LOGIN over TLS on the server."),),
    "auth",
)
XOAUTH2_NOT_OFFERED: Final = Diagnosis(
    "xoauth2_not_offered",
    message("%(host)s does not offer XOAUTH2. It offers: %(mechanisms)s."),
    (message("Set the authentication to Password."),),
    "auth",
)
TOKEN_REFUSED: Final = Diagnosis(
    "token_refused",
    message("%(host)s did not accept the access token."),
    (
        message("Check that the token was issued for this very mailbox and for sending mail (its scope)."),
        message("In Microsoft 365 the application also needs the right to send as this mailbox, granted in Exchange."),
    ),
    "auth",
)
MECHANISM_REFUSED: Final = Diagnosis(
    "mechanism_refused",
    message("%(host)s offers a way to sign in (%(mechanism)s) and then does not accept it."),
    (
        message("Look into the server's log; its authentication service may not be set up."),
        message("Try another port: 587 with STARTTLS or 465 with TLS."),
    ),
    "auth",
)
SIGN_IN_REQUIRED: Final = Diagnosis(
    "sign_in_required",
    message("%(host)s takes mail only from those who sign in."),
    (message("Set the authentication to Password and enter username and password."),),
    "auth",
)
ENCRYPTION_REQUIRED: Final = Diagnosis(
    "encryption_required",
    message("%(host)s takes no mail over an unencrypted connection."),
    (message("Set the security to STARTTLS, or to TLS with port 465."),),
    "security",
)
