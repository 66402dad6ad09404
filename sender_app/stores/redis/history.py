"""What was sent to a contact and what came back, from the ledger and the replies in Redis."""

from collections.abc import Iterable
from uuid import UUID

from sender_app.domain.errors import NotFound
from sender_app.ports.store.contacts import Happening
from sender_app.stores.redis.contact_rows import contacts
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.replies import replies_by
from sender_app.stores.redis.rows import Row, at, read
from sender_app.stores.redis.view import View

_REACHED = ("sent_at", "delivered_at", "read_at", "replied_at")


def by_contact(workspace: UUID | str) -> str:
    """The index of recipients by contact: "contact:recipient:campaign". It may name a recipient
    that is gone."""
    return of(workspace, "campaigns", "by_contact")


def recipients_of(
    view: View, workspace: UUID | str, names: Iterable[str]
) -> list[tuple[str, str, Row]]:
    """Of names of `by_contact`: the contact, the campaign and the recipient."""
    wanted: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        contact, recipient, campaign = name.split(":")
        wanted.setdefault(campaign, []).append((contact, recipient))
    found: list[tuple[str, str, Row]] = []
    for campaign, pairs in wanted.items():
        table = of(workspace, "campaigns", campaign, "recipients")
        rows = view.rows(table, (recipient for _, recipient in pairs))
        found += [
            (contact, campaign, row)
            for (contact, _), row in zip(pairs, rows, strict=True)
            if row is not None
        ]
    return found


def history(view: View, workspace: UUID, contact_id: UUID, limit: int) -> list[Happening]:
    """See ports.store.contacts.ContactStore.history."""
    contact = view.row(contacts(workspace), contact_id)
    if contact is None:
        raise NotFound("contact", contact_id)
    names = view.names(by_contact(workspace), prefix=f"{contact_id}:")
    lines = [_sent(campaign, row) for _, campaign, row in recipients_of(view, workspace, names)]
    # A reply is found by the number too: the contact may have been made, or made anew, since.
    accounts = view.keys(of(workspace, "accounts"))
    heard = replies_by(view, workspace, accounts, contact["phone"], contact_id)
    lines += [_heard(row) for row in heard]
    latest = sorted(lines, key=lambda line: line["at"], reverse=True)[:limit]
    ids = [line["campaign_id"] or "" for line in latest]
    campaigns = view.rows(of(workspace, "campaigns"), ids)
    return [_line(line, campaign) for line, campaign in zip(latest, campaigns, strict=True)]


def _line(line: Row, campaign: Row | None) -> Happening:
    known = {"campaign_id": None, "campaign": ""}
    if campaign is not None:
        known = {"campaign_id": line["campaign_id"], "campaign": campaign["name"]}
    return read(Happening, line | known)


def _sent(campaign: str, row: Row) -> Row:
    return {
        "at": at(row["sent_at"] or row["claimed_at"] or row["created_at"]),
        "kind": row["status"],
        "campaign_id": campaign,
        "text": row["error_code"] or "",
    } | {name: row[name] for name in _REACHED}


def _heard(row: Row) -> Row:
    return {
        "at": at(row["received_at"]),
        "kind": "reply",
        "campaign_id": row["campaign_id"],
        "text": row["text"],
    }
