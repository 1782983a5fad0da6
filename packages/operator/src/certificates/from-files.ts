import { join } from "node:path";
import { FollowedFiles } from "../followed-files/index.ts";
import { problemOf } from "./judge.ts";
import { type CertificateSource, StagedCertificate, type StagedOptions } from "./staged.ts";

export interface FilesOptions extends StagedOptions {
  /** Folder with `tls.crt`, `tls.key` and `ca.crt`: a mounted Secret, as cert-manager writes it. */
  readonly folder: string;
  /** The name by which API servers call. */
  readonly dnsName: string;
  readonly report: (line: string) => void;
}

/** A certificate from files, followed. @throws Error that names the folder and what is wrong with it, at the start. */
export async function fileCertificate({ folder, dnsName, report, ...options }: FilesOptions): Promise<CertificateSource> {
  const staged = new StagedCertificate(options);
  const files = new FollowedFiles(
    ["tls.crt", "tls.key", "ca.crt"].map((name) => join(folder, name)),
    ([certificate = "", key = "", authority = ""]) => {
      const pair = { certificate, key, authority };
      const problem = problemOf(pair, dnsName, folder);
      if (problem !== undefined) throw new Error(problem);
      staged.offer(pair);
    },
    report,
  );
  staged.signal.addEventListener("abort", () => files.stop());
  try {
    await files.start();
  } catch (error) {
    staged.stop();
    throw new Error(`the webhooks' certificate cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return staged;
}
