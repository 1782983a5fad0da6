"""An operator in kopf: a Counter counts the changes of its spec, and says goodbye when it goes."""

import kopf
from kubernetes import client, config


@kopf.on.login()
def login(**kwargs):
    return kopf.login_via_client(**kwargs)


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_):
    config.load_kube_config()
    settings.posting.enabled = True  # so that an Event of the operator is seen


@kopf.on.create("clients.outrigger.dev", "v1", "counters")
def create(spec, body, **_):
    kopf.info(body, reason="Counted", message="the counter is there")
    return {"seen": spec["value"]}


@kopf.on.update("clients.outrigger.dev", "v1", "counters", field="spec.value")
def update(old, new, patch, **_):
    patch.status["changed"] = f"{old} to {new}"


@kopf.on.delete("clients.outrigger.dev", "v1", "counters")
def delete(name, namespace, **_):
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"{name}-gone"))
    client.CoreV1Api().create_namespaced_config_map(namespace, body)
