"""The people of a file: good rows, and bad ones with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
