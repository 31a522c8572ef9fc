import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, UsageError } from '../errors.js';
import { fileTrouble } from '../host/file-trouble.js';
import { writePrivateFile } from '../host/private-file.js';
import { readTextFile } from '../host/text-file.js';

/** The variables that Python MDT defines and mdt understands, with their defaults. */
export const VARIABLES = {
  'preferred-device': { default: undefined, meaning: 'board that is used when none is named' },
  username: { default: 'mendel', meaning: 'login name on the board' },
  password: { default: 'mendel', meaning: 'password of that login, tried only where the board allows passwords' },
  'env-whitelist': { default: 'TERM LANG LC_*', meaning: 'variables of this host that shells and commands see' },
} as const satisfies Record<string, { default: string | undefined; meaning: string }>;

/** Names of the settings of this host. */
export type VariableName = keyof typeof VARIABLES;

const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

export function isKnownVariable(name: string): name is VariableName {
  return Object.hasOwn(VARIABLES, name);
}

/**
 * Value stored for `name`, or undefined.
 * @throws UsageError if the name cannot be a variable, FileError if the file is not one line of text
 */
export async function readVariable(attribsDir: string, name: string): Promise<string | undefined> {
  const file = variableFile(attribsDir, name);
  const value = (await readTextFile(file))?.replace(/[\r\n]+$/, '');
  if (value !== undefined && /[\r\n]/.test(value)) {
    throw new FileError(`${file} has to be one line, and has more.`, {
      hint: `Edit it, or set it anew with \`mdt set ${name} VALUE\`.`,
      facts: { file },
    });
  }
  return value;
}

/** @throws UsageError if the name or the value cannot be stored: values are one line. */
export async function writeVariable(attribsDir: string, name: string, value: string): Promise<void> {
  if (/[\r\n\0]/.test(value)) {
    throw new UsageError(`The value of ${name} has to be one line.`, { hint: 'Take the line breaks out.' });
  }
  const file = variableFile(attribsDir, name);
  try {
    await writePrivateFile(file, `${value}\n`);
  } catch (error) {
    throw fileTrouble(`The variable ${name} cannot be written.`, file, error);
  }
}

/** Removes the variable; returns whether it was there. */
export async function clearVariable(attribsDir: string, name: string): Promise<boolean> {
  const file = variableFile(attribsDir, name);
  try {
    await rm(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileTrouble(`The variable ${name} cannot be removed.`, file, error);
  }
}

/** All stored variables, by name. */
export async function listVariables(attribsDir: string): Promise<Map<string, string>> {
  let names: string[];
  try {
    names = await readdir(attribsDir);
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw fileTrouble('The variables cannot be listed.', attribsDir, error);
  }
  const found = new Map<string, string>();
  for (const name of names.filter(entry => SAFE_NAME.test(entry) && !entry.endsWith('.tmp')).sort()) {
    const value = await readVariable(attribsDir, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function variableFile(attribsDir: string, name: string): string {
  if (!SAFE_NAME.test(name)) {
    throw new UsageError(`${JSON.stringify(name)} cannot be the name of a variable.`, {
      hint: `Names are ${Object.keys(VARIABLES).join(', ')}.`,
    });
  }
  return join(attribsDir, name);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
