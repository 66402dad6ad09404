"""WhatsApp accounts: their state, and how to link one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Path, Response
from pydantic import Field, StringConstraints

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable
from sender_app.api.v1.shapes import NO_NUL, Asked, PageOf, Shown, Typed, whole
from sender_app.domain.account import Account as LinkedAccount
from sender_app.domain.account import AccountStatus
from sender_app.services.accounts import LONGEST_LABEL
from sender_app.services.accounts import ConnectionStatus as Status

router = APIRouter(route_class=ApiRoute, tags=["accounts"])
AccountId = Annotated[UUID, Path(alias="accountId")]


class Account(Shown):
    """A WhatsApp account."""

    id: UUID
    label: str
    phone: str | None = Field(examples=["+595981000001"])
    state: AccountStatus
    reason: str | None = Field(description="Why it is in that state.")
    until: datetime | None = Field(description="Until when, of a ban.")
    linked: bool
    linked_at: datetime | None
    last_online_at: datetime | None
    cold_locked_until: datetime | None = Field(
        description="Until then WhatsApp takes no messages to people never talked with."
    )


class AccountName(Asked):
    """What an account is called."""

    label: Annotated[str, StringConstraints(max_length=LONGEST_LABEL, pattern=NO_NUL)] = Field(
        min_length=1, examples=["Ventas"]
    )


class LinkedState(Account):
    """An account, with the codes that link it while there are any."""

    qr: str | None = Field(description="The text of the QR code to be scanned.")
    qr_expires_at: datetime | None
    pairing_code: str | None = Field(
        description="To be typed into the phone instead.", examples=["ABCD-EFGH"]
    )


class Connection(Shown):
    """The connection of the workspace's first account."""

    connected: bool = Field(description="A device is linked, and nothing keeps it from sending.")
    state: AccountStatus
    phone: str | None = Field(examples=["+595981000001"])
    qr: str | None = Field(description="The text of the QR code to be scanned.")
    qr_url: str | None = Field(description="The same as an image, in a data: URL (SVG).")
    pairing_code: str | None


class Pairing(Asked):
    """How to link: by QR, or with a phone also by a code."""

    phone: Typed | None = Field(None, examples=["0981 000 001"])


_LIVE = frozenset({AccountStatus.OFFLINE, AccountStatus.CONNECTING, AccountStatus.ONLINE})


@router.get("/connection-status", response_model=Connection)
def connection_status(actor: CallingActor):
    """The connection of the workspace's first account. While it is not linked, an admin's asking
    keeps a QR code on show; ask again every few seconds, as codes change."""
    accounts = bootstrap.services().accounts
    account = accounts.ensure_account(actor)
    found = accounts.connection_status(actor, account.id, keep_pairing=True)
    return {
        "connected": found.account.is_linked and found.state in _LIVE,
        "state": found.state,
        "phone": found.account.phone,
        "qr": found.qr,
        "qr_url": segno.make_qr(found.qr, error="l").svg_data_uri(scale=6) if found.qr else None,
        "pairing_code": found.pairing_code,
    }


@router.get("/accounts", response_model=PageOf[Account])
def list_accounts(actor: CallingActor):
    """List all accounts, the oldest first."""
    return whole(_account(one) for one in bootstrap.services().accounts.list_accounts(actor))


@router.post("/accounts", status_code=201, response_model=Account, dependencies=[Repeatable])
def create_account(response: Response, actor: CallingActor, new: AccountName):
    """Add an account, to be linked. 409 `account_name_taken` where another has that name."""
    account = bootstrap.services().accounts.create_account(actor, new.label)
    response.headers["Location"] = f"/api/v1/accounts/{account.id}"
    return _account(account)


@router.patch("/accounts/{accountId}", status_code=204)
def rename_account(actor: CallingActor, account_id: AccountId, name: AccountName) -> None:
    """Rename an account. 409 `account_name_taken` where another has that name."""
    bootstrap.services().accounts.rename_account(actor, account_id, name.label)


@router.get("/accounts/{accountId}", response_model=LinkedState)
def get_account(actor: CallingActor, account_id: AccountId):
    """Get an account, with its QR and pairing codes while it is being linked."""
    return _state(bootstrap.services().accounts.connection_status(actor, account_id))


@router.post(
    "/accounts/{accountId}/pairing",
    status_code=202,
    response_model=LinkedState,
    dependencies=[Repeatable],
)
def pair_account(actor: CallingActor, account_id: AccountId, pairing: Pairing):
    """Begin to link, for 45 seconds; the codes appear in the account within seconds."""
    accounts = bootstrap.services().accounts
    accounts.request_pairing(actor, account_id, pairing.phone)
    return _state(accounts.connection_status(actor, account_id))


@router.delete("/accounts/{accountId}/pairing", status_code=204)
def stop_pairing(actor: CallingActor, account_id: AccountId) -> None:
    """Show no codes any more."""
    bootstrap.services().accounts.stop_pairing(actor, account_id)


@router.delete("/accounts/{accountId}/device", status_code=204)
def unlink_account(actor: CallingActor, account_id: AccountId) -> None:
    """Unlink the device, on the phone too; it takes seconds."""
    bootstrap.services().accounts.unlink(actor, account_id)


def _account(account: LinkedAccount) -> dict[str, object]:
    return {
        "id": account.id,
        "label": account.label,
        "phone": account.phone,
        "state": account.status,
        "reason": account.status_reason,
        "until": account.status_until,
        "linked": account.is_linked,
        "linked_at": account.linked_at,
        "last_online_at": account.last_online_at,
        "cold_locked_until": account.cold_locked_until,
    }


def _state(status: Status) -> dict[str, object]:
    return _account(status.account) | {
        "qr": status.qr,
        "qr_expires_at": status.qr_expires_at,
        "pairing_code": status.pairing_code,
    }
