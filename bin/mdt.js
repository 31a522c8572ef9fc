#!/usr/bin/env node
import { main } from '../dist/mdt.js';

await main();
