"""Answers to requests with an idempotency key, in Postgres, where they outlive any process."""

import json
from datetime import datetime
from uuid import UUID

from sender_app.ports.store.answers import Answer, KeptAnswer
from sender_app.stores.postgres.engine import Database

# The row of a key whose day is over is taken over; of several at once, one gets it.
_BEGIN = """
INSERT INTO api_answers AS a (workspace_id, key, fingerprint, started_at)
VALUES (%(workspace)s, %(key)s, %(fingerprint)s, %(now)s)
ON CONFLICT (workspace_id, key) DO UPDATE
  SET fingerprint = excluded.fingerprint, started_at = excluded.started_at,
      status = NULL, headers = '{}', body = NULL
  WHERE a.started_at < %(since)s
"""
_READ = """
SELECT fingerprint, started_at, status, headers, body FROM api_answers
WHERE workspace_id = %(workspace)s AND key = %(key)s
"""
_KEEP = """
UPDATE api_answers SET status = %(status)s, headers = %(headers)s, body = %(body)s
WHERE workspace_id = %(workspace)s AND key = %(key)s
"""
_RELEASE = "DELETE FROM api_answers WHERE workspace_id = %(workspace)s AND key = %(key)s"


class PostgresAnswers:
    """See ports.store.answers.AnswerStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, workspace_id: UUID, key: str, fingerprint: bytes, now: datetime, since: datetime
    ) -> KeptAnswer | None:
        values = {"workspace": workspace_id, "key": key, "fingerprint": fingerprint}
        values |= {"now": now, "since": since}
        while True:
            with self._database.transaction() as cursor:
                if cursor.execute(_BEGIN, values).rowcount:
                    return None
                row = cursor.execute(_READ, values).fetchone()
            if row is not None:  # else it was released this moment, and is free
                answer = Answer(row.status, row.headers, row.body) if row.status else None
                return KeptAnswer(row.fingerprint, row.started_at, answer)

    def keep(self, workspace_id: UUID, key: str, answer: Answer) -> None:
        values = {"workspace": workspace_id, "key": key, "status": answer.status}
        values |= {"headers": json.dumps(dict(answer.headers)), "body": answer.body}
        with self._database.transaction() as cursor:
            cursor.execute(_KEEP, values)

    def release(self, workspace_id: UUID, key: str) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(_RELEASE, {"workspace": workspace_id, "key": key})
