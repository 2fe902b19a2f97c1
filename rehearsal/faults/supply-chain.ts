/** Faults of the registry and of what it holds. */
import { NAMESPACE, RELEASES, SERVICES } from '../topology.ts';
import { noHandshake } from './consequences.ts';
import type { Act, ExpectedChange, Fault } from './fault.ts';

const API_IMAGE = { repository: SERVICES.typescriptApi.image, tag: RELEASES.blue } as const;
/** A build of another day: every byte of it is described by another digest. */
const retag = (facts: Readonly<Record<string, unknown>> = {}): Act => ({
  lever: 'registry.retag',
  with: { ...API_IMAGE, ...facts },
});
const OTHER_COMMIT = '0ddc0ffee0ddc0ffee0ddc0ffee0ddc0ffee0ddc';
/** Three times what the images of the rehearsal may take. */
const PADDING = 3 * 1024 * 1024;

/** Items that look at images of the release. */
const IMAGE_ITEMS = ['P1-IMG-001', 'P1-IMG-003', 'P1-IMG-005', 'P2-BLD-001'] as const;
const eachImageItem = (outcome: ExpectedChange['outcome'], says: RegExp): ExpectedChange[] =>
  IMAGE_ITEMS.map((item) => ({ item, outcome, says }));
const TAG_MOVED: ExpectedChange = {
  item: 'P1-IMG-005',
  outcome: 'fail',
  says: /mcp-typescript-server:v1\.0\.0@sha256:\w+: its tag leads to sha256:/,
};

export const supplyChainFaults: readonly Fault[] = [
  {
    name: 'registry-killed',
    title: 'The container registry has crashed',
    inject: [{ lever: 'registry.kill' }],
    changes: [
      { item: 'P1-REG-001', outcome: 'fail', says: /Registry https:.* does not answer .*refused/ },
      { item: 'P1-REG-002', outcome: 'error', says: /refused/ },
      ...eachImageItem('error', /refused/),
    ],
    mayChange: noHandshake('the registry'),
  },
  {
    name: 'registry-tokens-killed',
    title: 'The registry answers, and the service that issues its tokens does not',
    inject: [{ lever: 'registry-token.kill' }],
    changes: [
      { item: 'P1-REG-001', outcome: 'fail', says: /does not answer .*\/token.*refused/ },
      { item: 'P1-REG-002', outcome: 'error', says: /\/token.*refused/ },
      ...eachImageItem('error', /\/token.*refused/),
    ],
  },
  {
    name: 'image-deleted',
    title: 'An image of the release was deleted from the registry',
    inject: [{ lever: 'registry.delete-tag', with: API_IMAGE }],
    changes: [
      { item: 'P1-REG-001', outcome: 'fail', says: /mcp-typescript-server:v1\.0\.0.*answers 404 for tag v1\.0\.0/ },
      { item: 'P1-REG-002', outcome: 'inconclusive', says: /org\/mcp-typescript-server: the manifest .* is not there/ },
      ...eachImageItem('fail', /mcp-typescript-server:v1\.0\.0.*answers 404/),
    ],
  },
  {
    name: 'image-layer-lost',
    title: 'The registry lost a layer of an image: its manifest is there, and nobody can pull it',
    inject: [{ lever: 'registry.delete-layer', with: API_IMAGE }],
    changes: [
      { item: 'P2-BLD-001', outcome: 'fail', says: /mcp-typescript-server.*lacks layer sha256:/ },
      { item: 'P1-IMG-003', outcome: 'fail', says: /mcp-typescript-server.*lost layer sha256:/ },
    ],
  },
  {
    name: 'image-tag-moved',
    title: 'Somebody built the release again and pushed it under the same tag',
    inject: [retag()],
    changes: [TAG_MOVED],
  },
  {
    name: 'image-of-another-commit',
    title: 'The tag of the release leads to an image of another commit',
    inject: [retag({ commit: OTHER_COMMIT })],
    changes: [
      { item: 'P1-IMG-001', outcome: 'fail', says: new RegExp(`was built from commit ${OTHER_COMMIT}, expected`) },
      TAG_MOVED,
    ],
  },
  {
    name: 'image-of-another-version',
    title: 'The tag of the release leads to an image that says it is a release candidate',
    inject: [retag({ version: 'v1.0.0-rc.1' })],
    changes: [{ item: 'P1-IMG-001', outcome: 'fail', says: /says it is version v1\.0\.0-rc\.1/ }, TAG_MOVED],
  },
  {
    name: 'image-too-large',
    title: 'A core dump was packed into an image',
    inject: [retag({ paddingBytes: PADDING })],
    changes: [{ item: 'P1-IMG-003', outcome: 'fail', says: /takes 3\.0Mi to pull, expected at most/ }, TAG_MOVED],
  },
  {
    name: 'push-refused',
    title: 'The pipeline lost the right to push',
    inject: [{ lever: 'registry.actions', with: { user: 'golive-pusher', actions: ['pull'] } }],
    changes: [{ item: 'P1-REG-002', outcome: 'fail', says: /answers 401 to an upload by golive-pusher, expected 202/ }],
  },
  {
    name: 'nodes-may-push',
    title: 'The credential that nodes pull with may push as well',
    inject: [{ lever: 'registry.actions', with: { user: 'golive-puller', actions: ['pull', 'push'] } }],
    changes: [
      { item: 'P1-REG-002', outcome: 'fail', says: /answers 202 to an upload by golive-puller, expected a refusal/ },
    ],
  },
  {
    name: 'pull-refused',
    title: 'The credential that nodes pull with may not pull',
    inject: [{ lever: 'registry.actions', with: { user: 'golive-puller', actions: [] } }],
    changes: [
      { item: 'P1-REG-002', outcome: 'fail', says: /answers 401 to golive-puller, who nodes pull as/ },
      { item: 'P1-REG-001', outcome: 'error', says: /the registry answers 401/ },
      ...eachImageItem('error', /the registry answers 401/),
    ],
  },
  {
    name: 'pull-secret-deleted',
    title: 'The Secret that pods pull with was deleted',
    inject: [
      {
        lever: 'objects.delete',
        with: { apiVersion: 'v1', kind: 'Secret', resource: 'secrets', name: 'registry-pull', namespace: NAMESPACE },
      },
    ],
    changes: [{ item: 'P1-REG-002', outcome: 'fail', says: /Secret mcp-production\/registry-pull: does not exist/ }],
  },
];
