import threading
import time

from sender_app.adapters.noop_gateway import NoopConnection


def test_who_waits_for_events_can_be_woken_and_waits_again():
    connection = NoopConnection()
    threading.Timer(0.2, connection.wake).start()
    began = time.monotonic()
    assert list(connection.events(60)) == []
    assert time.monotonic() - began < 30
    began = time.monotonic()
    assert list(connection.events(0.3)) == []
    assert time.monotonic() - began >= 0.25
