/** The digits that the network learns from, unpacked. */

const PIXELS = 28 * 28;
const STEP = 17; // 16 levels from 0 to 255

/**
 * @param {{training: number, test: number, labels: string, pixels: string}} packed - as the page's document has them
 * @returns {Promise<{training: number, test: number, labels: Uint8Array, images: Uint8Array}>} those to train on first;
 *     28·28 gray levels each, 0 background, 255 full ink
 */
export async function unpackDigits({ training, test, labels, pixels }) {
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const pairs = new Uint8Array(await new Response(stream).arrayBuffer());
  const images = new Uint8Array((training + test) * PIXELS);
  pairs.forEach((pair, index) => {
    images[2 * index] = STEP * (pair >> 4);
    images[2 * index + 1] = STEP * (pair & 15);
  });
  return { training, test, labels: Uint8Array.from(labels), images };
}
