"""`python -m sender_app.local [link | backup FILE | restore FILE]`.

Without a word, start everything on this machine, with what it needs embedded.
"""

import os
import sys
from pathlib import Path

from sender_app.local.launch import launch
from sender_app.local.running import OWN_DATA, data_in_use, print_link


def main(words: list[str]) -> int:
    """Do what the words of the command line say; returns the exit code."""
    data = Path(os.environ.get("DATA_DIR") or OWN_DATA).resolve()
    match words:
        case []:
            return launch(data)
        case ["link"]:
            return print_link(data_in_use())
        case ["backup", target]:
            from sender_app.local.backup import backup, command

            return command(lambda: backup(data, Path(target)) or f"saved to {target}")
        case ["restore", source]:
            from sender_app.local.backup import command, restore

            return command(lambda: f"restored; campaigns paused: {restore(data, Path(source))}")
    print(__doc__, file=sys.stderr)
    return os.EX_USAGE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
