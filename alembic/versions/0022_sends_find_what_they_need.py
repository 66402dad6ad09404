"""a page of recipients has room for what a send writes, and messages are noted with their group

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# A send writes two more versions of a recipient, and the first is cleared away for the last. With
# 45 a third of the messages found no room on their page and cost new entries in both indexes. For
# what is written from now on; older pages stay as they are.
_ROOM = "ALTER TABLE campaign_recipients SET (fillfactor = {percent})"


def upgrade() -> None:
    op.execute(_ROOM.format(percent=36))
    op.add_column("delivery_records", sa.Column("grupos", ARRAY(sa.Text()), nullable=True))
    op.execute("ALTER TABLE delivery_records ALTER grupos SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_column("delivery_records", "grupos")
    op.execute(_ROOM.format(percent=45))
