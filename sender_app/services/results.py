"""The results of a campaign as a file: who got what, when, and why not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sender_app.domain.actor import Actor, Role
from sender_app.domain.campaign import Campaign
from sender_app.domain.errors import NotFound
from sender_app.domain.template import recipient_key
from sender_app.ports.sheets import Cell, SheetWriter
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import RecipientRow

_PAGE = 5000  # recipients read at once
_HEADS = (
    *("phone", "name", "group", "status", "reason", "detail", "variant"),
    *("sent_at", "delivered_at", "read_at", "replied_at"),
)


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """A file to be downloaded."""

    name: str  # the campaign's
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Results:
    """Files of results, in any of the formats that `writers` names."""

    store: Store
    writers: Mapping[str, SheetWriter]

    def export(
        self, actor: Actor, campaign_id: UUID, kind: str, say: Callable[[str], str]
    ) -> ResultsFile:
        """Every recipient, in sending order, with times in the workspace's zone.

        `say` words what the keys `results.…`, `status.…` and `reason.…` name. Raises NotFound,
        also for an unknown `kind`.
        """
        actor.require(Role.VIEWER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        writer = self.writers.get(kind)
        if writer is None:
            raise NotFound("format", kind)
        zone = self.store.workspaces.get(actor.workspace_id).zone
        content = writer.write(self._rows(campaign, zone, say))
        return ResultsFile(campaign.name, writer.media_type, content)

    def _rows(
        self, campaign: Campaign, zone: ZoneInfo, say: Callable[[str], str]
    ) -> Iterator[Sequence[Cell]]:
        heads = [say(f"results.{head}") for head in _HEADS]
        yield [f"{head} ({zone.key})" if n > 6 else head for n, head in enumerate(heads)]
        cursor = None
        while True:
            page = self.store.campaigns.recipients(campaign.id, None, cursor, _PAGE)
            for row in page.rows:
                yield _cells(campaign, row, zone, say)
            if (cursor := page.next) is None:
                return


def _cells(
    campaign: Campaign, row: RecipientRow, zone: ZoneInfo, say: Callable[[str], str]
) -> Sequence[Cell]:
    def local(at: datetime | None) -> datetime | None:
        return at and at.astimezone(zone).replace(tzinfo=None, microsecond=0)

    times = [local(at) for at in (row.sent_at, row.delivered_at, row.read_at, row.replied_at)]
    return (
        row.phone,
        row.nombre,
        row.grupo,
        say(f"status.{row.status}"),
        say(f"reason.{row.error_code}") if row.error_code else "",
        row.error_message or "",
        campaign.message.variant_of(recipient_key(campaign.id, row.phone)) + 1,
        *times,
    )
