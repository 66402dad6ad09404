"""messages that were sent are noted by the commit, before their recipients and events follow

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery_records",
        sa.Column("journal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_ids", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("contact_ids", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("message_ids", ARRAY(sa.Text()), nullable=False),
        sa.Column("sent_ats", ARRAY(sa.Double()), nullable=False),
        sa.ForeignKeyConstraint(["journal_id"], ["delivery_journals.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("journal_id", "entry"),
        postgresql_with={"toast_tuple_target": "8160"},
    )
    for column in ("recipient_ids", "contact_ids", "message_ids", "sent_ats"):
        op.execute(f"ALTER TABLE delivery_records ALTER {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("delivery_records")
