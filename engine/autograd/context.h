// What the operations of automatic differentiation share: threads, and whether they record. There is no
// global state: a Variable knows its Context, and operations take it from their inputs. A Context and all of
// its Variables belong to one thread at a time; to train in parallel, give each thread its own.
#pragma once

#include <cstdint>

#include "kernels/cpu.h"
#include "kernels/thread_pool.h"

namespace edge::autograd {

/// Must outlive its Variables. Results do not depend on the number of threads of `pool`.
class Context {
 public:
  explicit Context(kernels::ThreadPool& pool, kernels::Isa isa = kernels::active_isa())
      : pool_(pool), isa_(isa) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  kernels::ThreadPool& pool() const { return pool_; }
  kernels::Isa isa() const { return isa_; }
  /// Whether operations remember their inputs for backward(); see NoGrad.
  bool recording() const { return recording_; }
  /// 1, 2, 3 ...: the order in which Variables were made, hence a topological order of every graph.
  std::uint64_t next_serial() { return ++serial_; }

 private:
  friend class NoGrad;
  kernels::ThreadPool& pool_;
  kernels::Isa isa_;
  bool recording_ = true;
  std::uint64_t serial_ = 0;
};

/// While it lives, operations in `context` are not recorded: evaluation without the memory of training.
class [[nodiscard]] NoGrad {
 public:
  explicit NoGrad(Context& context) : context_(context), before_(context.recording_) {
    context_.recording_ = false;
  }
  ~NoGrad() { context_.recording_ = before_; }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  Context& context_;
  bool before_;
};

}  // namespace edge::autograd
