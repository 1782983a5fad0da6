/** Whether one recorded answer was given alike. */
export interface Outcome {
  readonly file: string;
  readonly scenario: string;
  readonly step: number;
  readonly title: string;
  /** Empty when alike. */
  readonly differences: readonly string[];
}
