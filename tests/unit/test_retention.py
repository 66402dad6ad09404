"""Retention: what is kept for how long."""

from datetime import UTC, datetime, timedelta

from sender_app.services.retention import Retention

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALWAYS = {"answers": 1, "loose_recipients": 3}


class Shelf:
    """A store with events, replies and webhooks' events of some ages, in days."""

    def __init__(self, events: list[int], replies: list[int], told: list[int]) -> None:
        self.events, self.replies, self.told = events, replies, told
        self.answers = [0, 2]
        self.loose = [0, 2, 3, 4]
        self.upkeep = self

    def forget_events(self, before: datetime, limit: int) -> int:
        return self._forget(self.events, before, limit)

    def forget_answers(self, before: datetime, limit: int) -> int:
        assert before == NOW - timedelta(days=1)
        return self._forget(self.answers, before, limit)

    def forget_loose_recipients(self, before: datetime, limit: int) -> int:
        assert before == NOW - timedelta(days=1)
        return self._forget(self.loose, before, limit)

    def forget_replies(self, before: datetime, limit: int) -> int:
        return self._forget(self.replies, before, limit)

    def forget_webhook_events(self, before: datetime, limit: int) -> int:
        return self._forget(self.told, before, limit)

    def _forget(self, ages: list[int], before: datetime, limit: int) -> int:
        old = [age for age in ages if NOW - timedelta(days=age) < before][: min(limit, 2)]
        for age in old:
            ages.remove(age)
        return len(old)


def run(shelf: Shelf, events: int, replies: int, told: int) -> dict[str, int]:
    days = timedelta(days=1)
    return Retention(shelf, events * days, replies * days, told * days, lambda: NOW).run()


def test_it_forgets_what_is_older_than_the_settings_batch_by_batch():
    shelf = Shelf(events=[1, 30, 31, 400, 500, 600], replies=[5, 50], told=[9])
    forgotten = {"events": 4, "replies": 1, "webhook_events": 1}
    assert run(shelf, events=30, replies=10, told=7) == ALWAYS | forgotten
    assert (shelf.events, shelf.replies, shelf.told) == ([1, 30], [5], [])


def test_nought_keeps_for_good():
    shelf = Shelf(events=[4000], replies=[4000], told=[4000])
    kept = {"events": 0, "replies": 0, "webhook_events": 0}
    assert run(shelf, events=0, replies=0, told=0) == ALWAYS | kept
    assert (shelf.events, shelf.replies, shelf.told) == ([4000], [4000], [4000])
