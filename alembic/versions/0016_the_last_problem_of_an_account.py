"""what last kept an account from sending, also when it is over

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("last_problem", sa.String(), nullable=True))
    op.add_column(
        "accounts", sa.Column("last_problem_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("accounts", "last_problem_at")
    op.drop_column("accounts", "last_problem")
