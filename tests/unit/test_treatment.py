"""Agreement with a treatment."""

import pytest

from sender_app.domain.treatment import Gender, feminine, gender_of


@pytest.mark.parametrize("treatment", ["Sr.", "sr", "SEÑOR", "Don", "Dr.", "Mr.", "Senhor", "Papá"])
def test_it_knows_masculine_treatments(treatment: str):
    assert gender_of(treatment) is Gender.MASCULINE


@pytest.mark.parametrize(
    "treatment",
    ["Sra.", "srta", "Señora", "Doña", "Dra.", "Ms", "Senhora", "Sr.ª", "Sra. Directora"],
)
def test_it_knows_feminine_treatments(treatment: str):
    assert gender_of(treatment) is Gender.FEMININE


@pytest.mark.parametrize("treatment", ["", "  ", "Lic.", "Familia", "Sr. y Sra.", "srx"])
def test_it_does_not_guess(treatment: str):
    assert gender_of(treatment) is None


@pytest.mark.parametrize(
    ("masculine", "form", "whole"),
    [
        ("estimado", "a", "estimada"),
        ("Estimado", "a", "Estimada"),
        ("ESTIMADO", "A", "ESTIMADA"),
        ("doctor", "a", "doctora"),
        ("jefe", "a", "jefa"),
        ("estimados", "as", "estimadas"),
        ("señores", "as", "señoras"),
        ("inglés", "a", "inglesa"),
        ("querido", "querida", "querida"),
        ("el", "la", "la"),
        ("o", "a", "a"),
    ],
)
def test_it_spells_the_feminine(masculine: str, form: str, whole: str):
    assert feminine(masculine, form) == whole
