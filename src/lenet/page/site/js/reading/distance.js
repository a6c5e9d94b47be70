/**
 * Chamfer distance transform of a mask in two passes: a step to the pixel beside costs 0.955, a diagonal one 1.3693.
 *
 * Sums are rounded in the order in which Intel's library, which OpenCV calls, adds them: the forward pass takes four
 * pixels at a time, and the last three of them reach across their neighbors with precomputed sums of steps.
 */

const { fround } = Math;
const SIDE_STEP = fround(0.955);
const DIAGONAL_STEP = fround(1.3693);
const MAX_DISTANCE = fround(3.4028234663852886e38);
/** The cost of 0 to 4 steps to the side. */
const SIDE_STEPS = Float32Array.from([0, 1, 2, 3, 4], (count) => SIDE_STEP * count);
/** The cost of one diagonal step and then 0 to 3 steps to the side. */
const DIAGONAL_THEN_SIDES = SIDE_STEPS.slice(0, 4).map((side) => DIAGONAL_STEP + side);

/** Like Math.min, which would also compare the two zeros, −0 and 0. */
const minimum = (a, b) => (a < b ? a : b);

let paddedDistances = new Float32Array(0);

/**
 * @param {{ data: Uint8Array, width: number, height: number }} mask
 * @param {number} sourceValue - the mask value whose pixels have distance 0; the others have the distance to them
 * @returns {{ data: Float32Array, width: number, height: number }}
 */
export function distanceTransform(mask, sourceValue = 0) {
  const { width, height } = mask;
  const stride = width + 2;
  if (paddedDistances.length < stride * (height + 2)) paddedDistances = new Float32Array(stride * (height + 2));
  const distance = paddedDistances;
  fillBorder(distance, stride, height);
  forwardPass(mask.data, distance, width, height, sourceValue);
  const data = new Float32Array(width * height);
  backwardPass(distance, data, width, height);
  return { data, width, height };
}

function fillBorder(distance, stride, height) {
  distance.fill(MAX_DISTANCE, 0, stride);
  distance.fill(MAX_DISTANCE, stride * (height + 1), stride * (height + 2));
  for (let y = 1; y <= height; y++) {
    distance[y * stride] = MAX_DISTANCE;
    distance[y * stride + stride - 1] = MAX_DISTANCE;
  }
}

function forwardPass(mask, distance, width, height, sourceValue) {
  const stride = width + 2;
  for (let y = 0; y < height; y++) {
    const maskStart = y * width;
    const rowStart = (y + 1) * stride + 1;
    for (let x = 0; x < width; x++) {
      const index = rowStart + x;
      if (mask[maskStart + x] === sourceValue) {
        distance[index] = 0;
        continue;
      }
      const above = index - stride;
      let nearest = minimum(distance[above - 1], distance[above + 1]) + DIAGONAL_STEP;
      nearest = minimum(nearest, distance[above] + SIDE_STEP);
      const lane = x & 3;
      if (lane === 0 || x < 4 || x - lane + 4 >= width || y === height - 1) {
        nearest = minimum(nearest, distance[index - 1] + SIDE_STEP);
      } else {
        nearest = minimum(nearest, distance[index - lane - 1] + SIDE_STEPS[lane + 1]);
        for (let back = 1; back <= lane; back++) {
          if (distance[index - back] === 0) {
            nearest = minimum(nearest, SIDE_STEPS[back]);
            break;
          }
        }
        for (let back = 1; back <= lane; back++) {
          nearest = minimum(nearest, distance[above - 1 - back] + DIAGONAL_THEN_SIDES[back]);
        }
      }
      distance[index] = minimum(nearest, MAX_DISTANCE);
    }
  }
}

function backwardPass(distance, data, width, height) {
  const stride = width + 2;
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const index = (y + 1) * stride + 1 + x;
      let nearest = distance[index];
      if (nearest > SIDE_STEP) {
        const below = index + stride;
        nearest = minimum(nearest, minimum(distance[below - 1], distance[below + 1]) + DIAGONAL_STEP);
        nearest = minimum(nearest, minimum(distance[below], distance[index + 1]) + SIDE_STEP);
        distance[index] = nearest;
      }
      data[y * width + x] = distance[index];
    }
  }
}
