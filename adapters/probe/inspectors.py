"""Products that break TLS open on its way, by what their certificates' issuers are called.

Most sign with an authority that each site names itself; the names here are those that the
products come with, or that sites leave in. A product that is not here is found out by a chain
that a different path does not have (`hops`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapters.probe.certificates import Certificate

# Product, and the words of an issuer that mean it, as a regular expression over whole words.
_PRODUCTS = (
    ("mitmproxy", r"mitmproxy"),
    ("Zscaler", r"zscaler"),
    ("FortiGate", r"forti(net|gate|guard)\w*|fgt\w+"),
    ("Palo Alto Networks", r"palo ?alto( networks)?|pan-?os|globalprotect"),
    ("Blue Coat (Symantec)", r"blue ?coat|proxysg|symantec (web|cloud|ssl)\b.*|broadcom wss"),
    ("Sophos", r"sophos|cyberoam|astaro"),
    ("Netskope", r"netskope|goskope"),
    ("Forcepoint", r"forcepoint|websense"),
    ("Cisco Umbrella", r"cisco umbrella|opendns|cisco secure access"),
    ("Cisco Secure Web Appliance", r"ironport|cisco (web security|wsa|secure web)\b.*"),
    ("Skyhigh (McAfee)", r"mcafee|skyhigh|trellix"),
    ("Check Point", r"check ?point"),
    ("Squid", r"squid"),
    ("Kaspersky", r"kaspersky"),
    ("ESET", r"eset"),
    ("Bitdefender", r"bitdefender"),
    ("Avast", r"avast|avg"),
    ("Trend Micro", r"trend ?micro"),
    ("Barracuda", r"barracuda"),
    ("SonicWall", r"sonicwall"),
    ("WatchGuard", r"watchguard|fireware"),
    ("Stormshield", r"stormshield|netasq"),
    ("Cloudflare Gateway", r"cloudflare (managed|gateway|for teams|zero trust)\b.*|gateway ca"),
    ("iboss", r"iboss"),
    ("Menlo Security", r"menlo security"),
    ("Smoothwall", r"smoothwall"),
    ("Untangle", r"untangle"),
    ("Sangfor", r"sangfor"),
    ("Clearswift", r"clearswift"),
    ("F5", r"f5 (networks|ssl orchestrator)|big-?ip"),
    ("A10 Networks", r"a10 networks"),
    ("pfSense or OPNsense", r"pfsense|opnsense"),
    ("Fiddler", r"fiddler\w*|do_not_trust\w*"),
    ("Charles", r"charles proxy\b.*"),
    ("Burp Suite", r"portswigger"),
)
_KNOWN = tuple((name, re.compile(rf"(?<!\w)(?:{words})(?!\w)")) for name, words in _PRODUCTS)


def inspector_of(chain: Iterable[Certificate]) -> str:
    """The product that made this chain; empty when it looks like nobody's."""
    for certificate in chain:
        for issuer in (certificate.issuer, certificate.subject):
            for name, words in _KNOWN:
                if words.search(issuer.lower()):
                    return name
    return ""
