// Winograd transforms without vector instructions; product and sum are rounded separately, as everywhere in
// the scalar kernels. Any thread, no errors.
#include "kernels/winograd_transforms.h"

namespace edge::kernels {

namespace {

struct Vector {
  static constexpr int lanes = 4;
  struct Lanes {
    float lane[lanes];
  };
  using type = Lanes;

  template <class Function>
  static type each(Function function) {
    type result;
    for (int i = 0; i < lanes; ++i) result.lane[i] = function(i);
    return result;
  }
  static type load(const float* p) {
    return each([&](int i) { return p[i]; });
  }
  static void store(float* p, const type& v) {
    for (int i = 0; i < lanes; ++i) p[i] = v.lane[i];
  }
  static type load_step(const float*& p, std::ptrdiff_t step) {
    const type v = load(p);
    p += step;
    return v;
  }
  static void store_step(float*& p, std::ptrdiff_t step, const type& v) {
    store(p, v);
    p += step;
  }
  static type set(float x) {
    return each([&](int) { return x; });
  }
  static type add(const type& a, const type& b) {
    return each([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static type sub(const type& a, const type& b) {
    return each([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static type mul(const type& a, const type& b) {
    return each([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static type fma(const type& a, const type& b, const type& c) { return add(mul(a, b), c); }
  static type fms(const type& a, const type& b, const type& c) { return sub(c, mul(a, b)); }
  static type relu(const type& v) {
    return each([&](int i) { return v.lane[i] <= 0.0F ? 0.0F : v.lane[i]; });
  }
  static type max(const type& a, const type& b) {
    return each(
        [&](int i) { return a.lane[i] > b.lane[i] || a.lane[i] != a.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  template <int count>
  static void load_rows(const float* p, const std::int32_t* offsets, type (&v)[8]) {
    for (int i = 0; i < count; ++i) v[i] = each([&](int lane) { return p[offsets[lane] + i]; });
  }
  template <int count>
  static void store_lanes(const type (&v)[8], float* p, std::ptrdiff_t step) {
    for (int lane = 0; lane < lanes; ++lane) {
      for (int i = 0; i < count; ++i) p[lane * step + i] = v[i].lane[lane];
    }
  }
  template <int count>
  static void store_rows(const type (&v)[8], float* p) {
    for (int lane = 0; lane < lanes; ++lane) {
      for (int i = 0; i < count; ++i) p[lane * count + i] = v[i].lane[lane];
    }
  }
};

constexpr WinogradVariant variants[] = {
    winograd::make_variant<Vector, 4, 3>("f32-winograd F(4,3) scalar"),
    winograd::make_variant<Vector, 6, 3>("f32-winograd F(6,3) scalar"),
    winograd::make_variant<Vector, 4, 5>("f32-winograd F(4,5) scalar"),
};

}  // namespace

const WinogradKernels winograd_kernels_scalar = {Isa::scalar, 0, 0, Vector::lanes, variants};

}  // namespace edge::kernels
