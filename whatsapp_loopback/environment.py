"""What a process needs in its environment, from exec on, to reach the loopback server."""

import json
import os
from pathlib import Path


def environment(data: Path) -> dict[str, str]:
    """Variables for a process that shall talk to the loopback server whose folder is `data`.

    Raises FileNotFoundError while the server has never been started there.
    """
    ready = json.loads((data / "ready.json").read_text())
    trust = str(Path(__file__).parent / "trust")
    path = os.environ.get("PYTHONPATH")
    return {
        "HTTPS_PROXY": ready["proxy_url"],
        "NO_PROXY": "127.0.0.1,localhost,::1",
        "SSL_CERT_FILE": str((data / "bundle.pem").resolve()),
        "PYTHONPATH": os.pathsep.join([trust, path] if path else [trust]),
        "LOOPBACK_TRUST_ROOT": ready["trust_root"],
        "LOOPBACK_TRUST_ADDRESS": ready["trust_address"],
    }
