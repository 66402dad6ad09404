"""SQLModel tables, a module for each aggregate; this package puts all of them into the metadata.

`contacts`, `campaigns`, `campaign_recipients`, `metric_events`, `monthly_stats` and `contact_stats`
are the system's original ones, with their columns and names.
"""

from sender_app.stores.postgres.tables import (
    accounts,
    answers,
    api_keys,
    audit,
    campaigns,
    contacts,
    conversations,
    groups,
    imports,
    journals,
    leases,
    media,
    members,
    metrics,
    opt_outs,
    recipients,
    templates,
    webhooks,
    workspaces,
)

__all__ = [
    "accounts",
    "answers",
    "api_keys",
    "audit",
    "campaigns",
    "contacts",
    "conversations",
    "groups",
    "imports",
    "journals",
    "leases",
    "media",
    "members",
    "metrics",
    "opt_outs",
    "recipients",
    "templates",
    "webhooks",
    "workspaces",
]
