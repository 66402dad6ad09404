"""journals of the ledger: records are appended, counters and rollups follow

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery_journals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("folded_entry", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "folded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delivery_journals_account", "delivery_journals", ["account_id"])

    op.add_column("metric_events", sa.Column("recipient_id", sa.Uuid(), nullable=True))
    op.add_column("metric_events", sa.Column("message_id", sa.String(), nullable=True))
    op.add_column("metric_events", sa.Column("journal_id", sa.BigInteger(), nullable=True))
    op.add_column("metric_events", sa.Column("entry", sa.Integer(), nullable=True))
    op.execute(
        """
        UPDATE metric_events e SET recipient_id = r.id, message_id = r.message_id
        FROM campaign_recipients r
        WHERE r.campaign_id = e.campaign_id AND r.contact_id = e.contact_id
          AND e.event_type IN ('sent', 'unconfirmed') AND r.message_id IS NOT NULL
        """
    )
    op.create_index(
        "metric_events_message",
        "metric_events",
        ["message_id"],
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.drop_index("campaign_recipients_message", table_name="campaign_recipients")

    op.drop_constraint("contact_stats_contact_id_fkey", "contact_stats", type_="foreignkey")
    op.drop_constraint("contact_stats_pkey", "contact_stats", type_="primary")
    op.drop_constraint("contact_stats_contact_id_month_key", "contact_stats", type_="unique")
    op.create_primary_key("contact_stats_pkey", "contact_stats", ["contact_id", "month"])


def downgrade() -> None:
    op.drop_constraint("contact_stats_pkey", "contact_stats", type_="primary")
    op.create_primary_key("contact_stats_pkey", "contact_stats", ["id"])
    op.create_unique_constraint(
        "contact_stats_contact_id_month_key", "contact_stats", ["contact_id", "month"]
    )
    op.execute(
        "DELETE FROM contact_stats s WHERE NOT EXISTS"
        " (SELECT FROM contacts c WHERE c.id = s.contact_id)"
    )
    op.create_foreign_key(
        "contact_stats_contact_id_fkey",
        "contact_stats",
        "contacts",
        ["contact_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "campaign_recipients_message",
        "campaign_recipients",
        ["message_id"],
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.drop_index("metric_events_message", table_name="metric_events")
    for column in ("entry", "journal_id", "message_id", "recipient_id"):
        op.drop_column("metric_events", column)
    op.drop_table("delivery_journals")
