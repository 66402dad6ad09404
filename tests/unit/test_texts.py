"""Texts of the interface."""

import re
from pathlib import Path

from sender_app.text import LANGUAGES, language_of, texts

SOURCES = sorted(Path(__file__).parents[2].glob("sender_app/**/*.py"))
USED = re.compile(r"""\b(?:tr|tr_n|translate)\(\s*(?:lang,\s*)?"([a-z_.0-9]+)\"""")
COUNTED = re.compile(r"""\btr_n\(\s*"([a-z_.]+)\"""")
QUOTED = re.compile(r'"([a-z_]+(?:\.[a-z_0-9]+)*)"')
FAMILIES = (  # texts chosen while it runs, by a status, a reason or the name of a field
    *(
        "account.",
        "account_help.",
        "audience.",
        "campaign.done_",
        "campaign.export_",
        "campaign_status.",
    ),
    *(
        "campaigns.",
        "compose.step_",
        "dashboard.",
        "editor.",
        "error.",
        "field.",
        "find.",
        "funnel.",
    ),
    *("import.holds_", "import.promise_", "import.step_"),
    *("contacts.sort.", "contacts.standing.", "opt_outs.source."),
    *(
        "pause.",
        "reason.",
        "results.",
        "settings.",
        "status.",
        "sign_in_problem.",
        "start.pace_",
        "system.",
    ),
    *("api_keys.days_", "audit_action.", "audit_outcome.", "audit_word.", "role."),
    *("delivery_status.", "webhook_disabled.", "webhook_error.", "webhook_event."),
    *("webhooks.log_", "message_kind.", "answer_status.", "inbox.kind_"),
)
RAISED = re.compile(r"""RuleViolation\(\s*(?:\n\s*)?"([a-z_]+)\"""")


def test_every_language_has_every_text_with_the_same_marks():
    marks = {
        lang: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in texts(lang).items()}
        for lang in LANGUAGES
    }
    assert marks["en"] == marks["es"] == marks["pt"]


def test_every_text_that_is_used_exists():
    used = {key for path in SOURCES for key in USED.findall(path.read_text())}
    assert used - texts("es").keys() == set()


def test_every_text_that_counts_has_words_for_one():
    counted = {key for path in SOURCES for key in COUNTED.findall(path.read_text())}
    assert len(counted) > 5
    assert {f"{key}_one" for key in counted} - texts("es").keys() == set()


def test_no_text_is_left_over():
    named = {key for path in SOURCES for key in QUOTED.findall(path.read_text())}
    left = {key for key in texts("es") if key.removesuffix("_one") not in named}
    assert {key for key in left if not key.startswith(FAMILIES)} == set()


def test_every_rule_that_can_be_broken_has_words():
    codes = {code for path in SOURCES for code in RAISED.findall(path.read_text())}
    assert len(codes) > 15
    assert {f"error.{code}" for code in codes} - texts("es").keys() == set()


def test_it_speaks_the_chosen_language_else_the_browsers_else_spanish():
    english = {"accept-language": "fr,en-GB;q=0.8"}
    assert language_of("lang=pt", english) == "pt"
    assert language_of("", english) == "en"
    assert language_of("", {"accept-language": "fr"}) == "es"
