/**
 * A drop-in for `KUBEBUILDER_ASSETS`: a folder with programs named `kube-apiserver` and `etcd`, so that an unmodified
 * envtest starts the devcluster.
 *
 * Guarantees
 * - Each flag is honoured, or refused in one line with exit code 1; none is taken in silence.
 * - The programs end at SIGTERM and leave nothing behind.
 *
 * Caveats
 * - Objects live in the `kube-apiserver` process and end with it; `etcd` stores nothing.
 */
export { writeAssets } from "./assets.ts";
