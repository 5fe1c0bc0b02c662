// The tape: which gradients arrive where, and that neither length nor shape of a graph matters.
#include <pthread.h>

#include "engine/autograd/elementwise.h"
#include "engine/autograd/reduction.h"
#include "engine/autograd/structure.h"
#include "tests/engine/autograd_support.h"

namespace edge::autograd::test {
namespace {

class AutogradVariable : public AutogradTest {
 protected:
  Variable number(float value) { return leaf(tensor_of({}, {value})); }
  static float gradient_of(const Variable& variable) {
    EXPECT_FALSE(variable.gradient().empty());
    return variable.gradient().empty() ? NAN : variable.gradient().data()[0];
  }
};

TEST_F(AutogradVariable, used_twice) {
  const Variable x = number(3);
  (x * x + x).backward();
  EXPECT_EQ(gradient_of(x), 7);
}

TEST_F(AutogradVariable, both_operands_are_one) {
  const Variable x = number(3);
  (x + x).backward();
  EXPECT_EQ(gradient_of(x), 2);
  x.zero_gradient();
  (x / x).backward();
  EXPECT_EQ(gradient_of(x), 0);
  x.zero_gradient();
  concat({reshape(x, {1}), reshape(x, {1})}, 0).backward(tensor_of({2}, {5, 7}));
  EXPECT_EQ(gradient_of(x), 12);
}

TEST_F(AutogradVariable, diamonds_are_walked_once) {
  // 2^60 paths: walking each would take forever.
  const Variable x = number(1);
  Variable y = x;
  for (int i = 0; i < 60; ++i) y = y * 0.5F + y * 0.5F;
  y.backward();
  EXPECT_EQ(gradient_of(x), 1);
}

TEST_F(AutogradVariable, branches_of_different_length) {
  const Variable x = number(2);
  const Variable early = x * 3.0F;
  Variable late = early;
  for (int i = 0; i < 10; ++i) late = late + 1.0F;
  (late * early).backward();  // (3x + 10) * 3x: 18x + 30
  EXPECT_EQ(gradient_of(x), 66);
}

TEST_F(AutogradVariable, shared_gradients_do_not_alias) {
  // All of these operations pass their gradient on as it is.
  const Variable x = leaf(tensor_of({2}, {1, 2}));
  const Variable y = leaf(tensor_of({2}, {3, 4}));
  const Variable both = x + y;
  const Variable again = reshape(both, {2}) + x;
  const Tensor seed = tensor_of({2}, {1, 1});
  again.backward(seed);
  EXPECT_EQ(values_of(x.gradient()), (std::vector<float>{2, 2}));
  EXPECT_EQ(values_of(y.gradient()), (std::vector<float>{1, 1}));
  EXPECT_EQ(values_of(seed), (std::vector<float>{1, 1}));
  again.backward(seed);
  EXPECT_EQ(values_of(x.gradient()), (std::vector<float>{4, 4}));
  EXPECT_EQ(values_of(y.gradient()), (std::vector<float>{2, 2}));
}

TEST_F(AutogradVariable, gradients_add_up_until_they_are_cleared) {
  const Variable x = number(3);
  const Variable y = square(x);
  y.backward();
  y.backward();
  EXPECT_EQ(gradient_of(x), 12);
  EXPECT_TRUE(y.gradient().empty());
  x.zero_gradient();
  EXPECT_TRUE(x.gradient().empty());
  y.backward();
  EXPECT_EQ(gradient_of(x), 6);
}

TEST_F(AutogradVariable, only_what_requires_a_gradient_gets_one) {
  const Variable x = number(3);
  const Variable c = constant(tensor_of({}, {4}));
  const Variable y = x * c;
  EXPECT_TRUE(y.requires_gradient());
  EXPECT_FALSE((c * c).requires_gradient());
  y.backward();
  EXPECT_EQ(gradient_of(x), 4);
  EXPECT_TRUE(c.gradient().empty());
  EXPECT_EQ(error_of([&] { (c * c).backward(); }), "backward: nothing here requires a gradient");
}

TEST_F(AutogradVariable, detach_cuts_the_history) {
  const Variable x = number(3);
  const Variable y = square(x);
  (y.detach() * x).backward();
  EXPECT_EQ(gradient_of(x), 9);
}

TEST_F(AutogradVariable, no_grad_records_nothing) {
  const Variable x = number(3);
  {
    const NoGrad guard(context_);
    { const NoGrad inner(context_); }
    EXPECT_FALSE(square(x).requires_gradient());
  }
  EXPECT_TRUE(square(x).requires_gradient());
}

TEST_F(AutogradVariable, a_seed_weighs_the_elements) {
  const Variable x = leaf(tensor_of({2}, {1, 2}));
  square(x).backward(tensor_of({2}, {10, 100}));
  EXPECT_EQ(values_of(x.gradient()), (std::vector<float>{20, 400}));
  EXPECT_EQ(error_of([&] { square(x).backward(); }),
            "backward: only one number can be differentiated, not a tensor of 2; sum it up or give a seed");
  EXPECT_EQ(error_of([&] { square(x).backward(Tensor({3})); }), "backward: a seed of 3 for a tensor of 2");
  EXPECT_EQ(error_of([&] { (void)x.item(); }), "item: a tensor of 2 is not one number");
}

/// Runs `action` where recursion over thousands of nodes would crash.
void with_small_stack(std::function<void()> action) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 * 1024), 0);
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &action), 0);
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

TEST_F(AutogradVariable, long_chain) {
  const Variable x = number(1);
  with_small_stack([&] {
    Variable y = x;
    for (int i = 0; i < 100'000; ++i) y = y + 1.0F;
    y.backward();
    EXPECT_EQ(y.item(), 100'001);
  });  // and freed without recursion
  EXPECT_EQ(gradient_of(x), 1);
}

TEST_F(AutogradVariable, long_chain_of_diamonds_is_freed_iteratively) {
  with_small_stack([&] {
    Variable y = number(1);
    for (int i = 0; i < 20'000; ++i) y = y * 0.5F + y * 0.5F;
    const Variable middle = y;  // outlives what was made of it
    for (int i = 0; i < 20'000; ++i) y = y * 0.5F + y * 0.5F;
    y = {};
    EXPECT_EQ(middle.item(), 1);
  });
}

TEST_F(AutogradVariable, constants_keep_no_history) {
  const Tensor zeros = Tensor::zeros({1});
  const long before = zeros.storage().use_count();
  const Variable y = square(constant(zeros));
  EXPECT_EQ(zeros.storage().use_count(), before);
  EXPECT_EQ(y.item(), 0);
}

}  // namespace
}  // namespace edge::autograd::test
