/**
 * Outrigger's manager as a library: the injection engine, its rules and the runnable manager program.
 *
 * `compileRules` once per change of the rules, `decide` per pod, `explainPod` for people; `runManager` for a cluster.
 */

export * from "./admission/index.ts";
export { type Adoption, type AdoptionStep, planAdoption } from "./adopt/index.ts";
export { type RequestOptions, requestCertificate } from "./certificates/index.ts";
export { type DrainOptions, drain, drainNamespaceRules, drainRules } from "./drain/index.ts";
export {
  NetworkFault,
  type NetworkFaultControllerOptions,
  type NetworkFaultObject,
  type NetworkFaultSpec,
  type NetworkFaultStatus,
  networkFaultController,
} from "./faults/index.ts";
export { type Feature, featureRules, UnknownFeatureError } from "./feature/index.ts";
export {
  decideObject as decideJobObject,
  JOB_POLICY_ANNOTATION,
  JobPolicies,
  JobPolicy,
  type JobPolicyObject,
  type JobPolicySpec,
  type JobPolicyStatus,
  type JobReason,
  readJobReasons,
} from "./jobs/index.ts";
export {
  type ArchiveExplanation,
  bucketSources,
  CredentialsError,
  explainArchives,
  folderSource,
  type LogSource,
  NotArchivedError,
  PodLogArchive,
  type PodLogArchiveObject,
  type PodLogArchiveSpec,
  type PodLogArchiveStatus,
  type ReadBackOptions,
  readBack,
} from "./logs/index.ts";
export {
  allFeatures,
  containerDefaults,
  type FeatureOptions,
  managerNamespaceRules,
  parseNames,
  parseNamespaces,
  type RunManagerOptions,
  readRules,
  runManager,
} from "./manager/index.ts";
export {
  NodeOvercommit,
  type NodeOvercommitObject,
  type NodeOvercommitSpec,
  type NodeOvercommitStatus,
  type NodePod,
  type NodeState,
  nodeState,
  type OvercommitNode,
  Policies,
} from "./overcommit/index.ts";
export * from "./pipeline/index.ts";
export {
  type Container,
  INJECTION_ANNOTATION,
  type InjectionEntry,
  type PatchOperation,
  type Pod,
  type Reason,
  type ReasonCode,
  readInjectionRecord,
} from "./pod/index.ts";
export {
  offered,
  type PodDefaults,
  PodDefaultsKind,
  type PodDefaultsSpec,
  type PodDefaultsStatus,
  podDefaultsCrd,
} from "./poddefaults/index.ts";
export { PROGRAMS, type Program } from "./programs/index.ts";
export {
  type DefaultingCase,
  type InjectionCase,
  type InjectionStage,
  playDefaulting,
  playInjection,
  playValidation,
  type SetStage,
  type ValidationCase,
  WHITELIST_KEY,
} from "./replay/index.ts";
export {
  type ExplainedPod,
  explainRollout,
  type RolloutControllerOptions,
  type RolloutExplanation,
  type RolloutSurroundings,
  revisionSelection,
  rolloutController,
} from "./rollout/index.ts";
export { S3Error } from "./s3/index.ts";
export {
  convertSidecarSet,
  defaultSidecarSet,
  FAILURE_POLICY_ANNOTATION,
  hashSidecarSet,
  hashWithoutImage,
  type SidecarSet,
  type SidecarSetSpec,
  SidecarSets,
  SidecarSetsV1alpha1,
  sidecarSetCrd,
} from "./sidecarset/index.ts";
export { resumeWebhooks, suspendWebhooks } from "./suspension/index.ts";
export { type InjectionTemplate, parseTemplate, TEMPLATE_KEY, TEMPLATE_LABEL, TemplateError, templateSettings } from "./templates/index.ts";
