"""Columns of a contact file: what each holds, guessed from its name and its cells.

A column's meaning is the name of the placeholder that it fills: one of KNOWN, a name of its own
(`fecha_de_pago`), or "" when it is left out.
"""

import re
from collections.abc import Sequence
from unicodedata import combining, normalize

from sender_app.domain.errors import RuleViolation

KNOWN = ("numero", "nombre", "sustantivo", "grupo")
OURS = "sender_"  # columns that Sender itself adds to a file of rejected rows
MOST = 200  # columns of a file
_LONGEST_NAME = 40  # characters
_NAMES = {
    "numero": "numero number nro phone telefono tel celular cel whatsapp wa movil mobile fone"
    " telefone telemovel fono msisdn phonenumber contacto contato",
    "nombre": "nombre name cliente customer client nome nombres fullname firstname razon razao",
    "sustantivo": "sustantivo tratamiento titulo title treatment tratamento trato salutation"
    " saludo prefijo prefix",
    "grupo": "grupo group segmento segment categoria category etiqueta tag lista list groups",
}
_MEANING = {name: column for column, names in _NAMES.items() for name in names.split()}
_HEADLESS = ("numero", "sustantivo", "nombre", "grupo")  # the order of a file without a header


def plain(text: str) -> str:
    """Lower case, without accents, marks that nobody sees, and spaces around."""
    letters = normalize("NFKD", text.strip().strip("\ufeff").lower())
    return "".join(letter for letter in letters if not combining(letter)).strip()


def meaning_of(name: str) -> str:
    """The known column that `name` stands for in Spanish, English or Portuguese, or ""."""
    words = re.findall(r"[^\W_]+", plain(name))
    if not words or len(words) > 6:
        return ""
    whole = _MEANING.get("".join(words))
    if whole:
        return whole
    found = [_MEANING[word] for word in words if word in _MEANING]
    return found[0] if len(set(found)) == 1 else ""


def key_of(name: str) -> str:
    """A placeholder's name for a column called `name`: `Fecha de pago` → `fecha_de_pago`."""
    return "_".join(re.findall(r"[^\W_]+", plain(name)))[:_LONGEST_NAME].strip("_")


def suggested(names: Sequence[str], phone_shares: Sequence[float]) -> tuple[str, ...]:
    """The meaning of each column of a file with a header.

    `phone_shares` says of each column which part of its first cells looks like a phone number:
    of several columns that are called a phone, or where none is, the likeliest is it.
    """
    meanings = [meaning_of(name) for name in names]
    called = [n for n, meaning in enumerate(meanings) if meaning == "numero"]
    likely = called or [n for n, share in enumerate(phone_shares) if share >= 0.5]
    phone = max(likely, key=lambda n: (phone_shares[n], -n), default=None)
    result: list[str] = []
    for n, (name, meaning) in enumerate(zip(names, meanings, strict=True)):
        if n == phone:
            result.append("numero")
        elif plain(name).startswith(OURS):
            result.append("")
        elif meaning and meaning != "numero" and meaning not in result:
            result.append(meaning)
        else:
            result.append(_own(name, n, result))
    return tuple(result)


def suggested_without_header(phone_shares: Sequence[float]) -> tuple[str, ...]:
    """The meaning of each column where only the cells can tell."""
    phone = max(range(len(phone_shares)), key=lambda n: (phone_shares[n], -n), default=0)
    others = iter(_HEADLESS[1:] if len(phone_shares) > 2 else ("nombre",))
    result: list[str] = []
    for n in range(len(phone_shares)):
        result.append("numero" if n == phone else next(others, "") or _own("", n, result))
    return tuple(result)


def checked(columns: Sequence[str]) -> tuple[str, ...]:
    """`columns` fit to read a file by; raises RuleViolation naming what is wrong."""
    used = [name for name in columns if name]
    if "numero" not in used:
        raise RuleViolation("columns_without_phone")
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        raise RuleViolation("columns_twice", names=", ".join(twice))
    odd = [name for name in used if name not in KNOWN and (key_of(name) != name or not name)]
    if odd:
        raise RuleViolation("column_name_invalid", names=", ".join(odd))
    return tuple(columns)


def _own(name: str, n: int, taken: Sequence[str]) -> str:
    key = key_of(name) or f"columna_{n + 1}"
    candidate, count = key, 2
    while candidate in KNOWN or candidate in taken:
        candidate, count = f"{key}_{count}", count + 1
    return candidate
