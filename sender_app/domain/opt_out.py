"""Opting out: the words that mean "never write to me again"."""

from collections.abc import Iterable, Sequence
from unicodedata import combining, normalize

from sender_app.domain.errors import RuleViolation

WORDS = ("baja", "stop", "salir", "parar", "unsubscribe", "sair")  # where nobody chose others
MOST_WORDS = 30
LONGEST_WORD = 40  # characters
LONGEST_ANSWER = 500  # characters


def asks_to_stop(text: str, words: Iterable[str] = WORDS) -> bool:
    """Whether a reply, but for case, accents, blanks and punctuation, is one of `words` and no
    more."""
    return _plain(text) in {_plain(word) for word in words}


def checked_words(typed: str) -> Sequence[str]:
    """The words of a list parted by commas or lines, each once.

    Raises RuleViolation: `opt_out_words_blank` (people must have a way out), `opt_out_words_many`,
    `opt_out_word_long`.
    """
    parts = [" ".join(part.split()) for part in typed.replace("\n", ",").split(",")]
    words: dict[str, str] = {}
    for part in parts:
        if _plain(part):
            words.setdefault(_plain(part), part)
    if not words:
        raise RuleViolation("opt_out_words_blank")
    if len(words) > MOST_WORDS:
        raise RuleViolation("opt_out_words_many", limit=MOST_WORDS)
    for word in words.values():
        if len(word) > LONGEST_WORD:
            raise RuleViolation("opt_out_word_long", word=word[:LONGEST_WORD], limit=LONGEST_WORD)
    return tuple(words.values())


def checked_answer(text: str) -> str:
    """The confirmation that a person gets once; blank for none. Raises RuleViolation."""
    text = text.replace("\x00", "").strip()
    if len(text) > LONGEST_ANSWER:
        raise RuleViolation("field_too_long", limit=LONGEST_ANSWER)
    return text


def _plain(text: str) -> str:
    letters = (mark for mark in normalize("NFKD", text.lower()) if not combining(mark))
    return "".join(mark for mark in letters if mark.isalnum())
