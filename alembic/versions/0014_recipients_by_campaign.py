"""a campaign's recipients have one index, their key; their messages name the campaign too

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# For workers of the version before, which go on until they are replaced: they name no campaign.
# To be dropped by a later revision.
_FILL = """
CREATE FUNCTION name_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.campaign_id := (SELECT campaign_id FROM campaign_recipients WHERE id = NEW.recipient_id);
  RETURN NEW;
END $$;
CREATE TRIGGER name_campaign BEFORE INSERT ON recipient_messages
FOR EACH ROW WHEN (NEW.campaign_id IS NULL) EXECUTE FUNCTION name_campaign();
"""


def upgrade() -> None:
    op.execute("ALTER TABLE recipient_messages ADD campaign_id uuid")
    op.execute(
        "UPDATE recipient_messages m SET campaign_id = r.campaign_id"
        " FROM campaign_recipients r WHERE r.id = m.recipient_id"
    )
    op.execute("ALTER TABLE recipient_messages ALTER campaign_id SET NOT NULL")
    op.drop_constraint("recipient_messages_recipient_id_fkey", "recipient_messages")
    op.drop_constraint("campaign_recipients_pkey", "campaign_recipients")
    op.drop_index("campaign_recipients_order", "campaign_recipients")
    op.create_primary_key("campaign_recipients_pkey", "campaign_recipients", ["campaign_id", "id"])
    op.create_foreign_key(
        "recipient_messages_recipient_fkey",
        "recipient_messages",
        "campaign_recipients",
        ["campaign_id", "recipient_id"],
        ["campaign_id", "id"],
        ondelete="CASCADE",
    )
    op.execute(_FILL)


def downgrade() -> None:
    op.execute("DROP TRIGGER name_campaign ON recipient_messages; DROP FUNCTION name_campaign()")
    op.drop_constraint("recipient_messages_recipient_fkey", "recipient_messages")
    op.drop_constraint("campaign_recipients_pkey", "campaign_recipients")
    op.create_index("campaign_recipients_order", "campaign_recipients", ["campaign_id", "id"])
    op.create_primary_key("campaign_recipients_pkey", "campaign_recipients", ["id"])
    op.create_foreign_key(
        "recipient_messages_recipient_id_fkey",
        "recipient_messages",
        "campaign_recipients",
        ["recipient_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.drop_column("recipient_messages", "campaign_id")
