"""Phone numbers: whatever a person typed, to E.164 (`+595981000001`) or a reason why not."""

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

from sender_app.domain.errors import RuleViolation

# Marks that nobody sees and that come along when a number is copied: soft hyphen, zero-width and
# direction marks, byte order mark.
INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
WHOLE = r"^[0-9]+[.,]0+$"  # a whole number that a program wrote as a fraction: 595981000001.0

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_WHOLE = re.compile(WHOLE)
_AS_TEXT = re.compile(r"""^(?:="([^"]*)"|'(.*))$""")  # how spreadsheets are told "this is text"
_SCIENTIFIC = re.compile(r"^(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})$")
# Forms that the numbering plans gave up and address books still hold.
_OLD_BRAZIL = re.compile(r"^([1-9]{2})([6-9]\d{7})$")  # a mobile from before the ninth digit
_OLD_MEXICO = re.compile(r"^(?:1|01|04[45])(\d{10})$")


def normalise(raw: str, country: str) -> str:
    """`raw` as E.164, read as dialled in `country` (ISO 3166 alpha-2, such as "PY").

    Raises RuleViolation: `phone_blank`, `phone_scientific` (a spreadsheet rounded it: digits are
    lost), `phone_unreadable` or `phone_invalid` (no such number in the numbering plan).
    Numbers that carry their country code, with or without `+` or `00`, are read as such. Forms
    that Brazil and Mexico gave up become the present ones; see `candidates`.
    """
    text = _plain(raw)
    if not text:
        raise RuleViolation("phone_blank")
    national = _parsed(text, country)
    found = _valid(national)
    if found is None:
        digits = re.sub(r"^00", "", re.sub(r"\D", "", text))
        found = _valid(_parsed(f"+{digits}", None))
    if found is not None:
        return found
    raise RuleViolation("phone_invalid" if national else "phone_unreadable", value=text)


def candidates(phone: str) -> tuple[str, ...]:
    """Numbers (E.164) under which WhatsApp may know `phone`, itself first.

    Accounts older than the present plan keep their old form there: Brazil without the ninth digit,
    Mexico with a 1; and Argentina's mobiles need a 9 that people leave out.
    """
    country, national = phone[:3], phone[3:]
    other = None
    if country == "+55" and len(national) == 11 and national[2] == "9" and national[3] >= "6":
        other = f"+55{national[:2]}{national[3:]}"
    elif country == "+52" and len(national) == 10:
        other = f"+521{national}"
    elif country == "+54" and len(national) == 10:
        other = f"+549{national}"
    elif country == "+54" and len(national) == 11 and national[0] == "9":
        other = f"+54{national[1:]}"
    return (phone, other) if other else (phone,)


def _plain(raw: str) -> str:
    """`raw` without invisible marks, and without what spreadsheets put around a number."""
    text = _INVISIBLE.sub("", raw).strip()
    if as_text := _AS_TEXT.match(text):
        text = (as_text[1] or as_text[2] or "").strip()
    if _WHOLE.match(text):
        return re.split("[.,]", text)[0]
    if scientific := _SCIENTIFIC.match(text):
        decimals, exponent = scientific[2] or "", int(scientific[3])
        if len(decimals) < exponent or decimals[exponent:].strip("0"):
            raise RuleViolation("phone_scientific", value=text)
        return scientific[1] + decimals[:exponent]
    return text


def _valid(parsed: PhoneNumber | None) -> str | None:
    """The number as E.164 in today's plan, or None when the plan has no such number."""
    if parsed is None:
        return None
    if not phonenumbers.is_valid_number(parsed):
        parsed = _renewed(parsed)
        if parsed is None or not phonenumbers.is_valid_number(parsed):
            return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def _renewed(parsed: PhoneNumber) -> PhoneNumber | None:
    national = phonenumbers.national_significant_number(parsed)
    if parsed.country_code == 55 and (old := _OLD_BRAZIL.match(national)):
        return PhoneNumber(55, int(f"{old[1]}9{old[2]}"))
    if parsed.country_code == 52 and (old := _OLD_MEXICO.match(national)):
        return PhoneNumber(52, int(old[1]))
    return None


def _parsed(text: str, country: str | None) -> PhoneNumber | None:
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
