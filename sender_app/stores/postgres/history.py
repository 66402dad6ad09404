"""What was sent to a contact and what came back, from the ledger and the replies."""

# A reply is found by the number too: the contact may have been made, or made anew, since.
HISTORY = """
SELECT * FROM (
  SELECT coalesce(r.sent_at, r.claimed_at, r.created_at) AS at, r.status AS kind, k.id, k.name,
    coalesce(r.error_code, '') AS text, r.sent_at, r.delivered_at, r.read_at, r.replied_at
  FROM campaign_recipients r JOIN campaigns k ON k.id = r.campaign_id
  WHERE r.contact_id = %(contact)s AND k.workspace_id = %(workspace)s
  UNION ALL
  SELECT p.received_at, 'reply', k.id, coalesce(k.name, ''), p.text, NULL, NULL, NULL, NULL
  FROM contacts c JOIN accounts a ON a.workspace_id = c.workspace_id
  JOIN replies p ON p.account_id = a.id AND (p.phone = c.phone OR p.contact_id = c.id)
  LEFT JOIN campaigns k ON k.id = p.campaign_id
  WHERE c.id = %(contact)s AND c.workspace_id = %(workspace)s) h
ORDER BY at DESC LIMIT %(limit)s
"""
