"""Failures on command: rules about single stanzas, and switches for whole accounts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

ANY = "*"


class RuleKind(StrEnum):
    """What a rule does to the stanzas that it matches."""

    ACK_ERROR = "ack_error"  # the server refuses the message with ``code``
    ACK_WITHHELD = "ack_withheld"  # the phone gets the message, the client no answer
    ACK_DELAYED = "ack_delayed"  # the phone gets it at once, the answer comes late
    NOT_ON_WHATSAPP = "not_on_whatsapp"  # look-ups find nobody
    PREKEYS_REFUSED = "prekeys_refused"  # no key bundle for the recipient (404)
    RATE_OVERLIMIT = "rate_overlimit"  # look-ups are answered with 429
    DROP_BEFORE_DELIVERY = "drop_before_delivery"  # the socket closes, the phone gets nothing
    DROP_AFTER_DELIVERY = "drop_after_delivery"  # the phone gets it, then the socket closes
    UPLOAD_FAILED = "upload_failed"  # the media host answers with status ``code``
    UPLOAD_SLOW = "upload_slow"  # the media host takes ``delay_ms``
    LOGIN_FAILURE = "login_failure"  # logins fail with reason ``code``


_DEFAULT_CODES = {
    RuleKind.ACK_ERROR: 463,
    RuleKind.PREKEYS_REFUSED: 404,
    RuleKind.RATE_OVERLIMIT: 429,
    RuleKind.UPLOAD_FAILED: 500,
    RuleKind.LOGIN_FAILURE: 401,
}
MESSAGE_RULES = (
    RuleKind.DROP_BEFORE_DELIVERY,
    RuleKind.ACK_ERROR,
    RuleKind.DROP_AFTER_DELIVERY,
    RuleKind.ACK_WITHHELD,
    RuleKind.ACK_DELAYED,
)


@dataclass
class Rule:
    """A failure for matching stanzas; ``count`` left to go, None for ever."""

    kind: RuleKind
    account: str = ANY
    recipient: str = ANY
    count: int | None = None
    delay_ms: int = 0
    code: int = 0
    ban_code: int | None = None  # of a temporary ban (reason 402)
    expire: int | None = None  # its duration in seconds
    message: str | None = None
    cold_only: bool = False  # of message rules: only phones that never wrote to the account
    after: int = 0  # matching stanzas that pass before the rule comes into force
    id: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        self.code = self.code or _DEFAULT_CODES.get(self.kind, 0)

    def matches(self, account: str, recipient: str | None) -> bool:
        """Whether the rule is for this account and recipient (None: there is none)."""
        spent = self.count is not None and self.count <= 0
        account_fits = self.account in (ANY, account)
        return not spent and account_fits and self.recipient in (ANY, recipient)

    def as_dict(self) -> dict[str, Any]:
        """The rule as the HTTP API shows it."""
        return asdict(self)


class Rules:
    """The rules in force, in the order in which they were added."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._ids = itertools.count(1)

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force."""
        rule.id = next(self._ids)
        self._rules.append(rule)
        return rule

    def all(self) -> list[Rule]:
        """Every rule, those used up included."""
        return list(self._rules)

    def remove(self, rule_id: int) -> None:
        """Remove one rule."""
        self._rules = [r for r in self._rules if r.id != rule_id]

    def remove_kind(self, kind: RuleKind, account: str) -> None:
        """Remove the rules of one kind that name exactly this account."""
        self._rules = [r for r in self._rules if r.kind != kind or r.account != account]

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def take(
        self,
        kinds: tuple[RuleKind, ...],
        account: str,
        recipient: str | None,
        is_warm: Callable[[], bool] = lambda: False,
    ) -> Rule | None:
        """The first rule of these kinds that matches; it counts as used once."""
        for rule in self._rules:
            if rule.kind in kinds and rule.matches(account, recipient):
                if rule.cold_only and is_warm():
                    continue
                if rule.after:
                    rule.after -= 1
                    continue
                rule.hits += 1
                if rule.count is not None:
                    rule.count -= 1
                return rule
        return None


class Switches:
    """States of accounts, and of the proxy, that last until they are changed."""

    def __init__(self) -> None:
        self.refuse_connections = False
        self.muted: set[str] = set()
        self.unheard = Counter[str]()
        """Messages an account sent while it was muted, by its number; nobody else knows of them."""

    def reset(self) -> None:
        """Back to normal."""
        self.refuse_connections = False
        self.muted.clear()
        self.unheard.clear()
