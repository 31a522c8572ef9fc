import { AGENT_PROTOCOL, fromAgent, fromHost } from './messages.js';
import type { JsonSchema, Shape } from './shape.js';

/** JSON Schema of all messages, published with the package as `agent-messages.schema.json`. */
export function messagesSchema(): JsonSchema {
  const definitions = (shapes: Readonly<Record<string, Shape<unknown>>>): Record<string, JsonSchema> =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, shape.schema]));
  const references = (shapes: object): JsonSchema => ({
    oneOf: Object.keys(shapes).map(name => ({ $ref: `#/$defs/${name}` })),
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `Messages between mdt and its benchmark agent, version ${String(AGENT_PROTOCOL)}`,
    description: 'One message a line. $defs/agent is what the agent says, $defs/host what mdt says.',
    anyOf: [{ $ref: '#/$defs/agent' }, { $ref: '#/$defs/host' }],
    $defs: {
      agent: references(fromAgent),
      host: references(fromHost),
      ...definitions(fromAgent),
      ...definitions(fromHost),
    },
  };
}
