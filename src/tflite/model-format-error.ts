import { MdtError, type MdtErrorDetails } from '../errors.js';

/** The bytes are not a .tflite model, or a damaged one; `facts.offset` is the place in the file. */
export class ModelFormatError extends MdtError {
  /** What is wrong, as it reads after "… is not a model that mdt can read: ". */
  readonly problem: string;
  /** Place in the file, in bytes from its start. */
  readonly offset: number;

  constructor(problem: string, offset: number, details: MdtErrorDetails & { readonly file?: string } = {}) {
    const { file, ...rest } = details;
    super(
      'io',
      'MODEL_FORMAT',
      `${file ?? 'This'} is not a model that mdt can read: ${problem} (byte ${String(offset)}).`,
      {
        hint: 'Give a whole TensorFlow Lite file; if it was one, copy or download it again.',
        ...rest,
        facts: { ...details.facts, problem, offset, ...(file === undefined ? {} : { file }) },
      },
    );
    this.problem = problem;
    this.offset = offset;
  }

  /** The same error with the name of the file in its message. */
  of(file: string): ModelFormatError {
    return new ModelFormatError(this.problem, this.offset, { file, hint: this.hint, facts: this.facts, cause: this });
  }
}
