#!/usr/bin/env node
require('../dist/mdt.cjs').start();
