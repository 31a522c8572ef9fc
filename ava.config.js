// Tests run from .build/ (scripts/test.js makes it). Lab suites skip themselves, by name, unless MDT_LAB is set.
export default {
  files: ['.build/test/**/*.test.js'],
  timeout: '120s',
  concurrency: 2,
};
