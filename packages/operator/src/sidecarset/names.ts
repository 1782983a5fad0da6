/** Names that live pods and manifests carry; kruise's, so that a cluster can move over without touching a pod. */
export const GROUP = "apps.kruise.io";
export const HASH_ANNOTATION = "kruise.io/sidecarset-hash";
export const HASH_WITHOUT_IMAGE_ANNOTATION = "kruise.io/sidecarset-hash-without-image";
export const INJECTED_LIST_ANNOTATION = "kruise.io/sidecarset-injected-list";
export const WORKING_HOT_UPGRADE_ANNOTATION = "kruise.io/sidecarset-working-hotupgrade-container";
export const CUSTOM_VERSION_LABEL = "apps.kruise.io/sidecarset-custom-version";
export const CANARY_ANNOTATION = "apps.kruise.io/sidecarset-canary";
export const BASE_ANNOTATION = "apps.kruise.io/sidecarset-base";
/** Ours: `replace` lets a sidecar take the place of an app container of its name, as kruise does; the default refuses the pod. */
export const ON_CONFLICT_ANNOTATION = "outrigger.dev/on-conflict";
/** Ours: `evict` has pods that missed their injection evicted. */
export const REPAIR_ANNOTATION = "outrigger.dev/repair";
/** Ours: `Fail` or `Ignore`, what the API server does with a pod of this rule while the manager cannot be reached. */
export const FAILURE_POLICY_ANNOTATION = "outrigger.dev/failure-policy";
/** Ours: `native-sidecar` makes the set's containers native sidecars: init containers that restart, so that they never keep a Job from ending. */
export const RUN_AS_ANNOTATION = "outrigger.dev/run-as";
/** Ours: `own` gives the set's sidecars volumes that the pod's containers do not share, whatever the pod's volumes are called. */
export const VOLUMES_ANNOTATION = "outrigger.dev/volumes";
