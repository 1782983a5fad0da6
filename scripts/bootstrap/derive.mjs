// derive.mjs KUBECTL KUBECONFIG OUTFILE: what a fresh API server makes for itself (system namespaces, default roles and
// bindings, priority classes, flow control), without what belongs to that one server. One object a line.
import { execFileSync } from "node:child_process";
import fs from "node:fs";

const [kubectl, kubeconfig, outFile] = process.argv.slice(2);
const kinds =
  "namespaces,clusterroles,clusterrolebindings,roles,rolebindings,priorityclasses,flowschemas,prioritylevelconfigurations,servicecidrs,apiservices";
const read = (args) => JSON.parse(execFileSync(kubectl, ["--kubeconfig", kubeconfig, ...args, "-o", "json"], { maxBuffer: 1 << 28 }));
const objects = kinds.split(",").flatMap((kind) => read(["get", kind, "-A"]).items);
const ownFields = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"];
fs.writeFileSync(
  outFile,
  `[\n${objects
    .map((object) => {
      const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([field]) => !ownFields.includes(field)));
      const { status, ...rest } = object;
      // Conditions that the server itself keeps; the times are those of whoever starts.
      const kept = ["FlowSchema", "APIService"].includes(object.kind)
        ? { status: JSON.parse(JSON.stringify(status), (key, value) => (key === "lastTransitionTime" ? undefined : value)) }
        : {};
      return JSON.stringify({ ...rest, metadata, ...kept });
    })
    .join(",\n")}\n]\n`,
);
