"""Texts in Spanish, English and Portuguese, from `locales/*.json`."""

import json
from collections.abc import Mapping
from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path

LANGUAGES = ("es", "en", "pt")
COOKIE = "lang"


@cache
def texts(lang: str) -> dict[str, str]:
    """Every text of a language by its key."""
    path = Path(__file__).parent / "locales" / f"{lang}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def translate(lang: str, key: str, **params: object) -> str:
    """The text of `key`, its `{name}` marks filled. Raises KeyError for a key nobody wrote."""
    return texts(lang)[key].format_map({name: str(value) for name, value in params.items()})


def language_of(cookie_header: str, headers: Mapping[str, str]) -> str:
    """The language chosen before, else the browser's, else Spanish."""
    chosen = SimpleCookie(cookie_header).get(COOKIE)
    if chosen and chosen.value in LANGUAGES:
        return chosen.value
    for wish in headers.get("accept-language", "").split(","):
        lang = wish.split(";")[0].strip().lower()[:2]
        if lang in LANGUAGES:
            return lang
    return "es"
