// One vector type for every instruction set: GCC's and Clang's vector extensions, no intrinsics.
#pragma once

#include <cstddef>
#include <cstdint>

#define LENET_INLINE static inline __attribute__((always_inline))
#define LENET_UNROLL _Pragma("GCC unroll 32")

namespace lenet::LENET_ISA {

constexpr int lanes = LENET_VECTOR_BYTES / 4;

// The number of vector registers limits the size of a tile of sums.
#if LENET_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr bool many_registers = true;  // 32
#else
constexpr bool many_registers = false;  // 16
#endif

typedef float Vector __attribute__((vector_size(LENET_VECTOR_BYTES)));
typedef int32_t Integers __attribute__((vector_size(LENET_VECTOR_BYTES)));
typedef float UnalignedVector __attribute__((vector_size(LENET_VECTOR_BYTES), aligned(4)));
typedef uint8_t Bytes __attribute__((vector_size(LENET_VECTOR_BYTES / 4), aligned(1)));

LENET_INLINE Vector load(const float* source) { return *reinterpret_cast<const Vector*>(source); }
LENET_INLINE Vector load_unaligned(const float* source) { return *reinterpret_cast<const UnalignedVector*>(source); }
// Keeps a value that is used more than once in a register: compilers tend to load it again for every use.
LENET_INLINE Vector in_register(Vector v) {
#if defined(__x86_64__)
  __asm__("" : "+v"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#endif
  return v;
}
LENET_INLINE void store(float* at, Vector v) { *reinterpret_cast<Vector*>(at) = v; }
LENET_INLINE void store_unaligned(float* at, Vector v) { *reinterpret_cast<UnalignedVector*>(at) = v; }
LENET_INLINE Vector broadcast(float value) { return value - Vector{}; }  // exact, and free of an extra instruction
LENET_INLINE Vector where(Integers condition, Vector yes, Vector no) { return condition ? yes : no; }
LENET_INLINE Vector masked(Integers condition, Vector v) { return (Vector)((Integers)v & condition); }
// Maximum and minimum that keep a NaN in `v`, so that a diverged loss is noticed. GCC compiles `lower > v ? lower : v` to a
// comparison and a blend, where processors have one instruction for it.
#if defined(__x86_64__) && !defined(__clang__)
#if LENET_VECTOR_BYTES == 64
LENET_INLINE Vector max(Vector v, Vector lower) { return __builtin_ia32_maxps512_mask(lower, v, v, -1, 4); }
LENET_INLINE Vector min(Vector v, Vector upper) { return __builtin_ia32_minps512_mask(upper, v, v, -1, 4); }
#elif LENET_VECTOR_BYTES == 32
LENET_INLINE Vector max(Vector v, Vector lower) { return __builtin_ia32_maxps256(lower, v); }
LENET_INLINE Vector min(Vector v, Vector upper) { return __builtin_ia32_minps256(upper, v); }
#else
LENET_INLINE Vector max(Vector v, Vector lower) { return __builtin_ia32_maxps(lower, v); }
LENET_INLINE Vector min(Vector v, Vector upper) { return __builtin_ia32_minps(upper, v); }
#endif
#else
LENET_INLINE Vector max(Vector v, Vector lower) { return lower > v ? lower : v; }
LENET_INLINE Vector min(Vector v, Vector upper) { return upper < v ? upper : v; }
#endif

LENET_INLINE Vector exp(Vector x) {
  x = min(max(x, broadcast(-87.f)), broadcast(88.f));
  const Vector magic = broadcast(12582912.f);  // 1.5 * 2^23: adding it rounds to a whole number in the lowest bits
  const Vector shifted = x * 1.44269504088896341f + magic;
  const Vector whole = shifted - magic;
  Vector r = x - whole * 0.693359375f;
  r = r - whole * -2.12194440e-4f;
  Vector p = broadcast(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.f;
  const Integers power = ((Integers)shifted - (Integers)magic + 127) << 23;
  return p * (Vector)power;
}

// 1 / x for positive x, to the last place or two: an estimate by the exponent, a Newton step with minimax constants (error
// 1.2e-3), and a step that cubes the error. Several times faster than dividing.
LENET_INLINE Vector reciprocal(Vector x) {
  Vector r = (Vector)(0x7EF00000 - (Integers)x);
  r = r * (2.0321287f - 1.0311693f * (x * r));
  const Vector left = 1.f - x * r;
  return r + r * (left * left + left);
}

// amplitude * tanh(slope * x): a rational function within 2e-7 of tanh up to 7.9, beyond which tanh is 1 to that precision.
// Written for short chains of dependent operations.
LENET_INLINE Vector scaled_tanh(Vector x, float amplitude, float slope) {
  const float a = slope * slope, b = a * a;
  x = min(max(x, broadcast(-7.9f / slope)), broadcast(7.9f / slope));
  const Vector s = x * x, s2 = s * s;
  const Vector p = (0.99999988932f * amplitude * slope + s * (1.2932290223e-01f * amplitude * slope * a)) +
                   s2 * (2.9579507418e-03f * amplitude * slope * b + s * (1.1499180462e-05f * amplitude * slope * b * a));
  const Vector q = (1.f + s * (4.6265525174e-01f * a)) +
                   s2 * ((2.3844417162e-02f * b + s * (2.3962296454e-04f * b * a)) + s2 * (2.4811588532e-07f * b * b));
  return (x * p) * reciprocal(q);
}

template <int... index>
struct Indices {};
template <int count, int... index>
struct CountedIndices : CountedIndices<count - 1, count - 1, index...> {};
template <int... index>
struct CountedIndices<0, index...> {
  using type = Indices<index...>;
};

#if defined(__clang__)
#define LENET_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define LENET_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Integers{__VA_ARGS__})
#endif

// Exchanges lanes whose number has the bit `step`: those of b's lower half move into a, those of a's upper into b.
template <int step, int... lane>
LENET_INLINE void swap_lanes(Vector& a, Vector& b, Indices<lane...>) {
  const Vector first = LENET_SHUFFLE(a, b, (lane & step ? lanes + (lane ^ step) : lane)...);
  b = LENET_SHUFFLE(a, b, (lane & step ? lanes + lane : (lane ^ step))...);
  a = first;
}

template <int step>
LENET_INLINE void swap_lanes(Vector& a, Vector& b) {
  swap_lanes<step>(a, b, typename CountedIndices<lanes>::type{});
}

template <int step = lanes / 2>
LENET_INLINE void transpose(Vector (&v)[lanes]) {
  LENET_UNROLL for (int i = 0; i < lanes; ++i) {
    if (!(i & step)) swap_lanes<step>(v[i], v[i + step]);
  }
  if constexpr (step > 1) transpose<step / 2>(v);
}

// The horizontal sum of each vector, in the lane of its number.
template <int step = lanes / 2>
LENET_INLINE Vector horizontal_sums(Vector (&v)[lanes]) {
  LENET_UNROLL for (int i = 0; i < step; ++i) {
    swap_lanes<step>(v[i], v[i + step]);
    v[i] += v[i + step];
  }
  if constexpr (step > 1) return horizontal_sums<step / 2>(v);
  return v[0];
}

}  // namespace lenet::LENET_ISA
