/** A field of a schedule: how it is called in messages is not said there, only its bounds. */
interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** What is wrong with the schedule of a CronJob, in the words of its parser (`robfig/cron`); "" where nothing is. */
export function cronProblem(schedule: string): string {
  const spec = schedule.replace(/^(CRON_)?TZ=\S+\s+/, "");
  if (spec === "") return "empty spec string";
  if (spec.startsWith("@")) {
    if (DESCRIPTORS.includes(spec) || /^@every \d/.test(spec)) return "";
    return `unrecognized descriptor: ${spec}`;
  }
  const fields = spec.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(" ")}]`;
  }
  for (const [index, bounds] of FIELDS.entries()) {
    for (const range of (fields[index] ?? "").split(",")) {
      const problem = rangeProblem(range, bounds);
      if (problem !== "") return problem;
    }
  }
  return "";
}

function rangeProblem(range: string, bounds: Bounds): string {
  const [span = "", step, ...moreSteps] = range.split("/");
  const [low = "", high, ...moreBounds] = span.split("-");
  if (moreBounds.length > 0) return `too many hyphens: ${range}`;
  if (moreSteps.length > 0) return `too many slashes: ${range}`;
  let [start, end] = [bounds.min, bounds.max];
  if (low !== "*" && low !== "?") {
    const first = parse(low, bounds);
    if (typeof first === "string") return first;
    start = first;
    end = step === undefined ? first : bounds.max;
    if (high !== undefined) {
      const last = parse(high, bounds);
      if (typeof last === "string") return last;
      end = last;
    }
  }
  if (step !== undefined) {
    const every = parse(step, { min: 0, max: Number.MAX_SAFE_INTEGER });
    if (typeof every === "string") return every;
    if (every === 0) return `step of range should be a positive number: ${range}`;
  }
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${range}`;
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${range}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${range}`;
  return "";
}

/** The number, or what is wrong with it. */
function parse(text: string, { names, min }: Bounds): number | string {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (/^[+-]?\d+$/.test(text)) {
    const number = Number(text);
    return number < 0 ? `negative number (${number}) not allowed: ${text}` : number;
  }
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
