"""A workspace: the team that owns contacts, accounts and campaigns, and its preferences."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sender_app.domain.errors import RuleViolation
from sender_app.domain.opt_out import WORDS


@dataclass(frozen=True, slots=True)
class Workspace:
    """Every row belongs to one. `key` is a person's OIDC `sub`, or a team's (see `team_key`)."""

    id: UUID
    key: str
    name: str
    default_country: str  # ISO 3166 alpha-2; phones without a country code are read as dialled here
    time_zone: str  # IANA name; days, quiet hours and weekdays are this zone's
    language: str  # es, en or pt
    pacing: dict[str, object]
    opt_out_words: tuple[str, ...] = WORDS
    opt_out_reply: str | None = None  # sent once to who opts out; "" for none, None for the default
    rest_days: int = 0  # campaigns leave out whoever was written to in so many days; 0 nobody
    needs_approval: bool = False  # a campaign starts only when a second person approves

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)


_TEAM = "team:"


def team_key(name: str) -> str:
    """The key of a team's workspace, which is no person's `sub`."""
    return _TEAM + name


def is_team(key: str) -> bool:
    """Whether the workspace is a team's, so that only the provider says who belongs to it."""
    return key.startswith(_TEAM)


def checked_zone(name: str) -> str:
    """An IANA time zone name; raises RuleViolation("time_zone_unknown")."""
    if name not in available_timezones():
        raise RuleViolation("time_zone_unknown", name=name)
    return name
