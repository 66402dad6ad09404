"""Where the embedded servers put their sockets: only they and their owner can reach them."""

import os
import pwd
import tempfile
from hashlib import sha256
from pathlib import Path

from sender_app.local.failure import StartFailure

_LONGEST = 85  # bytes of the folder's path; macOS allows 103 with the file's name, Linux 107


def socket_folder(folder: Path, owner: pwd.struct_passwd | None = None) -> Path:
    """`folder` itself, or a short one in the temporary directory when its path is too long.

    The short one is the same at every start and private to `owner` (by default this user).
    Raises StartFailure when somebody else made it: they could answer in the server's place.
    """
    if len(os.fsencode(folder)) <= _LONGEST:
        return folder
    name = f"sender-{os.geteuid()}-{sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(short)) > _LONGEST:
        short = Path("/tmp") / name  # noqa: S108 - checked just below
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    ours = {os.geteuid(), owner.pw_uid} if owner else {os.geteuid()}
    if short.is_symlink() or found.st_uid not in ours or found.st_mode & 0o077:
        raise StartFailure(f"{short} belongs to somebody else; remove it or set TMPDIR")
    if owner and found.st_uid != owner.pw_uid:
        os.chown(short, owner.pw_uid, owner.pw_gid)
    return short
