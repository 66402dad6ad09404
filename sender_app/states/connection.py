"""The WhatsApp page: the account's state, and the codes while it is being linked."""

import base64
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import reflex as rx
import segno

from sender_app.domain.account import NEEDS_LINKING, AccountStatus
from sender_app.domain.phone import pretty
from sender_app.services.accounts import ConnectionStatus
from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.text import translate


class Connection(rx.State):
    """One account's connection, as the page polls it."""

    account_id: str = ""
    status: str = ""
    reason: str = ""
    phone: str = ""
    since: str = ""
    until: str = ""  # the end of a ban
    cold_until: str = ""  # people never talked with are held back until then
    unlinking: bool = False
    qr: str = ""  # a data URI
    qr_seconds: int = 0
    code: str = ""
    code_phone: str = ""
    with_code: bool = False
    confirming: bool = False
    _qr_text: str = ""

    @rx.var
    def linking(self) -> bool:
        """Whether a device has to be linked."""
        return self.status in NEEDS_LINKING or (self.status == "unreachable" and not self.phone)

    @rx.var
    def rest(self) -> int:
        """Milliseconds between two looks: a QR that changes is watched closely."""
        return 1000 if self.linking or self.unlinking or self.status == "connecting" else 4000

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page."""
        self.confirming = False
        account = await use(self, lambda services, actor: services.accounts.ensure_account(actor))
        self.account_id = str(account.id)
        return await self._look()

    @rx.event
    @handler
    async def poll(self) -> Any:
        """Time after time while the page is in view."""
        if self.account_id:
            await self._look()

    @rx.event
    @handler
    async def ask_code(self, form: dict[str, Any]) -> Any:
        """Show a code for the phone typed."""
        self.code_phone = str(form.get("phone", ""))
        self.code = ""
        account_id, phone = self._id(), self.code_phone
        await use(self, lambda s, actor: s.accounts.request_pairing(actor, account_id, phone))
        await self._look()

    @rx.event
    async def show_code_tab(self, wanted: bool) -> None:
        """Scan or type."""
        self.with_code = wanted

    @rx.event
    async def ask_unlink(self, open_: bool) -> None:
        """Open or close the question."""
        self.confirming = open_

    @rx.event
    @handler
    async def unlink(self) -> Any:
        """Unlink the device."""
        self.confirming = False
        account_id = self._id()
        await use(self, lambda services, actor: services.accounts.unlink(actor, account_id))
        await self._look()
        return rx.toast.info(translate((await self.get_state(Session)).lang, "connection.unlinked"))

    def _id(self) -> UUID:
        return UUID(self.account_id)

    async def _look(self) -> None:
        account_id = self._id()
        found: ConnectionStatus = await use(
            self,
            lambda s, actor: s.accounts.connection_status(actor, account_id, keep_pairing=True),
        )
        account = found.account
        self.status = found.state.value
        self.reason = account.status_reason or ""
        self.phone = pretty(account.phone) if account.phone and account.is_linked else ""
        self.since = account.linked_at.isoformat() if account.linked_at else ""
        self.until = account.status_until.isoformat() if account.status_until else ""
        locked = account.cold_locked_until
        self.cold_until = locked.isoformat() if locked and locked > datetime.now(UTC) else ""
        self.unlinking = account.unlink_wished
        self.code = found.pairing_code or ""
        if found.qr != self._qr_text:
            self._qr_text = found.qr or ""
            self.qr = _image(found.qr) if found.qr else ""
        self.qr_seconds = _seconds_to(found.qr_expires_at)
        if found.state is AccountStatus.UNLINKED and not found.qr:
            self.status = AccountStatus.LINKING.value


def _seconds_to(moment: datetime | None) -> int:
    return max(0, round((moment - datetime.now(UTC)).total_seconds())) if moment else 0


def _image(text: str) -> str:
    """A QR as a PNG data URI, black on white in any theme so that phones can read it."""
    raw = io.BytesIO()
    segno.make_qr(text, error="l").save(raw, kind="png", scale=6, border=2)
    return "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode()
