// What `edge inspect` says about networks: figures, JSON, table.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "engine/models/models.h"
#include "roles/inspect/inspection_json.h"
#include "roles/inspect/inspection_table.h"
#include "roles/inspect/units.h"

namespace edge::inspect {
namespace {

Inspection inspected(const std::string& model, std::int64_t rows, std::int64_t columns,
                     std::optional<scheduling::Plan> plan = {}) {
  std::optional<ShownPlan> shown;
  if (plan) shown = ShownPlan{.plan = *plan, .source = "a test"};
  return inspect_network(make_model(model, {.rows = rows, .columns = columns}), false, shown, {});
}

TEST(InspectReport, OperationTexts) {
  EXPECT_EQ(operation_text(Conv2dLayer{.out_channels = 64,
                                       .kernel = {3, 3},
                                       .stride = {2, 2},
                                       .padding = {1, 1},
                                       .groups = 64,
                                       .bias = false,
                                       .norm = BatchNorm2dLayer{}}),
            "conv 3x3/2, 64, pad 1, groups 64, bn");
  EXPECT_EQ(operation_text(Conv2dLayer{.out_channels = 8,
                                       .kernel = {1, 7},
                                       .stride = {1, 2},
                                       .padding = {0, 3},
                                       .dilation = {2, 2},
                                       .bias = false}),
            "conv 1x7/1x2, 8, pad 0x3, dilation 2, no bias");
  EXPECT_EQ(operation_text(Conv2dLayer{.out_channels = 8}), "conv 1x1, 8");
  EXPECT_EQ(operation_text(MaxPool2dLayer{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true}),
            "max pool 3x3/2, ceil");
  EXPECT_EQ(operation_text(AveragePool2dLayer{.kernel = {2, 2}}), "avg pool 2x2");
  EXPECT_EQ(operation_text(AdaptiveAveragePool2dLayer{.output = {6, 7}}), "avg pool to 6x7");
  EXPECT_EQ(operation_text(LinearLayer{.out_features = 1000}), "linear 1000");
  EXPECT_EQ(operation_text(Relu6Layer{}), "relu6");
  EXPECT_EQ(operation_text(InputLayer{}), "input");
}

TEST(InspectReport, Units) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1.00 k");
  EXPECT_EQ(count_text(61'100'840), "61.1 M");
  EXPECT_EQ(count_text(999'499), "999 k");
  EXPECT_EQ(count_text(999'500), "1.00 M");
  EXPECT_EQ(count_text(9'994'000), "9.99 M");
  EXPECT_EQ(count_text(INT64_MAX), "9223 P");
  EXPECT_EQ(byte_text(512), "512 B");
  EXPECT_EQ(byte_text(1'036'800), "1.04 MB");
}

TEST(InspectReport, ParametersAreCountedAsInPyTorch) {
  // sum(p.numel() for p in model.parameters()) of torchvision's
  EXPECT_EQ(inspected("alexnet", 224, 224).total.parameters, 61'100'840);
  EXPECT_EQ(inspected("resnet50", 224, 224).total.parameters, 25'557'032);
  EXPECT_EQ(inspected("mobilenet_v2", 224, 224).total.parameters, 3'504'872);
  EXPECT_EQ(inspected("squeezenet1_1", 224, 224).total.parameters, 1'235'496);
}

TEST(InspectReport, JsonAgreesWithTheGraph) {
  for (const char* name : {"toy_dag", "googlenet", "resnet18", "squeezenet1_1"}) {
    const Inspection inspection = inspected(name, 96, 144);
    const Graph& graph = inspection.graph;
    const auto json = nlohmann::json::parse(inspection_json(inspection).dump());
    EXPECT_EQ(json.at("model"), name);
    EXPECT_EQ(json.at("size"), (nlohmann::json{96, 144}));
    ASSERT_EQ(json.at("layers").size(), static_cast<std::size_t>(graph.size()));
    std::int64_t macs = 0;
    std::size_t largest = 0;
    for (LayerIndex index = 0; index < graph.size(); ++index) {
      const auto& layer = json.at("layers").at(static_cast<std::size_t>(index));
      EXPECT_EQ(layer.at("layer"), index);
      EXPECT_EQ(layer.at("name"), graph.layer(index).name);
      EXPECT_EQ(layer.at("inputs"), graph.layer(index).inputs);
      EXPECT_EQ(layer.at("output_bytes"), graph.output_bytes(index));
      macs += layer.at("macs").get<std::int64_t>();
      if (index > 0) largest = std::max(largest, graph.output_bytes(index));

      std::vector<LayerIndex> tensors;
      std::size_t bytes = 0;
      for (const auto& tensor : layer.at("cut_behind").at("tensors")) {
        tensors.push_back(tensor.at("layer").get<LayerIndex>());
        EXPECT_EQ(tensor.at("name"), graph.layer(tensors.back()).name);
        const std::size_t expected = graph.output_bytes(tensors.back());
        EXPECT_EQ(tensor.at("bytes"), tensors.back() == 0 ? expected / sizeof(float) : expected);
        bytes += tensor.at("bytes").get<std::size_t>();
      }
      EXPECT_EQ(tensors, graph.boundary(index + 1)) << name << " " << index;
      EXPECT_EQ(layer.at("cut_behind").at("bytes"), bytes);
    }
    EXPECT_EQ(json.at("totals").at("macs"), macs);
    EXPECT_EQ(json.at("totals").at("layers"), graph.size() - 1);
    EXPECT_EQ(json.at("totals").at("largest_output").at("bytes"), largest);
    EXPECT_GE(json.at("totals").at("peak_live_bytes"), largest);
    EXPECT_FALSE(json.contains("plan"));
    EXPECT_FALSE(json.contains("measured"));
  }
}

TEST(InspectReport, PeakOfLiveTensors) {
  // Behind layer 12 four tensors: 9 (12,288), 11 (18,432), 12 (6,144) and the shortcut 4 (36,864).
  const Inspection inspection = inspected("toy_dag", 64, 96);
  EXPECT_EQ(inspection.cuts[12].tensors, (std::vector<LayerIndex>{4, 9, 11, 12}));
  EXPECT_EQ(inspection.cuts[12].bytes, 12'288 + 18'432 + 6'144 + 36'864);
  EXPECT_EQ(inspection.peak_live_bytes, 2 * 98'304) << "the stem's ReLU: its input and its output";
  EXPECT_EQ(inspection.cuts[0].bytes, 3 * 64 * 96) << "input frames travel as 8-bit pixels";
}

TEST(InspectReport, CheapestCuts) {
  const Inspection inspection = inspected("alexnet", 224, 224);
  const std::vector<LayerIndex> cuts = cheapest_cuts(inspection, 5);
  ASSERT_EQ(cuts.size(), 5U);
  EXPECT_EQ(cuts[0], 17) << "the first of the layers with 4096 values";
  EXPECT_EQ(cuts[1], 13);
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    EXPECT_LE(inspection.cuts[static_cast<std::size_t>(cuts[i - 1])].bytes,
              inspection.cuts[static_cast<std::size_t>(cuts[i])].bytes);
  }
  EXPECT_TRUE(cheapest_cuts(inspect_network(Graph("none", {1, 3, 8, 8}), false, {}, {}), 5).empty());
}

TEST(InspectReport, PartsOfAPlan) {
  const Inspection inspection = inspected("alexnet", 224, 224, scheduling::Plan{.ends = {7, 7, 23, 23}});
  const std::vector<Part> parts = parts_of(inspection);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].layers, (std::pair{1, 6}));
  EXPECT_FALSE(parts[1].layers);
  EXPECT_EQ(parts[0].amount.macs + parts[2].amount.macs, inspection.total.macs);
  EXPECT_EQ(parts[0].amount.parameters + parts[2].amount.parameters, inspection.total.parameters);
  const auto json = inspection_json(inspection);
  EXPECT_EQ(json.at("plan").at("source"), "a test");
  EXPECT_EQ(json.at("plan").at("parts").at(2).at("layers").dump(), "[7,22]");
  EXPECT_EQ(json.at("plan").at("parts").at(1).at("layers").dump(), "[]");
  EXPECT_EQ(json.at("plan").at("parts").at(2).at("gets_bytes"), inspection.cuts[6].bytes);
  const std::string text = summary_text(inspection);
  EXPECT_NE(text.find("worker 1: no layers, relays"), std::string::npos) << text;
  EXPECT_NE(text.find("worker 3: no layers, not involved"), std::string::npos) << text;
  EXPECT_NE(layer_table(inspection).find("---- worker 2 ----\n 7  features.6"), std::string::npos);
}

TEST(InspectReport, TableFitsTheTerminal) {
  for (const std::string& name : model_names()) {
    const Inspection inspection = inspected(name, 480, 720);
    std::istringstream lines(layer_table(inspection) + summary_text(inspection));
    std::string line;
    int count = 0;
    for (; std::getline(lines, line); ++count) {
      EXPECT_LE(line.size(), 120U) << name << ": " << line;
      EXPECT_FALSE(line.ends_with(' ')) << name << ": " << line;
    }
    EXPECT_GT(count, inspection.graph.size());
  }
}

TEST(InspectReport, TableNamesInputsThatAreNotTheLayerAbove) {
  const std::string table = layer_table(inspected("toy_dag", 64, 96));
  EXPECT_NE(table.find("concat <- 9 11 13 "), std::string::npos) << table;
  EXPECT_NE(table.find("add <- 17 4 "), std::string::npos);
  EXPECT_EQ(table.find("relu <- 1 "), std::string::npos);
  EXPECT_NE(table.find("12.3 kB 86.0 kB       4"), std::string::npos) << "four tensors cross";
}

}  // namespace
}  // namespace edge::inspect
