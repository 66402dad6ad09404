"""where roles come from, and the audit log

Revision: 0007, after 0004
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0007'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('members', sa.Column('login', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False))
    op.add_column('members', sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), server_default='local', nullable=False))
    op.add_column('members', sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('members', sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('members_user', 'members', ['user_id'])
    op.create_table('audit_log',
    sa.Column('id', sa.Uuid(), server_default=sa.text('uuidv7()'), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False),
    sa.Column('action', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False),
    sa.Column('outcome', sqlmodel.sql.sqltypes.AutoString(), server_default='', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('audit_log_newest', 'audit_log', ['workspace_id', 'id'])


def downgrade() -> None:
    op.drop_index('audit_log_newest', table_name='audit_log')
    op.drop_table('audit_log')
    op.drop_index('members_user', table_name='members')
    op.drop_column('members', 'removed_at')
    op.drop_column('members', 'seen_at')
    op.drop_column('members', 'source')
    op.drop_column('members', 'login')
