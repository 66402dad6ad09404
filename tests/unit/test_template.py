"""Templates."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import (
    MAX_LENGTH,
    MAX_VARIANTS,
    Message,
    Template,
    checked,
    checked_message,
    message_of,
    recipient_key,
)
from sender_app.domain.template_syntax import escape
from sender_app.text import texts

ANA = {"nombre": "Ana", "sustantivo": "Sra.", "grupo": "", "fecha_de_pago": "3/4", "numero": "+595"}
CAMPAIGN = UUID(int=7)


def broken(text: str) -> RuleViolation:
    with pytest.raises(RuleViolation) as problem:
        Template(text)
    return problem.value


def place(text: str) -> tuple[int, int, str] | None:
    """Where a text is wrong, if it is."""
    try:
        Template(text)
    except RuleViolation as problem:
        line, column, near = (problem.params[name] for name in ("line", "column", "near"))
        return int(str(line)), int(str(column)), str(near)
    return None


def test_it_fills_placeholders_without_regard_to_case():
    text = Template("Hola {Sustantivo} { nombre }").render(ANA)
    assert text == "Hola Sra. Ana"


def test_it_never_sends_a_hole():
    with pytest.raises(RuleViolation) as problem:
        Template("Hola {nombre}").render({"nombre": "  "})
    assert problem.value.code == "placeholder_empty"
    assert problem.value.params == {"names": "nombre"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{grupo|vecinos}", "vecinos"),
        ("{nombre|cliente}", "Ana"),
        ("Hola{grupo|}", "Hola"),  # a blank fallback is a person's choice
        ("{Fecha de Pago} {NÚMERO}", "3/4 +595"),
        ("{Estimado/a} {nombre}", "Estimada Ana"),
        ("{querido/querida}", "querida"),
        (r"\{nombre\} a\|b c:\dir", r"{nombre} a|b c:\dir"),
        (r"c:\\{nombre} \\\{x", r"c:\Ana \{x"),
        ("a|b 3/4", "a|b 3/4"),
        ("{grupo|a / b}", "a / b"),
    ],
)
def test_it_reads(text: str, message: str):
    assert Template(text).render(ANA) == message


def test_agreement_needs_a_treatment_or_a_fallback():
    assert Template("{estimado/a}").missing({"sustantivo": "Lic."}) == (
        "sustantivo (estimado/estimada)",
    )
    assert Template("{estimado/a|hola}").render({"sustantivo": "Lic."}) == "hola"
    assert Template("{estimado/a}").placeholders == ("sustantivo",)


def test_it_names_each_placeholder_once_in_order():
    assert Template("{b} {{ {a}|{b}}} {b}").placeholders == ("b", "a")


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("Hola {nombre", "template_unclosed", 1, 6),
        ("Hola\nqué {nombre\ntal}", "template_unclosed", 2, 5),
        ("Hola {{a|b}", "template_stray_brace", 1, 11),
        ("Hola {{a|b", "template_unclosed", 1, 6),
        ("Hola nombre}", "template_stray_brace", 1, 12),
        ("\n\n{}", "template_name_blank", 3, 1),
        ("{|x}", "template_name_blank", 1, 1),
        ("{?}", "template_name_blank", 1, 1),
        ("{nombre|a|b}", "template_second_bar", 1, 10),
        ("{a {b}}", "template_nested", 1, 4),
        ("{{a|{{b|c}}}}", "template_nested", 1, 5),
        ("{{nombre}}", "template_choice_single", 1, 1),
        ("{/a}", "template_agreement_blank", 1, 1),
        ("{a/b/c}", "template_agreement_blank", 1, 1),
    ],
)
def test_it_says_what_is_wrong_and_where(text: str, code: str, line: int, column: int):
    problem = broken(text)
    assert (problem.code, problem.params["line"], problem.params["column"]) == (code, line, column)
    assert f"error.{code}" in texts("es")


@given(st.text(alphabet="ab {}|/\\\n"))
def test_every_error_points_at_a_sign_of_the_text(text: str):
    where = place(text)
    if where is not None:
        line, column, near = where
        rest = text.split("\n")[line - 1][column - 1 :]
        assert rest[0] in "{}|"
        assert rest.startswith(near)


@pytest.mark.parametrize(
    ("text", "code"), [("   ", "template_blank"), ("x" * (MAX_LENGTH + 1), "template_too_long")]
)
def test_it_refuses_a_text_that_cannot_be_sent(text: str, code: str):
    with pytest.raises(RuleViolation) as problem:
        checked(text)
    assert problem.value.code == code


def test_it_takes_one_to_five_variants():
    with pytest.raises(RuleViolation, match="template_blank"):
        checked_message([])
    with pytest.raises(RuleViolation, match="too_many_variants"):
        checked_message(["x"] * (MAX_VARIANTS + 1))
    assert len(checked_message(["x"] * MAX_VARIANTS).variants) == MAX_VARIANTS


@given(st.text())
def test_it_sends_any_text_as_it_is_once_escaped(text: str):
    assert Template(escape(text)).render({}) == text


@given(st.text(alphabet=st.characters(exclude_characters="{}\\")))
def test_it_leaves_a_text_without_marks_alone(text: str):
    assert Template(text).render({}) == text


@given(st.text(min_size=1).filter(str.strip))
def test_it_does_not_interpret_values(value: str):
    assert Template("<{nombre}>").render({"nombre": value}) == f"<{value}>"


plain = st.text(max_size=8) | st.text(alphabet="a{}|\\\n", max_size=8)
blank_or_value = st.sampled_from([None, "", " ", "Ana", "{x}", "a|b"])
# Pairs of a source and the texts that it may become; None for a hole.
literal = plain.map(lambda text: (escape(text), {text}))
placeholder = st.tuples(
    st.sampled_from(["uno", "dos"]),
    st.none() | plain.filter(lambda text: "\n" not in text),
)


def before_sign(source: str) -> str:
    """A source whose last backslashes mean themselves though a sign follows."""
    return source + "\\" * (len(source) - len(source.rstrip("\\")))


def filled(mark: tuple[str, str | None], fields: dict[str, str | None]) -> tuple[str, set[object]]:
    name, fallback = mark
    value = fields[name]
    rest = "" if fallback is None else "|" + before_sign(escape(fallback))
    source = f"{{{name}{rest}}}"
    return source, {value if value and value.strip() else fallback}


@given(
    st.lists(st.one_of(literal, placeholder, st.lists(literal, min_size=2, max_size=4))),
    st.fixed_dictionaries({"uno": blank_or_value, "dos": blank_or_value}),
    st.binary(max_size=8),
)
def test_it_neither_loses_nor_invents_text(pieces: list, fields: dict, key: bytes):
    source, possible, complete = "", {""}, True
    for piece in pieces:
        if isinstance(piece, list):
            text = "{{" + "|".join(before_sign(option[0]) for option in piece) + "}}"
            results = set().union(*(option[1] for option in piece))
        elif isinstance(piece[1], set):
            text, results = piece
        else:
            text, results = filled(piece, fields)
        complete = complete and None not in results
        sign_follows = text.lstrip("\\")[:1] in ("{", "}", "|")
        source = (before_sign(source) if sign_follows else source) + text
        possible = {f"{before}{result}" for before in possible for result in results}
    template = Template(source)
    if complete:
        assert template.render(fields, key) in possible
    else:
        with pytest.raises(RuleViolation, match="placeholder_empty"):
            template.render(fields, key)


def test_a_person_gets_the_same_text_at_every_rendering():
    source = ("{{hola|buenas|qué tal}} {nombre}", "Buen día {{a|b}}", "Tercera")
    key = recipient_key(CAMPAIGN, "+595981000001")
    first = Message(tuple(map(Template, source))).render(ANA, key)
    assert all(message_of(source).render(ANA, key) == first for _ in range(5))


def test_variants_and_choices_are_spread_evenly_and_apart_from_each_other():
    message = message_of(("1{{a|b|c}}", "2{{a|b|c}}"))
    keys = [recipient_key(CAMPAIGN, f"+59598{n:07d}") for n in range(6000)]
    got = Counter(message.render({}, key) for key in keys)
    assert len(got) == 6
    assert all(900 < count < 1100 for count in got.values())


def test_another_campaign_draws_anew():
    message = message_of(("a", "b", "c", "d", "e"))
    phones = [f"+59598{n:07d}" for n in range(100)]
    one, other = (
        [message.variant_of(recipient_key(UUID(int=n), phone)) for phone in phones] for n in (1, 2)
    )
    assert one != other


def test_every_variant_and_choice_has_to_be_complete_for_everybody():
    message = message_of(("Hola {{ {grupo}|{nombre}}}", "{sustantivo} {apodo}"))
    assert message.missing(ANA) == ("grupo", "apodo")
    assert message.missing(ANA | {"grupo": "G", "apodo": "A"}) == ()
    assert message.placeholders == ("grupo", "nombre", "sustantivo", "apodo")


def test_it_never_sends_nothing():
    with pytest.raises(RuleViolation, match="message_blank"):
        message_of(("{grupo|}",)).render(ANA, b"")


def test_the_draw_never_changes_for_what_retries_would_send_otherwise():
    message = message_of(("a{{1|2|3}}", "b{{1|2|3}}", "c{{1|2|3}}"))
    got = [message.render({}, recipient_key(CAMPAIGN, f"+59598100000{n}")) for n in range(6)]
    assert got == ["c1", "a3", "a2", "a2", "a1", "c3"]
