"""Names of the Redis keys of the store: everything of a workspace is under `user:{workspace}:`.

The seed's layout: `user:{userId}:contacts:*`, `:campaigns:*` and `:metrics:*`. Each table has the
name and the columns that it has in Postgres (`stores/postgres/tables/`), without the workspace.
`user:{workspace}:cache:*` is no part of the store, and nothing else may be deleted as a cache.

Some tables have more keys beside them, which are named and kept by one module each, and what
changes such a table goes through it: member_rows.py (put_member, also for who is made a member with
a workspace), replies.py (note_reply, hand_replies of contacts that go, replies_by), media.py
(use_media), outbox.py (tell_…), conversation_rows.py, contact_index.py (changed, after contacts
were written), opt_outs.py (opt_out), history.py (by_contact: the index of recipients by contact),
rollups.py (hand_counts of contacts that go, as hand_replies), campaign_rows.py (put_campaign,
count: a campaign's counters are a tally beside the rows), recipient_rows.py (put_recipient: the
indexes of a campaign's people), leases.py (hold, key_of; each account's lease is a key of its own)
and accounts.py (wake: `wake_at` is no column but the score in accounts:wake). How what they name is
found is in finding.py.

A campaign's people: `Stage(batches)` of staging.py before the transaction, with `plan` on a view;
in it `write`, then `contacts()` or `blank()`, and audiences.gather on `tx.aside()`, whose `people`
are in sending order. A recipient's `contact_id` may name a contact that is gone: it is as if there
was none.
"""

from uuid import UUID

# Of the installation
WORKSPACES = "workspaces"  # table
WORKSPACE_KEYS = "workspaces:by_key"  # table: the owner's key -> {"id": …}


def place(kind: str) -> str:
    """A table that tells whose a thing is, by its key alone: {"workspace": …}."""
    return f"places:{kind}"


def of(workspace: UUID | str, *parts: object) -> str:
    """A key of a workspace: of(w, "campaigns", id, "recipients")."""
    return ":".join(("user", str(workspace), *map(str, parts)))
