#include "engine/kept_outputs.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/changed_positions.h"
#include "engine/layer_reaches.h"

namespace edge {
namespace {

using kernels::DirtyMap;

double step_macs(const Graph& graph, const Program::Step& step) {
  return static_cast<double>(graph.layer(step.layer).macs);
}

}  // namespace

KeptOutputs::KeptOutputs(const Graph& graph, const Program& program,
                         const std::function<bool(LayerIndex)>& runs_part)
    : graph_(graph),
      program_(program),
      memory_(program.buffers.size()),
      facts_(program.steps.size()),
      costs_(program.steps.size()),
      maps_(program.buffers.size()),
      step_maps_(program.steps.size()),
      plans_(program.steps.size()),
      results_(program.results.size()) {
  for (std::size_t i = 0; i < program.buffers.size(); ++i) {
    const Program::Buffer& buffer = program.buffers[i];
    if (buffer.storage != Program::Storage::kept) continue;
    memory_[i] = Tensor(Shape{static_cast<std::int64_t>(buffer.bytes / sizeof(float))});
  }
  gather_facts(runs_part);
  link_consumers();
}

std::size_t KeptOutputs::bytes() const {
  std::size_t sum = 0;
  for (const Tensor& tensor : memory_) sum += tensor.bytes();
  return sum;
}

KeptOutputs::StepInput KeptOutputs::input_facts(LayerIndex layer, std::size_t buffer) const {
  StepInput input;
  input.buffer = program_.root(buffer);
  const Shape& shape = graph_.layer(layer).output_shape;
  const Shape& whole = graph_.layer(program_.buffers[input.buffer].layer).output_shape;
  // A view of some channels has the positions of the whole; one under another shape has not.
  if (!is_feature_map(shape) || !is_feature_map(whole) || shape[2] != whole[2] || shape[3] != whole[3]) {
    return input;
  }
  const auto plane = static_cast<std::size_t>(shape[2] * shape[3]) * sizeof(float);
  const std::size_t offset =
      program_.buffers[buffer].storage == Program::Storage::view ? program_.buffers[buffer].offset : 0;
  input.by_position = offset % plane == 0;
  return input;
}

void KeptOutputs::gather_facts(const std::function<bool(LayerIndex)>& runs_part) {
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    const Program::Step& step = program_.steps[i];
    const Layer& layer = graph_.layer(step.layer);
    const Layer& result = graph_.layer(step.result);
    StepFacts& facts = facts_[i];
    facts.by_position = is_feature_map(layer.output_shape);
    if (facts.by_position) {
      facts.rows = layer.output_shape[2];
      facts.columns = layer.output_shape[3];
    }
    facts.result_rows = is_feature_map(result.output_shape) ? result.output_shape[2] : 1;
    facts.result_columns = is_feature_map(result.output_shape) ? result.output_shape[3] : 1;
    std::vector<std::optional<Reach>> reaches = layer_reaches(graph_, layer);
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      StepInput input = input_facts(layer.inputs[k], step.inputs[k]);
      if (input.by_position) input.reach = std::move(reaches[k]);
      facts.inputs.push_back(std::move(input));
    }
    if (step.residual) {
      StepInput residual{
          .buffer = program_.root(*step.residual), .by_position = false, .reach = std::nullopt};
      const DirtyMap whole = clean_map(graph_.layer(program_.buffers[residual.buffer].layer).output_shape);
      residual.by_position =
          facts.by_position && whole.rows() == facts.rows && whole.columns() == facts.columns;
      if (residual.by_position) {
        residual.reach =
            Reach{kernels::AxisReach::identity(facts.rows), kernels::AxisReach::identity(facts.columns)};
      }
      facts.residual = std::move(residual);
    }
    if (step.max_pool) {
      const Shape pooled = graph_.layer(graph_.layer(step.result).inputs[0]).output_shape;
      facts.pool = result.operation.type().reach(result.operation, std::span(&pooled, 1), 0);
    }
    facts.runs_part = facts.by_position && runs_part(step.layer);
    facts.kept = memory_[step.output].elements() > 0 ||
                 (program_.buffers[step.output].storage == Program::Storage::slice &&
                  memory_[program_.buffers[step.output].whole].elements() > 0);
    facts.macs = step_macs(graph_, step);
  }
}

void KeptOutputs::link_consumers() {
  constexpr auto nobody = static_cast<std::size_t>(-1);
  std::vector<std::size_t> writer(program_.buffers.size(), nobody);
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    const auto reads = [&](const StepInput& input) {
      if (writer[input.buffer] != nobody) facts_[writer[input.buffer]].consumers.push_back(i);
    };
    for (const StepInput& input : facts_[i].inputs) reads(input);
    if (facts_[i].residual) reads(*facts_[i].residual);
    writer[program_.steps[i].output] = i;
  }
  for (const Program::Result& result : program_.results) {
    const std::size_t made_by = writer[program_.root(result.buffer)];
    if (made_by != nobody && !facts_[made_by].kept) facts_[made_by].wanted = true;
  }
}

void KeptOutputs::compare_given(const TensorMap& given) {
  next_given_.clear();
  for (std::size_t i = 0; i < program_.buffers.size(); ++i) {
    const Program::Buffer& buffer = program_.buffers[i];
    if (buffer.storage != Program::Storage::given) continue;
    const Array& now = given.at(buffer.layer);
    next_given_.emplace(buffer.layer, now);
    if (valid_) {
      maps_[i] = changed_positions(given_.at(buffer.layer), now);
    } else {
      maps_[i] = clean_map(now.shape());
      maps_[i].mark_all();
    }
  }
}

void KeptOutputs::spread_step(std::size_t step) {
  const StepFacts& facts = facts_[step];
  DirtyMap map(facts.rows, facts.columns);
  for (const StepInput& input : facts.inputs) {
    map |= spread(maps_[input.buffer], input.reach, facts.rows, facts.columns);
  }
  if (facts.residual) {
    map |= spread(maps_[facts.residual->buffer], facts.residual->reach, facts.rows, facts.columns);
  }
  plans_[step].share = map.share();
  if (program_.steps[step].max_pool) {
    step_maps_[step] = spread(map, facts.pool, facts.result_rows, facts.result_columns);
  } else {
    step_maps_[step] = map;
  }
  plans_[step].dirty = std::move(map);
  maps_[program_.steps[step].output] = step_maps_[step];
}

bool KeptOutputs::is_needed(std::size_t step) const {
  const StepFacts& facts = facts_[step];
  if (facts.kept) return step_maps_[step].any();
  if (facts.wanted && step_maps_[step].any()) return true;
  return std::any_of(facts.consumers.begin(), facts.consumers.end(),
                     [&](std::size_t consumer) { return plans_[consumer].work != Work::none; });
}

void KeptOutputs::begin(const TensorMap& given) {
  compare_given(given);
  const bool was_valid = std::exchange(valid_, false);
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    spread_step(i);
    if (!was_valid) step_maps_[i].mark_all();  // also what no input reaches
  }
  for (std::size_t i = facts_.size(); i-- > 0;) {
    StepPlan& plan = plans_[i];
    if (!is_needed(i)) {
      plan.work = Work::none;
    } else if (was_valid && facts_[i].kept && facts_[i].runs_part && plan.share < 1 &&
               costs_[i].prefers_part(plan.share)) {
      plan.work = Work::part;
    } else {
      plan.work = Work::all;
    }
  }
}

bool KeptOutputs::changed(std::size_t buffer) const {
  return maps_[program_.root(buffer)].any();
}

void KeptOutputs::took(std::size_t step, double seconds) {
  if (plans_[step].work == Work::all) costs_[step].ran_all(seconds);
  if (plans_[step].work == Work::part) costs_[step].ran_part(plans_[step].share, seconds);
}

void KeptOutputs::finish(std::vector<Array> results) {
  results_ = std::move(results);
  given_ = std::exchange(next_given_, {});
  valid_ = true;
}

ComputedShare KeptOutputs::share() const {
  ComputedShare share;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    share.all += facts_[i].macs;
    if (plans_[i].work == Work::all) share.computed += facts_[i].macs;
    if (plans_[i].work == Work::part) share.computed += facts_[i].macs * plans_[i].share;
  }
  return share;
}

}  // namespace edge
