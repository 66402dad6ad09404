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
        ("5.95981000001E+11", "PY", "+595981000001"),
        ("595981000001.0", "PY", "+595981000001"),
        ('="0981000001"', "PY", "+595981000001"),
        ("'0981000001", "PY", "+595981000001"),
        ("\u202a+595 981\u00a0000\u2013001\u202c", "PY", "+595981000001"),
        ("11 8123-4567", "BR", "+5511981234567"),  # from before the ninth digit
        ("+55 51 8123-4567", "PY", "+5551981234567"),
        ("5181234567", "BR", "+5551981234567"),
        ("+52 1 55 1234 5678", "PY", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("011 15 1234-5678", "AR", "+5491112345678"),
        ("+54 9 11 1234-5678", "PY", "+5491112345678"),
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
        ("5.959810000012E+11", "phone_scientific"),
        ("abc", "phone_unreadable"),
        ("0981", "phone_invalid"),
    ],
)
def test_it_says_why_not(raw: str, code: str):
    with pytest.raises(RuleViolation) as problem:
        phone.normalise(raw, "PY")
    assert problem.value.code == code


@pytest.mark.parametrize(
    ("number", "others"),
    [
        ("+5511981234567", ("+551181234567",)),
        ("+551132345678", ()),  # a landline has no ninth digit
        ("+525512345678", ("+5215512345678",)),
        ("+5491112345678", ("+541112345678",)),
        ("+541112345678", ("+5491112345678",)),
        ("+595981000001", ()),
    ],
)
def test_it_names_the_older_forms_that_whatsapp_may_know(number: str, others: tuple[str, ...]):
    assert phone.candidates(number) == (number, *others)


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
