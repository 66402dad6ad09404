"""Phone numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender_app.domain import phone
from sender_app.domain.errors import RuleViolation


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("0981 000 001", "PY", "+595981000001"),
        ("595981000001", "PY", "+595981000001"),
        ("+595 981 000-001", "PY", "+595981000001"),
        ("00595981000001", "PY", "+595981000001"),
        ("+55 11 91234-5678", "PY", "+5511912345678"),
        ("11 91234-5678", "BR", "+5511912345678"),
        ("5511912345678", "PY", "+5511912345678"),
    ],
)
def test_it_reads_what_people_type(raw: str, country: str, expected: str):
    assert phone.normalise(raw, country) == expected


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "phone_blank"),
        ("  ", "phone_blank"),
        ("5,95981E+11", "phone_scientific"),
        ("5.95981e11", "phone_scientific"),
        ("abc", "phone_unreadable"),
        ("0981", "phone_invalid"),
    ],
)
def test_it_says_why_not(raw: str, code: str):
    with pytest.raises(RuleViolation) as problem:
        phone.normalise(raw, "PY")
    assert problem.value.code == code


@given(st.text(max_size=40))
def test_it_gives_e164_or_a_reason_for_anything(raw: str):
    try:
        result = phone.normalise(raw, "PY")
    except RuleViolation:
        return
    assert result.startswith("+")
    assert result[1:].isdigit()


def test_it_hides_the_middle_in_logs():
    assert phone.masked("+595981000001") == "+595…001"
