"""Names of the Redis keys of the store: everything of a workspace is under `user:{workspace}:`.

The seed's layout: `user:{userId}:contacts:*`, `:campaigns:*` and `:metrics:*`. Each table has the
name and the columns that it has in Postgres (`stores/postgres/tables.py`), without the workspace.
`user:{workspace}:cache:*` is no part of the store, and nothing else may be deleted as a cache.
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
