/** The stages of a Dockerfile, and what each takes from where. */

export interface Stage {
  /** From 0 on, as COPY --from=0 names it. */
  readonly index: number;
  readonly name: string | null;
  /** An image, or an earlier stage. */
  readonly base: string;
  readonly line: number;
  /** What its COPY, ADD and RUN name as their source. */
  readonly from: readonly string[];
}

/** Reads a Dockerfile; the library is loaded where it is needed only. */
export async function readStages(text: string): Promise<readonly Stage[]> {
  const { DockerfileParser, From, ModifiableInstruction } = await import('dockerfile-ast');
  const stages: (Stage & { readonly from: string[] })[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) {
      const line = instruction.getRange().start.line + 1;
      const base = instruction.getImage() ?? '';
      stages.push({ index: stages.length, name: instruction.getBuildStage(), base, line, from: [] });
    } else if (instruction instanceof ModifiableInstruction) {
      const flags = instruction.getFlags().map((flag) => ({ name: flag.getName(), value: flag.getValue() ?? '' }));
      stages.at(-1)?.from.push(...flags.flatMap(sourceOf));
    }
  }
  return stages;
}

/** `--from=build`, and `--mount=type=bind,from=build,target=/x`. */
function sourceOf({ name, value }: { readonly name: string; readonly value: string }): readonly string[] {
  if (name === 'from') return [value];
  const mounted = name === 'mount' ? /(?:^|,)from=([^,]+)/.exec(value)?.[1] : undefined;
  return mounted === undefined ? [] : [mounted];
}

/** An earlier stage by its name, in any case, or by its number; anything else is an image. */
function earlier(stages: readonly Stage[], before: Stage, name: string): Stage | undefined {
  const known = stages.slice(0, before.index);
  const byName = known.findLast((stage) => stage.name?.toLowerCase() === name.toLowerCase());
  return byName ?? (/^\d+$/.test(name) ? known[Number(name)] : undefined);
}

/** The stage itself and those that it is built over, down to the one that begins from an image. */
export function isBuiltOver(stages: readonly Stage[], stage: Stage): readonly Stage[] {
  // FROM takes no numbers.
  const base = /^\d+$/.test(stage.base) ? undefined : earlier(stages, stage, stage.base);
  return base ? [stage, ...isBuiltOver(stages, base)] : [stage];
}

/** The stages that one takes something from. */
export function sourcesOf(stages: readonly Stage[], stage: Stage): readonly Stage[] {
  return stage.from.flatMap((name) => earlier(stages, stage, name) ?? []);
}
