"""Addresses within Sender, told from addresses that lead away."""

from urllib.parse import urlsplit


def path_within(address: str) -> str:
    """`address` when it is a path of this site, else "/": nobody is sent elsewhere by a link."""
    if not address.startswith("/") or len(address) > 500:
        return "/"
    # Browsers read "//host", "/\\host" and "/<tab>/host" as another site.
    if address[1:2] in ("/", "\\") or any(ord(mark) <= 32 or mark == "\\" for mark in address):
        return "/"
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else "/"
