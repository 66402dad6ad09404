"""Schemas of the custom resources that k8s/ uses, from the fields that their projects document.

https://keda.sh/docs/latest/reference/scaledobject-spec, https://keda.sh/http-add-on,
https://cert-manager.io/docs/configuration/acme. Only what we use is allowed: a field that is new
here is looked up and written down first.
"""

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def closed(required: list[str], **properties: Schema) -> Schema:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def many(of: Schema) -> Schema:
    return {"type": "array", "items": of, "minItems": 1}


def resource(version: str, kind: str, spec: Schema) -> Schema:
    metadata = {"type": "object", "required": ["name"]}
    return closed(
        ["apiVersion", "kind", "metadata", "spec"],
        apiVersion={"const": version},
        kind={"const": kind},
        metadata=metadata,
        spec=spec,
    )


_TRIGGER = closed(
    ["type", "metadata"],
    type={"enum": ["postgresql", "cpu", "redis"]},
    metricType={"enum": ["AverageValue", "Value", "Utilization"]},
    metadata=TEXTS,
    authenticationRef=closed(["name"], name=TEXT),
)
_BEHAVIOUR = closed(
    [],
    stabilizationWindowSeconds={"type": "integer", "minimum": 0, "maximum": 3600},
    policies=many(
        closed(
            ["type", "value", "periodSeconds"],
            type={"enum": ["Pods", "Percent"]},
            value=COUNT,
            periodSeconds={"type": "integer", "minimum": 1, "maximum": 1800},
        )
    ),
)
_SCALED_OBJECT = closed(
    ["scaleTargetRef", "triggers"],
    scaleTargetRef=closed(["name"], name=TEXT),
    minReplicaCount=COUNT,
    maxReplicaCount=COUNT,
    pollingInterval=COUNT,
    cooldownPeriod=COUNT,
    fallback=closed(["failureThreshold", "replicas"], failureThreshold=COUNT, replicas=COUNT),
    advanced=closed(
        [],
        horizontalPodAutoscalerConfig=closed(
            [], behavior=closed([], scaleDown=_BEHAVIOUR, scaleUp=_BEHAVIOUR)
        ),
    ),
    triggers=many(_TRIGGER),
)
_TRIGGER_AUTHENTICATION = closed(
    ["secretTargetRef"],
    secretTargetRef=many(closed(["parameter", "name", "key"], parameter=TEXT, name=TEXT, key=TEXT)),
)
_HTTP_SCALED_OBJECT = closed(
    ["scaleTargetRef"],
    hosts=many(TEXT),
    pathPrefixes=many(TEXT),
    scaleTargetRef=closed(
        ["name", "service", "port"],
        apiVersion=TEXT,
        kind=TEXT,
        name=TEXT,
        service=TEXT,
        port={"type": "integer"},
    ),
    replicas=closed([], min=COUNT, max=COUNT),
    scaledownPeriod=COUNT,
    scalingMetric=closed(["concurrency"], concurrency=closed(["targetValue"], targetValue=COUNT)),
)
_CLASS = closed(["ingressClassName"], ingressClassName=TEXT)
_ISSUER = closed(
    ["acme"],
    acme=closed(
        ["server", "privateKeySecretRef", "solvers"],
        server={"type": "string", "pattern": "^https://"},
        email=TEXT,
        privateKeySecretRef=closed(["name"], name=TEXT),
        solvers=many(
            closed(
                ["http01"], http01=closed(["ingress"], ingress=closed([], ingressClassName=TEXT))
            )
        ),
    ),
)
SCHEMAS = {
    "ScaledObject": resource("keda.sh/v1alpha1", "ScaledObject", _SCALED_OBJECT),
    "TriggerAuthentication": resource(
        "keda.sh/v1alpha1", "TriggerAuthentication", _TRIGGER_AUTHENTICATION
    ),
    "HTTPScaledObject": resource("http.keda.sh/v1alpha1", "HTTPScaledObject", _HTTP_SCALED_OBJECT),
    "ClusterIssuer": resource("cert-manager.io/v1", "ClusterIssuer", _ISSUER),
}
