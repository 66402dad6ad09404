"""The book: groups, a search index of contacts that follows them, opt-out preferences.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Lower case, without accents; domain/contact_search.py does the same to what a person types.
# 112 combining marks, U+0300 to U+036F, go; other text is compared as it is.
_KEY = r"""
CREATE FUNCTION contact_key(t text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(t) = char_length(t) THEN lower(t COLLATE "C") COLLATE "C"
  ELSE translate(normalize(lower(t COLLATE "pg_c_utf8") COLLATE "C", NFKD), MARKS, '') END
""".replace("MARKS", "U&'" + "".join(f"\\{mark:04X}" for mark in range(0x300, 0x370)) + "'")
# Words of a key: letters and digits, whatever stands between them.
_WORDS = r"""
CREATE FUNCTION contact_words(key text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_remove(string_to_array(
  translate(key, E'.,;:-_/\\|()[]{}<>"''`´&+*#@!?¡¿=~^%$\t\n\r', repeat(' ', 40)), ' '), '')
"""
# Every change of a contact is noted, in the transaction that made it; the index follows later,
# so that an import does not wait for it.
_NOTE = """
CREATE FUNCTION note_contact_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contact_changes (workspace_id, contact_id) SELECT workspace_id, id FROM changed;
  RETURN NULL;
END $$;
CREATE TRIGGER contacts_added AFTER INSERT ON contacts REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note_contact_changes();
CREATE TRIGGER contacts_changed AFTER UPDATE ON contacts REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note_contact_changes();
CREATE FUNCTION note_opt_outs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contact_changes (workspace_id, contact_id)
  SELECT c.workspace_id, c.id FROM changed o
  JOIN contacts c ON c.workspace_id = o.workspace_id AND c.phone = o.phone;
  RETURN NULL;
END $$;
CREATE TRIGGER opt_outs_added AFTER INSERT ON opt_outs REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note_opt_outs();
CREATE TRIGGER opt_outs_removed AFTER DELETE ON opt_outs REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION note_opt_outs();
"""


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("workspace_id", "name"),
    )
    op.create_table(
        "contact_groups",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("is_first", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sort_key", sa.String(collation="C"), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "contact_id"),
    )
    op.create_index("contact_groups_contact", "contact_groups", ["contact_id"])
    op.create_index("contact_groups_name", "contact_groups", ["group_id", "sort_key", "contact_id"])
    op.create_table(
        "contact_index",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("sort_key", sa.String(collation="C"), nullable=False),
        sa.Column("phone", sa.String(collation="C"), nullable=False),
        sa.Column("grupo", sa.String(collation="C"), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("whatsapp_status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_index("contact_index_name", "contact_index", ["workspace_id", "sort_key", "contact_id"])
    op.create_index("contact_index_newest", "contact_index", ["workspace_id", "contact_id"])
    op.create_index("contact_index_phone", "contact_index", ["workspace_id", "phone", "contact_id"])
    op.create_index("contact_index_group", "contact_index", ["workspace_id", "grupo", "contact_id"])
    op.create_index("contact_index_words", "contact_index", ["words"], postgresql_using="gin",
                    postgresql_with={"gin_pending_list_limit": 1024})
    op.create_table(
        "contact_changes",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
    )
    op.create_index("contact_changes_workspace", "contact_changes", ["workspace_id"])
    op.create_table(
        "whatsapp_checks",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "phone"),
    )
    op.create_index("opt_outs_newest", "opt_outs", ["workspace_id", "created_at", "phone"])
    op.add_column("contacts", sa.Column("whatsapp_status", sqlmodel.sql.sqltypes.AutoString(), server_default="unknown", nullable=False))
    op.add_column("contacts", sa.Column("whatsapp_checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("workspaces", sa.Column("opt_out_words", postgresql.JSONB(), nullable=True))
    op.add_column("workspaces", sa.Column("opt_out_reply", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.add_column("opt_outs", sa.Column("answer_due", sa.Uuid(), nullable=True))
    op.create_index("opt_outs_answer", "opt_outs", ["answer_due"], postgresql_where=sa.text("answer_due IS NOT NULL"))
    op.execute(_KEY)
    op.execute(_WORDS)
    op.execute(_NOTE)
    op.execute("INSERT INTO contact_changes SELECT workspace_id, id FROM contacts")


def downgrade() -> None:
    op.execute("DROP TRIGGER contacts_added ON contacts; DROP TRIGGER contacts_changed ON contacts;"
               "DROP TRIGGER opt_outs_added ON opt_outs; DROP TRIGGER opt_outs_removed ON opt_outs;"
               "DROP FUNCTION note_contact_changes(); DROP FUNCTION note_opt_outs();"
               "DROP FUNCTION contact_words(text); DROP FUNCTION contact_key(text)")
    op.drop_index("opt_outs_answer", table_name="opt_outs")
    op.drop_column("opt_outs", "answer_due")
    op.drop_column("workspaces", "opt_out_reply")
    op.drop_column("workspaces", "opt_out_words")
    op.drop_column("contacts", "whatsapp_checked_at")
    op.drop_column("contacts", "whatsapp_status")
    op.drop_index("opt_outs_newest", table_name="opt_outs")
    op.drop_table("whatsapp_checks")
    op.drop_table("contact_changes")
    op.drop_table("contact_index")
    op.drop_table("contact_groups")
    op.drop_table("groups")
