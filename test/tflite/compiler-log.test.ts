import test from 'ava';
import fc from 'fast-check';
import { parseCompilerLog } from '../../src/tflite/compiler-log.js';

// Lines as the compiler prints them; the models are those of public reports.

test('a model with operators left on the CPU', t => {
  const log = parseCompilerLog(`Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 3129 ms.

Input model: efficientdet_lite0.tflite
Input size: 4.35MiB
Output model: efficientdet_lite0_edgetpu.tflite
Output size: 5.66MiB
On-chip memory used for caching model parameters: 4.49MiB
On-chip memory remaining for caching model parameters: 3.01MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 267
Operation log: efficientdet_lite0_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will instead run on the CPU, which is slower.
Number of operations that will run on Edge TPU: 264
Number of operations that will run on CPU: 3

Operator                       Count      Status

CUSTOM                         1          Operation is working on an unsupported data type
DEPTHWISE_CONV_2D              80         Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded! 
`);
  t.deepEqual(log, {
    compilerVersion: '16.0.384591198',
    succeeded: true,
    complaints: [],
    models: [
      {
        inputFile: 'efficientdet_lite0.tflite',
        outputFile: 'efficientdet_lite0_edgetpu.tflite',
        onChipBytes: 4_708_106,
        onChipRemainingBytes: 3_156_214,
        streamedBytes: 0,
        edgeTpuGraphCount: 1,
        operatorCount: 267,
        operators: [
          { name: 'CUSTOM', count: 1, mapped: false, status: 'Operation is working on an unsupported data type' },
          { name: 'DEPTHWISE_CONV_2D', count: 80, mapped: true, status: 'Mapped to Edge TPU' },
        ],
      },
    ],
  });
});

test('models that are compiled together, one of them streaming', t => {
  const { models, succeeded } = parseCompilerLog(`Edge TPU Compiler version 15.0.340273435

Models compiled successfully in 2988 ms.

Input model: cnn.tflite
On-chip memory used for caching model parameters: 7.16MiB
On-chip memory remaining for caching model parameters: 2.25KiB
Off-chip memory used for streaming uncached model parameters: 2.95MiB
See the operation log file for individual operation details.

Input model: rnn.tflite
On-chip memory used for caching model parameters: 0.00B
On-chip memory remaining for caching model parameters: 2.25KiB
Off-chip memory used for streaming uncached model parameters: 4.53MiB
`);
  t.true(succeeded);
  t.deepEqual(
    models.map(({ inputFile, onChipBytes, streamedBytes }) => [inputFile, onChipBytes, streamedBytes]),
    [
      ['cnn.tflite', 7_507_804, 3_093_299],
      ['rnn.tflite', 0, 4_750_049],
    ],
  );
});

test('the .log file that the compiler writes', t => {
  const { models, compilerVersion } = parseCompilerLog(
    'Edge TPU Compiler version 14.1.317412892\r\nInput: yolo.tflite\r\nOutput: yolo_edgetpu.tflite\r\n\r\n' +
      'Operator                       Count      Status\r\n\r\nQUANTIZE  1  More than one subgraph is not supported\r\n',
  );
  t.is(compilerVersion, '14.1.317412892');
  t.like(models[0], { inputFile: 'yolo.tflite', outputFile: 'yolo_edgetpu.tflite', onChipBytes: undefined });
  t.deepEqual(models[0]?.operators, [
    { name: 'QUANTIZE', count: 1, mapped: false, status: 'More than one subgraph is not supported' },
  ]);
});

const failures: [string, string[]][] = [
  ['Invalid model: m.tflite\nModel not quantized\n', ['Invalid model: m.tflite', 'Model not quantized']],
  ['\nInternal compiler error. Aborting! \n', ['Internal compiler error. Aborting!']],
  [
    'ERROR: Node number 1 (Atan) failed to prepare.\n\nCompilation failed: Model failed in Tflite interpreter.\nCompilation failed! \n',
    [
      'ERROR: Node number 1 (Atan) failed to prepare.',
      'Compilation failed: Model failed in Tflite interpreter.',
      'Compilation failed!',
    ],
  ],
];
for (const [text, complaints] of failures) {
  test(`${complaints[0] ?? ''} is a complaint`, t => {
    t.like(parseCompilerLog(`Edge TPU Compiler version 16.0.384591198\n${text}`), { succeeded: false, models: [] });
    t.deepEqual(parseCompilerLog(text).complaints, complaints);
  });
}

test('any text is read, and nothing of it can reach a terminal unsafe', t => {
  const words = fc.constantFrom(
    'Input: ',
    'Output: ',
    'ADD 1 ',
    'ERROR: ',
    '\n',
    '\u001b[2J',
    '9'.repeat(400),
    'MiB',
    ': ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string())), parts => {
      t.false(JSON.stringify(parseCompilerLog(parts.join(''))).includes('\\u001b'));
    }),
  );
});
