/** VEX: what the makers of a product say of a vulnerability in it. OpenVEX 0.2 and CSAF 2.0 (category csaf_vex). */
import { at, listAt, textAt } from '../../contract/json.ts';
import type { Scan, Vulnerability } from './scan.ts';

/** The five labels of "not affected" (CISA's minimum requirements, OpenVEX, CSAF flags), then CycloneDX' own words. */
const JUSTIFICATIONS = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
  ...['code_not_present', 'code_not_reachable', 'requires_configuration', 'requires_dependency'],
  ...['requires_environment', 'protected_by_compiler', 'protected_at_runtime', 'protected_at_perimeter'],
  'protected_by_mitigating_control',
];

/** Does a status judge the product? "Not affected" needs one of the reasons, "fixed" is one. */
export const isReasoned = (status: string, justification: string): boolean =>
  status === 'fixed' || (status === 'not_affected' && JUSTIFICATIONS.includes(justification));

/** A statement on one vulnerability. */
export interface VexStatement {
  readonly source: string;
  /** Its identifiers: CVE, GHSA. */
  readonly ids: readonly string[];
  readonly products: readonly { readonly product: string; readonly packages: readonly string[] }[];
  readonly status: string;
  readonly isJudgement: boolean;
  /** RFC 3339: a later statement overrides. */
  readonly at: string;
}

export const isOpenVex = (value: unknown): boolean => textAt(value, '', '@context').includes('openvex.dev');

export function readOpenVex(value: unknown, source: string): readonly VexStatement[] {
  const written = textAt(value, '', 'timestamp');
  return listAt(value, 'statements').map((one) => {
    const status = textAt(one, '', 'status');
    const isExplained = textAt(one, '', 'impact_statement').trim().length >= 10;
    return {
      source,
      ids: [
        textAt(one, textAt(one, '', 'vulnerability'), 'vulnerability', 'name'),
        ...listAt(one, 'vulnerability', 'aliases').map(String),
      ].filter((id) => id !== ''),
      products: listAt(one, 'products').map((product) => ({
        product: textAt(product, '', '@id'),
        packages: listAt(product, 'subcomponents').map((part) => textAt(part, '', '@id')),
      })),
      status,
      isJudgement: isReasoned(status, textAt(one, '', 'justification')) || (status === 'not_affected' && isExplained),
      at: textAt(one, written, 'timestamp'),
    };
  });
}

/** Takes what VEX documents judge out of the count. Only statements on this very image count. */
export function withVex(scan: Scan, statements: readonly VexStatement[]): Scan {
  if (statements.length === 0) return scan;
  return {
    ...scan,
    vulnerabilities: scan.vulnerabilities.map((one) => {
      if (one.silenced?.isJudgement === true) return one;
      const said = statements
        .filter((statement) => speaksOf(statement, one, scan))
        .toSorted((a, b) => (Date.parse(a.at) || 0) - (Date.parse(b.at) || 0))
        .at(-1);
      return said?.isJudgement === true ? { ...one, silenced: { by: said.source, isJudgement: true } } : one;
    }),
  };
}

function speaksOf({ ids, products }: VexStatement, one: Vulnerability, scan: Scan): boolean {
  if (!ids.includes(one.id)) return false;
  return products.some(
    ({ product, packages }) =>
      isThisImage(product, scan) && (packages.length === 0 || packages.some((purl) => isPackage(purl, one))),
  );
}

/** `pkg:oci/NAME@sha256:…` (percent-encoded or not) of this digest. A product of another digest, or of none, does not match. */
function isThisImage(product: string, { digests }: Scan): boolean {
  const text = decoded(product);
  return digests.some((digest) => text.includes(`@${digest}`) || text === digest);
}

/** `pkg:npm/NAME@VERSION`: a package without a version is meant in every version. */
function isPackage(purl: string, one: Vulnerability): boolean {
  const [, name = '', version] = /^pkg:[^/]+\/(.+?)(?:@([^?#]*))?(?:[?#].*)?$/.exec(decoded(purl)) ?? [];
  const isNamed = name === one.package || name.endsWith(`/${one.package}`);
  return isNamed && (version === undefined || version === one.version);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const isCsaf = (value: unknown): boolean => at(value, 'document', 'category') === 'csaf_vex';

/** A draft says nothing yet. Product ids are resolved by the product tree's purls. */
export function readCsaf(value: unknown, source: string): readonly VexStatement[] {
  if (textAt(value, '', 'document', 'tracking', 'status') === 'draft') return [];
  const purls = new Map<string, string>();
  collectProducts(at(value, 'product_tree'), purls);
  return listAt(value, 'vulnerabilities').flatMap((one) => {
    const labels = (id: string): readonly string[] =>
      listAt(one, 'flags')
        .filter((flag) => listAt(flag, 'product_ids').includes(id))
        .map((flag) => textAt(flag, '', 'label'));
    const ids = listAt(one, 'product_status', 'known_not_affected').map(String);
    return ids.map((id) => ({
      source,
      ids: [textAt(one, '', 'cve')],
      products: [{ product: purls.get(id) ?? '', packages: [] }],
      status: 'not_affected',
      isJudgement: labels(id).some((label) => isReasoned('not_affected', label)),
      at: textAt(value, '', 'document', 'tracking', 'current_release_date'),
    }));
  });
}

function collectProducts(node: unknown, found: Map<string, string>): void {
  const product = at(node, 'product');
  const purl = textAt(product, '', 'product_identification_helper', 'purl');
  if (purl !== '') found.set(textAt(product, '', 'product_id'), purl);
  for (const branch of listAt(node, 'branches')) collectProducts(branch, found);
  for (const one of listAt(node, 'full_product_names')) collectProducts({ product: one }, found);
}
