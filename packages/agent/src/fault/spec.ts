/** What is done to which packets. Durations are texts such as `20ms`, percentages numbers from 0 to 100. */
export interface FaultSpec {
  readonly delay?: { readonly time: string; readonly jitter?: string; readonly correlation?: number; readonly distribution?: string };
}
