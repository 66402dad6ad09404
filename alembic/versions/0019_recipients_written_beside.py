"""recipients of a large campaign are committed before it; notes of contacts are not compressed

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "loose_recipients",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    # Compressing a thousand keys is dearer than writing them down as they are.
    op.execute("ALTER TABLE changed_contacts ALTER contact_ids SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute(
        "DELETE FROM campaign_recipients r USING loose_recipients l"
        " WHERE r.campaign_id = l.campaign_id"
    )
    op.drop_table("loose_recipients")
    op.execute("ALTER TABLE changed_contacts ALTER contact_ids SET STORAGE EXTENDED")
