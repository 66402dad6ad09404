"""a second person's approval, and a rest for whoever was written to lately

Revision: 0011, after 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "workspaces", sa.Column("rest_days", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "workspaces",
        sa.Column("needs_approval", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "campaigns", sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
    )
    op.add_column(
        "campaigns",
        sa.Column(
            "review_note", sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False
        ),
    )
    op.create_index(
        "campaigns_awaiting",
        "campaigns",
        ["workspace_id"],
        postgresql_where=sa.text("status = 'awaiting'"),
    )


def downgrade() -> None:
    # The version before knows no such state: what waits for a second person waits as paused, which
    # a person resumes.
    op.execute(
        "UPDATE campaigns SET status = 'paused', pause_reason = 'person', started_at = now()"
        " WHERE status = 'awaiting'"
    )
    op.drop_index("campaigns_awaiting", table_name="campaigns")
    op.drop_column("campaigns", "review_note")
    op.drop_column("campaigns", "approved_by")
    op.drop_column("workspaces", "needs_approval")
    op.drop_column("workspaces", "rest_days")
