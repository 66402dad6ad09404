"""The words that opt out."""

import pytest

from sender_app.domain.errors import RuleViolation
from sender_app.domain.opt_out import WORDS, asks_to_stop, checked_words


@pytest.mark.parametrize("text", ["BAJA", " ¡Baja! ", "stop.", "Sálir", "UN-SUBSCRIBE", "ｓｔｏｐ"])
def test_it_hears_a_word_whatever_its_case_accents_and_punctuation(text: str):
    assert asks_to_stop(text)


@pytest.mark.parametrize("text", ["", "baja ya", "no quiero baja", "stopp", "👍"])
def test_it_hears_nothing_in_a_sentence(text: str):
    assert not asks_to_stop(text)


def test_it_hears_the_words_of_the_workspace_and_no_others():
    assert asks_to_stop("no más!", ["No mas"])
    assert not asks_to_stop("baja", ["No mas"])


def test_chosen_words_count_once_and_keep_their_order():
    assert checked_words("Baja, NO  más\nbájà,, stop ,") == ("Baja", "NO más", "stop")
    assert checked_words(", ".join(WORDS)) == WORDS


@pytest.mark.parametrize("typed", ["", " , ,\n", "!!", "x" * 41, ",".join(map(str, range(31)))])
def test_words_that_leave_no_way_out_or_make_no_sense_are_refused(typed: str):
    with pytest.raises(RuleViolation):
        checked_words(typed)
