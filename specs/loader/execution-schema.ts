/** The schema of `execution.yaml`, beside the checklist: how the release is built, pushed and applied. */
import type { JSONSchema } from 'json-schema-to-ts';
import { DURATION_PATTERN } from '../../checks/contract/units.ts';

/** What builds an image; `command`: what the file itself names. */
export const BUILD_TOOLS = ['docker', 'buildx', 'podman', 'kaniko', 'command'] as const;

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

export const executionSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion'],
  anyOf: [{ required: ['build'] }, { required: ['apply'] }],
  properties: {
    apiVersion: { const: 'golive/v1', description: 'Version of this format.' },
    build: {
      type: 'object',
      additionalProperties: false,
      required: ['tool', 'registry', 'images'],
      description: 'How images are built and pushed.',
      if: { properties: { tool: { const: 'command' } } },
      then: { required: ['command'] },
      properties: {
        tool: { type: 'string', enum: BUILD_TOOLS, description: 'What builds; command: an own one.' },
        command: {
          type: 'array',
          minItems: 1,
          items: text('An argument.'),
          description:
            'Of `tool: command`: what builds and pushes, with {image}, {context}, {dockerfile}, {commit} and {version}.',
        },
        registry: text('Name of the registry in the environment file where images are looked up.'),
        images: {
          type: 'array',
          minItems: 1,
          description: 'Built in this order.',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['image', 'dockerfile'],
            properties: {
              image: text('Its reference: ghcr.io/org/api:{version}.'),
              context: { ...text('Folder it is built from.'), default: '.' },
              dockerfile: text('Its Dockerfile.'),
            },
          },
        },
      },
    },
    apply: {
      type: 'object',
      additionalProperties: false,
      required: ['files'],
      description: 'How manifests are applied.',
      properties: {
        files: { type: 'array', minItems: 1, items: text('A manifest.'), description: 'Applied in this order.' },
        within: {
          type: 'string',
          pattern: DURATION_PATTERN,
          default: '10m',
          description: 'How long the Deployments may take to roll out.',
        },
      },
    },
  },
} as const satisfies JSONSchema;
