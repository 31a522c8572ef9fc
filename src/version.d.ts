/** Version of the package; the build puts it in. */
declare const MDT_VERSION: string;
/** Name of the file that src/cli/main.ts went into; the build puts it in. */
declare const MDT_MAIN: string;
/** Place of images/, relative to the code that asks; the build puts it in. */
declare const MDT_IMAGES: string;
