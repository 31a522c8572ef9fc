import { safeText } from '../device/board-text.js';
import { MdtError, type ErrorFamily } from '../errors.js';
import type { AgentErrorCode, AgentFailure } from './messages.js';

interface Meaning {
  readonly family: ErrorFamily;
  readonly hint: string;
}

/** What a user can do about each failure. */
const MEANINGS: Readonly<Record<AgentErrorCode, Meaning>> = {
  NOT_A_MODEL: { family: 'io', hint: 'Look at the file with "mdt model info" and push it again.' },
  MODEL_FAILED: { family: 'refused', hint: 'Look at it with "mdt model info", and push it again.' },
  NO_RUNTIME: {
    family: 'refused',
    hint: 'Install TensorFlow Lite on the board with "sudo apt-get install python3-tflite-runtime" and try again.',
  },
  NO_TPU: {
    family: 'not-found',
    hint: 'Look for it with "mdt exec ls /dev/apex_0" (PCIe) or "mdt exec lsusb" (USB), or measure the CPU with --cpu.',
  },
  UNRESOLVED_OP: {
    family: 'refused',
    hint: 'An Edge TPU model needs the Edge TPU: leave --cpu out, or give the model that was not compiled for it.',
  },
  RUNTIME_TOO_OLD: {
    family: 'refused',
    hint: 'Update libedgetpu on the board, or compile the model again with --min-runtime and the version that it has.',
  },
  LIBRARY_MISMATCH: {
    family: 'refused',
    hint: 'Install TensorFlow Lite and libedgetpu on the board from the same release.',
  },
  PROBE_CRASHED: { family: 'refused', hint: 'Install TensorFlow Lite and libedgetpu on the board from one release.' },
  PROBE_TIMEOUT: { family: 'timeout', hint: 'Reboot the board with "mdt reboot" (or plug the Edge TPU in again).' },
  DISK_FULL: { family: 'io', hint: 'Remove models with "mdt model rm" or other files below /home on the board.' },
  GOVERNOR: { family: 'io', hint: 'Measure without --governor, or allow sudo without a password on the board.' },
  MODEL_MISSING: { family: 'io', hint: 'Push the model again with "mdt model push".' },
  BAD_REQUEST: { family: 'bug', hint: 'Please report it with the command that you gave.' },
  INTERNAL: { family: 'bug', hint: 'Please report it with the command that you gave.' },
};

/** An Edge TPU without the library that drives it. */
const NO_LIBEDGETPU: Meaning = {
  family: 'refused',
  hint: 'Install libedgetpu on the board with "sudo apt-get install libedgetpu1-std", or measure the CPU with --cpu.',
};

/** The agent on the board could not do what it was asked; `code` is the agent's own, `facts` what it found. */
export class AgentError extends MdtError {
  constructor(failure: Pick<AgentFailure, 'code' | 'message' | 'facts'>) {
    const { family, hint } = failure.facts['library'] === undefined ? MEANINGS[failure.code] : NO_LIBEDGETPU;
    super(family, failure.code, safeText(failure.message, 1024), { hint, facts: failure.facts });
  }
}

/** The board has nothing that could run the agent. */
export function noPython(facts: Readonly<Record<string, unknown>> = {}): MdtError {
  return new MdtError('refused', 'NO_PYTHON', 'There is no python3 on the board, which the benchmark needs.', {
    hint: 'Install it on the board with "sudo apt-get install python3".',
    facts,
  });
}
