"""What Python's own client does with a cluster: each step fails with an AssertionError that says what was otherwise."""

import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic import DynamicClient

config.load_kube_config()
core, apps, custom = client.CoreV1Api(), client.AppsV1Api(), client.CustomObjectsApi()
extensions = client.ApiextensionsV1Api()
version = core.list_namespaced_pod("default").metadata.resource_version


def refused(status, reason, call, *args):
    try:
        call(*args)
    except ApiException as error:
        assert error.status == status and f'"reason":"{reason}"' in error.body, (error.status, error.body)
    else:
        raise AssertionError(f"{reason} was expected")


labels = {"app": "py"}
containers = [client.V1Container(name="py", image="py:1")]
template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=containers))
deployment = client.V1Deployment(
    metadata=client.V1ObjectMeta(name="py"),
    spec=client.V1DeploymentSpec(replicas=3, selector=client.V1LabelSelector(match_labels=labels), template=template),
)
apps.create_namespaced_deployment("default", deployment)
refused(409, "AlreadyExists", apps.create_namespaced_deployment, "default", deployment)
refused(404, "NotFound", apps.read_namespaced_deployment, "nothing", "default")

running = set()
stream = watch.Watch()
for event in stream.stream(core.list_namespaced_pod, "default", label_selector="app=py", resource_version=version, timeout_seconds=30):
    pod = event["object"]
    if pod.status.phase == "Running":
        running.add(pod.metadata.name)
    if len(running) == 3:
        stream.stop()
assert len(running) == 3, running

first = core.list_namespaced_pod("default", label_selector="app=py", limit=2)
rest = core.list_namespaced_pod("default", label_selector="app=py", limit=2, _continue=first.metadata._continue)
assert {pod.metadata.name for pod in first.items + rest.items} == running and len(first.items) == 2
assert isinstance(first.items[0].status.start_time.year, int)
assert core.read_namespaced_pod_log(first.items[0].metadata.name, "default") != ""

patched = apps.patch_namespaced_deployment("py", "default", {"spec": {"template": {"spec": {"containers": [{"name": "py", "image": "py:2"}]}}}})
assert patched.spec.template.spec.containers[0].image == "py:2" and patched.metadata.generation == 2
scaled = apps.patch_namespaced_deployment_scale("py", "default", {"spec": {"replicas": 1}})
assert scaled.spec.replicas == 1

dynamic = DynamicClient(client.ApiClient())
maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1"}}
maps.server_side_apply(applied, namespace="default", field_manager="one")
applied["data"]["a"] = "2"
try:
    maps.server_side_apply(applied, namespace="default", field_manager="two")
except Exception as error:
    assert error.status == 409 and 'conflict with \\"one' in error.body, error.body
else:
    raise AssertionError("a conflict was expected")
maps.server_side_apply(applied, namespace="default", field_manager="two", force_conflicts=True)
assert core.read_namespaced_config_map("applied", "default").data == {"a": "2"}

extensions.create_custom_resource_definition(
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "snakes.clients.outrigger.dev"},
        "spec": {
            "group": "clients.outrigger.dev",
            "names": {"kind": "Snake", "plural": "snakes"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"length": {"type": "integer", "maximum": 9}}}},
                }
            ],
        },
    }
)
for _ in range(100):
    if extensions.read_custom_resource_definition("snakes.clients.outrigger.dev").status.conditions:
        break
    time.sleep(0.02)
snakes = ("clients.outrigger.dev", "v1", "default", "snakes")
snake = {"apiVersion": "clients.outrigger.dev/v1", "kind": "Snake", "metadata": {"name": "monty"}, "length": 5}
custom.create_namespaced_custom_object(*snakes, snake)
refused(422, "Invalid", custom.create_namespaced_custom_object, *snakes, {**snake, "length": 10})
assert custom.list_namespaced_custom_object(*snakes)["items"][0]["length"] == 5

client.CoreV1Api().delete_collection_namespaced_config_map("default", field_selector="metadata.name=applied")
refused(404, "NotFound", core.read_namespaced_config_map, "applied", "default")
apps.delete_namespaced_deployment("py", "default", propagation_policy="Foreground")
print("all as expected")
