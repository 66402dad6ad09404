"""`python -m sender_app.local`: everything on this machine, with what it needs embedded."""

import os
from pathlib import Path

from sender_app.local.launch import launch

if __name__ == "__main__":
    raise SystemExit(launch(Path(os.environ.get("DATA_DIR") or ".data")))
