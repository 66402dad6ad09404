"""Templates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import MAX_LENGTH, Template, checked


def test_it_fills_placeholders_without_regard_to_case():
    assert Template("Hola {Sustantivo} {nombre}").render(
        {"sustantivo": "Sra.", "nombre": "Ana"}
    ) == ("Hola Sra. Ana")


def test_it_never_sends_a_hole():
    with pytest.raises(RuleViolation) as problem:
        Template("Hola {nombre}").render({"nombre": "  "})
    assert problem.value.code == "placeholder_empty"
    assert problem.value.params == {"names": "nombre"}


def test_it_names_each_placeholder_once_in_order():
    assert Template("{b} {a} {b}").placeholders == ("b", "a")


@pytest.mark.parametrize(
    ("text", "code"), [("   ", "template_blank"), ("x" * (MAX_LENGTH + 1), "template_too_long")]
)
def test_it_refuses_a_text_that_cannot_be_sent(text: str, code: str):
    with pytest.raises(RuleViolation) as problem:
        checked(text)
    assert problem.value.code == code


@given(st.text(alphabet=st.characters(exclude_characters="{}")))
def test_it_leaves_a_text_without_placeholders_alone(text: str):
    assert Template(text).render({}) == text


@given(st.text(min_size=1).filter(str.strip))
def test_it_does_not_interpret_values(value: str):
    assert Template("<{nombre}>").render({"nombre": value}) == f"<{value}>"
