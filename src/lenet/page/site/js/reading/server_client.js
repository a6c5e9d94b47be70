/** Reads pictures on the server of the page, as `lenet read` reads them. */

const IMAGE_SIDE = 28;
const MULTI_PAGE = /\.(pdf|tiff?)$/i;
const TIMED_OUT = 504;

/** Why the server has not read a picture: its error message and its status; both null if it cannot be reached. */
export class ServerReadingError extends Error {
  constructor({ detail = null, status = null } = {}) {
    super(detail ?? `status ${status}`);
    Object.assign(this, { detail, status });
  }
}

/**
 * @param {string} address of the server's reading
 * @param {File} file
 * @returns {Promise<{pages: Object[], isComplete: boolean}>} the server's answer for each page, with each digit's image
 *     as 28·28 gray levels; only the first page, and `isComplete` false, where the server ran out of time
 * @throws {ServerReadingError}
 */
export async function readOnServer(address, file) {
  if (!MULTI_PAGE.test(file.name)) return { pages: await post(`${address}?detail=steps`, file), isComplete: true };
  try {
    return { pages: await post(`${address}?detail=steps&pages=all`, file), isComplete: true };
  } catch (error) {
    if (error.status !== TIMED_OUT) throw error;
    return { pages: await post(`${address}?detail=steps`, file), isComplete: false };
  }
}

async function post(address, file) {
  const form = new FormData();
  form.append("picture", file);
  const response = await fetch(address, { method: "POST", body: form }).catch(() => {
    throw new ServerReadingError();
  });
  const body = await response.json().catch(() => null);
  if (!response.ok || !body) throw new ServerReadingError({ detail: body?.detail, status: response.status });
  return Promise.all([body].flat().map(withGrayLevels));
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
  [canvas.width, canvas.height] = [IMAGE_SIDE, IMAGE_SIDE];
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, IMAGE_SIDE, IMAGE_SIDE);
  return Uint8Array.from({ length: IMAGE_SIDE * IMAGE_SIDE }, (_, index) => data[4 * index]);
}
