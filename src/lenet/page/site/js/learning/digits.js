/** Unpacks the digits that networks are trained and tested with. */

const PIXELS = 28 * 28;
const LEVEL_STEP = 17; // 16 levels from 0 to 255

/**
 * @param {{training: number, test: number, labels: string, pixels: string}} packedDigits - as the page's document
 *     has them: how many to train and to test with, a digit each as labels; pixels in base64, deflated, two in a byte
 * @returns {Promise<{training: number, test: number, labels: Uint8Array, images: Uint8Array}>} those to train with
 *     first; each image is 28·28 gray levels, 0 background, 255 full ink
 */
export async function unpackDigits({ training, test, labels, pixels }) {
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const pixelPairs = new Uint8Array(await new Response(stream).arrayBuffer());
  const images = new Uint8Array((training + test) * PIXELS);
  pixelPairs.forEach((pair, index) => {
    images[2 * index] = LEVEL_STEP * (pair >> 4);
    images[2 * index + 1] = LEVEL_STEP * (pair & 15);
  });
  return { training, test, labels: Uint8Array.from(labels), images };
}
