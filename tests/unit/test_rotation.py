"""Logs that do not grow without limit."""

from pathlib import Path

from sender_app.local.rotation import KEPT, rotate


def test_a_small_log_is_left_alone(tmp_path: Path):
    log = tmp_path / "web.log"
    assert not rotate(log, 10)
    log.write_text("0123456789")
    assert not rotate(log, 10)
    assert log.read_text() == "0123456789"


def test_a_writer_goes_on_in_the_emptied_log_and_the_last_ones_are_kept(tmp_path: Path):
    log = tmp_path / "web.log"
    with log.open("a") as writer:
        for n in range(KEPT + 2):
            writer.write(f"log {n}")
            writer.flush()
            assert rotate(log, 4)
            assert log.stat().st_size == 0
        writer.write("now")
    assert log.read_text() == "now"
    older = [log.with_name(f"web.log.{n}") for n in range(1, KEPT + 1)]
    assert [path.read_text() for path in older] == [f"log {n}" for n in (4, 3, 2)]
    assert len(list(tmp_path.iterdir())) == KEPT + 1
