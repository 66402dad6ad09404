"""Agreement with a person's treatment: `{estimado/a}` becomes "estimado" for Sr., "estimada" for
Sra."""

import re
from enum import StrEnum
from unicodedata import combining, normalize


class Gender(StrEnum):
    """Grammatical gender of a treatment."""

    MASCULINE = "masculine"
    FEMININE = "feminine"


_MASCULINE = """
sr señor don d dr doctor profesor licenciado ingeniero arquitecto abogado maestro director
amigo vecino socio alumno compañero hermano hijo tio padre papa padrino abuelo caballero joven
senhor seu professor engenheiro advogado mestre diretor vizinho aluno colaborador irmao filho pai
mr mister sir
"""
_FEMININE = """
sra srta sta señora señorita doña dña da dra doctora profa profesora licenciada ingeniera arquitecta
abogada maestra directora amiga vecina socia alumna compañera hermana hija tia madre mama madrina
abuela dama senhora senhorita dona professora engenheira advogada mestra diretora vizinha aluna
colaboradora irma filha mae mrs ms miss madam
"""
_SUFFIXES = ("a", "as")
_REPLACED = ("os", "es", "o", "e")  # endings that the feminine suffix takes the place of
_ACCENTED = re.compile("[áéíóúâêô](?=[ns]$)")  # inglés/a → inglesa


def gender_of(treatment: str) -> Gender | None:
    """The gender that a treatment says, such as "Sra."; None where it says neither or both."""
    words = set(re.findall(r"\w+", _plain(re.sub(r"\.?ª", "a", treatment))))
    is_masculine, is_feminine = bool(words & _WORDS_M), bool(words & _WORDS_F)
    if is_masculine == is_feminine:
        return None
    return Gender.FEMININE if is_feminine else Gender.MASCULINE


def feminine(masculine: str, form: str) -> str:
    """The feminine that `{masculine/form}` means: a whole word, or "a" or "as" as a suffix.

    estimado/a → estimada, doctor/a → doctora, señores/as → señoras, inglés/a → inglesa.
    """
    if form.lower() not in _SUFFIXES:
        return form
    for ending in _REPLACED:
        if len(ending) == len(form) and masculine.lower().endswith(ending):
            return masculine[: -len(ending)] + form
    return _ACCENTED.sub(lambda vowel: _plain(vowel[0]), masculine) + form


def _plain(text: str) -> str:
    letters = normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if not combining(letter))


_WORDS_M = frozenset(_plain(_MASCULINE).split())
_WORDS_F = frozenset(_plain(_FEMININE).split())
