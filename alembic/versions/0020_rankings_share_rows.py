"""a contact's month and year name the account that alone counted them

Revision: 0020, after 0019
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# The account of rows that several counted, or nobody knows who.
EVERY = "'00000000-0000-0000-0000-000000000000'::uuid"
# Contacts' periods that one account counted, which is known when its figures are all there are.
ALONE = f"""
SELECT contact_id, period, any_value(account_id) AS account_id, sum(sent) AS sent,
  sum(errors) AS errors
FROM contact_tops WHERE account_id <> {EVERY} GROUP BY contact_id, period HAVING count(*) = 1
"""
FILL_MONTHS = f"""
UPDATE contact_stats s SET account_id = a.account_id FROM ({ALONE}) a
WHERE a.contact_id = s.contact_id AND a.period = s.month AND a.sent = s.sent AND a.errors = s.errors
"""
FILL_YEARS = f"""
INSERT INTO contact_years (workspace_id, contact_id, year, account_id, sent, errors)
SELECT t.workspace_id, t.contact_id, t.period, coalesce(a.account_id, {EVERY}), t.sent, t.errors
FROM contact_tops t LEFT JOIN ({ALONE}) a ON a.contact_id = t.contact_id AND a.period = t.period
  AND a.sent = t.sent AND a.errors = t.errors
WHERE t.account_id = {EVERY} ORDER BY t.contact_id, t.period
"""
FILL_SHARES = f"""
INSERT INTO contact_shares (workspace_id, contact_id, period, account_id, sent, errors)
SELECT workspace_id, contact_id, period, account_id, sent, errors FROM contact_tops t
WHERE account_id <> {EVERY}
  AND NOT EXISTS (SELECT FROM contact_stats s WHERE s.contact_id = t.contact_id
    AND s.month = t.period AND s.account_id = t.account_id)
  AND NOT EXISTS (SELECT FROM contact_years y WHERE y.contact_id = t.contact_id
    AND y.year = t.period AND y.account_id = t.account_id)
ORDER BY contact_id, period, account_id
"""
# The version before goes on counting in `contact_tops`, which stays for it until a later revision
# drops it. What it adds there is carried over at the end of its statement, when it has added to
# `contact_stats` already; what it takes out with contacts, it may put back.
CARRY = f"""
CREATE FUNCTION carry_tops() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  added contact_tops;
  before record;
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE contact_years SET sent = sent - OLD.sent, errors = errors - OLD.errors
    WHERE contact_id = OLD.contact_id AND year = OLD.period AND OLD.account_id <> {EVERY};
    UPDATE contact_shares SET sent = sent - OLD.sent, errors = errors - OLD.errors
    WHERE contact_id = OLD.contact_id AND period = OLD.period AND account_id = OLD.account_id;
    RETURN NULL;
  END IF;
  added := NEW;
  IF TG_OP = 'UPDATE' THEN
    added.sent := NEW.sent - OLD.sent;
    added.errors := NEW.errors - OLD.errors;
  END IF;
  IF added.account_id = {EVERY} THEN
    RETURN NULL;
  ELSIF length(added.period) = 4 THEN
    INSERT INTO contact_years AS s (workspace_id, contact_id, year, account_id, sent, errors)
    VALUES (added.workspace_id, added.contact_id, added.period, added.account_id, added.sent,
      added.errors)
    ON CONFLICT (contact_id, year) DO UPDATE
    SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors,
      account_id = CASE WHEN s.account_id = EXCLUDED.account_id THEN s.account_id ELSE {EVERY} END
    RETURNING WITH (OLD AS was) coalesce(was.account_id, s.account_id) AS account_id, was.sent,
      was.errors INTO before;
  ELSE
    UPDATE contact_stats s
    SET account_id = CASE WHEN account_id = added.account_id THEN account_id ELSE {EVERY} END
    WHERE contact_id = added.contact_id AND month = added.period
    RETURNING WITH (OLD AS was) was.account_id, s.sent - added.sent AS sent,
      s.errors - added.errors AS errors INTO before;
  END IF;
  INSERT INTO contact_shares AS s (workspace_id, contact_id, period, account_id, sent, errors)
  SELECT added.workspace_id, added.contact_id, added.period, p.account_id, p.sent, p.errors
  FROM (VALUES (before.account_id, before.sent, before.errors),
    (added.account_id, added.sent, added.errors)) p(account_id, sent, errors)
  WHERE before.account_id <> added.account_id AND p.account_id <> {EVERY}
  ON CONFLICT (contact_id, period, account_id) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors;
  RETURN NULL;
END $$;
CREATE TRIGGER carry_tops AFTER INSERT OR UPDATE OR DELETE ON contact_tops
  FOR EACH ROW EXECUTE FUNCTION carry_tops();
"""
REFILL = f"""
TRUNCATE contact_tops;
INSERT INTO contact_tops (workspace_id, contact_id, period, account_id, sent, errors)
SELECT workspace_id, contact_id, month, account_id, sent, errors FROM contact_stats
  WHERE account_id <> {EVERY}
UNION ALL
SELECT workspace_id, contact_id, year, account_id, sent, errors FROM contact_years
  WHERE account_id <> {EVERY}
UNION ALL
SELECT workspace_id, contact_id, year, {EVERY}, sent, errors FROM contact_years
UNION ALL
SELECT workspace_id, contact_id, period, account_id, sent, errors FROM contact_shares
"""


def _create(table: str, period: str, *key: str) -> None:
    op.create_table(
        table,
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column(period, sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", period, *key),
    )


def _rank(table: str, *columns: str) -> None:
    ranked = ["workspace_id", *columns, sa.text("sent DESC"), "contact_id"]
    op.create_index(f"{table}_most", table, ranked)


def upgrade() -> None:
    op.execute("LOCK TABLE contact_stats, contact_tops")
    op.drop_index("contact_stats_most", table_name="contact_stats")
    op.add_column(
        "contact_stats",
        sa.Column("account_id", sa.Uuid(), server_default=sa.text(EVERY), nullable=False),
    )
    op.execute(FILL_MONTHS)
    _rank("contact_stats", "month", "account_id")
    _create("contact_years", "year")
    op.execute(FILL_YEARS)
    _rank("contact_years", "year", "account_id")
    _create("contact_shares", "period", "account_id")
    op.execute(FILL_SHARES)
    _rank("contact_shares", "period", "account_id")
    op.execute(CARRY)


def downgrade() -> None:
    op.execute("DROP TRIGGER carry_tops ON contact_tops; DROP FUNCTION carry_tops()")
    op.execute(REFILL)
    op.drop_table("contact_shares")
    op.drop_table("contact_years")
    op.drop_index("contact_stats_most", table_name="contact_stats")
    op.drop_column("contact_stats", "account_id")
    _rank("contact_stats", "month")
