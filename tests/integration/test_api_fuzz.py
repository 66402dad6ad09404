"""Requests that nobody would think of: no fault of the server, and answers as documented."""

from uuid import UUID

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sender_app import bootstrap
from sender_app.sender_app import routes
from tests.integration.personas import World

INSTALLATION = {"API_RATE": "1000000"}
EXAMPLES = 25  # an operation
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", routes)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_its_description_says(case: Case, world: World):
    names = {
        "accountId": world.account_id,
        "campaignId": world.campaign_id,
        "contactId": world.contact_id,
        "groupId": world.group_id,
        "templateId": world.template_id,
        "conversationId": world.conversation_id,
        "messageId": world.answer_id,
    }
    bootstrap.redis().flushall()  # else wrong tokens, which are tried too, are told to wait
    for name, value in case.path_parameters.items():
        # What cannot be read is left as it is; and what one deletes would be there only once.
        if is_uuid(value) and name in names and case.operation.method != "delete":
            case.path_parameters[name] = str(names[name])
    case.call_and_validate(
        headers={"Authorization": f"Bearer {world.keys['admin']}"},
        excluded_checks=[positive_data_acceptance],  # rules say more than a schema can
    )


def is_uuid(value: object) -> bool:
    try:
        return bool(UUID(str(value)))
    except ValueError:
        return False
