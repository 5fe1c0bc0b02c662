// Whether the steps of a program find what they need in its buffers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "engine/graph.h"
#include "engine/program.h"

namespace edge::test {

/// Follows the steps and keeps track of what lies where: every step must find its inputs untouched.
class MemoryChecker {
 public:
  MemoryChecker(const Graph& graph, const Program& program) : graph_(graph), program_(program) {
    holds_.resize(program.buffers.size());
    for (std::size_t i = 0; i < program.buffers.size(); ++i) {
      const Program::Buffer& buffer = program.buffers[i];
      if (buffer.storage == Program::Storage::view) {
        EXPECT_LT(buffer.whole, i);
        EXPECT_LE(buffer.offset + buffer.bytes, program.buffers[buffer.whole].bytes);
        EXPECT_EQ(buffer.offset, offset_in_root(buffer.layer));
      }
      if (buffer.storage != Program::Storage::slice) continue;
      EXPECT_GT(buffer.whole, i);
      EXPECT_LE(buffer.offset + buffer.bytes, program.buffers[buffer.whole].bytes);
    }
    for (std::size_t i = 0; i < program.buffers.size(); ++i) {
      if (program.buffers[i].storage == Program::Storage::given) holds_[i] = program.buffers[i].layer;
    }
  }

  void check() {
    for (const Program::Step& step : program_.steps) {
      const std::vector<LayerIndex>& inputs = graph_.layer(step.layer).inputs;
      ASSERT_EQ(step.inputs.size(), inputs.size());
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        EXPECT_EQ(held(step.inputs[i]), made_by(inputs[i])) << "input " << i << " of layer " << step.layer;
      }
      if (step.residual) {
        EXPECT_EQ(held(*step.residual), made_by(addend_of(step))) << "residual of layer " << step.layer;
        if (*step.residual == step.output) {
          EXPECT_NE(step.inputs[0], step.output);
        }
      }
      const Place output = place_of(step.output);
      EXPECT_NE(output.storage, Program::Storage::given);
      EXPECT_NE(program_.buffers[step.output].storage, Program::Storage::view);
      const bool concat = graph_.layer(step.layer).operation.is<ConcatLayer>();
      for (const std::size_t input : step.inputs) {
        const bool in_place = concat && program_.buffers[input].storage == Program::Storage::slice;
        if (input == step.output || in_place) continue;
        EXPECT_FALSE(overlap(output, place_of(input)));
      }
      if (step.residual && *step.residual != step.output) {
        EXPECT_FALSE(overlap(output, place_of(*step.residual)));
      }
      if (step.workspace_bytes > 0) {
        EXPECT_LE(step.workspace_offset + step.workspace_bytes, program_.arena_bytes);
        overwrite({Program::Storage::arena, 0, step.workspace_offset, step.workspace_bytes});
        for (const std::size_t input : step.inputs)
          EXPECT_TRUE(held(input).has_value()) << "the workspace overlaps";
      }
      if (output.storage == Program::Storage::arena) {
        EXPECT_LE(output.offset + output.bytes, program_.arena_bytes);
        if (step.workspace_bytes > 0) {
          EXPECT_FALSE(output.offset < step.workspace_offset + step.workspace_bytes &&
                       step.workspace_offset < output.offset + output.bytes);
        }
      }
      overwrite(output);
      EXPECT_GE(output.bytes, graph_.output_bytes(step.result));
      holds_[step.output] = step.result;
    }
    for (const Program::Result& result : program_.results) {
      EXPECT_EQ(held(result.buffer), made_by(result.layer));
      const Program::Buffer& root = program_.buffers[root_of(result.buffer)];
      EXPECT_NE(root.storage, Program::Storage::arena);
      EXPECT_NE(root.storage, Program::Storage::slice);
    }
  }

 private:
  /// The buffer behind views.
  std::size_t root_of(std::size_t buffer) const {
    const Program::Buffer& described = program_.buffers[buffer];
    return described.storage == Program::Storage::view ? root_of(described.whole) : buffer;
  }
  std::optional<LayerIndex> held(std::size_t buffer) const { return holds_[root_of(buffer)]; }

  /// The layer that computes this layer's values: itself, or through views of the set an earlier one.
  LayerIndex made_by(LayerIndex index) const {
    const bool view = view_offset(graph_, index).has_value();
    const bool in_set =
        std::find(program_.layers.begin(), program_.layers.end(), index) != program_.layers.end();
    return view && in_set ? made_by(graph_.layer(index).inputs[0]) : index;
  }

  std::size_t offset_in_root(LayerIndex index) const {
    if (made_by(index) == index) return 0;
    return static_cast<std::size_t>(*view_offset(graph_, index)) * sizeof(float) +
           offset_in_root(graph_.layer(index).inputs[0]);
  }

  /// The layer that a step adds: of the inputs of the add behind it, the one that is not its own output.
  LayerIndex addend_of(const Program::Step& step) const {
    const LayerIndex add = graph_.consumers(step.layer).front();
    for (const LayerIndex consumer : graph_.consumers(step.layer)) {
      const bool in_set =
          std::find(program_.layers.begin(), program_.layers.end(), consumer) != program_.layers.end();
      if (!in_set) continue;
      const std::vector<LayerIndex>& addends = graph_.layer(consumer).inputs;
      return addends[0] == step.layer ? addends[1] : addends[0];
    }
    return add;
  }

  /// Where a buffer is: in the arena (block 0) or a tensor of its own.
  struct Place {
    Program::Storage storage;
    std::size_t block;
    std::size_t offset, bytes;
  };
  Place place_of(std::size_t index) const {
    const Program::Buffer& buffer = program_.buffers[index];
    if (buffer.storage == Program::Storage::slice || buffer.storage == Program::Storage::view) {
      Place whole = place_of(buffer.whole);
      whole.offset += buffer.offset;
      whole.bytes = buffer.bytes;
      return whole;
    }
    const bool arena = buffer.storage == Program::Storage::arena;
    return {buffer.storage, arena ? 0 : index + 1, arena ? buffer.offset : 0, buffer.bytes};
  }
  static bool overlap(const Place& a, const Place& b) {
    return a.block == b.block && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
  }

  /// Whatever lies there is lost, but for what a concat has made at its place.
  void overwrite(const Place& written) {
    for (std::size_t i = 0; i < holds_.size(); ++i) {
      if (overlap(written, place_of(i))) holds_[i].reset();
    }
  }

  const Graph& graph_;
  const Program& program_;
  std::vector<std::optional<LayerIndex>> holds_;  // per buffer: whose output it has now
};

}  // namespace edge::test
