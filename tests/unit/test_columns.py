"""What the columns of a contact file hold."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender_app.domain import columns, rejected
from sender_app.domain.audience import BadRow
from sender_app.domain.errors import RuleViolation


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        *((name, "numero") for name in ("Teléfono", "CELULAR", "Nº de celular", "phone_number")),
        *((name, "numero") for name in ("WhatsApp", "Móvil", "Telefone", "tel.", "fone")),
        *((name, "nombre") for name in ("Nombre completo", "Cliente", "nome", "Full name")),
        *((name, "sustantivo") for name in ("Tratamiento", "título", "Title")),
        *((name, "grupo") for name in ("Segmento", "Categoría", "group", "categoria")),
        *((name, "") for name in ("", "Ciudad", "Número de cliente", "Nombre del grupo", "x" * 99)),
    ],
)
def test_it_knows_names_in_three_languages(name: str, meaning: str):
    assert columns.meaning_of(name) == meaning


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        (["nombre", "grupo"], "columns_without_phone"),
        (["numero", "nombre", "nombre"], "columns_twice"),
        (["numero", "Fecha de pago"], "column_name_invalid"),
        (["numero", "a b"], "column_name_invalid"),
        (["numero", "{x}"], "column_name_invalid"),
    ],
)
def test_it_says_what_is_wrong_with_a_choice(chosen: list[str], code: str):
    with pytest.raises(RuleViolation) as problem:
        columns.checked(chosen)
    assert problem.value.code == code


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8), st.data())
def test_what_it_suggests_can_be_used(names: list[str], data: st.DataObject):
    shares = [data.draw(st.sampled_from([0.0, 0.4, 1.0])) for _ in names]
    found = columns.suggested(names, shares)
    if "numero" in found:
        assert columns.checked(found) == found
    assert columns.checked(columns.suggested_without_header(shares))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-x", "'-x"),
        ("\tx", "'\tx"),
        ("+595 981-000", "+595 981-000"),  # a number stays one
        ("a\x00b", "a\ufffdb"),
    ],
)
def test_a_rejected_row_is_harmless_to_a_spreadsheet(cell: str, written: str):
    lines = rejected.lines([BadRow(7, "", "phone_blank", cells=(cell, "z"))], lambda _row: "why")
    assert next(csv.reader(io.StringIO(lines), delimiter=";")) == ["7", "why", written, "z"]
