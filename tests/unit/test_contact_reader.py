"""Reading files of contacts."""

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sender_app.adapters.contact_files import text
from sender_app.domain.errors import RuleViolation
from tests.contact_files import Found, read, workbook

ANA = "0981000001,Sra.,Ana,Padres"
LUIS = "0981000002,Sr.,Luis,Padres"
SHEET = workbook([["numero", "nombre"], ["0981000001", "Ana"]])
# Each example writes the file anew.
examples = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Found]:
    def found(content: bytes, country: str = "PY") -> Found:
        return read(tmp_path / "file", content, country)

    return found


def people(found: Found) -> list[tuple[str, ...]]:
    return [(row.phone, row.nombre, row.sustantivo, row.grupo) for row in found.good]


@pytest.mark.parametrize(
    "content",
    [
        f"numero,sustantivo,nombre,grupo\n{ANA}\n{LUIS}\n",
        f"{ANA}\n{LUIS}",
        f"sep=,\r\nnumero,sustantivo,nombre,grupo\r\n{ANA}\r\n{LUIS}\r\n",
        f"Clientes de la peluquería\n\nnumero,sustantivo,nombre,grupo\n{ANA}\n{LUIS}\n",
        "Teléfono;Nombre;Grupo;Tratamiento\n0981000001;Ana;Padres;Sra.\n0981000002;Luis;Padres;Sr.",
        "phone\tname\tgroup\ttitle\n0981000001\tAna\tPadres\tSra.\n0981000002\tLuis\tPadres\tSr.",
        "Nº de celular|Nome completo|Segmento|Tratamento\r0981000001|Ana|Padres|Sra."
        "\r0981000002|Luis|Padres|Sr.\r",
        '"numero","sustantivo","nombre","grupo"\n"=""0981000001""",Sra.,Ana,Padres\n'
        "'0981000002,Sr.,Luis,Padres",
    ],
)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_it_reads_any_delimiter_encoding_and_header(
    read_bytes: Callable[..., Found], content: str, encoding: str
):
    found = read_bytes(content.encode(encoding))
    assert people(found) == [
        ("+595981000001", "Ana", "Sra.", "Padres"),
        ("+595981000002", "Luis", "Sr.", "Padres"),
    ]
    assert found.bad == []


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16-le", "utf-16-be"]
)
def test_it_keeps_accents_in_every_encoding(read_bytes: Callable[..., Found], encoding: str):
    found = read_bytes("Teléfono;Nombre\n0981000001;Ñandú Peña\n".encode(encoding))
    assert [row.nombre for row in found.good] == ["Ñandú Peña"]


def test_it_reads_lines_of_two_encodings_in_one_file(read_bytes: Callable[..., Found]):
    content = (
        b"numero,nombre\n0981000001," + "Peña\n".encode() + "0981000002,Muñoz\n".encode("cp1252")
    )
    assert [row.nombre for row in read_bytes(content).good] == ["Peña", "Muñoz"]


def test_it_keeps_columns_that_it_does_not_know(read_bytes: Callable[..., Found]):
    found = read_bytes(
        b"Celular,Cliente,Fecha de pago,Celular,Deuda (Gs.)\n0981000001,Ana,5/3,x,1 000\n"
    )
    assert found.layout.columns == (*("numero", "nombre", "fecha_de_pago", "celular", "deuda_gs"),)
    assert found.good[0].own == {"fecha_de_pago": "5/3", "celular": "x", "deuda_gs": "1 000"}
    assert found.good[0].fields["fecha_de_pago"] == "5/3"


def test_it_finds_the_phones_by_what_they_look_like(read_bytes: Callable[..., Found]):
    found = read_bytes(b"codigo,persona,dato\n17,Ana,0981 000 001\n18,Luis,0981 000 002\n")
    assert found.layout.columns == ("codigo", "persona", "numero")
    assert found.layout.header == ("codigo", "persona", "dato")
    two = read_bytes(b"Ana,0981000001\nLuis,0981000002\n")
    assert two.layout.columns == ("nombre", "numero")
    assert len(two.good) == 2


def test_it_takes_the_column_with_numbers_of_two_that_are_called_a_phone(
    read_bytes: Callable[..., Found],
):
    found = read_bytes(b"Name,Phone 1 - Label,Phone 1 - Value\nAna,Mobile,0981000001\n")
    assert found.layout.columns == ("nombre", "phone_1_label", "numero")


def test_it_keeps_the_good_rows_and_names_the_bad_ones_by_their_row_number(
    read_bytes: Callable[..., Found],
):
    found = read_bytes(
        f"numero,sustantivo,nombre,grupo\n{ANA}\nabc,Sr.,X,Y\n\n,Sr.,Z,Y\n{LUIS}\n"
        f"0981000003,Sr.,{'x' * 1001},G\n0981000004,Sr.,a\x00b,G\n0981000005,S,N,G,more\n".encode()
    )
    assert [row.row for row in found.good] == [2, 6]
    assert [(bad.row, bad.code) for bad in found.bad] == [
        *((3, "phone_unreadable"), (5, "phone_blank"), (7, "cell_too_long")),
        *((8, "cell_unreadable"), (9, "row_too_wide")),
    ]
    assert found.bad[0].cells == ("abc", "Sr.", "X", "Y")
    assert found.bad[2].params == {"column": "nombre", "limit": 1000}


def test_it_counts_rows_of_a_phone_that_came_before(read_bytes: Callable[..., Found]):
    found = read_bytes(b"0981000001,Sra.,Ana,Padres\n+595981000001,,Ana Maria,\n0982000002,,,\n")
    assert found.repeated == 1


def test_it_reads_cells_over_several_lines_and_counts_them_as_one_row(
    read_bytes: Callable[..., Found],
):
    found = read_bytes(b'numero,ciudad\n0981000001,"Ana\nMaria"\nabc,x\n0981000002,Luis "el 5"\n')
    assert [row.own["ciudad"] for row in found.good] == ["Ana\nMaria", 'Luis "el 5"']
    assert [row.row for row in found.bad] == [3]


@pytest.mark.parametrize("name", ["Ana\nMaria", "Ana  Maria", "Ana\t Maria", "Ana\u00a0Maria"])
def test_names_stand_in_one_line_as_those_that_a_person_types(
    read_bytes: Callable[..., Found], name: str
):
    rows = f'numero,sustantivo,nombre,grupo\n0981000001,Sra.,"{name}","{name}"\n{LUIS}\n'
    found = read_bytes(rows.encode())
    assert people(found)[0] == ("+595981000001", "Ana Maria", "Sra.", "Ana Maria")
    assert people(found)[1][1] == "Luis"


def test_a_quotation_mark_that_is_never_closed_spoils_its_own_row_only(
    read_bytes: Callable[..., Found],
):
    rows = "".join(f"0981{n:06d},Persona {n}\n" for n in range(1000))
    found = read_bytes(f'numero,nombre\n0982000001,"Ana\n{rows}'.encode())
    assert len(found.good) == 1000
    assert [(bad.row, bad.code) for bad in found.bad] == [(2, "quote_open")]


def test_it_goes_on_behind_a_line_that_never_ends(read_bytes: Callable[..., Found]):
    line = b"0981000002," + b"x" * (9 * text.LONGEST_LINE)
    found = read_bytes(b"numero,nombre\n0981000001,Ana\n" + line + b"\n0981000003,Luis\n")
    assert [row.nombre for row in found.good] == ["Ana", "Luis"]
    assert [(bad.row, bad.code) for bad in found.bad] == [(3, "row_too_long")]


def test_it_reads_sheets_as_they_look(read_bytes: Callable[..., Found]):
    rows: list[list[Any]] = [
        ["Clientes"],
        [],
        ["Teléfono", "Nombre", "Vence", "Monto", "Al día"],
        [595981000001, "Ana", date(2026, 3, 5), 1500.5, True],
        ["0981 000 002", "Luis", None, 2000.0, None],
        ["nada", "Mala"],
    ]
    found = read_bytes(workbook(rows))
    assert found.layout.header == ("Teléfono", "Nombre", "Vence", "Monto", "Al día")
    assert [row.phone for row in found.good] == ["+595981000001", "+595981000002"]
    assert found.good[0].own == {"vence": "2026-03-05", "monto": "1500.5", "al_dia": "True"}
    assert found.good[1].own == {"monto": "2000"}
    assert [(bad.row, bad.code) for bad in found.bad] == [(6, "phone_unreadable")]


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b";;\n;;\n"])
def test_it_says_that_a_file_is_empty(read_bytes: Callable[..., Found], content: bytes):
    with pytest.raises(RuleViolation) as problem:
        read_bytes(content)
    assert problem.value.code == "file_empty"


letters = st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from('\n",;'))
cells = st.text(letters, max_size=12).map(str.strip)
phone_cells = st.one_of(
    st.integers(0, 999_999).map(lambda n: f"0981 {n:06d}"),
    st.integers(0, 999_999).map(lambda n: f"+595981{n:06d}"),
    cells,
)


@examples
@given(st.lists(st.tuples(phone_cells, cells, cells), max_size=25), st.sampled_from(",;\t|"))
@example([("0981000001", '"', "a\r\nb")], ",")
def test_what_a_program_wrote_comes_back_or_is_named(
    tmp_path: Path, rows: list[tuple[str, str, str]], mark: str
):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerows([("numero", "nombre", "ciudad"), *rows])
    found = read(tmp_path / "file", out.getvalue().encode())
    by_row = {row.row: row for row in found.good}
    bad = {row.row for row in found.bad}
    assert not by_row.keys() & bad
    for number, (phone, nombre, ciudad) in enumerate(rows, start=2):
        if not (phone or nombre or ciudad):
            continue
        assert (number in by_row) != (number in bad)
        if number in by_row and not (nombre + ciudad).startswith("'"):
            assert by_row[number].nombre == " ".join(nombre.split())
            assert by_row[number].own.get("ciudad", "") == ciudad.replace("\r\n", "\n")


@examples
@given(
    st.lists(st.lists(st.text("ab 019+,;\t'\n", max_size=9), min_size=1, max_size=5), max_size=20),
    st.sampled_from(",;"),
)
def test_it_finds_the_same_with_and_without_a_quotation_mark_in_the_file(
    tmp_path: Path, rows: list[list[str]], mark: str
):
    lines = [mark.join(cell.replace("\n", "") for cell in row) for row in rows]
    head = mark.join(("numero", "nombre", "ciudad"))
    plain = read(tmp_path / "file", "\n".join([head, *lines, ""]).encode())
    last = mark.join(('"0981000001"', "Ana", "x"))
    quoted = read(tmp_path / "file", "\n".join([head, *lines, last]).encode())
    assert quoted.good[:-1] == plain.good
    assert quoted.bad == plain.bad


@examples
@given(st.binary(max_size=400))
def test_it_never_breaks_on_any_bytes(tmp_path: Path, content: bytes):
    try:
        found = read(tmp_path / "file", content)
    except RuleViolation:
        return
    assert all(row.phone.startswith("+") for row in found.good)


@examples
@given(st.data())
def test_it_never_breaks_on_a_damaged_sheet(tmp_path: Path, data: st.DataObject):
    content = bytearray(SHEET)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(tmp_path / "file", bytes(content))
    except RuleViolation:
        return
    assert len(found.good) <= 1
