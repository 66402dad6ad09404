"""Columns of phone numbers: the quick reading gives the answers of the slow one."""

import random

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from sender_app.adapters.contact_files.phones import normalised
from sender_app.domain import phone
from sender_app.domain.errors import RuleViolation

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)


def slow(raw: str, country: str) -> tuple[str | None, str | None]:
    try:
        return phone.normalise(raw, country), None
    except RuleViolation as problem:
        return None, problem.code


def agree(raw: list[str], country: str) -> None:
    found = normalised(pl.Series("raw", raw, dtype=pl.String), country).rows()
    assert found == [slow(one, country) for one in raw]


def writings(region: str, chance: random.Random) -> list[str]:
    """Numbers of a region near its examples, right and wrong, as people write them."""
    found: list[str] = []
    for kind in TYPES:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        national = str(example.national_number)[:-3] + f"{chance.randrange(1000):03d}"
        number = PhoneNumber(
            example.country_code, int(national), italian_leading_zero=example.italian_leading_zero
        )
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        found += [e164, e164[1:], "00" + e164[1:], national, "0" + national, "8" + national]
        found += [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)]
        found += [phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)]
        found += [national[1:], e164 + "0", e164[:-1], "1" + national, f"({e164})", "0" + e164[1:]]
    return found


@pytest.mark.parametrize("country", ["PY", "BR", "AR", "MX", "US", "ES", "IT", "GB", "RU", "CO"])
def test_it_agrees_over_numbers_of_every_country(country: str):
    chance = random.Random(country)  # noqa: S311 - examples, no secrets
    everywhere = [raw for region in REGIONS for raw in writings(region, chance)]
    home = [raw for _ in range(60) for raw in writings(country, chance)]
    agree(chance.sample(everywhere, 1500) + home, country)


@pytest.mark.parametrize("country", REGIONS)
def test_it_agrees_in_every_country(country: str):
    chance = random.Random(country)  # noqa: S311 - examples, no secrets
    agree([raw for _ in range(3) for raw in writings(country, chance)], country)


written = st.one_of(
    st.text(max_size=25),
    st.text("0123456789 +-().\u00a0/", max_size=18),
    st.from_regex(r"\A\(?(\+|00)?[1-9][0-9 ().\-]{5,16}\Z"),
    st.from_regex(r"\A(595|0|\+595 ?)?9[6-9][0-9]{7}([.,]0)?\Z"),
)


@settings(max_examples=300)
@given(st.lists(written, max_size=30), st.sampled_from(REGIONS))
def test_it_agrees_over_anything(raw: list[str], country: str):
    agree(raw, country)
