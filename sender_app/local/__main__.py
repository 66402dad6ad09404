"""`python -m sender_app.local [link]`: everything on this machine, with what it needs embedded."""

import os
import sys
from pathlib import Path

from sender_app.local.launch import launch, print_link

if __name__ == "__main__":
    data = Path(os.environ.get("DATA_DIR") or ".data")
    raise SystemExit(print_link(data) if sys.argv[1:] == ["link"] else launch(data))
