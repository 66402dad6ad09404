"""API keys in Redis."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.api_key import ApiKey, digest_of, hint_of
from sender_app.domain.errors import NotFound
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.member_rows import members
from sender_app.stores.redis.rows import Row, at, new_key, read

_BY_HASH = "api_keys:by_hash"  # table of the installation: {"workspace": …, "id": …}


class RedisApiKeys:
    """See ports.store.api_keys.ApiKeyStore."""

    def __init__(self, database: RedisDatabase) -> None:
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
        def work(tx: Transaction) -> ApiKey:
            key, digest = new_key(), digest_of(secret).hex()
            row = {
                "id": str(key),
                "user_id": user_id,
                "name": name,
                "role": role,
                "digest": digest,
                "hint": hint_of(secret),
                "expires_at": expires_at,
                "used_at": None,
                "revoked_at": None,
                "created_at": tx.now(),
            }
            tx.put(_keys(workspace_id), key, row)
            tx.put(place("api_keys"), key, {"workspace": workspace_id})
            tx.put(_BY_HASH, digest, {"workspace": workspace_id, "id": key})
            return _key(workspace_id, row)

        return self._database.transact(work)

    def list(self, workspace_id: UUID) -> list[ApiKey]:
        view = self._database.view()
        rows = sorted(
            view.all(_keys(workspace_id)).values(), key=lambda row: row["id"], reverse=True
        )
        owners = view.rows(members(workspace_id), [row["user_id"] for row in rows])
        return [
            _key(workspace_id, row, owner["name"] if owner else "")
            for row, owner in zip(rows, owners, strict=True)
        ]

    def find(self, secret: str, now: datetime) -> ApiKey | None:
        view = self._database.view()
        where = view.row(_BY_HASH, digest_of(secret).hex())
        row = view.row(_keys(where["workspace"]), where["id"]) if where else None
        if where is None or row is None or row["revoked_at"]:
            return None
        if row["expires_at"] and at(row["expires_at"]) <= now:
            return None
        return _key(where["workspace"], row)

    def touch(self, key_id: UUID, at: datetime) -> None:
        def work(tx: Transaction) -> None:
            workspace, row = _found(tx, key_id)
            tx.put(_keys(workspace), key_id, row | {"used_at": at})

        self._database.transact(work)

    def revoke(self, workspace_id: UUID, key_id: UUID, at: datetime) -> None:
        def work(tx: Transaction) -> None:
            workspace, row = _found(tx, key_id)
            if workspace != str(workspace_id):
                raise NotFound("api key", key_id)
            tx.put(_keys(workspace), key_id, row | {"revoked_at": row["revoked_at"] or at})

        self._database.transact(work)


def _keys(workspace_id: UUID | str) -> str:
    return of(workspace_id, "team", "api_keys")


def _found(tx: Transaction, key_id: UUID) -> tuple[str, Row]:
    where = tx.aside().row(place("api_keys"), key_id)
    row = tx.row(_keys(where["workspace"]), key_id) if where else None
    if where is None or row is None:
        raise NotFound("api key", key_id)
    return where["workspace"], row


def _key(workspace_id: UUID | str, row: dict[str, Any], owner: str = "") -> ApiKey:
    return read(ApiKey, row | {"workspace_id": workspace_id, "owner": owner})
