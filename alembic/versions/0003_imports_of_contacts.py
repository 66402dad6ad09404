"""imports of contacts

Revision ID: 0003
Revises: 0002
"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql

revision: str = '0003'
down_revision: Union[str, Sequence[str], None] = '0002'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

# What foreign keys of contacts and campaign_recipients did when the other side was deleted, once a
# statement instead of once a row. Their check of each new row is what they cost.
FOLLOW = """
CREATE FUNCTION forget_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM contacts c USING gone WHERE c.workspace_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_contacts AFTER DELETE ON workspaces REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION forget_contacts();
CREATE FUNCTION forget_recipients() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM campaign_recipients r USING gone WHERE r.campaign_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_recipients AFTER DELETE ON campaigns REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION forget_recipients();
CREATE FUNCTION forget_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE campaign_recipients r SET contact_id = NULL FROM gone WHERE r.contact_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_contact AFTER DELETE ON contacts REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION forget_contact();
"""
UNFOLLOW = """
DROP TRIGGER forget_contacts ON workspaces;
DROP FUNCTION forget_contacts();
DROP TRIGGER forget_contact ON contacts;
DROP FUNCTION forget_contact();
DROP TRIGGER forget_recipients ON campaigns;
DROP FUNCTION forget_recipients();
"""


def _stamp(name: str, **kwargs) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), **kwargs)


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default=sa.text('0'), nullable=False)


def _json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def upgrade() -> None:
    op.add_column('contacts', _json('fields'))
    op.drop_constraint('campaign_recipients_campaign_id_fkey', 'campaign_recipients', type_='foreignkey')
    op.drop_constraint('campaign_recipients_contact_id_fkey', 'campaign_recipients', type_='foreignkey')
    op.drop_constraint('contacts_workspace_id_fkey', 'contacts', type_='foreignkey')
    op.execute(FOLLOW)
    op.create_table('imports',
    sa.Column('id', sa.Uuid(), server_default=sa.text('uuidv7()'), nullable=False),
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    _text('user_id'),
    _text('filename'),
    sa.Column('size', sa.BigInteger(), nullable=False),
    _text('country'),
    _json('layout'),
    _json('columns'),
    _text('status'),
    _stamp('queued_at', nullable=True),
    _stamp('beat_at', nullable=True),
    *(_count(name) for name in ('attempt', 'tries', 'progress', 'good', 'bad', 'repeated', 'created', 'updated', 'unchanged')),
    _json('sample'),
    _text('error_code', nullable=True),
    _json('error_params'),
    sa.Column('dismissed', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    _stamp('created_at', server_default=sa.text('now()'), nullable=False),
    _stamp('finished_at', nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('imports_newest', 'imports', ['workspace_id', 'user_id', 'created_at'], unique=False)
    op.create_index('imports_active', 'imports', ['queued_at'], unique=False, postgresql_where=sa.text("status IN ('checking', 'importing')"))


def downgrade() -> None:
    op.drop_table('imports')
    op.execute(UNFOLLOW)
    op.create_foreign_key('contacts_workspace_id_fkey', 'contacts', 'workspaces', ['workspace_id'], ['id'], ondelete='CASCADE')
    op.execute("UPDATE campaign_recipients r SET contact_id = NULL WHERE contact_id IS NOT NULL"
               " AND NOT EXISTS (SELECT FROM contacts c WHERE c.id = r.contact_id)")
    op.create_foreign_key('campaign_recipients_contact_id_fkey', 'campaign_recipients', 'contacts', ['contact_id'], ['id'], ondelete='SET NULL')
    op.create_foreign_key('campaign_recipients_campaign_id_fkey', 'campaign_recipients', 'campaigns', ['campaign_id'], ['id'], ondelete='CASCADE')
    op.drop_column('contacts', 'fields')
