// `node convert-process.js RAW SPARSE`: what img2simg does, by our code.
import { FileImage } from '../../src/fastboot/image/file-image.js';
import { convertToSparse } from '../../src/fastboot/sparse/convert-to-sparse.js';

const [from = '', to = ''] = process.argv.slice(2);
await using image = await FileImage.open(from);
await convertToSparse(image, to);
