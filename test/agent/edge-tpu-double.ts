import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestFn } from 'ava';
import { hasPython, pythonTests, tfliteLibrary } from './local-agent.js';

const COMPILER = 'gcc';
const hasCompiler = process.platform === 'linux' && spawnSync(COMPILER, ['--version']).status === 0;

/** Why libedgetpu's test double cannot be built or used here. */
const missing = !hasPython
  ? 'python3'
  : tfliteLibrary === undefined
    ? 'TensorFlow Lite'
    : hasCompiler
      ? undefined
      : COMPILER;

/** `test.serial`, or a skipped test that says what the test double of libedgetpu needs. */
export function needingDouble(test: TestFn): typeof test.serial {
  if (missing === undefined) return test.serial;
  const skipped = (title: string, ...rest: unknown[]): void => {
    Reflect.apply(test.serial.skip, test.serial, [`${title} (needs ${missing})`, ...rest]);
  };
  return skipped as typeof test.serial;
}

export interface DoubleSettings {
  /** Such as `pci:/dev/apex_0,usb:/sys/bus/usb/devices/1-1`. */
  readonly devices?: string;
  readonly behaviour?: string;
  /** How long an inference takes. */
  readonly inferenceUs?: number;
}

let built: string | undefined;

/** The environment in which the agent finds the test double. It is built once, and removed with `removeDouble`. */
export function doubleEnvironment({
  devices = '',
  behaviour = '',
  inferenceUs = 0,
}: DoubleSettings): NodeJS.ProcessEnv {
  built ??= build();
  return {
    MDT_LIBEDGETPU: built,
    MDT_DOUBLE_DEVICES: devices,
    MDT_DOUBLE_BEHAVIOUR: behaviour,
    MDT_DOUBLE_US: String(inferenceUs),
  };
}

export function removeDouble(): void {
  if (built !== undefined) rmSync(dirname(built), { recursive: true, force: true });
  built = undefined;
}

function build(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mdt-double-'));
  const library = join(folder, 'libedgetpu_double.so');
  const headers = join(dirname(tfliteLibrary ?? ''), '..', 'include');
  const source = join(pythonTests, 'libedgetpu_double.c');
  const words = ['-std=gnu99', '-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC', `-I${headers}`];
  const { status, stderr } = spawnSync(COMPILER, [...words, source, '-o', library], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The test double cannot be built: ${stderr}`);
  return library;
}
