"""The members page: who belongs to the workspace, and in which role."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from sender_app.domain.actor import Role
from sender_app.domain.errors import RuleViolation
from sender_app.domain.member import Member, RoleSource
from sender_app.states.access import handler, opening, use
from sender_app.states.session import Session
from sender_app.text import translate


@dataclass(frozen=True)
class MemberView:
    """A member as the table shows them."""

    id: str
    name: str
    login: str
    role: str
    seen_at: str  # ISO, or blank
    from_provider: bool
    removed: bool
    me: bool


class Team(rx.State):
    """Members of the workspace in view."""

    rows: list[MemberView] = []
    loaded: bool = False
    leaving: str = ""  # the id of the member whose removal is asked about
    leaving_name: str = ""

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page."""
        self.leaving = ""
        await self._look()
        self.loaded = True

    @rx.event
    @handler
    async def set_role(self, user_id: str, role: str) -> Any:
        """Give a member another role."""
        wanted = _role(role)
        try:
            await use(self, lambda s, actor: s.members.set_role(actor, user_id, wanted))
        finally:
            await self._look()  # a choice that was refused goes back to what is true
        return await self._say("members.changed")

    @rx.event
    @handler
    async def let_in(self, user_id: str) -> Any:
        """Let somebody removed in again, to look on."""
        await use(self, lambda s, actor: s.members.set_role(actor, user_id, Role.VIEWER))
        await self._look()
        return await self._say("members.changed")

    @rx.event
    async def ask_remove(self, user_id: str, name: str) -> None:
        """Open the question, or with a blank id close it."""
        self.leaving, self.leaving_name = user_id, name

    @rx.event
    @handler
    async def remove(self) -> Any:
        """End the access of the member asked about."""
        user_id, self.leaving = self.leaving, ""
        await use(self, lambda s, actor: s.members.remove(actor, user_id))
        await self._look()
        return await self._say("members.removed_done")

    async def _look(self) -> None:
        actor, rows = await use(self, lambda s, actor: (actor, s.members.list_members(actor)))
        self.rows = [_view(row, actor.user_id) for row in rows]

    async def _say(self, key: str) -> Any:
        return rx.toast.success(translate((await self.get_state(Session)).lang, key))


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise RuleViolation("role_unknown", name=name) from error


def _view(member: Member, me: str) -> MemberView:
    return MemberView(
        id=member.user_id,
        name=member.name or member.login or member.user_id,
        login=member.login,
        role=member.role.value,
        seen_at=member.seen_at.isoformat() if member.seen_at else "",
        from_provider=member.source is RoleSource.PROVIDER,
        removed=member.removed_at is not None,
        me=member.user_id == me,
    )
