"""Who may act where, and a workspace's preferences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import phonenumbers

from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience_choice import checked_rest
from sender_app.domain.errors import RuleViolation
from sender_app.domain.identity import ClaimRules, Identity
from sender_app.domain.member import Member
from sender_app.domain.opt_out import checked_answer, checked_words
from sender_app.domain.pacing import Pace, pace_from
from sender_app.domain.workspace import Workspace, checked_zone, team_key
from sender_app.ports.events import Control
from sender_app.ports.store import Store

Language = Literal["es", "en", "pt"]


@dataclass(frozen=True, slots=True)
class Workspaces:
    """Workspaces of people; `defaults` are the preferences of a new one."""

    store: Store
    control: Control
    defaults: Mapping[str, str]  # default_country, time_zone, language
    default_pace: Pace

    def actor_for(self, user_id: str, name: str = "") -> Actor:
        """Somebody without a provider as admin of their own workspace, which is made if absent."""
        workspace = self.store.workspaces.ensure(user_id, name or user_id, self.defaults)
        role = self.store.workspaces.ensure_member(workspace.id, user_id, name, Role.ADMIN)
        return Actor(user_id, workspace.id, role, name)

    def admit(self, person: Identity, rules: ClaimRules) -> Sequence[Member]:
        """Let a person in where the provider says that they belong: in their teams, else in a
        workspace of their own. None of them: the person has no role in Sender."""
        teams = {team_key(name): name for name in person.teams}
        places = teams or {person.sub: person.name}
        return self.store.members.admit(person, places, rules.default_role, self.defaults)

    def get_workspace(self, actor: Actor) -> Workspace:
        """The actor's workspace."""
        actor.require(Role.VIEWER)
        return self.store.workspaces.get(actor.workspace_id)

    def pace_of(self, workspace: Workspace) -> Pace:
        """The workspace's limits, with the installation's defaults where it has none of its own."""
        return pace_from(workspace.pacing, self.default_pace)

    def update_workspace(
        self,
        actor: Actor,
        *,
        name: str,
        default_country: str,
        time_zone: str,
        language: str,
        pacing: Mapping[str, object],
    ) -> Workspace:
        """Change the preferences. Raises RuleViolation naming the first field that is wrong."""
        actor.require(Role.ADMIN)
        if not name.strip():
            raise RuleViolation("workspace_name_blank")
        if default_country not in phonenumbers.SUPPORTED_REGIONS:
            raise RuleViolation("country_unknown", name=default_country)
        if language not in get_args(Language):
            raise RuleViolation("language_unknown", name=language)
        pace_from(pacing, self.default_pace)
        values = {
            "name": name.strip(),
            "default_country": default_country,
            "time_zone": checked_zone(time_zone),
            "language": language,
            "pacing": dict(pacing),
        }
        return self._update(actor, values)

    def update_opt_out(self, actor: Actor, words: str, answer: str) -> Workspace:
        """Choose the words that opt out, parted by commas, and the one confirmation (blank: none).

        Raises RuleViolation.
        """
        actor.require(Role.ADMIN)
        values = {
            "opt_out_words": list(checked_words(words)),
            "opt_out_reply": checked_answer(answer),
        }
        return self._update(actor, values)

    def update_campaign_rules(
        self, actor: Actor, rest_days: int, *, needs_approval: bool
    ) -> Workspace:
        """Whom campaigns leave out (see Workspace), and whether a second person has to approve.

        Raises RuleViolation("rest_invalid").
        """
        actor.require(Role.ADMIN)
        values = {"rest_days": checked_rest(rest_days), "needs_approval": needs_approval}
        return self.store.workspaces.update(actor.workspace_id, values)

    def _update(self, actor: Actor, values: Mapping[str, object]) -> Workspace:
        """Change rules that accounts go by, and have them look: those that are connected at once,
        those that wait for their time as if it had come."""
        workspace = self.store.workspaces.update(actor.workspace_id, values)
        for account in self.store.accounts.list(actor.workspace_id):
            if account.is_linked and self.store.deliveries.running(account.id):
                self.store.accounts.wake(account.id)
            self.control.nudge(account.id)
        return workspace
