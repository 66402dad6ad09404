"""Requests that nobody would think of: no fault of the server, and answers as documented."""

from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from sender_app import bootstrap
from sender_app.sender_app import routes
from tests.integration.personas import World

INSTALLATION = {"API_RATE": "1000000", "SECRET_KEY": "x" * 32}
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", routes)


def examples(count: int) -> settings:
    """So many of each operation, the same every time."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


# Without a parameter of pytest's own the operations' tests share one name, and xdist runs one.
@pytest.mark.parametrize("kept_in", ["postgres"], scope="module")
@schema.parametrize()
@examples(25)
def test_it_answers_as_its_description_says(case: Case, world: World):
    answers_well(case, world)


@pytest.mark.parametrize("kept_in", ["redis"], scope="module")
@schema.parametrize()
@examples(8)
def test_it_does_so_on_redis_alone(case: Case, world: World):
    answers_well(case, world)


def answers_well(case: Case, world: World) -> None:
    """Send the request as an admin of the world."""
    names = world.names_in_paths
    redis = bootstrap.redis()
    if limits := list(redis.scan_iter("LIMITS:*")):
        redis.delete(*limits)  # else wrong tokens, which are tried too, are told to wait
    for name, value in case.path_parameters.items():
        # What cannot be read is left as it is; and what one deletes would be there only once.
        if is_uuid(value) and name in names and case.operation.method != "delete":
            case.path_parameters[name] = str(names[name])
    excluded = [positive_data_acceptance]  # rules say more than a schema can
    if set(case.query or {}) - {one.name for one in case.operation.query}:
        excluded.append(negative_data_rejection)  # what nobody asks for is not looked at
    case.call_and_validate(
        headers={"Authorization": f"Bearer {world.keys['admin']}"}, excluded_checks=excluded
    )


def is_uuid(value: object) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False
