"""The manifests: valid for Kubernetes, with the names that were asked for, and by our own rules."""

import re
import shlex
from collections.abc import Iterator

import jsonschema
import kubernetes_validate
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sender_app.config import Settings
from sender_app.jobs import pool
from sender_app.stores.postgres.store import PostgresStore
from sender_app.web import _KILL_AFTER
from tests.contract.clinic import Clinic
from tests.k8s.manifests import (
    K8S,
    OVERLAYS,
    Manifest,
    containers,
    find,
    loaded,
    rendered,
    workloads,
)
from tests.k8s.schemas import SCHEMAS

NAMES = {  # of the architecture that was asked for
    *(("Namespace", "sender"), ("ConfigMap", "sender-backend-config")),
    *(("ConfigMap", "sender-postgres-init"), ("Deployment", "sender-backend")),
    *(("Service", "sender-backend-service"), ("Deployment", "sender-postgres")),
    *(("Service", "sender-postgres"), ("PersistentVolumeClaim", "sender-postgres-pvc")),
}
SECRETS = {"backend-env-secrets", "sender-postgres-secret", "ghcr-secret"}
# What the image's own programs read without asking Sender's settings.
OTHERS = {"GRANIAN_WORKERS", "SCALER_PASSWORD"}
overlays = pytest.mark.parametrize("overlay", OVERLAYS)


def valid(manifest: Manifest) -> None:
    if manifest["kind"] in SCHEMAS:
        jsonschema.validate(manifest, SCHEMAS[manifest["kind"]])
    else:
        for version in ("1.30", "1.33"):
            kubernetes_validate.validate(manifest, version, strict=True)


@overlays
def test_every_object_is_valid(overlay: str):
    assert len(rendered(overlay)) > 20
    for manifest in rendered(overlay):
        valid(manifest)


@pytest.mark.parametrize("path", ["cluster/issuers.yaml", "secrets/secrets.example.yaml"])
def test_what_is_applied_by_hand_is_valid_too(path: str):
    for manifest in loaded(K8S / path):
        valid(manifest)


def test_a_wrong_object_is_not_valid():
    scaler = find("production", "ScaledObject", "sender-worker")
    with pytest.raises(jsonschema.ValidationError):
        valid(scaler | {"spec": scaler["spec"] | {"minReplicas": 1}})
    deployment = find("production", "Deployment", "sender-worker")
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(deployment | {"spec": deployment["spec"] | {"replica": 1}})


def test_the_names_are_those_that_were_asked_for():
    there = {(one["kind"], one["metadata"]["name"]) for one in rendered("production")}
    assert NAMES - there == set()
    assert {one["metadata"].get("namespace", "sender") for one in rendered("production")} == {
        "sender"
    }
    service = find("production", "Service", "sender-backend-service")["spec"]
    assert (service["type"], service["ports"][0]["port"]) == ("ClusterIP", 3010)
    claim = find("production", "PersistentVolumeClaim", "sender-postgres-pvc")["spec"]
    assert claim["resources"]["requests"]["storage"] == "5Gi"
    assert claim["storageClassName"] == "longhorn"
    assert {one["metadata"]["name"] for one in loaded(K8S / "secrets/secrets.example.yaml")} == (
        SECRETS
    )


@overlays
def test_no_secret_is_in_the_repository(overlay: str):
    assert [one for one in rendered(overlay) if one["kind"] == "Secret"] == []
    for template in loaded(K8S / "secrets/secrets.example.yaml"):
        assert set(template["stringData"].values()) <= {"", '{"auths": {}}'}


@overlays
def test_every_setting_is_one_that_sender_knows(overlay: str):
    config = find(overlay, "ConfigMap", "sender-backend-config")["data"]
    templates = loaded(K8S / "secrets/secrets.example.yaml")
    secret = {key for one in templates[:2] for key in one["stringData"]}
    known = {name.upper() for name in Settings.model_fields} | OTHERS
    assert (set(config) | secret) - known == set()
    values = {name.lower(): value for name, value in config.items() if name not in OTHERS}
    Settings(**values, redis_url="rediss://x", secret_key="s" * 32)


@overlays
def test_pods_can_do_no_more_than_they_need(overlay: str):
    for name, template in workloads(overlay):
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}, name
        assert not any("hostPath" in volume for volume in spec.get("volumes", [])), name
    for name, container in containers(overlay):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name
        assert not container["image"].endswith(":sender"), name


@overlays
def test_what_goes_on_running_is_probed(overlay: str):
    for manifest in rendered(overlay):
        if manifest["kind"] == "Deployment":
            [container] = manifest["spec"]["template"]["spec"]["containers"]
            assert "livenessProbe" in container, manifest["metadata"]["name"]
    [web] = find(overlay, "Deployment", "sender-backend")["spec"]["template"]["spec"]["containers"]
    assert web["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert web["livenessProbe"]["httpGet"]["path"] == "/health", "a lost database is no reason"
    worker = find(overlay, "Deployment", "sender-worker")["spec"]["template"]["spec"]
    assert pool.ALIVE in " ".join(worker["containers"][0]["livenessProbe"]["exec"]["command"])


@overlays
def test_pods_have_the_time_that_the_delivery_engine_takes_to_end(overlay: str):
    config = find(overlay, "ConfigMap", "sender-backend-config")["data"]
    worker = find(overlay, "Deployment", "sender-worker")["spec"]["template"]["spec"]
    assert float(config["SEND_LIMIT"]) < pool._GRACE, "a send that has begun is recorded"
    assert worker["terminationGracePeriodSeconds"] >= pool._GRACE + 10
    web = find(overlay, "Deployment", "sender-backend")["spec"]["template"]["spec"]
    [pause] = web["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1:]
    assert web["terminationGracePeriodSeconds"] >= int(pause) + _KILL_AFTER + 5


@overlays
def test_what_the_scaler_decides_is_left_to_it(overlay: str):
    for name in ("sender-backend", "sender-worker"):
        assert "replicas" not in find(overlay, "Deployment", name)["spec"]
    config = find(overlay, "ConfigMap", "sender-backend-config")["data"]
    scaler = find(overlay, "ScaledObject", "sender-worker")["spec"]
    assert scaler["minReplicaCount"] == 0
    [trigger] = scaler["triggers"]
    assert trigger["metadata"]["targetQueryValue"] == config["WORKERS"]


@overlays
def test_postgres_has_a_connection_for_whatever_the_scalers_may_start(overlay: str):
    [server] = find(overlay, "Deployment", "sender-postgres")["spec"]["template"]["spec"][
        "containers"
    ]
    allowed = dict(arg.split("=") for arg in server["args"] if "=" in arg)["max_connections"]
    config = find(overlay, "ConfigMap", "sender-backend-config")["data"]
    workers = find(overlay, "ScaledObject", "sender-worker")["spec"]["maxReplicaCount"]
    needed = 5 * int(config["WORKERS"]) * workers + 5 * workers + 10 * 5 + 20
    assert needed <= int(allowed), "as k8s/README.md counts them"


def test_web_replicas_are_one_to_five_and_two_in_production():
    base = loaded(K8S / "base/scaling.yaml")[-1]["spec"]
    assert (base["minReplicaCount"], base["maxReplicaCount"]) == (1, 5)
    assert find("production", "ScaledObject", "sender-backend")["spec"]["minReplicaCount"] == 2
    assert find("scale-to-zero", "HTTPScaledObject", "sender-backend")["spec"]["replicas"] == {
        "min": 0,
        "max": 5,
    }
    scaled = [one for one in rendered("scale-to-zero") if one["kind"] == "ScaledObject"]
    assert [one["metadata"]["name"] for one in scaled] == ["sender-worker"], "one scaler each"


@overlays
def test_several_replicas_survive_a_node_that_goes(overlay: str):
    for name in ("sender-backend", "sender-worker"):
        pods = {"matchLabels": {"app": name}}
        assert find(overlay, "PodDisruptionBudget", name)["spec"]["selector"] == pods
        spec = find(overlay, "Deployment", name)["spec"]
        assert spec["selector"] == pods
        assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        [spread] = spec["template"]["spec"]["topologySpreadConstraints"]
        assert spread["labelSelector"] == pods


@overlays
def test_every_replica_sees_what_was_uploaded_to_another(overlay: str):
    claim = find(overlay, "PersistentVolumeClaim", "sender-media-pvc")["spec"]
    assert claim["accessModes"] == ["ReadWriteMany"]
    for name in ("sender-backend", "sender-worker"):
        spec = find(overlay, "Deployment", name)["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        mounts = {
            mount["mountPath"]: mount["name"] for mount in spec["containers"][0]["volumeMounts"]
        }
        media = volumes[mounts["/data/media"]]
        assert media["persistentVolumeClaim"]["claimName"] == "sender-media-pvc"


@overlays
def test_the_world_comes_in_by_https_only_and_websockets_may_be_silent(overlay: str):
    ingress = find(overlay, "Ingress", "sender")
    notes = {
        name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()
    }
    assert notes["force-ssl-redirect"] == "true"
    assert notes["cluster-issuer"].startswith("letsencrypt-")
    assert int(notes["proxy-read-timeout"]) >= 600
    assert int(notes["proxy-send-timeout"]) >= 600
    assert int(notes["proxy-body-size"].removesuffix("m")) >= 20
    hosts = [rule["host"] for rule in ingress["spec"]["rules"]]
    assert ingress["spec"]["tls"][0]["hosts"] == hosts
    config = find(overlay, "ConfigMap", "sender-backend-config")["data"]
    assert config["PUBLIC_URL"] == f"https://{hosts[0]}"


@overlays
def test_the_network_is_closed_but_for_what_is_named(overlay: str):
    policies = [one for one in rendered(overlay) if one["kind"] == "NetworkPolicy"]
    deny = find(overlay, "NetworkPolicy", "deny-all")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in policies:
        for rule in policy["spec"].get("ingress", []) + policy["spec"].get("egress", []):
            assert rule.get("ports"), policy["metadata"]["name"]
    for name, template in workloads(overlay):
        if name != "sender-postgres":
            assert template["metadata"]["labels"]["sender-tier"] == "application", name


@overlays
def test_each_object_belongs_to_a_step_of_the_deployment(overlay: str):
    steps = {one["metadata"]["labels"]["deploy-step"] for one in rendered(overlay)}
    assert steps == {"namespace", "postgres", "config", "migrate", "backend", "ingress"}


@pytest.fixture
def scaler(database_url: str) -> Iterator[str]:
    """The database after sender-postgres-init, and the URL of the scaler's own role."""
    data = find("production", "ConfigMap", "sender-postgres-init")["data"]
    script = data["10-scaler.sh"]
    assert "--file=/docker-entrypoint-initdb.d/scaler.psql" in shlex.split(script, comments=True)
    statements = data["scaler.psql"].replace(":'password'", "'secret'")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS sender_scaler")
        connection.execute(statements)
    yield make_conninfo(database_url, user="sender_scaler")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY sender_scaler")
        connection.execute("DROP ROLE sender_scaler")


def wanted(url: str) -> int:
    trigger = find("production", "ScaledObject", "sender-worker")["spec"]["triggers"][0]
    with psycopg.connect(url) as connection:
        row = connection.execute(trigger["metadata"]["query"]).fetchone()
    assert row is not None
    return int(row[0])


def test_the_workers_trigger_counts_accounts_that_are_due_or_served(scaler: str, database_url: str):
    assert wanted(scaler) == 0
    store = PostgresStore(database_url)
    clinic = Clinic(store)
    assert wanted(scaler) == 1, "an account with a campaign is due"
    lease = clinic.lease()
    seen = store.accounts.get(clinic.account.id).wake_at
    assert store.accounts.rest(clinic.account.id, seen, None)
    assert wanted(scaler) == 1, "an account that is served counts while it lingers"
    store.leases.release(lease)
    assert wanted(scaler) == 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE campaigns SET status = 'scheduled', scheduled_at = now() - interval '1 s'"
        )
    assert wanted(scaler) == 1, "nobody but a worker starts a scheduled campaign"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO imports (workspace_id, user_id, filename, size, country, status)"
            " SELECT id, 'alice', 'x.csv', 1, 'PY', 'checking' FROM workspaces"
        )
    assert wanted(scaler) == 2, "nobody but a worker reads a file of contacts"
    store.close()
    with (
        psycopg.connect(scaler) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM contacts")


def test_the_readme_names_every_overlay_and_secret():
    text = (K8S / "README.md").read_text()
    for name in (*OVERLAYS, *SECRETS):
        assert re.search(rf"\b{name}\b", text), name
