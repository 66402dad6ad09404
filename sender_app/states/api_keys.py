"""The page of API keys: make one, see who uses which, revoke."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.actor import Role
from sender_app.domain.api_key import ApiKey
from sender_app.domain.errors import RuleViolation
from sender_app.states.access import handler, opening, use
from sender_app.states.secrets import put
from sender_app.states.session import Session
from sender_app.text import translate

NEW_KEY = "new-key"


@dataclass(frozen=True)
class KeyView:
    """A key as the table shows it. Times are ISO, or blank."""

    id: str
    name: str
    owner: str
    hint: str
    role: str
    expires_at: str
    used_at: str
    standing: str  # good, expired or revoked


class Keys(rx.State):
    """Keys of the workspace in view."""

    rows: list[KeyView] = []
    loaded: bool = False
    adding: bool = False
    made: str = ""  # the name of the key just made, until the person has its secret
    revoking: str = ""  # the id of the key whose revocation is asked about
    revoking_name: str = ""

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page."""
        self.adding, self.made, self.revoking = False, "", ""
        await self._look()
        self.loaded = True

    @rx.event
    async def ask_new(self, open_: bool) -> None:
        """Open or close the form."""
        self.adding = open_

    @rx.event
    @handler
    async def create(self, form: dict[str, Any]) -> Any:
        """Make a key. Its secret goes to the page's field and is kept nowhere, not even here."""
        name, days = str(form.get("name", "")), _days(str(form.get("days", "")))
        role = _role(str(form.get("role", "")))
        key, secret = await use(
            self, lambda s, actor: s.api_keys.create_key(actor, name, role, days)
        )
        self.adding, self.made = False, key.name
        await self._look()
        return put(NEW_KEY, secret)

    @rx.event
    async def forget_secret(self) -> Any:
        """The person has kept it."""
        self.made = ""
        return put(NEW_KEY, "")

    @rx.event
    async def ask_revoke(self, key_id: str, name: str) -> None:
        """Open the question, or with a blank id close it."""
        self.revoking, self.revoking_name = key_id, name

    @rx.event
    @handler
    async def revoke(self) -> Any:
        """End the key asked about."""
        key_id, self.revoking = UUID(self.revoking), ""
        await use(self, lambda s, actor: s.api_keys.revoke_key(actor, key_id))
        await self._look()
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "api_keys.revoked_done"))

    async def _look(self) -> None:
        keys = await use(self, lambda s, actor: s.api_keys.list_keys(actor))
        self.rows = [_view(key) for key in keys]


def _days(text: str) -> int | None:
    """Nought means for good."""
    try:
        return int(text) or None
    except ValueError as error:
        raise RuleViolation("api_key_days", limit=3660) from error


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise RuleViolation("role_unknown", name=name) from error


def _view(key: ApiKey) -> KeyView:
    expired = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return KeyView(
        id=str(key.id),
        name=key.name,
        owner=key.owner or key.user_id,
        hint=f"{key.hint}…",
        role=key.role.value,
        expires_at=key.expires_at.isoformat() if key.expires_at else "",
        used_at=key.used_at.isoformat() if key.used_at else "",
        standing="revoked" if key.revoked_at else "expired" if expired else "good",
    )
