// The two parts of ssh2 that a client needs; the package's main file would load its server and key generator too.
declare module 'ssh2/lib/client.js' {
  import { Client } from 'ssh2';
  export default Client;
}
declare module 'ssh2/lib/protocol/keyParser.js' {
  import type { utils } from 'ssh2';
  const keyParser: { readonly parseKey: typeof utils.parseKey };
  export default keyParser;
}
