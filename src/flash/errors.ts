import { MdtError, type MdtErrorDetails } from '../errors.js';

/** The board is not one that the images are for. Nothing was written. */
export class WrongBoardError extends MdtError {
  constructor(message: string, details: MdtErrorDetails = {}) {
    super('usage', 'WRONG_BOARD', message, details);
  }
}
