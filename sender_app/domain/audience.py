"""The people of a file, good and bad rows, and who lacks what a message uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sender_app.domain.content import Content
from sender_app.domain.template import Message


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One person of a file, fit to be written to."""

    row: int  # 1-based line number as a spreadsheet shows it
    phone: str  # E.164
    nombre: str = ""
    sustantivo: str = ""
    grupo: str = ""
    own: Mapping[str, str] = field(default_factory=dict)  # the file's further columns

    @property
    def fields(self) -> dict[str, str]:
        """Values for placeholders, keys in lower case."""
        return {
            **self.own,
            "nombre": self.nombre,
            "sustantivo": self.sustantivo,
            "grupo": self.grupo,
            "numero": self.phone,
        }


@dataclass(frozen=True, slots=True)
class BadRow:
    """One line that cannot be used; `code` and `params` as in RuleViolation."""

    row: int
    value: str  # what stands in the phone's column
    code: str
    params: dict[str, object] = field(default_factory=dict)
    cells: tuple[str, ...] = ()  # the whole line, as read


@dataclass(frozen=True, slots=True)
class Gap:
    """One person for whom the message is not complete; `missing` names what they lack."""

    row: int
    phone: str
    nombre: str
    missing: tuple[str, ...]


def folded(rows: Iterable[AudienceRow]) -> list[AudienceRow]:
    """One row per phone, in the first one's place; of each cell the last that is not blank."""
    people: dict[str, AudienceRow] = {}
    for row in rows:
        before = people.get(row.phone)
        people[row.phone] = row if before is None else _merged(before, row)
    return list(people.values())


def _merged(before: AudienceRow, row: AudienceRow) -> AudienceRow:
    return AudienceRow(
        before.row,
        row.phone,
        row.nombre or before.nombre,
        row.sustantivo or before.sustantivo,
        row.grupo or before.grupo,
        {**before.own, **{name: value for name, value in row.own.items() if value}},
    )


def gaps(message: Message | Content, rows: Iterable[AudienceRow]) -> list[Gap]:
    """Everybody for whom `message` has a hole."""
    found = ((row, message.missing(row.fields)) for row in rows)
    return [Gap(row.row, row.phone, row.nombre, missing) for row, missing in found if missing]
