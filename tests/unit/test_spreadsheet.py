"""Cells that spreadsheets do not take for formulas, and files that read back."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from uuid import UUID

import pytest

from sender_app.adapters.contact_sheets import csv_pieces, write_xlsx
from sender_app.domain.phone import normalise
from sender_app.domain.spreadsheet import guarded, written_phone
from sender_app.ports.store.contacts import Contact

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''+x", "=cmd|' /C calc'!A0")
CALM = ("", "Ana", "O'Brien", "'tis", "a=b", "María-José", "1 + 1")


@pytest.mark.parametrize("text", EVIL)
def test_what_might_be_a_formula_begins_with_an_apostrophe_more(text: str):
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", CALM)
def test_other_text_stays_as_it_is(text: str):
    assert guarded(text) == text


@pytest.mark.parametrize("phone", ["+595981000001", "+5491155550005", "+12025550123"])
def test_a_phone_is_text_to_a_spreadsheet_and_reads_back_in_any_country(phone: str):
    written = written_phone(phone)
    assert written == guarded(written)
    assert not written.replace(" ", "").isdigit()
    for country in ("PY", "US", "AR"):
        assert normalise(written, country) == phone


def contact(n: int, nombre: str, **fields: str) -> Contact:
    phone = f"+59598100{n:04d}"
    id_, out = UUID(int=n), n == 1
    return Contact(
        *(id_, phone, nombre, "Sr.", "Padres", "csv", NOW, NOW, ("VIP",), out), fields=fields
    )


def test_a_csv_has_a_heading_and_everybody_in_safe_cells():
    pages = [[contact(1, "=HYPERLINK(1)", saldo="=2"), contact(2, 'Ana "A", B')]]
    pages.append([contact(3, "Zoë", saldo="120")])
    text = b"".join(csv_pieces(pages, ["saldo"])).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [
        *("numero", "sustantivo", "nombre", "grupo", "saldo"),
        *("sender_otros_grupos", "sender_baja", "sender_whatsapp"),
    ]
    assert [row[4] for row in rows[1:]] == ["'=2", "", "120"]
    assert [row[2] for row in rows[1:]] == ["'=HYPERLINK(1)", 'Ana "A", B', "Zoë"]
    assert rows[1] == [
        *("(+595) 981 000001", "Sr.", "'=HYPERLINK(1)", "Padres", "'=2", "VIP"),
        *("x", "unknown"),
    ]


def test_a_workbook_holds_text_and_no_formula():
    file = io.BytesIO()
    write_xlsx([[contact(1, "=1+1")], [contact(2, "Zoë", saldo="=3+4")]], ["saldo"], file)
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1" in sheet
    assert "=3+4" in sheet
    assert "+595981000002" in sheet
    assert sheet.count("<row ") == 3
