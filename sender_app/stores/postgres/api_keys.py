"""API keys in Postgres."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from sender_app.domain.actor import Role
from sender_app.domain.api_key import ApiKey, digest_of, hint_of
from sender_app.domain.errors import NotFound
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.tables.api_keys import ApiKeyRow
from sender_app.stores.postgres.tables.members import MemberRow


class PostgresApiKeys:
    """See ports.store.api_keys.ApiKeyStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        name: str,
        role: Role,
        secret: str,
        expires_at: datetime | None,
    ) -> ApiKey:
        row = ApiKeyRow(
            workspace_id=workspace_id,
            user_id=user_id,
            name=name,
            role=role.value,
            digest=digest_of(secret),
            hint=hint_of(secret),
            expires_at=expires_at,
        )
        with self._database.session() as session:
            session.add(row)
            session.flush()
            session.refresh(row)
            return _key(row)

    def list(self, workspace_id: UUID) -> list[ApiKey]:
        query = (
            select(ApiKeyRow, MemberRow.name)
            .join(
                MemberRow,
                (col(MemberRow.workspace_id) == col(ApiKeyRow.workspace_id))
                & (col(MemberRow.user_id) == col(ApiKeyRow.user_id)),
                isouter=True,
            )
            .where(ApiKeyRow.workspace_id == workspace_id)
            .order_by(col(ApiKeyRow.id).desc())
        )
        with self._database.session() as session:
            return [_key(row, owner or "") for row, owner in session.exec(query)]

    def find(self, secret: str, now: datetime) -> ApiKey | None:
        query = (
            select(ApiKeyRow)
            .where(ApiKeyRow.digest == digest_of(secret), col(ApiKeyRow.revoked_at).is_(None))
            .where(or_(col(ApiKeyRow.expires_at).is_(None), col(ApiKeyRow.expires_at) > now))
        )
        with self._database.session() as session:
            row = session.exec(query).one_or_none()
            return _key(row) if row else None

    def touch(self, key_id: UUID, at: datetime) -> None:
        with self._database.session() as session:
            _row(session, key_id).used_at = at

    def revoke(self, workspace_id: UUID, key_id: UUID, at: datetime) -> None:
        with self._database.session() as session:
            row = _row(session, key_id)
            if row.workspace_id != workspace_id:
                raise NotFound("api key", key_id)
            row.revoked_at = row.revoked_at or at


def _row(session: Session, key_id: UUID) -> ApiKeyRow:
    row = session.get(ApiKeyRow, key_id)
    if row is None:
        raise NotFound("api key", key_id)
    return row


def _key(row: ApiKeyRow, owner: str = "") -> ApiKey:
    return ApiKey(
        id=row.id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        name=row.name,
        role=Role(row.role),
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
        owner=owner,
    )
