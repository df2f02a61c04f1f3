"""TLS: the version, and a certificate that browsers trust."""

import asyncio
import ssl
import warnings
from typing import Final

from webapp.attack.http import SECONDS, Site, unverified
from webapp.attack.verdict import NotTried, Verdict, judged

_OLD: Final = ssl.TLSVersion.TLSv1_1
_OURS: Final = {"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE", "NO_CIPHER_MATCH"}
"""Reasons for which this machine itself could not try an old version."""


async def certificate(site: Site) -> Verdict:
    """The certificate is valid for the host, and from an authority that is trusted; TLS is 1.2 or newer."""
    if not site.origin.secure:
        return NotTried("The address is not https.")
    try:
        version = await _handshake(site, site.trusted)
    except ssl.SSLCertVerificationError as error:
        return judged([f"The certificate is not trusted: {error.verify_message}."], "")
    except (OSError, TimeoutError) as error:
        return judged([f"There is no TLS to be had ({error})."], "")
    faults = [] if version in {"TLSv1.2", "TLSv1.3"} else [f"It speaks {version}."]
    return judged(faults, f"{version}, with a certificate that is trusted here.")


async def old_versions(site: Site) -> Verdict:
    """TLS 1.1 and older are not spoken."""
    if not site.origin.secure:
        return NotTried("The address is not https.")
    context = unverified()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is outdated is the point
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = _OLD
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        version = await _handshake(site, context)
    except ssl.SSLError as error:
        if error.reason in _OURS:
            return NotTried("This machine itself speaks no TLS so old.")
    except (OSError, TimeoutError):
        pass
    else:
        return judged([f"It still speaks {version}."], "")
    return judged([], "TLS 1.1 and older are refused.")


async def _handshake(site: Site, context: ssl.SSLContext) -> str:
    async with asyncio.timeout(SECONDS):
        _, writer = await asyncio.open_connection(site.origin.host, site.origin.port, ssl=context)
    try:
        found = writer.get_extra_info("ssl_object")
        return str(found.version())
    finally:
        writer.close()
