/** Pictures read by the server that gave out the page, as `lenet read` reads them. */

const SIDE = 28;
const PAGED = /\.(pdf|tiff?)$/i;
const TIMED_OUT = 504;

/** Why the server has not read a picture: its own sentence, or its status; neither if it does not answer. */
export class NotRead extends Error {
  constructor({ sentence = null, status = null } = {}) {
    super(sentence ?? `status ${status}`);
    Object.assign(this, { sentence, status });
  }
}

/**
 * @param {string} address of the server's reading
 * @param {File} file
 * @returns {Promise<{pages: Object[], areAll: boolean}>} the server's answer for each page, with each digit's image as
 *     28·28 gray levels; the first page alone where there was no time for all
 * @throws {NotRead}
 */
export async function readOnServer(address, file) {
  if (!PAGED.test(file.name)) return { pages: await ask(`${address}?detail=steps`, file), areAll: true };
  try {
    return { pages: await ask(`${address}?detail=steps&pages=all`, file), areAll: true };
  } catch (error) {
    if (error.status !== TIMED_OUT) throw error;
    return { pages: await ask(`${address}?detail=steps`, file), areAll: false };
  }
}

async function ask(address, file) {
  const form = new FormData();
  form.append("picture", file);
  const answer = await fetch(address, { method: "POST", body: form }).catch(() => {
    throw new NotRead();
  });
  const answered = await answer.json().catch(() => null);
  if (!answer.ok || !answered) throw new NotRead({ sentence: answered?.detail, status: answer.status });
  return Promise.all([answered].flat().map(withGrayLevels));
}

async function withGrayLevels(reading) {
  const images = await Promise.all(reading.digits.map(({ image }) => grayLevelsOf(image)));
  return { ...reading, digits: reading.digits.map((digit, index) => ({ ...digit, image: images[index] })) };
}

/** The pixels of a gray PNG file in base64. */
async function grayLevelsOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, index) => data[4 * index]);
}
