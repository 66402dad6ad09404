"""The system page's service."""

from datetime import timedelta
from uuid import uuid4

import pytest

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotPermitted
from sender_app.ports.telemetry import Observation, Parts, PartState, QueueDepth
from sender_app.services.system import System


class Installation:
    """One that is in order but for its database's revision."""

    def look(self) -> Parts:
        return Parts(
            {
                "postgres": PartState.OK,
                "redis": PartState.AT_RISK,
                "migrations": PartState.BEHIND,
            }
        )

    def observe(self) -> Observation:
        return Observation({"running": 2}, {}, 0, 1, 5, 0, timedelta(1), 0, timedelta(0), 9)

    def depths(self) -> list[QueueDepth]:
        return [QueueDepth("accounts", 0, 1, 0, 4)]


def look(role: Role):
    here = Installation()
    return System("1.2.3", here, here, here).look(Actor("alice", uuid4(), role))


def test_an_administrator_sees_what_is_not_in_order():
    status = look(Role.ADMIN)
    assert not status.parts.ready
    assert (status.version, status.seen.waiting, status.queues[0].workers) == ("1.2.3", 5, 4)


def test_what_works_at_a_risk_that_was_accepted_is_ready():
    assert Parts({"redis": PartState.OK, "durability": PartState.AT_RISK}).ready


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SENDER])
def test_others_do_not(role: Role):
    with pytest.raises(NotPermitted):
        look(role)
