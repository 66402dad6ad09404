"""The installation as its administrators see it: figures over all workspaces, and no names."""

from collections.abc import Sequence
from dataclasses import dataclass

from sender_app.domain.actor import Actor, Role
from sender_app.ports.telemetry import Observation, Observer, Parts, Probes, QueueDepth, Queues


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """One look at everything."""

    version: str
    parts: Parts
    seen: Observation
    queues: Sequence[QueueDepth]


@dataclass(frozen=True, slots=True)
class System:
    """Looks, and changes nothing."""

    version: str
    probes: Probes
    observer: Observer
    queues: Queues

    def look(self, actor: Actor) -> SystemStatus:
        """The installation now."""
        actor.require(Role.ADMIN)
        return SystemStatus(
            self.version, self.probes.look(), self.observer.observe(), self.queues.depths()
        )
