"""Somebody who writes to people: services on real servers, with no process that sends."""

from uuid import UUID

from sender_app.domain.account import AccountStatus
from sender_app.services.drafts import Draft

PEOPLE = "numero,sustantivo,nombre\n0981000001,Sra.,Ana\n0981000002,Sr.,Luis\n0981000003,,Eva\n"


class Office:
    """Somebody with a linked account who writes to three people."""

    def __init__(self, services: object, store: object, user_id: str = "alice") -> None:
        self.services, self.store = services, store
        self.drafts = services.drafts
        self.alice = services.workspaces.actor_for(user_id, "Alice")
        account = services.accounts.ensure_account(self.alice)
        store.accounts.linked(account.id, "+595981999999", "session")
        store.accounts.set_status(account.id, AccountStatus.OFFLINE)
        self.account_id = account.id
        self.file_id = self.file(PEOPLE)

    def file(self, text: str) -> UUID:
        return self.services.imports.check_file(self.alice, "x.csv", text.encode()).file_id

    def draft(self, *texts: str, **changes: object) -> UUID:
        values = {"name": "Feria", "file_id": self.file_id, "filename": "x.csv"} | changes
        draft = Draft(self.account_id, texts=texts or ("Hola {nombre}",), **values)
        return self.drafts.create_draft(self.alice, draft).id

    def recipients(self, campaign_id: UUID) -> list[str]:
        page = self.services.campaigns.recipients(self.alice, campaign_id)
        return [row.nombre for row in page.rows]
