"""A page's state belongs to the session that filled it, and to no other in the same browser tab."""

import asyncio
import hashlib
from typing import Any

import reflex as rx
from reflex.middleware.middleware import Middleware

from sender_app import bootstrap
from sender_app.api.sign_in import session_of
from sender_app.states.session import Session

_OPENING = ("hydrate", "hydrate_and_load")


class Ownership(Middleware):
    """Empties the state before anything of it is sent to a page of another session.

    Reflex keeps a tab's state under a token of that tab, through sign-outs and sign-ins, and sends
    all of it whenever a page is opened.
    """

    async def preprocess(self, app: rx.App, state: rx.State, event: Any) -> None:
        """Before each event of a page."""
        root = state._get_root_state()
        session = session_of(root.router.headers.cookie)
        page = await root.get_state(Session)
        if event.name.rpartition(".")[2] in _OPENING:
            scope = await asyncio.to_thread(
                lambda: bootstrap.services().sign_in.find_scope(session)
            )
            if page._scope == _hash(scope):
                return
        elif page._cookie == _hash(session):
            return
        else:
            scope = ""  # whose it is shall be seen when a page is opened
        for kind in rx.State.get_substates():
            if kind.__module__.startswith("sender_app."):
                (await root.get_state(kind)).reset()
        page._cookie, page._scope = _hash(session), _hash(scope)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""
