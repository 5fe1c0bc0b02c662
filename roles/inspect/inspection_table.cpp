// A network as text for a terminal.
#include "roles/inspect/inspection_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "roles/config/quote.h"
#include "roles/inspect/units.h"
#include "roles/report/table.h"

namespace edge::inspect {
namespace {

constexpr std::size_t longest_name = 60;
constexpr std::size_t cheapest_shown = 5;

/// Cells of one line; a line with a single cell runs over all columns.
using TableRow = std::vector<std::string>;

/// Columns as wide as their widest cell, two spaces apart, numbers behind numbers one. `to_the_right`: of
/// each column, for numbers.
std::string aligned(const std::vector<TableRow>& rows, const std::vector<bool>& to_the_right) {
  std::vector<std::size_t> widths(to_the_right.size(), 0);
  for (const TableRow& row : rows) {
    for (std::size_t i = 0; row.size() > 1 && i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const TableRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t width = row.size() > 1 ? widths[i] : 0;
      if (width == 0 && row.size() > 1) continue;  // nobody has anything there
      if (!line.empty()) line += to_the_right[i] && i > 0 && to_the_right[i - 1] ? " " : "  ";
      const std::string padding(width > row[i].size() ? width - row[i].size() : 0, ' ');
      line += to_the_right[i] ? padding + row[i] : row[i] + padding;
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

/// " <- 8 12", only where they are not just the layer above.
std::string inputs_text(const Layer& layer, LayerIndex index) {
  if (layer.inputs.empty() || (layer.inputs.size() == 1 && layer.inputs[0] == index - 1)) return "";
  std::string text = " <-";
  for (const LayerIndex input : layer.inputs) text += fmt::format(" {}", input);
  return text;
}

std::string count_or_nothing(std::int64_t count) {
  return count > 0 ? count_text(count) : "";
}

TableRow layer_row(const Inspection& inspection, LayerIndex index) {
  const Layer& layer = inspection.graph.layer(index);
  const Amount& amount = inspection.amounts[static_cast<std::size_t>(index)];
  const Cut& cut = inspection.cuts[static_cast<std::size_t>(index)];
  TableRow row{fmt::format("{}", index),
               printable(layer.name, longest_name),
               index == 0 ? "" : operation_text(layer.operation) + inputs_text(layer, index),
               layer.output_shape.to_string(),
               count_or_nothing(amount.parameters),
               count_or_nothing(amount.macs)};
  if (inspection.measured) row.push_back(index == 0 ? "" : fmt::format("{:.2f}", amount.seconds * 1e3));
  row.push_back(byte_text(static_cast<std::int64_t>(inspection.graph.output_bytes(index))));
  row.push_back(byte_text(cut.bytes));
  row.push_back(cut.tensors.size() > 1 ? fmt::format("{}", cut.tensors.size()) : "");
  return row;
}

/// "38 % of the MACs, 41 % of the time"
std::string shares_text(const Inspection& inspection, const Amount& amount) {
  const auto percent = [](double part, double whole) {
    return fmt::format("{:.0f} %", whole > 0 ? 100 * part / whole : 0);
  };
  std::string text =
      percent(static_cast<double>(amount.macs), static_cast<double>(inspection.total.macs)) + " of the MACs";
  if (inspection.measured) text += ", " + percent(amount.seconds, inspection.total.seconds) + " of the time";
  return text;
}

std::string range_text(const scheduling::LayerRange& range) {
  if (range->first == range->second) return fmt::format("layer {}", range->first);
  return fmt::format("layers {}-{}", range->first, range->second);
}

std::string part_text(const Inspection& inspection, const Part& part, int last_active) {
  if (!part.layers) {
    return fmt::format("worker {}: no layers, {}", part.worker,
                       part.worker < last_active ? "relays" : "not involved");
  }
  const Cut& cut = inspection.cuts[static_cast<std::size_t>(part.layers->first - 1)];
  return fmt::format("worker {}: {}, gets {}, {}; {}, {} parameters", part.worker, range_text(part.layers),
                     plural(static_cast<std::int64_t>(cut.tensors.size()), "tensor"), byte_text(cut.bytes),
                     shares_text(inspection, part.amount), count_text(part.amount.parameters));
}

std::string plan_text(const Inspection& inspection) {
  if (!inspection.plan) return "";
  std::string text = fmt::format("\nplan, from {}\n", inspection.plan->source);
  for (const Part& part : parts_of(inspection))
    text += "  " + part_text(inspection, part, inspection.plan->plan.last_active()) + '\n';
  return text;
}

std::string cheapest_text(const Inspection& inspection) {
  std::string text = "\ncheapest cuts\n";
  std::vector<TableRow> rows;
  for (const LayerIndex layer : cheapest_cuts(inspection, cheapest_shown)) {
    const Cut& cut = inspection.cuts[static_cast<std::size_t>(layer)];
    rows.push_back({fmt::format("  behind {}", layer),
                    printable(inspection.graph.layer(layer).name, longest_name), byte_text(cut.bytes),
                    plural(static_cast<std::int64_t>(cut.tensors.size()), "tensor"),
                    fmt::format("{:.0f} % of the MACs in front", 100 * share_of_macs(inspection, layer))});
  }
  return rows.empty() ? "" : text + aligned(rows, {false, false, true, false, false});
}

}  // namespace

std::string layer_table(const Inspection& inspection) {
  std::vector<TableRow> rows;
  TableRow head{"", "layer", "operation", "output", "params", "MACs"};
  std::vector<bool> to_the_right{true, false, false, false, true, true};
  if (inspection.measured) {
    head.push_back("ms");
    to_the_right.push_back(true);
  }
  head.insert(head.end(), {"bytes", "crosses", "tensors"});
  to_the_right.insert(to_the_right.end(), {true, true, true});
  rows.push_back(head);

  const std::vector<int> workers = workers_of_layers(inspection);
  for (LayerIndex index = 0; index < inspection.graph.size(); ++index) {
    const auto at = static_cast<std::size_t>(index);
    if (index > 0 && !workers.empty() && workers[at] != workers[at - 1])
      rows.push_back({fmt::format("---- worker {} ----", workers[at])});
    rows.push_back(layer_row(inspection, index));
  }
  return printable(inspection.title, 100) + "\n\n" + aligned(rows, to_the_right);
}

std::string summary_text(const Inspection& inspection) {
  const Graph& graph = inspection.graph;
  const LayerIndex largest = inspection.largest_output;
  std::string text = fmt::format(
      "\n{}, {} parameters ({}), {} MACs per frame\nlargest feature map {} (layer {}), at most {} of tensors "
      "needed at once\n",
      plural(graph.size() - 1, "layer"), count_text(inspection.total.parameters),
      byte_text(inspection.total.parameters * 4), count_text(inspection.total.macs),
      byte_text(static_cast<std::int64_t>(graph.output_bytes(largest))), largest,
      byte_text(inspection.peak_live_bytes));
  if (!inspection.pixels.empty()) text += fmt::format("pictures: {}\n", inspection.pixels);
  if (inspection.objects) text += fmt::format("objects: {}\n", inspection.objects->text);
  if (inspection.measured) text += measurement_text(*inspection.measured) + '\n';
  return text + cheapest_text(inspection) + plan_text(inspection);
}

}  // namespace edge::inspect
