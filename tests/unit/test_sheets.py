"""Files of tables."""

import io
import zipfile
from datetime import datetime
from xml.etree import ElementTree

from sender_app.adapters.sheets import CsvWriter, XlsxWriter

ROWS = [
    ("Teléfono", "Nombre", "Variante", "Enviado"),
    ("+595981000001", '=HYPERLINK("http://x")', 2, datetime(2026, 11, 24, 9, 5, 7)),
    ("+595981000002", '@Ana, "la" de -1', 1, None),
]
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_csv_keeps_phones_and_accents_and_defuses_formulas():
    text = CsvWriter().write(ROWS).decode("utf-8-sig")
    assert text.splitlines() == [
        "Teléfono,Nombre,Variante,Enviado",
        '+595981000001,"\'=HYPERLINK(""http://x"")",2,2026-11-24 09:05:07',
        '+595981000002,"\'@Ana, ""la"" de -1",1,',
    ]


def test_xlsx_holds_text_as_text_and_times_as_times():
    with zipfile.ZipFile(io.BytesIO(XlsxWriter().write(ROWS))) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    assert list(sheet.iter(f"{CELL}f")) == []  # no formulas
    texts = [cell.text for cell in sheet.iter(f"{CELL}t")]
    assert texts[4:] == ["+595981000001", '=HYPERLINK("http://x")', *ROWS[2][:2]]
    numbers = [cell.text for cell in sheet.iter(f"{CELL}v")]
    assert numbers[0] == "2"
    assert numbers[1].startswith("46350.37")  # days since 1900, as spreadsheets count


def test_xlsx_begins_another_sheet_when_one_is_full(monkeypatch):
    monkeypatch.setattr("sender_app.adapters.sheets._ROWS", 2)
    with zipfile.ZipFile(io.BytesIO(XlsxWriter().write(ROWS))) as book:
        assert "xl/worksheets/sheet2.xml" in book.namelist()
