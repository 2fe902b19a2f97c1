/** Who may import what. AGENTS.md draws the picture; `import-x/no-restricted-paths` holds everybody to it. Circles are found by scripts/lint-structure.mjs. */

/** One direction, left to right: a folder imports only from its left. */
const ORDER = ['k8s/semantics', 'checks', 'specs', 'reports', 'fixtures', 'cutover', 'gate', 'commands'];
const DIRECTION = 'Imports point one way: see the layout in AGENTS.md.';

export const TEST_FILES = ['**/*.test.ts', '**/testing/**/*.ts', '**/testing.ts', 'tests/**/*.ts'];

/** Everything of `folder` but `except`, for the files of `target`. */
const zone = (target, from, message, except) => ({
  target: [target].flat().map((one) => `./${one}`),
  from: [from].flat().map((one) => `./${one}`),
  ...(except ? { except: except.map((one) => `./${one}`) } : {}),
  message,
});
/** The spec joins checks to fixtures: it may import these, and nothing may import it. */
const filesOf = (folder) => (folder === 'specs' ? ['specs/!(gate.spec).ts', 'specs/*/**'] : folder);
const rightOf = (folder) => ORDER.slice(ORDER.indexOf(folder) + 1);

/** Rooms within a folder: what is built on nothing beside it, and what comes after what. */
const ROOMS = [
  zone('checks/contract', 'checks', 'The contract is a leaf: everything else builds on it.', ['contract']),
  zone('checks/kit', 'checks', 'The kit builds on the contract alone: it knows no protocol and no kind.', [
    'contract',
    'kit',
  ]),
  zone('checks/protocols', 'checks', 'A protocol knows no kind.', ['contract', 'kit', 'protocols']),
  zone('checks/!(kit)/**', 'checks/index.ts', 'A kind does not know the registry.'),
  zone(
    'reports/decide',
    ['reports/record', 'reports/export', 'reports/tell'],
    'The decision is a pure function over types.',
  ),
  zone('reports/record', ['reports/export', 'reports/tell'], 'Recorded and decided first, told afterwards.'),
  zone('reports/record/*.ts', ['reports/record/ledger', 'reports/record/run-folder'], 'Both build on these files.'),
  zone(
    'reports/record/ledger',
    'reports/record/run-folder',
    'A run is written into the ledger, which knows no run folder.',
  ),
  zone('fixtures/rehearsal-client', 'fixtures', 'The client of the rehearsal builds on the contract alone.', [
    'rehearsal-client',
  ]),
  zone('fixtures/rehearsal-client', ['specs', 'reports'], 'The client of the rehearsal builds on the contract alone.'),
  zone('fixtures/cluster', 'fixtures', 'The Kubernetes client is a bundle of its own.', ['cluster']),
  zone('cutover/traffic', 'cutover', 'An adapter knows no engine.', ['traffic', 'persistence.ts']),
];

export const productZones = [
  ...ORDER.map((folder) => zone(filesOf(folder), [...rightOf(folder), 'tests', 'specs/gate.spec.ts'], DIRECTION)),
  zone('specs/gate.spec.ts', [...rightOf('fixtures'), 'rehearsal', 'tests'], DIRECTION),
  ...ORDER.filter((folder) => folder !== 'commands').map((folder) =>
    zone(
      filesOf(folder),
      'rehearsal',
      'Nothing that judges knows the rehearsal, only its client (fixtures/rehearsal-client/).',
    ),
  ),
  zone('commands', 'rehearsal', 'The rehearsal has one door, rehearsal/door.ts.', ['door.ts']),
  ...ROOMS,
  zone('reports/decide', 'node_modules', 'The decision is a pure function over types.'),
  // The rehearsal: a platform that knows nobody but its client; the drill uses what runs and judges items.
  zone(
    ['rehearsal/!(drill)/**', 'rehearsal/!(door).ts'],
    ['specs', 'reports', 'cutover', 'gate', 'commands', 'tests', 'rehearsal/drill', 'rehearsal/door.ts'],
    'The platform knows nothing of what judges it.',
  ),
  zone(['rehearsal/!(drill)/**', 'rehearsal/!(door).ts'], 'fixtures', 'The platform knows only its client.', [
    'rehearsal-client',
  ]),
  zone(['rehearsal/!(drill)/**', 'rehearsal/!(door).ts'], 'checks', 'The platform knows no kind.', [
    'contract',
    'protocols',
  ]),
  zone(
    'rehearsal/drill',
    ['gate', 'commands', 'tests', 'rehearsal/door.ts'],
    'The drill runs items as the gate does, without it.',
  ),
];

/** Tests may use the harness, the rehearsal and what other folders have for tests. */
export const testZones = [
  ...ORDER.map((folder) =>
    rightOf(folder).map((from) =>
      zone(filesOf(folder), from, DIRECTION, from === 'reports' ? ['decide/testing'] : undefined),
    ),
  ).flat(),
  ...ROOMS.filter(({ target }) => !/checks\/kit|reports\/record$/.test(target[0])),
  zone('reports/decide/testing', 'node_modules', 'The decision is a pure function over types.'),
  zone('tests/harness', ['tests/system', 'tests/bench'], 'The harness knows no test.'),
];
