"""Cells for spreadsheets, which may take what people typed into them for formulas."""

import phonenumbers
from phonenumbers import PhoneNumberFormat

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(cell: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula: an apostrophe before what might be one.

    As OWASP's "CSV Injection" has it. Text that begins with an apostrophe of its own before such a
    mark gets one more, so that taking one away gives the text back.
    """
    rest = cell.lstrip("'")
    return f"'{cell}" if rest.startswith(_FORMULAS) else cell


def written_phone(phone: str) -> str:
    """An E.164 number for a CSV cell: `(+595) 981 000001`.

    Text to every spreadsheet, neither a formula nor a number to round, and yet a number that any
    reader of phone numbers, ours too, reads back as it was.
    """
    parsed = phonenumbers.parse(phone)
    written = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    code, _, rest = written.partition(" ")
    return f"({code}) {rest}" if rest else f"({phone})"
