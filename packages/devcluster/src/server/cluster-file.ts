/** A file that the cluster was given cannot be read or written, or is invalid. `code` is `ERR_CLUSTER_FILE`. */
export class ClusterFileError extends Error {
  override readonly name = "ClusterFileError";
  readonly code = "ERR_CLUSTER_FILE";
}
