/** The command line as a program, from the sources that are tested; `bin/mdt.js` would need a build first. */
import { main } from '../../src/cli/main.js';

await main();
