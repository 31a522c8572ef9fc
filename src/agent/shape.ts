/** A JSON Schema, as far as the messages of the agent need one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a message holds, told once: the type of a value, its reader and its JSON Schema. */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** The value as `T`, without fields that the shape does not know. @throws ShapeError */
  read(value: unknown, place: string): T;
}

/** A field that may be missing. */
export interface Optional<T> extends Shape<T> {
  readonly optional: true;
}

/** A value does not have its shape; the message says where and what was expected. */
export class ShapeError extends Error {}

export type Infer<S> = S extends Shape<infer T> ? T : never;

type FieldShapes = Readonly<Record<string, Shape<unknown>>>;
type OptionalNames<F extends FieldShapes> = {
  [K in keyof F]: F[K] extends Optional<unknown> ? K : never;
}[keyof F];
type Fields<F extends FieldShapes> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: Infer<F[K]>;
} & { readonly [K in OptionalNames<F>]?: Infer<F[K]> };

export const boolean: Shape<boolean> = {
  schema: { type: 'boolean' },
  read: (value, place) => (typeof value === 'boolean' ? value : refuse(place, 'true or false')),
};

/** Any finite number; JSON has no other. */
export const number: Shape<number> = {
  schema: { type: 'number' },
  read: (value, place) => (typeof value === 'number' && Number.isFinite(value) ? value : refuse(place, 'a number')),
};

/** A whole number that a double holds exactly. */
export function integer(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    schema: { type: 'integer', minimum, maximum },
    read: (value, place) =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum
        ? value
        : refuse(place, `a whole number from ${String(minimum)} to ${String(maximum)}`),
  };
}

export function text(maxLength = 1024): Shape<string> {
  return {
    schema: { type: 'string', maxLength },
    read: (value, place) =>
      typeof value === 'string' && value.length <= maxLength
        ? value
        : refuse(place, `text of at most ${String(maxLength)} characters`),
  };
}

export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  return {
    schema: values.length === 1 ? { const: values[0] } : { enum: values },
    read: (value, place) => values.find(known => known === value) ?? refuse(place, `one of ${values.join(', ')}`),
  };
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    schema: { anyOf: [shape.schema, { type: 'null' }] },
    read: (value, place) => (value === null ? null : shape.read(value, place)),
  };
}

export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return {
    schema: { anyOf: [first.schema, second.schema] },
    read: (value, place) => {
      try {
        return first.read(value, place);
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        return second.read(value, place);
      }
    },
  };
}

export function list<T>(item: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    schema: { type: 'array', items: item.schema, maxItems },
    read: (value, place) =>
      Array.isArray(value) && value.length <= maxItems
        ? value.map((entry, index) => item.read(entry, `${place}[${String(index)}]`))
        : refuse(place, `a list of at most ${String(maxItems)} items`),
  };
}

/** An object with any fields; its content is for people and logs. */
export const anyObject: Shape<Readonly<Record<string, unknown>>> = {
  schema: { type: 'object' },
  read: (value, place) => (isRecord(value) ? value : refuse(place, 'an object')),
};

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { ...shape, optional: true };
}

export function object<const F extends FieldShapes>(fields: F): Shape<Fields<F>> {
  const names = Object.keys(fields);
  const isOptional = (name: string): boolean => 'optional' in (fields[name] ?? {});
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map(name => [name, fields[name]?.schema])),
      required: names.filter(name => !isOptional(name)),
    },
    read: (value, place) => {
      if (!isRecord(value)) return refuse(place, 'an object');
      const entries = names
        .filter(name => !isOptional(name) || Object.hasOwn(value, name))
        .map(name => [
          name,
          fields[name]?.read(Object.hasOwn(value, name) ? value[name] : undefined, `${place}.${name}`),
        ]);
      return Object.fromEntries(entries) as Fields<F>;
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(place: string, expected: string): never {
  throw new ShapeError(`${place} is not ${expected}`);
}
