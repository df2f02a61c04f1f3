"""Providers of mailboxes."""

from typing import Final

from webapp.smtp.preset import Preset
from webapp.smtp.server import Auth, Security
from webapp.text import message

_AUTHORIZATION_CODE: Final = message(
    "Use the authorization code that the mailbox's settings give out, not the account's password."
)
_APP_PASSWORD: Final = message(
    "Use an app password made in the account's security settings, not the account's own password."
)
_WHOLE_ADDRESS: Final = message("The whole mail address.")
_SENDER_SIGNED_IN: Final = message("Must be the address that signs in; another one is refused.")
_SENDER_OWN: Final = message("Must be the address that signs in, or one of its own aliases.")

_MAILBOX: Final = {
    "username": _WHOLE_ADDRESS,
    "password": _AUTHORIZATION_CODE,
    "sender_address": _SENDER_SIGNED_IN,
}
_MAILBOX_WITH_APP_PASSWORD: Final = {
    "username": _WHOLE_ADDRESS,
    "password": _APP_PASSWORD,
    "sender_address": _SENDER_OWN,
}


def _zoho(key: str, name: str, region: str, *, domains: tuple[str, ...], hosts: tuple[str, ...] = ()) -> Preset:
    """One data centre: an account is known in its own region alone."""
    return Preset(
        key=key,
        name=name,
        host=f"smtp.{region}",
        port=465,
        security=Security.TLS,
        domains=domains,
        hosts=(f"smtppro.{region}", *hosts),
        mx=(f"*.{region}",),
        rules={
            "host": message(
                "For an organisation's paid plan smtppro.zoho.com; outside the United States with the region's ending, "
                "such as smtp.zoho.eu or smtp.zoho.com.cn."
            ),
            "username": _WHOLE_ADDRESS,
            "password": message(
                "With two-factor authentication, use an application-specific password from the security settings."
            ),
            "sender_address": _SENDER_OWN,
        },
        source=(
            "https://www.zoho.com/mail/help/zoho-smtp.html; the regions were not found in a manual of the vendor's: "
            "https://postigo.net/smtp/zoho"
        ),
    )


MAILBOXES: Final = (
    Preset(
        key="163",
        name=message("NetEase 163 Mail"),
        host="smtp.163.com",
        port=465,
        security=Security.TLS,
        domains=("163.com",),
        rules=_MAILBOX,
        source=(
            "Not found in a manual of the vendor's; as commonly used, such as in "
            "https://koishi.chat/plugins/adapter/mail.html and https://support.websoft9.com/docs/smtps (465 or 994)"
        ),
    ),
    Preset(
        key="126",
        name=message("NetEase 126 Mail"),
        host="smtp.126.com",
        port=465,
        security=Security.TLS,
        domains=("126.com",),
        rules=_MAILBOX,
        source="Not found in a manual of the vendor's; as commonly used, and the same service as 163",
    ),
    Preset(
        key="yeah",
        name=message("NetEase yeah.net Mail"),
        host="smtp.yeah.net",
        port=465,
        security=Security.TLS,
        domains=("yeah.net",),
        rules=_MAILBOX,
        source="Not found in a manual of the vendor's; as commonly used, and the same service as 163",
    ),
    Preset(
        key="qq",
        name=message("QQ Mail"),
        host="smtp.qq.com",
        port=465,
        security=Security.TLS,
        domains=("qq.com", "vip.qq.com", "foxmail.com"),
        rules=_MAILBOX,
        source=(
            "Not found in a manual of the vendor's; as in https://koishi.chat/plugins/adapter/mail.html (465 or 587). "
            "Only the code signs in since 2022-11-01: https://ashea.com.cn/guandian/2022/1011/707174.html"
        ),
    ),
    Preset(
        key="exmail",
        name=message("Tencent Exmail"),
        host="smtp.exmail.qq.com",
        port=465,
        security=Security.TLS,
        hosts=("hwsmtp.exmail.qq.com",),
        mx=("mxbiz*.qq.com",),
        rules=_MAILBOX
        | {
            "password": message(
                "Where secure sign-in is switched on, use a client password from the mailbox's settings; otherwise the "
                "mailbox's password."
            )
        },
        source=(
            "Not found in a manual of the vendor's; as commonly used, such as in "
            "https://www.topmailsender.com/en/youxiang/205-tengxun-qiyeyouxiang-tencent-enterprise-mailbox"
        ),
    ),
    Preset(
        key="aliyun",
        name=message("Alibaba Mail (Aliyun enterprise mail)"),
        host="smtp.qiye.aliyun.com",
        port=465,
        security=Security.TLS,
        hosts=("smtp.mxhichina.com", "smtp.sg.aliyun.com", "smtp.hk.aliyun.com"),
        mx=("mx*.qiye.aliyun.com", "mx*.mxhichina.com", "mx*.sg.aliyun.com"),
        rules=_MAILBOX
        | {
            "password": message(
                "Where the security password for third-party clients is switched on, use that; otherwise the mailbox's "
                "password. The administrator of the mail domain must allow such clients."
            )
        },
        source=(
            "https://help.aliyun.com/en/document_detail/36687.html (25, 80, SSL 465; the password) and "
            "https://help.aliyun.com/en/document_detail/446248.html (MX)"
        ),
    ),
    Preset(
        key="gmail",
        name="Gmail, Google Workspace",
        host="smtp.gmail.com",
        port=465,
        security=Security.TLS,
        domains=("gmail.com", "googlemail.com"),
        hosts=("smtp.googlemail.com",),
        mx=("*.google.com", "*.googlemail.com"),
        oauth={"oauth_grant": "refresh_token", "oauth_token_url": "https://oauth2.googleapis.com/token"},
        rules=_MAILBOX_WITH_APP_PASSWORD
        | {
            "password": message(
                "Use an app password: the account needs 2-step verification, and its own password is refused."
            )
        },
        source=(
            "https://developers.google.cn/gmail/imap?hl=vi (465, or 587 with STARTTLS) and "
            "https://knowledge.workspace.google.com/kb/how-to-generate-an-app-passwords-000009237"
        ),
    ),
    Preset(
        key="microsoft365",
        name="Microsoft 365",
        host="smtp.office365.com",
        port=587,
        security=Security.STARTTLS,
        auth=Auth.XOAUTH2,
        hosts=("smtp-legacy.office365.com",),
        mx=("*.mail.protection.outlook.com", "*.mx.microsoft"),
        oauth={
            "oauth_grant": "client_credentials",
            "oauth_token_url": "https://login.microsoftonline.com/your-tenant-id/oauth2/v2.0/token",
            "oauth_scope": "https://outlook.office365.com/.default",
        },
        rules={
            "oauth_token_url": message("Put your own tenant's id in the place of your-tenant-id."),
            "auth": message(
                "Microsoft switches passwords off by default from the end of December 2026; OAuth stays. Either way "
                "an administrator must allow authenticated SMTP for the mailbox."
            ),
            "username": message("The whole address of the mailbox that sends."),
            "sender_address": message("Must be that mailbox, or one for which it has the right Send As."),
        },
        source=(
            "https://technet.microsoft.com/en-us/library/dn592151(v=exchg.150).aspx (client SMTP submission), "
            "https://learn.microsoft.com/zh-cn/exchange/client-developer/legacy-protocols/"
            "how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth, and message MC786329 of 2026-01-27: "
            "https://mc.merill.net/message/MC786329/v/2024-04-26T00-17-12-6Z"
        ),
    ),
    Preset(
        key="outlook",
        name="Outlook.com, Hotmail",
        host="smtp-mail.outlook.com",
        port=587,
        security=Security.STARTTLS,
        auth=Auth.XOAUTH2,
        domains=("outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "live.cn", "msn.com", "windowslive.com"),
        oauth={
            "oauth_grant": "refresh_token",
            "oauth_token_url": "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
            "oauth_scope": "https://outlook.office.com/SMTP.Send offline_access",
        },
        rules={
            "auth": message("Outlook.com takes OAuth only; passwords and app passwords are refused."),
            "username": _WHOLE_ADDRESS,
            "sender_address": _SENDER_OWN,
        },
        source=(
            "https://support.microsoft.com/en-us/office/pop-imap-and-smtp-settings-8361e398-8af4-4e97-b147-6c6c4ac95353;"
            " the further domains: https://github.com/thunderbird/autoconfig, ispdb/hotmail.com.xml"
        ),
    ),
    Preset(
        key="yahoo",
        name="Yahoo Mail",
        host="smtp.mail.yahoo.com",
        port=465,
        security=Security.TLS,
        domains=("yahoo.com", "ymail.com", "rocketmail.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "yahoo.com.hk"),
        mx=("*.am0.yahoodns.net",),
        rules=_MAILBOX_WITH_APP_PASSWORD,
        source=(
            "https://help.yahoo.com/kb/generate-manage-rd-party-passwords-sln15241.html (app passwords); host and port "
            "were not found in a manual of the vendor's: https://github.com/thunderbird/autoconfig, ispdb/yahoo.com.xml"
        ),
    ),
    Preset(
        key="yandex",
        name="Yandex Mail, Yandex 360",
        host="smtp.yandex.com",
        port=465,
        security=Security.TLS,
        domains=("yandex.com", "yandex.ru", "ya.ru", "yandex.by", "yandex.kz"),
        hosts=("smtp.yandex.ru",),
        mx=("mx.yandex.net", "mx.yandex.ru"),
        rules=_MAILBOX_WITH_APP_PASSWORD
        | {
            "password": message(
                "Use an app password; mail programs must be allowed in the mailbox's settings before it works."
            )
        },
        source=(
            "https://yandex.com/support/passport/authorization/app-passwords.html; host and port were not found in a "
            "manual of the vendor's: https://github.com/thunderbird/autoconfig, ispdb/yandex.ru.xml"
        ),
    ),
    _zoho(
        "zoho",
        "Zoho Mail",
        "zoho.com",
        domains=("zoho.com", "zohomail.com"),
        hosts=("smtp.zoho.com.au", "smtppro.zoho.com.au", "smtp.zoho.jp", "smtppro.zoho.jp"),
    ),
    _zoho("zoho-eu", "Zoho Mail (zoho.eu)", "zoho.eu", domains=("zoho.eu", "zohomail.eu")),
    _zoho("zoho-in", "Zoho Mail (zoho.in)", "zoho.in", domains=("zoho.in", "zohomail.in")),
    _zoho("zoho-cn", "Zoho Mail (zoho.com.cn)", "zoho.com.cn", domains=("zoho.com.cn", "zohomail.cn")),
    Preset(
        key="icloud",
        name="iCloud Mail",
        host="smtp.mail.me.com",
        port=587,
        security=Security.STARTTLS,
        domains=("icloud.com", "me.com", "mac.com"),
        mx=("*.mail.icloud.com",),
        rules=_MAILBOX_WITH_APP_PASSWORD,
        source=(
            "https://support.apple.com/en-us/102525, as quoted in "
            "https://developer.nylas.com/docs/cookbook/email/icloud-mail-api.md"
        ),
    ),
    Preset(
        key="fastmail",
        name="Fastmail",
        host="smtp.fastmail.com",
        port=465,
        security=Security.TLS,
        domains=("fastmail.com", "fastmail.fm"),
        mx=("*.messagingengine.com",),
        hosts=("smtp.messagingengine.com",),
        rules=_MAILBOX_WITH_APP_PASSWORD,
        source="https://www.fastmail.com/help/technical/servernamesandports.html",
    ),
)
