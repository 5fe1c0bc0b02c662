#include "engine/kept_choice.h"

#include <algorithm>

namespace edge {

namespace {

/// A step's result, and what keeping it is worth.
struct KeptCandidate {
  LayerIndex result = 0;
  std::size_t buffer = 0;
  std::size_t bytes = 0;
  double gain = 0;
  bool kept = true;
};

/// What a concatenation puts together lies in its output if that is kept, else in memory of its own.
std::size_t bytes_of(const Program& program, const std::vector<KeptCandidate>& candidates) {
  std::vector<bool> kept(program.buffers.size());
  for (const KeptCandidate& candidate : candidates) kept[candidate.buffer] = candidate.kept;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    std::size_t whole = i;
    bool inside = false;
    while (program.buffers[whole].storage == Program::Storage::slice) {
      whole = program.buffers[whole].whole;
      inside = inside || kept[whole];
    }
    if (!inside) sum += program.buffers[i].bytes;
  }
  return sum;
}

}  // namespace

std::vector<LayerIndex> choose_kept(const Graph& graph, const Program& program, std::size_t limit_bytes) {
  std::vector<KeptCandidate> candidates;
  for (const Program::Step& step : program.steps) {
    const std::size_t bytes = program.buffers[step.output].bytes;
    // Moving a value costs about as much as 16 multiply-adds.
    const double moved = 16.0 * static_cast<double>(graph.output_bytes(step.result)) / sizeof(float);
    candidates.push_back({.result = step.result,
                          .buffer = step.output,
                          .bytes = bytes,
                          .gain = static_cast<double>(graph.layer(step.layer).macs) + moved});
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const KeptCandidate& a, const KeptCandidate& b) {
    return a.gain * static_cast<double>(b.bytes) > b.gain * static_cast<double>(a.bytes);
  });
  for (std::size_t left = candidates.size(); left > 0 && bytes_of(program, candidates) > limit_bytes;
       --left) {
    candidates[left - 1].kept = false;
  }
  std::vector<LayerIndex> kept;
  for (const KeptCandidate& candidate : candidates) {
    if (candidate.kept) kept.push_back(candidate.result);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace edge
