"""The WhatsApp page: how the accounts are, and the codes while one is being linked."""

import base64
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import reflex as rx
import segno

from sender_app.bootstrap import Services
from sender_app.domain.account import NEEDS_LINKING, AccountStatus
from sender_app.domain.actor import Actor
from sender_app.services.accounts import ConnectionStatus, Health
from sender_app.states.access import handler, use
from sender_app.states.account_rows import AccountView, account_view
from sender_app.states.session import Session
from sender_app.text import translate


class Connection(rx.State):
    """The workspace's accounts, and one account's connection, as the page polls them."""

    accounts: list[AccountView] = []
    current: AccountView = AccountView()
    account_id: str = ""  # of the one in view
    status: str = ""
    phone: str = ""
    adding: bool = False
    renaming: bool = False
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
        self.confirming = self.adding = self.renaming = False
        await use(self, lambda services, actor: services.accounts.ensure_account(actor))
        await self._look()

    @rx.event
    @handler
    async def choose(self, account_id: str) -> Any:
        """Look at another account."""
        self.account_id, self.confirming, self.renaming = account_id, False, False
        await self._look()

    @rx.event
    async def ask_add(self, open_: bool) -> None:
        """Open or close the form for a further account."""
        self.adding = open_

    @rx.event
    @handler
    async def add(self, form: dict[str, Any]) -> Any:
        """Add an account, and go on to link it."""
        label = str(form.get("name", ""))
        account = await use(self, lambda s, actor: s.accounts.create_account(actor, label))
        self.adding, self.account_id = False, str(account.id)
        await self._look()

    @rx.event
    async def ask_rename(self, open_: bool) -> None:
        """Open or close the form for the account's name."""
        self.renaming = open_

    @rx.event
    @handler
    async def rename(self, form: dict[str, Any]) -> Any:
        """Call the account in view something else."""
        account_id, label = self._id(), str(form.get("name", ""))
        await use(self, lambda s, actor: s.accounts.rename_account(actor, account_id, label))
        self.renaming = False
        await self._look()

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
        wanted = self.account_id

        def read(s: Services, actor: Actor) -> tuple[list[Health], ConnectionStatus]:
            accounts = s.accounts.list_health(actor)
            ids = [one.account.id for one in accounts]
            shown = next((one for one in ids if str(one) == wanted), ids[0])
            return accounts, s.accounts.connection_status(actor, shown, keep_pairing=True)

        accounts, found = await use(self, read)
        account = found.account
        self.accounts, self.account_id = [account_view(one) for one in accounts], str(account.id)
        self.current = next(one for one in self.accounts if one.id == self.account_id)
        self.status = found.state.value
        self.phone = self.current.phone
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
