"""Failures on command: rules that say what goes wrong, for whom and how often."""

import itertools
from dataclasses import dataclass, field

KINDS = frozenset(
    {
        "ack_error",  # the server refuses the message with `code`; the phone does not get it
        "ack_withheld",  # the phone gets it, the server never answers
        "ack_delayed",  # the phone gets it, the answer comes `delay_ms` later
        "not_on_whatsapp",  # no LID: the number is unknown to WhatsApp
        "prekeys_refused",  # the recipient's key bundle is refused with `code`
        "rate_overlimit",  # look-ups are refused with 429
        "drop_before_delivery",  # the line is cut on the message; the phone does not get it
        "drop_after_delivery",  # the phone gets it; the line is cut without an answer
        "upload_failed",  # media uploads are refused with HTTP status `code`
        "login_failure",  # the next login fails with reason `code` (see `expire`, `ban_code`)
    }
)


@dataclass(slots=True)
class Rule:
    """One rule. `account` and `recipient` are digits or `*`; `count` None means for ever."""

    kind: str
    account: str = "*"
    recipient: str = "*"
    count: int | None = None
    code: int = 0
    delay_ms: int = 0
    expire: int = 0  # seconds, of a temporary ban
    ban_code: int | None = 101
    id: int = field(default_factory=itertools.count(1).__next__)

    def matches(self, kind: str, account: str, recipient: str) -> bool:
        """Whether it says something about this."""
        return (
            self.kind == kind
            and self.account in ("*", account)
            and self.recipient in ("*", recipient)
            and self.count != 0
        )


class Rules:
    """The rules now in force, oldest first."""

    def __init__(self) -> None:
        self.all: list[Rule] = []

    def add(self, **values: object) -> Rule:
        """A new rule. Raises ValueError for an unknown kind."""
        rule = Rule(**values)  # type: ignore[arg-type]
        if rule.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        self.all.append(rule)
        return rule

    def take(self, kind: str, account: str, recipient: str = "") -> Rule | None:
        """The rule that applies now, one of its times used up; None when all goes well."""
        for rule in self.all:
            if rule.matches(kind, account, recipient):
                if rule.count is not None:
                    rule.count -= 1
                    if rule.count == 0:
                        self.all.remove(rule)
                return rule
        return None
