"""Files made to break a reader: each gets a clear message or loses nothing, in bounded memory."""

import errno
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contact_files import read, workbook
from tests.stack import ROOT

MOST_MEMORY = 300  # MiB, of the process that reads
_READ = """
import json, sys
from pathlib import Path
from sender_app.domain.errors import RuleViolation
from tests.contact_files import read
try:
    found = read(Path(sys.argv[1]))
    said = {"good": len(found.good), "bad": [[row.row, row.code] for row in found.bad[:5]]}
except RuleViolation as problem:
    said = {"code": problem.code}
peak = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
print(json.dumps(said | {"peak": int(peak[0].split()[1]) // 1024}))
"""


def judged(path: Path) -> dict[str, object]:
    """What a process of its own says of the file; it may not take more than MOST_MEMORY."""
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
        timeout=500,
    )
    said = json.loads(done.stdout)
    assert said.pop("peak") < MOST_MEMORY
    return said


def line_of_100_mb(file: io.BufferedWriter) -> None:
    file.write(b"numero,nombre\n0981000001,Ana\n0981000002,")
    for _ in range(100):
        file.write(b"x" * 1_000_000)
    file.write(b"\n0981000003,Luis\n")


def only_a_line_of_100_mb(file: io.BufferedWriter) -> None:
    for _ in range(100):
        file.write(b"0981000001,Ana;" * 66_666)


def quote_over_everything(file: io.BufferedWriter) -> None:
    file.write(b'numero,nombre\n0982000001,"Ana\n')
    for n in range(300_000):
        file.write(b"0981%06d,Persona %d\n" % (n, n))


def sheet_bomb(file: io.BufferedWriter) -> None:
    """A gigabyte of noughts where the sheet should be, its size denied."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(1024):
                part.write(bytes(1024 * 1024))


def sheet_bomb_that_lies(file: io.BufferedWriter) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(300 * 1024 * 1024))
    content = bytearray(whole.getvalue())
    size = (300 * 1024 * 1024).to_bytes(4, "little")
    assert content.count(size) == 2
    file.write(bytes(content).replace(size, (1000).to_bytes(4, "little")))


def two_cells_in_opposite_corners(file: io.BufferedWriter) -> None:
    content = workbook([["numero", "nombre"], ["0981000001", "Ana"]])
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("sheet1.xml"):
                corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                part = part.replace(b"</sheetData>", corner)
            new.writestr(name, part)


def entities_of_entities(file: io.BufferedWriter) -> None:
    content = workbook([["numero"], ["0981000001"]])
    laughs = b'<!DOCTYPE x [<!ENTITY a "haha">' + b"".join(
        b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 10)
    )
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("sheet1.xml"):
                part = laughs + b"]>" + part.replace(b"</sheetData>", b"&j;</sheetData>")
            new.writestr(name, part)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (line_of_100_mb, {"good": 2, "bad": [[3, "row_too_long"]]}),
        (only_a_line_of_100_mb, {"code": "file_line_too_long"}),
        (quote_over_everything, {"good": 300_000, "bad": [[2, "quote_open"]]}),
        (sheet_bomb, {"code": "sheet_too_large"}),
        (sheet_bomb_that_lies, {"code": "sheet_too_large"}),
        (two_cells_in_opposite_corners, {"good": 1, "bad": [[1048576, "row_too_wide"]]}),
        (entities_of_entities, {"code": "sheet_damaged"}),
    ],
)
def test_it_keeps_its_memory(
    tmp_path: Path, make: Callable[[io.BufferedWriter], None], said: dict[str, object]
):
    path = tmp_path / "file"
    with path.open("wb") as file:
        make(file)
    assert judged(path) == said


HEAD = b"numero,nombre\n"
TEN_THOUSAND = ",".join(f"c{n}" for n in range(10_000)).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"\xff\xfe", "file_empty"),
        (bytes(10_000), "file_binary"),
        (bytes(range(256)) * 40, "file_binary"),
        (b"%PDF-1.7\n", "file_binary"),
        (b"\x89PNG\r\n\x1a\n", "file_binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet_old"),
        (b"PK\x03\x04" + bytes(99), "sheet_damaged"),
        (TEN_THOUSAND + b"\n" + TEN_THOUSAND, "file_too_many_columns"),
        (workbook([[f"c{n}" for n in range(10_000)]]), "file_too_many_columns"),
        (workbook([]), "file_empty"),
    ],
)
def test_it_says_what_a_file_is_instead_of_a_table(tmp_path: Path, content: bytes, code: str):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert judged(path) == {"code": code}


def test_nul_bytes_spoil_their_own_row(tmp_path: Path):
    found = read(tmp_path / "file", HEAD + b"0981000001,A\x00na\n0981000002,Luis\n")
    assert [(row.row, row.code) for row in found.bad] == [(2, "cell_unreadable")]
    assert [row.nombre for row in found.good] == ["Luis"]


def test_formulas_stay_texts(tmp_path: Path):
    found = read(tmp_path / "file", HEAD + b"0981000001,=cmd|'/C calc'!A0\n=1+1,@SUM(A1)\n")
    assert [row.nombre for row in found.good] == ["=cmd|'/C calc'!A0"]
    assert [row.code for row in found.bad] == ["phone_unreadable"]


def test_marks_of_direction_do_not_hide_a_number(tmp_path: Path):
    text = "numero,nombre\n\u202a+595\u00a0981 000001\u202c,\u200fליאור\u200e\n"
    found = read(tmp_path / "file", text.encode())
    assert [(row.phone, row.nombre) for row in found.good] == [
        ("+595981000001", "\u200fליאור\u200e")
    ]


def test_a_fault_of_the_disk_is_not_taken_for_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook([["numero"], ["0981000001"]]))

    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(zipfile.ZipExtFile, "read", fail)
    with pytest.raises(OSError, match="Input/output"):
        read(path)
