"""A campaign's people in sending order, page by page, as tables show them."""

from collections.abc import Iterator
from uuid import UUID

from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.pages import Page
from sender_app.ports.store.campaigns import RecipientRow
from sender_app.stores.cursors import key_at
from sender_app.stores.redis.campaign_rows import workspace_of_campaign
from sender_app.stores.redis.contact_rows import contacts
from sender_app.stores.redis.recipient_rows import held, order, queued, recipients, unreached
from sender_app.stores.redis.rows import Row, compact, read
from sender_app.stores.redis.view import View

_LONGEST = 2_000  # recipients looked at in one go
_REACHED = {"delivered": "delivered_at", "read": "read_at", "replied": "replied_at"}
_UNREACHED = frozenset(
    {RecipientStatus.ERROR, RecipientStatus.SKIPPED, RecipientStatus.UNCONFIRMED}
)


def page(
    view: View,
    campaign_id: UUID,
    status: RecipientStatus | None,
    cursor: str | None,
    limit: int,
    *,
    reached: str,
    search: str,
) -> Page[RecipientRow]:
    """See ports.store.campaigns.CampaignStore.recipients."""
    workspace, start = workspace_of_campaign(view, campaign_id), key_at(cursor)
    found: list[Row] = []
    for names in _walk(view, workspace, campaign_id, status, str(start) if start else "", limit):
        rows = compact(view.rows(recipients(workspace, campaign_id), names))
        named = _named(view, workspace, [row for row in rows if _is(row, status, reached)])
        found += [row for row in named if _has(row, search.strip().lower())]
        if len(found) > limit:
            break
    shown = [read(RecipientRow, row) for row in found[:limit]]
    return Page(shown, found[limit - 1]["id"] if len(found) > limit else None)


def _walk(
    view: View,
    workspace: str,
    campaign_id: UUID,
    status: RecipientStatus | None,
    after: str,
    limit: int,
) -> Iterator[list[str]]:
    """Names behind `after` of everybody who may be in the status."""
    index, more = order(workspace, campaign_id), list[str]()
    if status in _UNREACHED:
        index = unreached(workspace, campaign_id, status)
    elif status is RecipientStatus.QUEUED:
        index = queued(workspace, campaign_id)
        more = sorted(name for name, _ in view.ranked(held(workspace, campaign_id)))
    step = limit + 1
    while True:
        step = min(step, _LONGEST)
        names = view.names(index, after=after or None, limit=step)
        end = names[-1] if len(names) == step else None
        held_back = [name for name in more if name > after and (end is None or name < end)]
        yield sorted(names + held_back)
        if end is None:
            return
        after, step = end, 2 * step


def _is(row: Row, status: RecipientStatus | None, reached: str) -> bool:
    column = _REACHED.get(reached)
    return status in (None, row["status"]) and (column is None or row[column] is not None)


def _named(view: View, workspace: str, rows: list[Row]) -> list[Row]:
    """The rows with what the book calls them."""
    people = view.rows(contacts(workspace), (row["contact_id"] or "" for row in rows))
    unknown = {"nombre": "", "grupo": ""}
    return [
        row | {name: (person or unknown)[name] for name in unknown}
        for row, person in zip(rows, people, strict=True)
    ]


def _has(row: Row, search: str) -> bool:
    return search in row["nombre"].lower() or search in row["phone"]
