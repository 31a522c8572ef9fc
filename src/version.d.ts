/** Version of the package; the build puts it in. */
declare const MDT_VERSION: string;
