/**
 * Chamfer distance transform of a mask in two passes: 0.955 a step along a side, 1.3693 along a diagonal.
 *
 * Sums are rounded in the order in which Intel's library, which OpenCV calls, adds: on the way down four pixels at a
 * time, of which the last three reach over their neighbours with sums made beforehand.
 */

const { fround } = Math;
const SIDE = fround(0.955);
const DIAGONAL = fround(1.3693);
const MAX_DISTANCE = fround(3.4028234663852886e38);
const SIDES = Float32Array.from([0, 1, 2, 3, 4], (count) => SIDE * count);
const BENDS = SIDES.slice(0, 4).map((side) => DIAGONAL + side);

/** Math.min would also tell apart the two zeros. */
const smaller = (a, b) => (a < b ? a : b);

let scratch = new Float32Array(0);

/**
 * @param mask { data: Uint8Array of 0 and others, width, height }
 * @returns { data: Float32Array, width, height }
 */
export function distances(mask, isZero = 0) {
  const { width, height } = mask;
  const stride = width + 2;
  if (scratch.length < stride * (height + 2)) scratch = new Float32Array(stride * (height + 2));
  const distance = scratch;
  frame(distance, stride, height);
  forwardPass(mask.data, distance, width, height, isZero);
  const data = new Float32Array(width * height);
  backwardPass(distance, data, width, height);
  return { data, width, height };
}

function frame(distance, stride, height) {
  distance.fill(MAX_DISTANCE, 0, stride);
  distance.fill(MAX_DISTANCE, stride * (height + 1), stride * (height + 2));
  for (let y = 1; y <= height; y++) {
    distance[y * stride] = MAX_DISTANCE;
    distance[y * stride + stride - 1] = MAX_DISTANCE;
  }
}

function forwardPass(mask, distance, width, height, isZero) {
  const stride = width + 2;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const start = (y + 1) * stride + 1;
    for (let x = 0; x < width; x++) {
      const index = start + x;
      if (mask[row + x] === isZero) {
        distance[index] = 0;
        continue;
      }
      const above = index - stride;
      let nearest = smaller(distance[above - 1], distance[above + 1]) + DIAGONAL;
      nearest = smaller(nearest, distance[above] + SIDE);
      const lane = x & 3;
      if (lane === 0 || x < 4 || x - lane + 4 >= width || y === height - 1) {
        nearest = smaller(nearest, distance[index - 1] + SIDE);
      } else {
        nearest = smaller(nearest, distance[index - lane - 1] + SIDES[lane + 1]);
        for (let back = 1; back <= lane; back++) {
          if (distance[index - back] === 0) {
            nearest = smaller(nearest, SIDES[back]);
            break;
          }
        }
        for (let back = 1; back <= lane; back++) {
          nearest = smaller(nearest, distance[above - 1 - back] + BENDS[back]);
        }
      }
      distance[index] = smaller(nearest, MAX_DISTANCE);
    }
  }
}

function backwardPass(distance, data, width, height) {
  const stride = width + 2;
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const index = (y + 1) * stride + 1 + x;
      let nearest = distance[index];
      if (nearest > SIDE) {
        const below = index + stride;
        nearest = smaller(nearest, smaller(distance[below - 1], distance[below + 1]) + DIAGONAL);
        nearest = smaller(nearest, smaller(distance[below], distance[index + 1]) + SIDE);
        distance[index] = nearest;
      }
      data[y * width + x] = distance[index];
    }
  }
}
