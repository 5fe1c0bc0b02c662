// Weight files against networks: what fits, what is told about the rest, and identities.
#include "engine/weight_file.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>

#include "engine/model_hash.h"
#include "engine/models/models.h"
#include "engine/safetensors.h"
#include "tests/engine/support.h"
#include "tests/engine/weight_file_support.h"

namespace edge {
namespace {

using test::error_of;
using test::test_data;

/// The network of make_weights.py's "module".
Graph module_graph() {
  Graph graph("module", {1, 3, 3, 3});
  graph.add("conv", Conv2dLayer{.out_channels = 4, .kernel = {3, 3}});
  graph.add("norm", BatchNorm2dLayer{});
  graph.add("flatten", FlattenLayer{});
  return graph;
}

NamedTensors all_parameters(const Graph& graph, const WeightSource& weights) {
  NamedTensors tensors;
  for (const Layer& layer : graph.layers()) {
    for (const ParameterSpec& parameter : layer.parameters)
      tensors[parameter.name] = Tensor::copy_of(weights.load(parameter));
  }
  return tensors;
}

class FileWeightsTest : public test::TemporaryFiles {
 protected:
  static FileWeights open(const std::string& file, const Graph& graph, FileWeightsOptions options = {}) {
    return {std::make_shared<const WeightFile>(file), graph, std::move(options)};
  }
  /// Seeded weights of `graph`, changed by `change`, as a file.
  std::string save(const Graph& graph, const std::function<void(NamedTensors&)>& change = {},
                   const std::string& name = "w.safetensors") const {
    NamedTensors tensors = all_parameters(graph, SeededWeights(1));
    if (change) change(tensors);
    save_safetensors(path(name), tensors);
    return path(name);
  }
  std::string refusal(const std::string& file, const Graph& graph) const {
    const std::string message = error_of([&] { (void)open(file, graph).identity(); });
    if (message == "no error") return message;
    EXPECT_EQ(message.find(file + ": "), 0U) << message;
    return message.substr(std::min(message.size(), file.size() + 2));
  }
};

TEST_F(FileWeightsTest, a_network_gives_the_same_with_its_weights_from_a_file) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 10});
  const FileWeights weights = open(save(graph), graph);
  EXPECT_TRUE(weights.unused().empty());
  const Tensor frame = test::random_tensor({1, 3, 32, 48}, 5);
  const SeededWeights seeded(1);
  Executor expected(graph, seeded, test::executor_options());
  Executor executor(graph, weights, test::executor_options());
  EXPECT_TRUE(bit_equal(executor.run_range(1, graph.size(), {{0, frame}}).at(graph.output()),
                        expected.run_range(1, graph.size(), {{0, frame}}).at(graph.output())));
}

TEST_F(FileWeightsTest, what_does_not_fit_is_listed_by_name) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 10});
  const auto changed = [&](const std::function<void(NamedTensors&)>& change) {
    return refusal(save(graph, change), graph);
  };
  EXPECT_EQ(changed([](NamedTensors& tensors) { tensors.erase("fc.bias"); }),
            "does not fit toy_dag: missing: fc.bias");
  EXPECT_EQ(
      changed([](NamedTensors& tensors) {
        tensors.erase("fc.bias");
        tensors.erase("stem.conv.weight");
        tensors["shortcut.bias"] = Tensor::zeros({23});
        tensors["shortcut.weight"] = Tensor::zeros({24, 16});
      }),
      "does not fit toy_dag: missing: stem.conv.weight, fc.bias; of another shape: shortcut.weight (24x16 "
      "instead of 24x16x1x1), shortcut.bias (23 instead of 24)");
  const std::string none = changed([](NamedTensors& tensors) { tensors = {{"x", Tensor::zeros({1})}}; });
  EXPECT_EQ(none.find("does not fit toy_dag: missing: stem.conv.weight, stem.conv.bias, "), 0U) << none;
  EXPECT_NE(none.find(" and 16 more"), std::string::npos) << none;
  // An integer where a weight should be.
  Graph other("other", {1, 3, 2, 2});
  other.add("norm", BatchNorm2dLayer{});
  const std::string header = R"({"norm.weight":{"dtype":"I64","shape":[3],"data_offsets":[0,24]}})";
  EXPECT_NE(refusal(write(test::u64(header.size()) + header + std::string(24, '\0')), other)
                .find("missing: norm.bias, norm.running_mean, norm.running_var; not floating-point: "
                      "norm.weight (I64)"),
            std::string::npos);
}

TEST_F(FileWeightsTest, names_of_wrappers_and_of_other_networks) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 10});
  const auto renamed = [&](const std::string& prefix, bool counter = false) {
    return save(graph, [&](NamedTensors& tensors) {
      NamedTensors others;
      for (const auto& [name, tensor] : tensors) others[prefix + name] = tensor;
      if (counter) others["n_averaged"] = Tensor::zeros({});
      tensors = std::move(others);
    });
  };
  const std::string identity = open(save(graph), graph).identity();
  for (const std::string prefix : {"module.", "_orig_mod.", "model.", "module.model."})
    EXPECT_EQ(open(renamed(prefix), graph).identity(), identity) << prefix;
  EXPECT_EQ(open(renamed("module.", true), graph).identity(), identity);
  const std::string message = refusal(renamed("backbone."), graph);
  EXPECT_EQ(message.find("does not fit toy_dag: missing: stem.conv.weight, "), 0U) << message;
  EXPECT_NE(message.find("; the file has: backbone."), std::string::npos) << message;
}

TEST_F(FileWeightsTest, a_header_whose_length_begins_as_a_pickle_does) {
  std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  header.resize(0x280, ' ');
  const WeightFile file(write(test::u64(header.size()) + header + std::string(4, '\0')));
  EXPECT_NE(file.find("a"), nullptr);
}

TEST_F(FileWeightsTest, unused_tensors) {
  const Graph graph = module_graph();
  const FileWeights weights = open(test_data("module.pth"), graph);
  EXPECT_EQ(weights.unused(), (std::vector<std::string>{"fc.bias", "fc.weight"}));
  EXPECT_TRUE(open(test_data("module.pth"), graph, {.features_only = true}).unused().empty());
  // Not a classifier, but in a module that the network has.
  const std::string more =
      save(graph, [](NamedTensors& tensors) { tensors["conv.extra"] = Tensor::zeros({1}); });
  EXPECT_EQ(open(more, graph, {.features_only = true}).unused(), std::vector<std::string>{"conv.extra"});
  const auto auxiliary = [](NamedTensors& tensors) { tensors["aux1.conv.weight"] = Tensor::zeros({1}); };
  EXPECT_EQ(open(save(graph, auxiliary), graph).unused().size(), 1U);
  Graph googlenet("googlenet", {1, 3, 3, 3});
  googlenet.add("conv", Conv2dLayer{.out_channels = 4, .kernel = {3, 3}});
  EXPECT_TRUE(open(save(googlenet, auxiliary), googlenet).unused().empty());
}

TEST_F(FileWeightsTest, values_that_are_not_finite_are_reported) {
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 10});
  const std::string file = save(graph, [](NamedTensors& tensors) {
    tensors["fc.weight"].data()[5] = std::numeric_limits<float>::quiet_NaN();
    tensors["fc.weight"].data()[6] = -std::numeric_limits<float>::infinity();
    tensors["fc.bias"].data()[0] = std::numeric_limits<float>::infinity();
  });
  EXPECT_EQ(refusal(file, graph), "infinite or NaN: fc.weight (2 values), fc.bias (1 values)");
  // Also without identity(), and only for what is used.
  const FileWeights weights = open(file, graph);
  const Layer& last = *std::find_if(graph.layers().begin(), graph.layers().end(),
                                    [](const Layer& layer) { return layer.name == "fc"; });
  EXPECT_EQ(error_of([&] { (void)weights.load(last.parameters[1]); }),
            file + ": fc.bias has 1 of 10 values infinite or NaN");
  EXPECT_EQ(error_of([&] { (void)weights.load(graph.layer(1).parameters[0]); }), "no error");
}

TEST_F(FileWeightsTest, identity_is_that_of_the_values) {
  const Graph graph = module_graph();
  const std::string identity = open(test_data("module.pth"), graph).identity();
  EXPECT_EQ(identity.size(), 5U + 64U);
  EXPECT_EQ(identity.substr(0, 5), "file ");
  EXPECT_EQ(open(test_data("module.legacy.pth"), graph).identity(), identity);
  const FileWeights weights = open(test_data("module.pth"), graph);
  const NamedTensors tensors = all_parameters(graph, weights);
  const auto save_as = [&](const NamedTensors& named) {
    save_safetensors(path("copy"), named);
    return open(path("copy"), graph).identity();
  };
  EXPECT_EQ(save_as(tensors), identity);
  // In a format that holds the values exactly; with tensors that are not used.
  std::map<std::string, SafetensorsSource> sources;
  for (const auto& [name, tensor] : tensors)
    sources[name] = {tensor.shape(), [handle = tensor] { return handle; }};
  sources["unused"] = {{1}, [] { return Tensor::zeros({1}); }};
  save_safetensors(path("half"), sources, FloatFormat::bf16);
  EXPECT_EQ(open(path("half"), graph).identity(), identity);
  // Any bit of any value counts.
  for (const auto& [name, tensor] : tensors) {
    NamedTensors changed = tensors;
    changed[name] = tensor.clone();
    float& value = changed[name].data()[tensor.elements() - 1];
    value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ 1U);
    EXPECT_NE(save_as(changed), identity) << name;
  }
  NamedTensors swapped = tensors;
  std::swap(swapped["norm.bias"], swapped["norm.weight"]);
  EXPECT_NE(save_as(swapped), identity);
  EXPECT_NE(model_hash(graph, weights), model_hash(graph, SeededWeights(1)));
}

TEST_F(FileWeightsTest, identity_is_kept_while_the_file_is_the_same) {
  const Graph graph = module_graph();
  const std::string file = save(graph);
  const FileWeightsOptions options{.cache_directory = path("cache")};
  const std::string identity = open(file, graph, options).identity();
  const auto cached = [&] { return std::filesystem::directory_iterator(path("cache"))->path().string(); };
  const std::string content = read(cached());
  EXPECT_EQ(open(file, graph, options).identity(), identity);

  // What is in the cache is believed: here another digest of the same length.
  const auto tamper = [&](const std::string& from, const std::string& to) {
    std::string other = content;
    const std::size_t at = other.find(from);
    ASSERT_NE(at, std::string::npos);
    other.replace(at, from.size(), to);
    std::ofstream(cached()) << other;
  };
  const std::size_t digest = content.find("\": \"", content.find("conv.bias")) + 4;
  tamper(content.substr(digest, 8), "00000000");
  EXPECT_NE(open(file, graph, options).identity(), identity);

  // What is damaged or belongs to another file is not.
  tamper("\"format\": 1", "\"format\": 2");
  EXPECT_EQ(open(file, graph, options).identity(), identity);
  for (const std::string& broken :
       {std::string("{"), std::string("[]"), std::string("{\"digests\":3}"), std::string()}) {
    std::ofstream(cached()) << broken;
    EXPECT_EQ(open(file, graph, options).identity(), identity);
  }
  save(graph, [](NamedTensors& tensors) { tensors["conv.bias"].data()[0] += 1; });
  EXPECT_NE(open(file, graph, options).identity(), identity);

  // A cache that cannot be written costs time only.
  EXPECT_EQ(open(save(graph), graph, {.cache_directory = "/dev/null/x"}).identity(), identity);
}

TEST_F(FileWeightsTest, a_file_that_is_overwritten_while_in_use) {
  namespace fs = std::filesystem;
  const Graph graph = make_model("toy_dag", {.rows = 32, .columns = 48, .classes = 10});
  const Tensor frame = test::random_tensor({1, 3, 32, 48}, 5);
  const std::string file = save(graph);
  const FileWeights weights = open(file, graph);
  Executor executor(graph, weights, test::executor_options());
  const auto run = [&] { return executor.run_range(1, graph.size(), {{0, frame}}).at(graph.output()); };
  const auto expected = run();
  // One that is replaced by renaming another goes on being used.
  const std::string other = save(
      graph, [](NamedTensors& tensors) { tensors["fc.bias"].data()[0] += 1; }, "other.safetensors");
  const std::string old = path("old.safetensors");
  fs::create_hard_link(file, old);
  fs::copy_file(other, path("new"));
  fs::rename(path("new"), file);
  EXPECT_TRUE(bit_equal(run(), expected));
  // Written to itself, with as many bytes: the classifier's weights are used where they are in the file.
  const auto time = fs::last_write_time(old);
  fs::copy_file(other, old, fs::copy_options::overwrite_existing);
  fs::last_write_time(old, time + std::chrono::seconds(1));
  EXPECT_NE(error_of([&] { run(); }).find(file + ": was overwritten while in use"), std::string::npos);
  Executor later(graph, weights, test::executor_options());
  EXPECT_NE(error_of([&] { later.prepare({1}); }).find("was overwritten while in use"), std::string::npos);
}

TEST_F(FileWeightsTest, an_error_is_not_kept) {
  const Graph graph = module_graph();
  const std::string file = save(graph, [](NamedTensors& tensors) { tensors["conv.bias"].data()[0] = NAN; });
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(error_of([&] { (void)open(file, graph, {.cache_directory = path("cache")}).identity(); }),
              file + ": infinite or NaN: conv.bias (1 values)");
  }
}

TEST(Listed, first_eight) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a"}), "a");
  EXPECT_EQ(listed({"1", "2", "3", "4", "5", "6", "7", "8"}), "1, 2, 3, 4, 5, 6, 7, 8");
  EXPECT_EQ(listed({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}), "1, 2, 3, 4, 5, 6, 7, 8 and 2 more");
}

}  // namespace
}  // namespace edge
