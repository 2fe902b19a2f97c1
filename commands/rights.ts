/** `golive rights`: which of the rights that the plan needs does the gate have in this cluster? */
import { resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { colours, pad, wrap } from '../reports/tell/console/text.ts';
import { grantCommand } from '../specs/loader/rbac-manifest.ts';
import { rightsOf } from '../specs/loader/rbac.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { askRights, rightText, withCluster, type AskedRight } from './doctor/cluster.ts';
import { hasColour, writeError, writeJson, writePainted } from './write.ts';

export interface RightsOptions extends Selection {
  readonly json?: boolean;
}

/** 0 it has all, 1 some are missing, 2 the cluster could not be asked, 64 invalid files. */
export async function rights(options: RightsOptions): Promise<number> {
  const compiled = compileOrTell(options);
  if (!compiled) return EXIT.usage;
  const { root, plan } = compiled;
  const { kubeconfig, rehearsal } = plan.environment;
  try {
    const where = { ...kubeconfig, path: resolve(root, kubeconfig.path) };
    const { rights: asked, user } = await withCluster(where, (link) => askRights(link, rightsOf(plan)));
    const missing = asked.filter(({ allowed }) => !allowed).length;
    if (options.json) writeJson({ environment: plan.environment.name, missing, rights: asked });
    else writePainted(table(asked, plan.environment.name, grantCommand(plan, user)));
    return missing > 0 ? EXIT['NO-GO'] : EXIT.GO;
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    const fix = rehearsal ? 'Start the rehearsal first: golive up' : error.fix;
    writeError(`The rights cannot be asked for: ${error.message}.${fix === undefined ? '' : `\nFix: ${fix}.`}`);
    return EXIT.HOLD;
  }
}

function table(rights: readonly AskedRight[], environment: string, grant: string): string {
  const paint = colours(hasColour());
  const width = process.stdout.columns || 80;
  const missing = rights.filter(({ allowed }) => !allowed).length;
  const lines = rights.flatMap(({ attributes, neededBy, allowed, reason }) => {
    const mark = (allowed ? paint.green : paint.red)(pad(allowed ? 'can' : 'cannot', 6));
    const [first = '', ...rest] = wrap(rightText(attributes), width, 9);
    const why = allowed || reason === '' ? '' : ` – ${reason}`;
    return [`  ${mark} ${first.trimStart()}`, ...rest, ...wrap(neededBy.join(', ') + why, width, 9).map(paint.dim)];
  });
  const sum =
    missing === 0
      ? `The gate has all ${rights.length} rights it needs in ${environment}.`
      : `The gate lacks ${missing} of the ${rights.length} rights it needs in ${environment}. An administrator of the cluster grants them by`;
  // The command is not wrapped: it is copied.
  return [...lines, '', ...wrap(sum, width, 0), ...(missing === 0 ? [] : [grant])].join('\n');
}
