"""Phone numbers: whatever a person typed, to E.164 (`+595981000001`) or a reason why not."""

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat

from sender_app.domain.errors import RuleViolation

_SCIENTIFIC = re.compile(r"^\d(?:[.,]\d+)?[eE]\+?\d+$")


def normalise(raw: str, country: str) -> str:
    """`raw` as E.164, read as dialled in `country` (ISO 3166 alpha-2, such as "PY").

    Raises RuleViolation: `phone_blank`, `phone_scientific` (a spreadsheet rounded it: digits are
    lost), `phone_unreadable` or `phone_invalid` (no such number in the numbering plan).
    Numbers that carry their country code, with or without `+` or `00`, are read as such.
    """
    text = raw.strip()
    if not text:
        raise RuleViolation("phone_blank")
    if _SCIENTIFIC.match(text):
        raise RuleViolation("phone_scientific", value=text)
    national = _parsed(text, country)
    if national and phonenumbers.is_valid_number(national):
        return phonenumbers.format_number(national, PhoneNumberFormat.E164)
    international = _parsed("+" + re.sub(r"^00", "", re.sub(r"\D", "", text)), None)
    if international and phonenumbers.is_valid_number(international):
        return phonenumbers.format_number(international, PhoneNumberFormat.E164)
    raise RuleViolation("phone_invalid" if national else "phone_unreadable", value=text)


def _parsed(text: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def pretty(phone: str) -> str:
    """E.164 in the international form that people read: `+595 981 000001`."""
    parsed = _parsed(phone, None)
    if parsed is None:
        return phone
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def masked(phone: str) -> str:
    """For log lines: everything but the country's first digits and the last three is hidden."""
    return f"{phone[:4]}…{phone[-3:]}" if len(phone) > 8 else "…"
