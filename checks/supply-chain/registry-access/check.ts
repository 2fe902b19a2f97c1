import { namespaceList, registry } from '../../contract/param-schemas.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { registrySession } from '../../protocols/oci.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { blobMessages, blobReader, bytesOf, judgeBlobs, maxRead } from '../held-blobs.ts';
import { collectMountedToo, hosts, isDown, judgeLookups, lookupMessages, lookUpImages } from '../release-images.ts';

export const registryAccess = kind('supply-chain/registry-access', {
  title: 'The registry answers and has every image that workloads run',
  why: 'A pod that moves to another node pulls its image again: without the registry, or without that tag, every rescheduling is an outage.',
  sees: [
    'The handshake of the registry API.',
    'The manifest of every image that a workload or pod of the namespaces runs or mounts, by its tag and by its digest, with the digest computed from the bytes.',
    'The registry has their configurations and layers in full size; with maxRead, their bytes were read and have the digests named.',
  ],
  not: ['The bytes of the layers without maxRead.', 'That the nodes themselves can pull.'],
  needs: ['cluster', 'http'],
  required: ['registry', 'hosts', 'namespaces'],
  params: { registry, hosts, namespaces: namespaceList, maxRead },
  messages: {
    ...lookupMessages,
    ...blobMessages,
    down: {
      says: '{subject}: does not answer ({why}), expected its API.',
      fix: 'Start the registry, or open the way to it from where the gate runs: nodes that need an image now cannot get it either.',
    },
  },
  rights: ({ namespaces, registry: { credential } }) => [
    ...mayReadWorkloads(namespaces),
    ...mayReadSecrets([credential?.password]),
  ],

  async gather(params, { cluster, http }, context) {
    const { sources } = await readWorkloads(cluster, params.namespaces, context);
    // A namespace that was misspelt must not hide behind another.
    const empty = params.namespaces.filter((name) => !sources.some(({ namespace }) => namespace === name));
    const session = registrySession(http, params.registry);
    const handshake = await attempt(() => session.challenge());
    const named = handshake.refusal ? [] : collectMountedToo(sources);
    const look = blobReader(params.maxRead === undefined ? undefined : bytesOf(params.maxRead));
    return { handshake, empty, ...(await lookUpImages(session, named, params.hosts, look)) };
  },

  judge({ registry: { url }, hosts: known, maxRead: most }, { handshake, images, content, empty }, say) {
    const subject = `Registry ${url}`;
    const down = [handshake.refusal, ...images.map(({ refused }) => refused)].find((one) => one && isDown(one));
    say.judged(subject);
    if (handshake.seen)
      say.show({ type: 'text', title: 'Handshake', text: `Asks for credentials: ${handshake.seen.scheme}` });
    // The advice of the refusal stands on its second line; `down` has its own.
    if (down) say.fail('down', subject, { why: down.message.replace(/\n.*/s, '') });
    else if (handshake.refusal) say.refused(handshake.refusal, subject);
    judgeLookups(say, images, known);
    judgeBlobs(say, content, most);
    if (!handshake.refusal && (images.length === 0 || empty.length > 0))
      say.unsure(
        'no-subjects',
        `No workload names an image in ${(empty.length > 0 ? empty : ['the namespaces']).join(', ')}: the registry was not asked for one.`,
      );
  },
});
