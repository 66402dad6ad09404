"""Files that campaigns send."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import primary_key, reference, stamp

Bytes = bytes  # a table below has a column of that name


class MediaRow(SQLModel, table=True):
    """A file that campaigns send; its bytes are in the media store. `bytes` is their number."""

    __tablename__ = "media"
    __table_args__ = (Index("media_unused", "used_at"),)

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    kind: str
    mime: str
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str
    filename: str
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    waveform: Bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False, server_default="")
    )
    storage_key: str
    has_thumbnail: bool = Field(default=False)
    used_at: datetime = stamp(now=True)
    expired_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)


class MediaUploadRow(SQLModel, table=True):
    """Where WhatsApp keeps a file that an account uploaded, with the keys to it."""

    __tablename__ = "media_uploads"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    media_id: UUID = Field(primary_key=True, foreign_key="media.id", ondelete="CASCADE")
    url: str
    direct_path: str
    media_key: Bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: Bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    enc_sha256: Bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    length: int = Field(sa_column=Column(BigInteger, nullable=False))
    uploaded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
