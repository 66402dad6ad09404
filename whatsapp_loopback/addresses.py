"""Phone numbers and their LIDs: a fixed one-to-one mapping, so nothing has to be stored."""

from __future__ import annotations

from whatsapp_loopback.binary_xml import JID, LID_SERVER, USER_SERVER

_PRIME = 1_000_000_000_000_037  # larger than any E.164 number
_FACTOR = 618_033_988_749_895
_INVERSE = pow(_FACTOR, -1, _PRIME)
_MINIMUM_DIGITS, _MAXIMUM_DIGITS = 5, 15


def is_number(text: str) -> bool:
    """Whether this can be a phone number: 5 to 15 ASCII digits, no leading zero."""
    well_formed = text.isascii() and text.isdigit() and text[0] != "0"
    return well_formed and _MINIMUM_DIGITS <= len(text) <= _MAXIMUM_DIGITS


def normalize(text: str) -> str:
    """Strip ``+``, spaces and dashes; raises ValueError when no phone number is left."""
    digits = "".join(c for c in text if c not in "+-() ")
    if not is_number(digits):
        raise ValueError(f"{text!r} is not a phone number")
    return digits


def lid_of(number: str) -> str:
    """The LID (digits only) of a phone number."""
    return str(int(number) * _FACTOR % _PRIME)


def number_of_lid(lid: str) -> str:
    """The phone number behind a LID."""
    return str(int(lid) * _INVERSE % _PRIME)


def lid_jid(number: str, device: int = 0) -> JID:
    """The LID address of a number's device."""
    return JID(lid_of(number), LID_SERVER, device)


def phone_jid(number: str, device: int = 0) -> JID:
    """The phone-number address of a number's device."""
    return JID(number, USER_SERVER, device)


def number_of(jid: JID | None) -> str | None:
    """The phone number behind either kind of address; None for anything else."""
    if jid is None or not jid.user.isdigit():
        return None
    if jid.server == LID_SERVER:
        return number_of_lid(jid.user)
    return jid.user if jid.server in (USER_SERVER, "c.us") and is_number(jid.user) else None
