"""The workspace's preferences."""

from typing import Any

import reflex as rx
from phonenumbers import SUPPORTED_REGIONS

from sender_app.config import settings
from sender_app.domain.audience_choice import LONGEST_REST
from sender_app.domain.errors import RuleViolation
from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.text import translate

COUNTRIES = " ".join(sorted(SUPPORTED_REGIONS))  # ISO codes of those that have telephones
_PACE = ("interval", "jitter", "per_minute", "per_hour", "per_day", "opens", "closes")


class Preferences(rx.State):
    """The settings form."""

    name: str = ""
    country: str = ""
    time_zone: str = ""
    weekdays: list[int] = []
    opt_out_words: str = ""
    opt_out_answer: str = ""
    pace: dict[str, str] = {}
    rest_days: int = 0
    needs_approval: bool = False
    store: str = ""
    loaded: bool = False
    filled: int = 0  # how often; a form filled again is drawn anew

    @rx.event
    @handler
    async def load(self) -> Any:
        """Fill the form."""

        def read(services: Any, actor: Any) -> Any:
            workspace = services.workspaces.get_workspace(actor)
            return workspace, services.workspaces.pace_of(workspace)

        workspace, pace = await use(self, read)
        self.name, self.country = workspace.name, workspace.default_country
        self.time_zone = workspace.time_zone
        self.rest_days, self.needs_approval = workspace.rest_days, workspace.needs_approval
        values = {field: getattr(pace, field) for field in _PACE}
        self.pace = {field: _written(value) for field, value in values.items()}
        self.opt_out_words = ", ".join(workspace.opt_out_words)
        self.opt_out_answer = workspace.opt_out_reply
        if workspace.opt_out_reply is None:
            self.opt_out_answer = translate(workspace.language, "opt_out.confirmation")
        self.weekdays = sorted(pace.weekdays)
        self.store = settings().store_in_use
        self.loaded, self.filled = True, self.filled + 1

    @rx.event
    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        """Save the form; a wrong field is named."""
        session = await self.get_state(Session)
        lang, time_zone = session.lang, str(form.get("time_zone", "")).strip()
        pacing = {field: form.get(field, "") for field in _PACE}
        pacing["weekdays"] = [n for n in range(7) if form.get(f"weekday{n}")]
        if not pacing["weekdays"]:
            raise RuleViolation("pace_invalid", field=translate(lang, "settings.weekdays"))

        def save(s: Any, actor: Any) -> None:
            kept = s.workspaces.get_workspace(actor).pacing
            s.workspaces.update_workspace(
                actor,
                name=str(form.get("name", "")),
                default_country=str(form.get("country", "")).strip().upper(),
                time_zone=time_zone,
                language=lang,
                pacing=kept | pacing,
            )

        await use(self, save)
        session.zone = time_zone
        return rx.toast.success(translate(lang, "settings.saved"))

    @rx.event
    @handler
    async def save_campaigns(self, form: dict[str, Any]) -> Any:
        """Save whom campaigns leave out, and whether they need a second person."""
        days, approval = str(form.get("rest_days", "")).strip(), bool(form.get("needs_approval"))
        if not days.isdecimal():
            raise RuleViolation("rest_invalid", limit=LONGEST_REST)
        saved = await use(
            self,
            lambda s, actor: s.workspaces.update_campaign_rules(
                actor, int(days), needs_approval=approval
            ),
        )
        self.rest_days, self.needs_approval = saved.rest_days, saved.needs_approval
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "settings.saved_campaigns"))

    @rx.event
    @handler
    async def save_opt_out(self, form: dict[str, Any]) -> Any:
        """Save the words that opt out and their answer."""
        words, answer = str(form.get("words", "")), str(form.get("answer", ""))
        saved = await use(self, lambda s, actor: s.workspaces.update_opt_out(actor, words, answer))
        self.opt_out_words, self.opt_out_answer = ", ".join(saved.opt_out_words), answer.strip()
        return rx.toast.success(translate((await self.get_state(Session)).lang, "settings.saved"))


def _written(value: object) -> str:
    """A limit as its field shows it: 6, not 6.0."""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
