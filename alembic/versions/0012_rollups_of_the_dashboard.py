"""hours, months by group, and the contacts with the most messages

Revision: 0012, after 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

FILL_MONTHS = """
INSERT INTO group_stats (workspace_id, month, account_id, grupo, sent, errors)
SELECT workspace_id, to_char(day, 'YYYY-MM'), account_id, grupo, sum(sent), sum(errors)
FROM daily_stats GROUP BY 1, 2, 3, 4
"""
# What was counted before is known by month alone; nobody could have more than one account then.
FILL_TOPS = """
INSERT INTO contact_tops (workspace_id, contact_id, period, account_id, sent, errors)
SELECT s.workspace_id, s.contact_id, p.period, p.account_id, sum(s.sent), sum(s.errors)
FROM contact_stats s
LEFT JOIN LATERAL (SELECT id FROM accounts a WHERE a.workspace_id = s.workspace_id
  ORDER BY id LIMIT 1) a ON true
CROSS JOIN LATERAL (VALUES (s.month, a.id), (left(s.month, 4), a.id),
  (left(s.month, 4), '00000000-0000-0000-0000-000000000000'::uuid)) p(period, account_id)
WHERE p.account_id IS NOT NULL
GROUP BY s.workspace_id, s.contact_id, p.period, p.account_id
"""


def upgrade() -> None:
    op.create_table(
        "hourly_stats",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("grupo", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "hour", "account_id", "grupo"),
    )
    op.create_table(
        "group_stats",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("grupo", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "month", "account_id", "grupo"),
    )
    op.execute(FILL_MONTHS)
    op.create_table(
        "contact_tops",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("period", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "period", "account_id"),
    )
    op.execute(FILL_TOPS)
    op.create_index(
        "contact_tops_most",
        "contact_tops",
        ["workspace_id", "period", "account_id", sa.text("sent DESC"), "contact_id"],
    )
    op.create_index(
        "contact_stats_most",
        "contact_stats",
        ["workspace_id", "month", sa.text("sent DESC"), "contact_id"],
    )
    op.drop_index("contact_stats_month", table_name="contact_stats")


def downgrade() -> None:
    op.create_index("contact_stats_month", "contact_stats", ["workspace_id", "month"])
    op.drop_index("contact_stats_most", table_name="contact_stats")
    op.drop_table("contact_tops")
    op.drop_table("group_stats")
    op.drop_table("hourly_stats")
