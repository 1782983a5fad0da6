import type { Command } from "commander";
import { CliError } from "./errors.ts";

/** Each script asks this program for candidates, so that they are always those of the version that is installed. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_outrigger() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(outrigger __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _outrigger outrigger
`,
  zsh: `#compdef outrigger
_outrigger() {
  local -a candidates
  candidates=(\${(f)"$(outrigger __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then compadd -a candidates; else _files; fi
}
compdef _outrigger outrigger
`,
  fish: `function __outrigger_complete
  set -l words (commandline -opc) (commandline -ct)
  outrigger __complete $words[2..-1] 2>/dev/null
end
complete -c outrigger -a '(__outrigger_complete)'
`,
};

/** `outrigger completion SHELL`: the script to source. */
export function completion(shell: string): void {
  const script = SCRIPTS[shell];
  if (script === undefined) throw new CliError(`completion ${shell}: choose ${Object.keys(SCRIPTS).join(", ")}`, { exitCode: 2 });
  process.stdout.write(script);
}

/** What may stand where the last of these words is: commands, options, or the values of an option. */
export function candidates(program: Command, words: readonly string[]): string[] {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  let command = program;
  for (const word of before) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next) command = next;
  }
  const previous = command.options.find(({ short, long }) => before.at(-1) === long || (short !== undefined && before.at(-1) === short));
  if (previous && (previous.required || previous.optional)) return (previous.argChoices ?? []).filter((one) => one.startsWith(current));
  const names = command.commands.filter((one) => !one.name().startsWith("__")).map((one) => one.name());
  const options = [...command.options.map(({ long }) => long ?? ""), "--help"].filter((one) => one !== "");
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return [...(current.startsWith("-") ? options : [...names, ...choices])].filter((one) => one.startsWith(current));
}
