"""changed contacts are noted by the thousand, not one by one

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PARTS = """
  SELECT workspace_id, array_agg(id)
  FROM (SELECT workspace_id, id, (row_number() OVER () - 1) / 1000 AS part FROM {these}) AS p
  GROUP BY workspace_id, part"""
_NOTE = f"""
CREATE OR REPLACE FUNCTION note_contact_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_contacts (workspace_id, contact_ids) {_PARTS.format(these="changed")};
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION note_opt_outs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_contacts (workspace_id, contact_ids) {_PARTS.format(these='''
    (SELECT c.workspace_id, c.id FROM changed o
     JOIN contacts c ON c.workspace_id = o.workspace_id AND c.phone = o.phone) AS found''')};
  RETURN NULL;
END $$;
"""
# For processes of the version before, which go on until they are replaced: what they note in the
# old table arrives in the new one. To be dropped, with the table, by a later revision.
_FORWARD = f"""
CREATE FUNCTION forward_contact_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changed_contacts (workspace_id, contact_ids) {_PARTS.format(these='''
    (SELECT workspace_id, contact_id AS id FROM changed) AS found''')};
  DELETE FROM contact_changes;
  RETURN NULL;
END $$;
CREATE TRIGGER contact_changes_forwarded AFTER INSERT ON contact_changes
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forward_contact_changes();
"""
_NOTE_ONE_BY_ONE = """
CREATE OR REPLACE FUNCTION note_contact_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contact_changes (workspace_id, contact_id) SELECT workspace_id, id FROM changed;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION note_opt_outs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contact_changes (workspace_id, contact_id)
  SELECT c.workspace_id, c.id FROM changed o
  JOIN contacts c ON c.workspace_id = o.workspace_id AND c.phone = o.phone;
  RETURN NULL;
END $$;
"""


def upgrade() -> None:
    op.create_table(
        "changed_contacts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
    )
    op.create_index("changed_contacts_workspace", "changed_contacts", ["workspace_id"])
    op.execute(_NOTE)
    noted = "(SELECT workspace_id, contact_id AS id FROM contact_changes) AS found"
    op.execute(
        f"INSERT INTO changed_contacts (workspace_id, contact_ids) {_PARTS.format(these=noted)}"
    )
    op.execute("DELETE FROM contact_changes")
    op.execute(_FORWARD)


def downgrade() -> None:
    op.execute("DROP TRIGGER contact_changes_forwarded ON contact_changes")
    op.execute("DROP FUNCTION forward_contact_changes()")
    op.execute(_NOTE_ONE_BY_ONE)
    op.execute(
        "INSERT INTO contact_changes (workspace_id, contact_id)"
        " SELECT workspace_id, unnest(contact_ids) FROM changed_contacts"
    )
    op.drop_table("changed_contacts")
