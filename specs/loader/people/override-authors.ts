/** An override is approved by somebody else than whoever wrote it, as git says. One that is not committed yet says nothing. */
import type { Environment } from '../../../checks/contract/environment.ts';
import type { Problem } from '../problems.ts';
import type { YamlFile } from '../yaml/parse.ts';
import { authorsOf } from './blame.ts';
import type { StatedSigning } from './signing.ts';
import { isWrittenBy } from './words.ts';

/** What makes an override: its value, and who stands for it. */
const APPROVED = ['item', 'value', 'approver', 'expires'] as const;

export function overrideAuthorProblems(
  root: string,
  { excludeAuthors }: Pick<StatedSigning, 'excludeAuthors'>,
  { environment, yaml }: { readonly environment: Environment | undefined; readonly yaml: YamlFile },
): readonly Problem[] {
  if (!environment || environment.rehearsal || !excludeAuthors) return [];
  const approved = environment.overrides.flatMap(({ approver }, index) => {
    const pointer = `/overrides/${index}`;
    return approver === undefined
      ? []
      : [{ approver, pointer, lines: APPROVED.map((member) => yaml.at(`${pointer}/${member}`).line) }];
  });
  const authors = authorsOf(
    root,
    environment.file,
    approved.flatMap(({ lines }) => lines),
  );
  return approved.flatMap(({ approver, pointer, lines }) =>
    isWrittenBy(
      approver,
      lines.flatMap((line) => authors.get(line) ?? []),
    )
      ? [
          yaml.problem(`${pointer}/approver`, {
            message: `wrote this override (${approver}, by git blame)`,
            fix: 'Let somebody else approve it, and name them here',
          }),
        ]
      : [],
  );
}
