"""Every failure that Sender knows, as a tree grouped by what the caller can do about it.

SenderError
 ├ RuleViolation         the user can mend it; `code` names the text shown
 ├ NotFound              no such thing in the actor's workspace
 ├ NotPermitted          the actor's role does not allow it
 ├ SignInRefused         nobody is signed in by this; `code` names the text shown
 ├ ProviderUnavailable   the identity provider does not answer; try again
 ├ StorageUnavailable    the place for files cannot be reached: try again later
 ├ StoreBusy             nothing was changed: try again later
 ├ LeaseLost             another process serves this account: stop at once, record nothing
 ├ GatewayError          WhatsApp did not do as asked
 │  ├ Unavailable        not sent; try again after `retry_after`
 │  ├ RecipientRejected  not sent; this recipient fails for good
 │  ├ ColdContactLocked  not sent; people never talked with are held back until `until`
 │  ├ SessionUnusable    not sent; the account needs a person (see `SessionProblem`)
 │  └ OutcomeUnknown     perhaps sent; never retried by itself
 └ ConfigurationError    refuse to start
"""

from datetime import datetime, timedelta
from enum import StrEnum


class SenderError(Exception):
    """Base of every failure raised on purpose."""


class RuleViolation(SenderError):
    """A rule that the user can satisfy; `code` names its text in `locales/`, `params` fill it."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params


class NotFound(SenderError):
    """The thing is not there, or belongs to another workspace (the two are not told apart)."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"no {kind} {key}")
        self.kind = kind


class NotPermitted(SenderError):
    """The actor's role does not reach as far as this action."""


class SignInRefused(SenderError):
    """What signs nobody in; `code` names its text in `locales/`, the message is for the log."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class ProviderUnavailable(SenderError):
    """The identity provider cannot be reached, or has a fault of its own."""


class StorageUnavailable(SenderError):
    """The folder or bucket with people's files does not answer, or refuses."""


class StoreBusy(SenderError):
    """Others changed the same rows for so long that a change was given up; nothing was changed."""


class LeaseLost(SenderError):
    """The lease has a newer epoch or has run out: neither claim nor record."""


class ConfigurationError(SenderError):
    """A setting is missing or wrong; the message is the one line to show."""


class GatewayError(SenderError):
    """Base of what a WhatsApp call can end in."""

    code = "gateway_error"


class Unavailable(GatewayError):
    """The message surely was not sent, and the same call may work after `retry_after`."""

    code = "unavailable"

    def __init__(self, message: str, retry_after: timedelta = timedelta(seconds=5)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Unavailable):
    """WhatsApp asks the account to slow down; the message was not sent."""

    code = "rate_limited"


class RecipientRejected(GatewayError):
    """The message was not sent and never will be to this number; `code` says why."""

    def __init__(self, message: str, code: str = "rejected") -> None:
        super().__init__(message)
        self.code = code


class ColdContactLocked(GatewayError):
    """WhatsApp does not let this account write to people it never talked with (error 463)."""

    code = "cold_contact_locked"

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class SessionProblem(StrEnum):
    """Why an account cannot be used until a person acts."""

    LOGGED_OUT = "logged_out"  # the phone removed the linked device: link again
    REPLACED = "replaced"  # another program uses the same linked device
    BANNED = "banned"  # WhatsApp's temporary ban, with an end
    OUTDATED = "outdated"  # WhatsApp refuses this version of the library
    REFUSED = "refused"  # WhatsApp refused the login for another reason
    NOT_LINKED = "not_linked"  # no device was ever linked


class SessionUnusable(GatewayError):
    """The account's session ended for `problem`; credentials are kept."""

    code = "session_unusable"

    def __init__(
        self, problem: SessionProblem, message: str = "", until: datetime | None = None
    ) -> None:
        super().__init__(message or problem.value)
        self.problem = problem
        self.until = until


class OutcomeUnknown(GatewayError):
    """The frame was written, or may have been, and no answer came: only a receipt can tell."""

    code = "outcome_unknown"
