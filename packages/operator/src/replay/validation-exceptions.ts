/** Where we mean to judge otherwise than kruise: at which field we refuse what it takes, or that we take what it refuses; and why. */
export interface ValidationException {
  readonly refused?: string;
  readonly accepted?: true;
  readonly reason: string;
}

/** By the name of the recorded case. */
export const VALIDATION_EXCEPTIONS: Readonly<Record<string, ValidationException | undefined>> = {
  "injectpolicy-unknown-init": {
    refused: "spec.initContainers[0].podInjectPolicy",
    reason: "a word that means nothing is refused; kruise takes it for AfterAppContainer",
  },
  "metadata-policy-unknown": {
    refused: "spec.patchPodMetadata[0].patchPolicy",
    reason: "a word that means nothing is refused; kruise accepts it and patches nothing",
  },
  "strategy-type-unknown": {
    refused: "spec.updateStrategy.type",
    reason: "a word that means nothing is refused; kruise accepts it, judges nothing of the strategy, and updates pods all the same",
  },
  "strategy-type-unknown-v1alpha1": {
    refused: "spec.updateStrategy.type",
    reason: "a word that means nothing is refused; kruise accepts it, judges nothing of the strategy, and updates pods all the same",
  },
  "upgradetype-unknown": {
    refused: "spec.containers[0].upgradeStrategy.upgradeType",
    reason: "a word that means nothing is refused; kruise takes it for ColdUpgrade and never lets it be changed again",
  },
  "upgradetype-unknown-v1alpha1": {
    refused: "spec.containers[0].upgradeStrategy.upgradeType",
    reason: "a word that means nothing is refused; kruise takes it for ColdUpgrade and never lets it be changed again",
  },
  "transferenv-nodename-init": {
    refused: "spec.initContainers[0].transferEnv[0].sourceContainerNameFrom.fieldRef.fieldPath",
    reason: "init containers are judged as containers are; kruise accepts the path and transfers nothing",
  },
  "hotupgrade-long-name": {
    refused: "spec.containers[0].name",
    reason: "the containers that HotUpgrade makes of it would have names that no pod may have: with kruise every pod is refused",
  },
  "resourcespolicy-bad-unit": {
    refused: "spec.containers[0].resourcesPolicy.resourcesExpr.requests.memory",
    reason: "a unit that does not exist is refused with the set; kruise takes the amount for nothing",
  },
  "update-container-added-v1alpha1": {
    accepted: true,
    reason: "containers may be added to a set; pods keep their old list until they are created anew (kruise's issue 937)",
  },
  "container-restart-policy": {
    accepted: true,
    reason: "Kubernetes takes a restartPolicy on ordinary containers since 1.34; kruise judges by an older release",
  },
};
