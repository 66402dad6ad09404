"""conversations with people and answers to them; campaigns that several accounts send

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0012"
branch_labels = None
depends_on = None

# Replies that are there already become conversations that somebody has read.
_BEGIN = """
INSERT INTO conversations (workspace_id, account_id, phone, name, last_text, last_at)
SELECT DISTINCT ON (account_id, phone) workspace_id, account_id, phone, name, text, received_at
FROM replies ORDER BY account_id, phone, received_at DESC
"""


def _text(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column:
    kind = sqlmodel.sql.sqltypes.AutoString()
    return sa.Column(name, kind, server_default=default, nullable=nullable)


def _time(name: str, *, nullable: bool = True, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, server_default=default, nullable=nullable)


def _key() -> sa.Column:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False)


def _of(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([f"{table}_id"], [f"{table}s.id"], ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("replies", _text("kind", "text"))
    op.create_index(
        "replies_campaign",
        "replies",
        ["campaign_id", "id"],
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_table(
        "conversations",
        _key(),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _text("phone"),
        _text("name", ""),
        sa.Column("unread", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _text("last_text", ""),
        _text("last_kind", "text"),
        sa.Column("last_is_ours", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("last_at", nullable=False),
        _of("workspace"),
        _of("account"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "phone"),
    )
    op.create_index("conversations_newest", "conversations", ["workspace_id", "last_at", "id"])
    op.create_index(
        "conversations_unread",
        "conversations",
        ["workspace_id"],
        postgresql_where=sa.text("unread > 0"),
    )
    op.create_table(
        "answers",
        _key(),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        _text("user_id"),
        _text("phone"),
        _text("text"),
        _text("status", "waiting"),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_epoch", sa.BigInteger(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        _time("claimed_at"),
        _time("not_before"),
        _text("message_id", nullable=True),
        _text("error_code", nullable=True),
        _time("sent_at"),
        _time("delivered_at"),
        _time("read_at"),
        _time("created_at", nullable=False, now=True),
        _of("workspace"),
        _of("account"),
        _of("conversation"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "request_id"),
    )
    op.create_index("answers_conversation", "answers", ["conversation_id", "id"])
    op.create_index(
        "answers_open",
        "answers",
        ["account_id", "id"],
        postgresql_where=sa.text("status IN ('waiting', 'sending')"),
    )
    op.create_index(
        "answers_message",
        "answers",
        ["message_id"],
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.execute(_BEGIN)
    op.add_column("campaign_recipients", sa.Column("account_id", sa.Uuid(), nullable=True))
    op.add_column(
        "campaigns",
        sa.Column(
            "more_accounts",
            postgresql.ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'::uuid[]"),
            nullable=False,
        ),
    )
    op.create_index(
        "campaigns_shared",
        "campaigns",
        ["workspace_id"],
        postgresql_where=sa.text("more_accounts <> '{}'"),
    )


def downgrade() -> None:
    op.drop_index("campaigns_shared", table_name="campaigns")
    op.drop_column("campaigns", "more_accounts")
    op.drop_column("campaign_recipients", "account_id")
    op.drop_table("answers")
    op.drop_table("conversations")
    op.drop_index("replies_campaign", table_name="replies")
    op.drop_column("replies", "kind")
