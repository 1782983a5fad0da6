import { decoded } from "./listing.ts";

/** What a caller can do about a failed request to the object store. */
export type S3Problem = "Unreachable" | "Refused" | "Full" | "Unavailable";

/** A request to the object store failed. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code = "ERR_S3";
  readonly problem: S3Problem;
  /** 0 where no answer came. */
  readonly status: number;
  /** S3's own code: `NoSuchBucket`. Empty where none came. */
  readonly s3Code: string;

  constructor(
    problem: S3Problem,
    message: string,
    { status = 0, s3Code = "", cause }: { status?: number; s3Code?: string; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.problem = problem;
    this.status = status;
    this.s3Code = s3Code;
  }
}

/** What to do about the codes that people meet; of other codes the server's message says enough. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: "make the bucket, or correct spec.s3.bucket",
  InvalidAccessKeyId: "correct accessKeyId in the Secret",
  SignatureDoesNotMatch: "correct secretAccessKey in the Secret, and spec.s3.region",
  AccessDenied: "allow the key s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject on the bucket",
  ExpiredToken: "the Secret's sessionToken is too old: write new credentials",
  RequestTimeTooSkewed: "set the clock of the manager's node",
  AuthorizationHeaderMalformed: "correct spec.s3.region",
  PermanentRedirect: "correct spec.s3.region or spec.s3.endpoint",
};
const FULL = /Full|Quota|InsufficientStorage|TooManyBuckets|EntityTooLarge|ENOSPC/i;

/** The error that an answer other than success stands for. */
export function errorOfAnswer(what: string, status: number, body: string, region: string | undefined): S3Error {
  const s3Code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? "";
  const said = decoded(/<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? "");
  const elsewhere = region === undefined ? "" : ` (the bucket is in region ${region})`;
  const advice = ADVICE[s3Code];
  const message = `${what}: HTTP ${status}${s3Code ? ` ${s3Code}` : ""}${said ? `: ${said.slice(0, 200)}` : ""}${elsewhere}${advice ? `; ${advice}` : ""}`;
  const problem = FULL.test(s3Code) || status === 507 ? "Full" : status >= 500 || status === 429 ? "Unavailable" : "Refused";
  return new S3Error(problem, message, { status, s3Code });
}
