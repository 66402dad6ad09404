"""recipients have room for what a send changes; the book's index has a trigger for its key

Revision: 0018, after 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# For what is written from now on; older pages stay as they are. A page takes the claimed rows of
# all its recipients beside the queued ones, so neither update of a send leaves it.
_ROOM = "ALTER TABLE campaign_recipients SET (fillfactor = {percent})"
# Whoever writes the index holds its contacts until the commit, so the key's own look at each new
# row finds nothing; deletion follows by one statement instead of one look-up a row.
_FORGET = """
CREATE FUNCTION forget_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM contact_index i USING gone WHERE i.contact_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_index AFTER DELETE ON contacts REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION forget_index();
"""


def upgrade() -> None:
    op.execute(_ROOM.format(percent=45))
    op.execute(_FORGET)
    op.drop_constraint("contact_index_contact_id_fkey", "contact_index", type_="foreignkey")


def downgrade() -> None:
    op.execute(
        "DELETE FROM contact_index i"
        " WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.id = i.contact_id)"
    )
    op.create_foreign_key(
        "contact_index_contact_id_fkey",
        "contact_index",
        "contacts",
        ["contact_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.execute("DROP TRIGGER forget_index ON contacts; DROP FUNCTION forget_index()")
    op.execute(_ROOM.format(percent=80))
