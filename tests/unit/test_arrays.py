"""Arrays in Postgres' binary form."""

from uuid import UUID

import pytest
from psycopg.adapt import Transformer
from psycopg.pq import Format

from sender_app.stores.postgres.arrays import doubles, keys, numbers_of, texts, uuids

BASE = "01a22d13-608c-78ff-96f8-b7eb"


def elements(found: bytes, size: int) -> list[bytes]:
    """What stands behind the header and each length."""
    step = 4 + size
    return [found[n + 4 : n + step] for n in range(20, len(found), step)]


def test_a_key_is_the_number_upon_the_base_with_eight_digits():
    found = keys(BASE, [0, 1, 255, 14 << 28])
    assert [UUID(bytes=one) for one in elements(found, 16)] == [
        UUID(f"{BASE}{tail}") for tail in ("10000000", "10000001", "100000ff", "f0000000")
    ]
    assert found[:20] == b"".join(n.to_bytes(4) for n in (1, 0, 2950, 4, 1))


def test_it_reads_numbers_of_either_end_of_the_range():
    wanted = [1, 0, 70_000, (1 << 31) - 1]
    header = b"".join(n.to_bytes(4) for n in (1, 0, 23, len(wanted), 1))
    found = numbers_of(header + b"".join((4).to_bytes(4) + n.to_bytes(4) for n in wanted))
    assert list(found) == wanted


def read(found: bytes, oid: int) -> object:
    """What psycopg understands of an array of that type."""
    return Transformer().get_loader(oid, Format.BINARY).load(found)


@pytest.mark.parametrize(
    "wanted", [[], [UUID(int=1)], [UUID(int=0), None, UUID(BASE + "ffffffff")]]
)
def test_psycopg_reads_the_keys_that_were_written(wanted: list[UUID | None]):
    assert read(uuids(wanted), 2951) == wanted


@pytest.mark.parametrize(
    "wanted", [[], ["a"], ["", None, 'Niños {3} "A", \\ NULL', "\n", "😀" * 99]]
)
def test_psycopg_reads_the_texts_that_were_written(wanted: list[str | None]):
    assert read(texts(wanted), 1009) == wanted


@pytest.mark.parametrize("wanted", [[], [0.0], [1796248800.123456, -1.5, 1e300]])
def test_psycopg_reads_the_numbers_that_were_written(wanted: list[float]):
    assert read(doubles(wanted), 1022) == wanted
