"""Whole columns of phone numbers to E.164, with the answers of `domain.phone.normalise`.

Plainly written numbers are read by the numbering plans' own patterns, a column at a time (under a
microsecond each). Whatever is not plain, or where the plans' rules could say something else, is
left to `normalise` (some 50 µs): a test compares the two over every country.
"""

from dataclasses import dataclass
from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from sender_app.domain import phone as phones
from sender_app.domain.errors import RuleViolation

_PLAIN = r"^\(?\+?[0-9][0-9 ().\-\u00a0]*$"
_TYPES = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number"),
    *("voip", "pager", "uan", "voicemail"),
)
_OLD_FORMS = {"MX": 3}  # digits that a given-up national form is longer than today's longest


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbering plan of one region, as phonenumbers knows it."""

    region: str
    code: str  # calling code
    general: str
    types: str
    leading: str | None
    longest: int
    dialled_abroad: str  # what is dialled before a calling code
    trunk: str | None  # what is dialled before a national number
    trunk_rewrites: bool


def normalised(raw: pl.Series, country: str) -> pl.DataFrame:
    """Columns `phone` (E.164, null where there is none) and `code` (why not, as in RuleViolation).

    `raw` holds text without nulls, read as dialled in `country`; the rows keep their order.
    """
    text = raw.str.replace_all(f"[{phones.INVISIBLE}]", "").str.strip_chars()
    plain = text.str.contains(_PLAIN) & ~text.str.contains(phones.WHOLE)
    quick = (
        pl.DataFrame({"n": pl.int_range(raw.len(), dtype=pl.UInt32, eager=True), "text": text})
        .filter(plain)
        .select(
            "n",
            pl.col("text").str.contains("+", literal=True).alias("plus"),
            pl.col("text").str.replace_all("[^0-9]", "").alias("digits"),
        )
    )
    found = _quick(quick, country)
    phone = pl.Series("phone", [None], dtype=pl.String).new_from_index(0, raw.len())
    phone = phone.scatter(found["n"], found["phone"])
    return _rest(raw, phone, country)


def _rest(raw: pl.Series, phone: pl.Series, country: str) -> pl.DataFrame:
    """What is still null asked of `normalise`, each writing once."""
    code = pl.Series("code", [None], dtype=pl.String).new_from_index(0, raw.len())
    left = phone.is_null().arg_true()
    if left.len() == 0:
        return pl.DataFrame({"phone": phone, "code": code})
    texts = raw.gather(left)
    answers = {text: _answer(text, country) for text in texts.unique()}
    said = [answers[text] for text in texts]
    phone = phone.scatter(left, pl.Series([one[0] for one in said], dtype=pl.String))
    code = code.scatter(left, pl.Series([one[1] for one in said], dtype=pl.String))
    return pl.DataFrame({"phone": phone.rename("phone"), "code": code.rename("code")})


def _answer(text: str, country: str) -> tuple[str | None, str | None]:
    try:
        return phones.normalise(text, country), None
    except RuleViolation as problem:
        return None, problem.code


def _quick(rows: pl.DataFrame, country: str) -> pl.DataFrame:
    """Columns `n` and `phone` of the rows (`n`, `plus`, `digits`) that can only be read one way."""
    home = _plan(country)
    digits = pl.col("digits")
    if home is None:
        return _abroad(rows.filter("plus").select("n", "digits"))
    if home.dialled_abroad == "00":
        coded = digits.str.starts_with("00")
        abroad = pl.col("plus") | coded
        rows = rows.with_columns(
            plus=abroad,
            digits=pl.when(~pl.col("plus") & coded).then(digits.str.slice(2)).otherwise(digits),
        )
    else:
        doubtful = digits.str.contains(f"^(?:{home.dialled_abroad}|00)")
        rows = rows.filter(pl.col("plus") | ~doubtful)
    abroad = rows.filter("plus").select("n", "digits")
    local = rows.filter(~pl.col("plus")).select("n", "digits")
    parts = [_abroad(abroad)]
    own = digits.str.starts_with(home.code)
    parts.append(_own_code(local.filter(own), home))
    national = _national(local.filter(~own), home)
    parts.append(national)
    # Too long for the country, and carrying no prefix of it: it can only be another country's.
    longest = home.longest + _OLD_FORMS.get(country, 0)
    foreign = local.filter(~own & (digits.str.len_bytes() > longest) & ~digits.str.starts_with("0"))
    parts.append(_abroad(foreign.filter(_trunk_length(home) == 0)))
    return pl.concat(parts)


def _national(rows: pl.DataFrame, home: _Plan) -> pl.DataFrame:
    """Numbers as dialled within the country, with or without the trunk prefix."""
    digits = pl.col("digits")
    rows = rows.with_columns(trunk=_trunk_length(home))
    if home.trunk_rewrites:
        rows = rows.filter(pl.col("trunk") == 0)
    bare = digits.str.slice(pl.col("trunk"))
    keeps = _matches(digits, home.general) & ~_matches(bare, home.general)
    rows = rows.select("n", national=pl.when(keeps).then(digits).otherwise(bare))
    return _valid(rows, home.code)


def _own_code(rows: pl.DataFrame, home: _Plan) -> pl.DataFrame:
    """Numbers that begin with the country's own calling code, without a +."""
    doubtful = _matches(pl.col("digits"), home.general)
    rows = rows.filter(~doubtful).select("n", digits=pl.col("digits").str.slice(len(home.code)))
    return _valid(rows.filter(_trunk_length(home) == 0).rename({"digits": "national"}), home.code)


def _abroad(rows: pl.DataFrame) -> pl.DataFrame:
    """Numbers that begin with some country's calling code."""
    found = [pl.DataFrame(schema={"n": pl.UInt32, "phone": pl.String})]
    for length in (1, 2, 3):
        head = pl.col("digits").str.slice(0, length)
        for code in rows.select(head.unique()).to_series():
            regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code else None
            plan = _plan(regions[0]) if regions and not code.startswith("0") else None
            if plan is None:
                continue
            own = rows.filter(head == code).select("n", digits=pl.col("digits").str.slice(length))
            own = own.filter(_trunk_length(plan) == 0)
            found.append(_valid(own.rename({"digits": "national"}), code))
    return pl.concat(found)


def _valid(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """Columns `n` and `phone` of rows (`n`, `national`) that the plans of the calling code have."""
    national = pl.col("national")
    valid = pl.lit(False)
    for region in reversed(COUNTRY_CODE_TO_REGION_CODE[int(code)]):
        plan = _plan(region)
        if plan is None:
            continue
        fits = _matches(national, plan.general) & _matches(national, plan.types)
        # With several regions behind one code, the first that claims the number decides.
        claims = national.str.contains(f"^(?:{plan.leading})") if plan.leading else fits
        valid = pl.when(claims).then(fits).otherwise(valid)
    plain = ~national.str.starts_with("0")  # a leading nought is part of some numbers in Italy
    return rows.filter(valid & plain).select("n", phone=pl.lit(f"+{code}") + national)


def _matches(text: pl.Expr, pattern: str) -> pl.Expr:
    return text.str.contains(f"^(?:{pattern})$")


def _trunk_length(plan: _Plan) -> pl.Expr:
    """How many digits of the trunk prefix `digits` begins with."""
    if plan.trunk is None:
        return pl.lit(0)
    return pl.col("digits").str.extract(f"^({plan.trunk})").str.len_bytes().fill_null(0)


@cache
def _plan(region: str) -> _Plan | None:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    general = metadata.general_desc if metadata is not None else None
    if metadata is None or general is None or general.national_number_pattern is None:
        return None
    types = [getattr(metadata, name) for name in _TYPES]
    patterns = [one.national_number_pattern for one in types if one and one.national_number_pattern]
    return _Plan(
        region,
        str(metadata.country_code),
        general.national_number_pattern,
        "|".join(f"(?:{pattern})" for pattern in patterns),
        metadata.leading_digits,
        max(general.possible_length),
        metadata.international_prefix or "00",
        metadata.national_prefix_for_parsing,
        bool(metadata.national_prefix_transform_rule),
    )
