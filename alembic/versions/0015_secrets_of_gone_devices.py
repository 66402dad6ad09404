"""what is known of messages in flight outlives the device that sent them

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# The trigger that calls it is on the library's own table, see adapters/linked_devices.py.
_KEEP = """
CREATE FUNCTION keep_secrets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM gone_secrets WHERE gone_at < now() - interval '60 days';
  INSERT INTO gone_secrets (key, message_id) SELECT key, message_id FROM gone
  ON CONFLICT (key) DO NOTHING;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "gone_secrets",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column(
            "gone_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("key"),
    )
    op.execute(_KEEP)


def downgrade() -> None:
    op.execute("DROP FUNCTION keep_secrets() CASCADE")
    op.drop_table("gone_secrets")
