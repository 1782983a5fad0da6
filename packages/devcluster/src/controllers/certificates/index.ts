export { certificateApproverLoop } from "./approver.ts";
export { certificateSignerLoop } from "./signer.ts";
