"""Opting out: the words that mean "never write to me again"."""

from unicodedata import combining, normalize

WORDS = frozenset({"baja", "stop", "salir", "parar", "unsubscribe", "sair"})


def asks_to_stop(text: str) -> bool:
    """Whether a reply, but for case, accents and punctuation, is one of WORDS and nothing else."""
    plain = "".join(mark for mark in normalize("NFKD", text.lower()) if not combining(mark))
    return "".join(mark for mark in plain if mark.isalnum()) in WORDS
