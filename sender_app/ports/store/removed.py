"""What the parts of the store give out when something is removed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Removed:
    """How many were removed, and what the store needs to have them back as they were."""

    count: int
    record: bytes = b""  # for `restore` of the same part of the store; personal data

    def __bool__(self) -> bool:
        return self.count > 0
