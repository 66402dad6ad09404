"""Runs one connection of the real gateway with its devices in a store, by commands on stdin.

A program, not a test: the Go library must not be loaded into pytest's own process.
"""

import json
import os
import sys
import threading
import traceback
from dataclasses import asdict
from uuid import UUID

from sender_app.adapters.linked_devices import PostgresDevices
from sender_app.adapters.redis_devices.process import RedisDevices
from sender_app.domain.delivery import Lease
from sender_app.domain.errors import SenderError
from sender_app.ports.whatsapp import OutgoingMessage


class Driver:
    """The commands, one after the other; each answers with a line of JSON."""

    def __init__(self, store_url: str, secret_key: str) -> None:
        in_postgres = store_url.startswith("postgresql:")
        devices = PostgresDevices(store_url) if in_postgres else RedisDevices(store_url, secret_key)
        from sender_app.adapters.neonize_gateway import NeonizeGateway

        self.gateway = NeonizeGateway(devices)

    def open(self, account: str, epoch: int, session_id: str | None) -> None:
        lease = Lease(UUID(account), epoch, bytes(32), "a test")
        self.connection = self.gateway.open(session_id, lease)
        self.connection.start()

    def event(self, name: str) -> dict:
        """The next event of a kind."""
        for _ in range(60):
            for event in self.connection.events(0.5):
                print("heard", event, file=sys.stderr)
                if type(event).__name__ == name:
                    return json.loads(json.dumps(asdict(event), default=str))
        raise TimeoutError(name)

    def send(self, phone: str, text: str, secret: str) -> str:
        message = OutgoingMessage(text)
        return self.connection.send(phone, message, bytes.fromhex(secret))

    def send_all(self, first: int, *secrets: str) -> int:
        """One message to each of the numbers from `first` on, with a secret each."""
        for n, secret in enumerate(secrets, first):
            self.connection.send(f"+{n}", OutgoingMessage("x"), bytes.fromhex(secret))
        return len(secrets)

    def find(self, *secrets: str) -> dict:
        found = self.connection.find_message_ids([bytes.fromhex(one) for one in secrets])
        return {secret.hex(): message_id for secret, message_id in found.items()}

    def close(self) -> None:
        self.connection.close()


def main() -> None:
    driver = Driver(*sys.argv[1:3])
    for line in sys.stdin:
        what, *details = json.loads(line)
        try:
            answer = {"value": getattr(driver, what)(*details)}
        except (SenderError, TimeoutError) as error:
            answer = {"error": type(error).__name__, "text": str(error)}
        print(json.dumps(answer), flush=True)
    os._exit(0)


if __name__ == "__main__":
    threading.current_thread().name = "driver"
    try:
        main()
    finally:  # a defect of the driver's must not leave the library's threads behind
        traceback.print_exc()
        os._exit(1)
