"""The workspace's preferences."""

from typing import Any

import reflex as rx

from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.text import translate

_PACE = ("interval", "jitter", "per_minute", "per_hour", "per_day", "opens", "closes")


class Preferences(rx.State):
    """The settings form."""

    name: str = ""
    country: str = ""
    time_zone: str = ""
    pace: dict[str, str] = {}
    loaded: bool = False

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
        values = {field: getattr(pace, field) for field in _PACE}
        self.pace = {field: "" if value is None else f"{value}" for field, value in values.items()}
        self.loaded = True

    @rx.event
    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        """Save the form; a wrong field is named."""
        lang = (await self.get_state(Session)).lang
        pacing = {field: form.get(field, "") for field in _PACE}
        await use(
            self,
            lambda s, actor: s.workspaces.update_workspace(
                actor,
                name=str(form.get("name", "")),
                default_country=str(form.get("country", "")).strip().upper(),
                time_zone=str(form.get("time_zone", "")).strip(),
                language=lang,
                pacing=pacing,
            ),
        )
        return rx.toast.success(translate(lang, "settings.saved"))
