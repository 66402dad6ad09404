"""Retention: the worker itself clears files that nobody uses."""

from datetime import timedelta

from rq import Queue

from sender_app import bootstrap, jobs
from sender_app.adapters.rq_queue import DEFAULT
from tests.aging import age_media
from tests.files import picture
from tests.stack import Stack, eventually


def test_the_worker_deletes_what_nobody_uses(stack: Stack, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(picture())
    media = stack.services.media.add(stack.actor, path, "x.jpg")
    kept = stack.services.media.add(stack.actor, path, "y.jpg")
    age_media(stack.store, media.workspace_id, timedelta(days=31), media.id)
    Queue(DEFAULT, connection=bootstrap.redis()).enqueue(jobs.clear_media)
    eventually(
        lambda: media.id not in stack.store.media.find(media.workspace_id, [media.id]),
        what="its end",
    )
    folder = tmp_path / "data" / "media"
    eventually(lambda: not (folder / media.storage_key).exists(), what="the end of its bytes")
    assert stack.services.media.content(stack.actor, kept.id)[1].startswith(b"\xff\xd8")
