/** What a board prints before the output of a script that was started with this command; empty for other commands. */
export function markerLine(command: string): string {
  const [, first, second] = / ([0-9a-f]{12}) ([0-9a-f]{12}) >&2/.exec(command) ?? [];
  return first === undefined || second === undefined ? '' : `${first}${second}\n`;
}

/** The shell text that a command hands to `sh`, as `printf %b` decodes it. */
export function scriptText(command: string): string {
  const encoded = / mdt '(.*)'$/s.exec(command)?.[1] ?? '';
  const bytes = encoded.replace(/\\(n|0[0-7]{3})/g, (_all, code: string) =>
    code === 'n' ? '\n' : String.fromCharCode(Number.parseInt(code, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
