"""A nightly dump of the cluster, restored as k8s/README.md says."""

import re
import subprocess
from pathlib import Path

import psycopg

from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.local.postgres import binaries
from sender_app.stores.postgres.store import PostgresStore
from tests.contract.clinic import Clinic
from tests.k8s.manifests import K8S, find
from tests.k8s.test_manifests import scaler, wanted  # noqa: F401 - a fixture

README = (K8S / "README.md").read_text()


def run(name: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(binaries() / name), *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def nightly(url: str, target: Path) -> None:
    """What the CronJob does."""
    job = find("production", "CronJob", "sender-backup")["spec"]["jobTemplate"]["spec"]
    [container] = job["template"]["spec"]["containers"]
    dump = re.search(r"pg_dump (--\S+) --file", container["command"][-1])
    assert dump is not None
    run("pg_dump", dump[1], f"--file={target}", f"--dbname={url}")


def as_documented(url: str, dump: Path) -> None:
    """The commands of the README."""
    restore = re.search(r"pg_restore (.+) --dbname=", README)
    updates = re.findall(r'-c "(UPDATE [^"]+)"', README)
    assert restore is not None
    assert len(updates) == 2
    run("pg_restore", *restore[1].split(), f"--dbname={url}", str(dump))
    with psycopg.connect(url) as connection:
        for update in updates:
            connection.execute(update)


def test_the_dump_of_a_night_comes_back_paused_and_the_scaler_still_asks(
    scaler: str,  # noqa: F811
    database_url: str,
    tmp_path: Path,
):
    store = PostgresStore(database_url)
    clinic = Clinic(store, people=3)
    store.close()
    nightly(database_url, tmp_path / "sender.dump")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM campaign_recipients")
        connection.execute("UPDATE campaigns SET name = 'changed since'")
    as_documented(database_url, tmp_path / "sender.dump")
    store = PostgresStore(database_url)
    campaign = store.campaigns.get(clinic.workspace.id, clinic.campaign.id)
    assert (campaign.name, campaign.status) == (clinic.campaign.name, CampaignStatus.PAUSED)
    assert campaign.pause_reason is PauseReason.RESTORED
    assert len(store.campaigns.recipients(campaign.id, None, None, 10).rows) == 3
    store.close()
    assert wanted(scaler) == 1, "its role, and what it may ask, are there again"
