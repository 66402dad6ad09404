"""Files of contacts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender_app.domain import contact_file
from sender_app.domain.errors import RuleViolation

ANA = "0981000001,Sra.,Ana,Padres"
LUIS = "0981000002,Sr.,Luis,Padres"


@pytest.mark.parametrize(
    "text",
    [
        f"numero,sustantivo,nombre,grupo\n{ANA}\n{LUIS}\n",
        f"{ANA}\n{LUIS}",
        "Teléfono;Nombre;Grupo;Tratamiento\n0981000001;Ana;Padres;Sra.\n0981000002;Luis;Padres;Sr.",
        "phone\tname\tgroup\ttitle\n0981000001\tAna\tPadres\tSra.\n0981000002\tLuis\tPadres\tSr.",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_it_reads_columns_with_and_without_header(text: str, encoding: str):
    found = contact_file.read(text.encode(encoding), "PY")
    people = [(row.phone, row.nombre, row.sustantivo, row.grupo) for row in found.good]
    assert people == [
        ("+595981000001", "Ana", "Sra.", "Padres"),
        ("+595981000002", "Luis", "Sr.", "Padres"),
    ]
    assert found.bad == []


def test_it_keeps_the_good_rows_and_names_the_bad_ones_by_their_row_number():
    found = contact_file.read(
        f"numero,sustantivo,nombre,grupo\n{ANA}\nabc,Sr.,X,Y\n\n,Sr.,Z,Y\n{LUIS}\n".encode(), "PY"
    )
    assert [row.row for row in found.good] == [2, 6]
    assert [(bad.row, bad.code) for bad in found.bad] == [
        (3, "phone_unreadable"),
        (5, "phone_blank"),
    ]


def test_it_merges_rows_of_one_phone_and_keeps_values_that_a_later_row_leaves_blank():
    found = contact_file.read(b"0981000001,Sra.,Ana,Padres\n+595981000001,,Ana Maria,\n", "PY")
    assert [(row.nombre, row.sustantivo, row.grupo) for row in found.good] == [
        ("Ana Maria", "Sra.", "Padres")
    ]
    assert found.duplicates == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n  \n", "file_empty"),
        (b"PK\x03\x04zip", "file_is_spreadsheet"),
        (b"nombre,grupo\nAna,Padres\n", "file_no_phone_column"),
    ],
)
def test_it_says_what_is_wrong_with_a_file(content: bytes, code: str):
    with pytest.raises(RuleViolation) as problem:
        contact_file.read(content, "PY")
    assert problem.value.code == code


@given(st.binary(max_size=400))
def test_it_never_breaks_on_any_bytes(content: bytes):
    try:
        found = contact_file.read(content, "PY")
    except RuleViolation:
        return
    assert all(row.phone.startswith("+") for row in found.good)
