"""Who sees the codes that link a telephone is written down: they need no order to be given."""

from datetime import datetime, timedelta

from sender_app.domain.actor import Actor, Role
from tests.office import Office


def test_the_log_has_who_began_to_look_at_codes(office: Office):
    accounts = office.services.accounts
    account = accounts.create_account(office.alice, "Ventas")
    viewer = Actor("bob", office.alice.workspace_id, Role.VIEWER, "Bob")

    def looked() -> list[tuple[str, str, str | None]]:
        rows = office.services.audit.list_entries(office.alice).rows
        return [
            (row.user_id, row.subject, row.outcome) for row in rows if row.action == "account_pair"
        ]

    accounts.connection_status(viewer, account.id, keep_pairing=True)
    accounts.connection_status(office.alice, account.id)
    assert looked() == []
    for _ in range(3):  # as an open page does
        accounts.connection_status(office.alice, account.id, keep_pairing=True)
    assert looked() == [("alice", "Ventas", "done")]

    long_ago = datetime.now().astimezone() - timedelta(hours=1)
    office.store.accounts.wish_pairing(account.id, long_ago, None)
    accounts.connection_status(office.alice, account.id, keep_pairing=True)
    assert len(looked()) == 2
