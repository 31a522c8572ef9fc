// Tests run from .build/ (scripts/test.js makes it). Lab suites skip themselves, by name, unless MDT_LAB is set.
export default {
  files: ['.build/test/**/*.test.js'],
  timeout: '120s',
  // Most files wait for servers and programs half of their time, so two processors have enough for three of them. Those
  // of the lab run programs on up to twenty boards each.
  concurrency: process.env.MDT_LAB === '1' ? 2 : 3,
};
