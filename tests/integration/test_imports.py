"""Files of contacts through the real parts: worker, RQ, Postgres and the media folder."""

import os
import signal
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from sender_app.domain.actor import Actor, Role
from sender_app.domain.contact_import import ContactImport, ImportStatus
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from tests.contact_files import workbook
from tests.stack import Stack, children, eventually

HEAD = "Teléfono;Nombre;Ciudad\n"
ENDED = (ImportStatus.CHECKED, ImportStatus.DONE, ImportStatus.FAILED)


def people(count: int, start: int = 0) -> str:
    return "".join(f"0981{n:06d};Persona {n};Luque\n" for n in range(start, start + count))


def keep(stack: Stack, content: bytes, name: str = "clientes.csv") -> ContactImport:
    upload = stack.services.imports.open_upload(stack.actor, name)
    for at in range(0, len(content), 100_000):
        upload.write(content[at : at + 100_000])
    return stack.services.imports.keep(stack.actor, upload)


def now(stack: Stack, import_id: UUID) -> ContactImport:
    return stack.store.imports.get(stack.actor.workspace_id, import_id)


def ended(stack: Stack, import_id: UUID, timeout: float = 40) -> ContactImport:
    eventually(lambda: now(stack, import_id).status in ENDED, timeout, "the end of the step")
    return now(stack, import_id)


def check(stack: Stack, found: ContactImport) -> ContactImport:
    stack.services.imports.check(stack.actor, found.id, list(found.columns))
    found = ended(stack, found.id)
    assert found.status is ImportStatus.CHECKED, (found.error_code, found.error_params)
    return found


def rejected(stack: Stack, found: ContactImport) -> str:
    with stack.services.imports.rejected(stack.actor, found.id) as (_name, blocks):
        return b"".join(blocks).decode("utf-8-sig")


def count(stack: Stack) -> int:
    return sum(len(rows) for rows in stack.services.contacts.export(stack.actor))


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_a_file_is_checked_imported_mended_and_imported_again(stack: Stack):
    bad = 'abc;"Mala; o no";=1+1\n;Vacía;Luque\n'
    found = keep(stack, (HEAD + people(300) + bad + people(1)).encode())
    assert (found.status, found.columns) == (ImportStatus.READY, ("numero", "nombre", "ciudad"))
    found = check(stack, found)
    counts = found.counts
    assert (counts.good, counts.bad, counts.repeated, counts.created) == (301, 2, 1, 300)
    assert [row.code for row in found.bad_rows] == ["phone_unreadable", "phone_blank"]
    assert found.good_rows[0].fields["ciudad"] == "Luque"
    assert count(stack) == 0
    stack.services.imports.start(stack.actor, found.id)
    found = ended(stack, found.id)
    assert (found.status, found.counts.created, count(stack)) == (ImportStatus.DONE, 300, 300)

    lines = rejected(stack, found).splitlines()
    assert lines[0] == "sender_fila;sender_motivo;Teléfono;Nombre;Ciudad"
    assert lines[1] == '302;No es un número de teléfono;abc;"Mala; o no";\'=1+1'
    mended = "\n".join(lines).replace("abc", "0982000001").replace(";;Vacía", ";0982000002;Vacía")
    again = check(stack, keep(stack, mended.encode("utf-8-sig")))
    assert (again.counts.good, again.counts.bad, again.counts.created) == (2, 0, 2)
    assert again.good_rows[0].nombre == "Mala; o no"
    assert again.good_rows[0].own == {"ciudad": "=1+1"}


def test_a_sheet_takes_the_same_way_and_columns_can_be_corrected(stack: Stack):
    rows = [["Dato", "Otro"], ["Ana", 595981000001], ["Luis", "0981 000 002"]]
    found = keep(stack, workbook(rows), "clientes.xlsx")
    assert found.columns == ("dato", "numero")
    with pytest.raises(RuleViolation) as problem:
        stack.services.imports.check(stack.actor, found.id, ["nombre", "nombre"])
    assert problem.value.code == "columns_without_phone"
    stack.services.imports.check(stack.actor, found.id, ["nombre", "numero"])
    found = ended(stack, found.id)
    assert [row.nombre for row in found.good_rows] == ["Ana", "Luis"]
    stack.services.imports.start(stack.actor, found.id)
    assert ended(stack, found.id).status is ImportStatus.DONE


def test_nothing_is_left_of_what_was_cancelled(stack: Stack, tmp_path: Path):
    found = check(stack, keep(stack, (HEAD + people(50_000)).encode()))
    stack.services.imports.start(stack.actor, found.id)
    stack.services.imports.cancel(stack.actor, found.id)
    assert now(stack, found.id).status is ImportStatus.CANCELLED
    assert [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()] == []
    with pytest.raises(RuleViolation):
        stack.services.imports.start(stack.actor, found.id)
    assert stack.services.imports.current(stack.actor) is None
    other = check(stack, keep(stack, (HEAD + people(1)).encode()))  # the worker went on
    assert other.counts.created == 1  # and the book is as it was
    assert count(stack) == 0


def test_an_import_outlives_the_process_that_was_at_it(stack: Stack, database_url: str):
    found = check(stack, keep(stack, (HEAD + people(20_000)).encode()))
    with psycopg.connect(database_url) as blocker:
        blocker.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")  # so that it stands still
        stack.services.imports.start(stack.actor, found.id)
        horse = eventually(lambda: _horse(stack, found.id), what="the job")
        os.kill(horse, signal.SIGKILL)
        eventually(lambda: now(stack, found.id).attempt == 3, what="another job")
    done = ended(stack, found.id)
    assert (done.status, done.attempt) == (ImportStatus.DONE, 3)
    assert count(stack) == 20_000


def _horse(stack: Stack, import_id: UUID) -> int | None:
    """The process of the import's job, once it has begun."""
    assert stack.process is not None
    if now(stack, import_id).attempt != 2:
        return None
    for pid in children(stack.process.pid):
        words = Path(f"/proc/{pid}/environ").exists() and children(pid)
        if words and len(words) == 1 and not children(words[0]):
            return words[0]
    return None


def test_jobs_that_keep_dying_over_a_file_are_told(stack: Stack):
    found = keep(stack, (HEAD + people(10)).encode())
    stack.stop_worker()
    stack.services.imports.check(stack.actor, found.id, list(found.columns))
    for _ in range(3):
        assert stack.store.imports.begin(found.id) is not None
        stack.store.imports.release(found.id)
    stack.start_worker()
    failed = ended(stack, found.id)
    assert (failed.status, failed.error_code) == (ImportStatus.FAILED, "import_interrupted")
    assert count(stack) == 0


def test_a_file_without_a_table_is_not_kept(stack: Stack, tmp_path: Path):
    with pytest.raises(RuleViolation) as problem:
        keep(stack, b"%PDF-1.7 ...")
    assert problem.value.code == "file_binary"
    assert [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()] == []


def test_roles_and_workspaces_are_minded(stack: Stack):
    imports = stack.services.imports
    found = keep(stack, (HEAD + people(1)).encode())
    bob = Actor("bob", stack.actor.workspace_id, Role.VIEWER)
    for forbidden in (
        lambda: imports.open_upload(bob, "x.csv"),
        lambda: imports.check(bob, found.id, ["numero"]),
        lambda: imports.start(bob, found.id),
        lambda: imports.cancel(bob, found.id),
        lambda: imports.dismiss(bob, found.id),
    ):
        with pytest.raises(NotPermitted):
            forbidden()
    charlie = stack.services.workspaces.actor_for("charlie", "Charlie")
    with pytest.raises(NotFound):
        imports.check(charlie, found.id, ["numero"])
    with pytest.raises(NotFound), imports.rejected(charlie, found.id):
        pass
