"""The people of an import: good rows, and bad ones with the reason."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One person of a file, fit to be written to."""

    row: int  # 1-based line number as a spreadsheet shows it
    phone: str  # E.164
    nombre: str = ""
    sustantivo: str = ""
    grupo: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Values for placeholders, keys in lower case."""
        return {
            "nombre": self.nombre,
            "sustantivo": self.sustantivo,
            "grupo": self.grupo,
            "numero": self.phone,
        }


@dataclass(frozen=True, slots=True)
class BadRow:
    """One line that cannot be used; `code` and `params` as in RuleViolation."""

    row: int
    value: str
    code: str
    params: dict[str, object] = field(default_factory=dict)
