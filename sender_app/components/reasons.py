"""Why somebody got no message, in words."""

import reflex as rx

from sender_app.components.words import tr_of

_REASONS = [
    "not_on_whatsapp",
    "opted_out",
    "opt_out_lifted",
    "cancelled",
    "written_lately",
    "contact_deleted",
    "placeholder_empty",
    "message_blank",
    "outcome_unknown",
    "unavailable",
    "rate_limited",
    "cold_contact_locked",
    "rejected",
    "rejected_400",
    "rejected_403",
    "rejected_475",
    "rejected_479",
    "sent_in_part",
    "session_unusable",
]


def reason(code: rx.Var[str]) -> rx.Var[str]:
    """The words of an outcome's `error_code`."""
    return tr_of("reason", code, _REASONS)
