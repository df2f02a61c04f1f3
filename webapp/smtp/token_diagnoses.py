"""What can be wrong with getting an access token (RFC 6749, 5.2)."""

from typing import Final

from webapp.smtp.diagnosis import Diagnosis
from webapp.text import message

TOKEN_URL_UNUSABLE: Final = Diagnosis(
    "token_url_unusable",
    message("There is no address to ask for an access token, or it cannot be used."),
    (message("Enter the token URL that your provider documents; it begins with https://."),),
    "oauth_token_url",
)
TOKEN_HOST_UNKNOWN: Final = Diagnosis(
    "token_host_unknown",
    message("The name of the token server, %(token_host)s, cannot be found."),
    (
        message("Check the token URL for typing errors."),
        message("Check that this machine can look up names outside your network."),
    ),
    "oauth_token_url",
    temporary=True,
)
TOKEN_SERVER_NOT_ALLOWED: Final = Diagnosis(
    "token_server_not_allowed",
    message("This installation may not connect to the address of the token server %(token_host)s."),
    (
        message("Use the provider's own token URL, on port 443."),
        message("For a server in your own network, whoever runs Postern can set POSTERN_EGRESS_PRIVATE."),
    ),
    "oauth_token_url",
)
TOKEN_SERVER_UNREACHABLE: Final = Diagnosis(
    "token_server_unreachable",
    message("The token server %(token_host)s does not answer (%(reason)s)."),
    (
        message("Check that this machine may reach it: a firewall or proxy may allow mail and not port 443."),
        message("Check the token URL, and try again in a few minutes."),
    ),
    "oauth_token_url",
    temporary=True,
)
TOKEN_SERVER_UNTRUSTED: Final = Diagnosis(
    "token_server_untrusted",
    message("The certificate of the token server %(token_host)s is not trusted (%(reason)s). Nothing was sent to it."),
    (
        message("Check the token URL for typing errors."),
        message("If the server is your own, add its certificate authority to those that this machine trusts."),
    ),
    "oauth_token_url",
)
TOKEN_URL_WRONG: Final = Diagnosis(
    "token_url_wrong",
    message("%(token_host)s does not answer as a token server at this address (%(reason)s)."),
    (
        message("Check the token URL: it usually ends in /token, and for Microsoft 365 names your tenant."),
        message("Postern follows no redirect; enter the address that answers itself."),
    ),
    "oauth_token_url",
)
TOKEN_SERVER_BUSY: Final = Diagnosis(
    "token_server_busy",
    message("The token server %(token_host)s cannot give out an access token at the moment (%(reason)s)."),
    (message("Try again in a few minutes."),),
    None,
    temporary=True,
)
TOKEN_CLIENT_REFUSED: Final = Diagnosis(
    "token_client_refused",
    message("%(token_host)s does not accept the client id and client secret."),
    (
        message("Copy the secret's value again, not its id. It is shown only once, when it is made."),
        message("Check whether the secret has expired; if so, make a new one."),
    ),
    "oauth_client_secret",
)
TOKEN_CLIENT_NOT_ALLOWED: Final = Diagnosis(
    "token_client_not_allowed",
    message("%(token_host)s does not give this client access tokens in this way."),
    (
        message("Check the client id, and that the application exists in the tenant named in the token URL."),
        message("Let an administrator there consent to its permission to send mail (SMTP.SendAsApp in Microsoft 365)."),
    ),
    "oauth_client_id",
)
TOKEN_REFRESH_REFUSED: Final = Diagnosis(
    "token_refresh_refused",
    message("%(token_host)s does not accept the refresh token: it has expired, was withdrawn, or is another client's."),
    (
        message("Obtain a new refresh token with the same client id, signed in as the mailbox, and enter it."),
        message("At Google, an application in testing gets refresh tokens for seven days only; publish it."),
    ),
    "oauth_refresh_token",
)
TOKEN_GRANT_REFUSED: Final = Diagnosis(
    "token_grant_refused",
    message("%(token_host)s gives this client no access token for these credentials."),
    (
        message("Check the client id, the client secret and the tenant in the token URL."),
        message(
            "If your provider wants a refresh token (Google does), choose that instead of the client's credentials."
        ),
    ),
    "oauth_client_id",
)
TOKEN_GRANT_UNSUPPORTED: Final = Diagnosis(
    "token_grant_unsupported",
    message("%(token_host)s does not know this way to get an access token."),
    (
        message("Google wants a refresh token, Microsoft 365 the client's credentials: choose the other one."),
        message("Check the token URL."),
    ),
    "oauth_grant",
)
TOKEN_SCOPE_REFUSED: Final = Diagnosis(
    "token_scope_refused",
    message("%(token_host)s does not accept the scope."),
    (
        message("For Microsoft 365 it is https://outlook.office365.com/.default."),
        message("For Google it is https://mail.google.com/, or empty with a refresh token."),
    ),
    "oauth_scope",
)
TOKEN_REQUEST_REFUSED: Final = Diagnosis(
    "token_request_refused",
    message("%(token_host)s refuses to give out an access token (%(reason)s)."),
    (message("Check the token URL, the client id and the scope against what your provider documents."),),
    "oauth_token_url",
)
