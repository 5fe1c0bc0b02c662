// Objects instead of classes, and networks with several outputs, in a chain of real processes.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "engine/executor.h"
#include "roles/classify.h"
#include "roles/detection/detector.h"
#include "roles/report/json_values.h"
#include "roles/report/object_json.h"
#include "roles/report/truth_line.h"
#include "roles/video/frame_source.h"
#include "roles/video/truth.h"
#include "tests/end_to_end/chain_fixture.h"
#include "tests/end_to_end/played_worker.h"
#include "tests/engine/onnx_support.h"
#include "tests/json_schema.h"

namespace edge::test {
namespace {

constexpr int rows = 64, columns = 96;

/// Numbers that look random, the same ones everywhere.
std::vector<float> numbers(std::size_t count, std::uint32_t seed, float scale) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = (static_cast<float>(seed >> 8) / 8388608.0F - 1) * scale;
  }
  return values;
}

/// A convolution with such weights.
void add_convolution(OnnxFile& file, const std::string& name, const std::string& input, std::int64_t from,
                     std::int64_t to, std::int64_t kernel, std::int64_t stride) {
  const auto count = static_cast<std::size_t>(to * from * kernel * kernel);
  const auto seed = static_cast<std::uint32_t>(7 * to + 131 * from + 17 * kernel);
  file.initializer(name + ".weight", {to, from, kernel, kernel},
                   numbers(count, seed, 2.5F / static_cast<float>(from * kernel * kernel) * 2));
  file.initializer(name + ".bias", {to}, numbers(static_cast<std::size_t>(to), seed + 1, 0.3F));
  const std::int64_t pad = kernel / 2;
  file.node(
      "Conv", {input, name + ".weight", name + ".bias"}, {name},
      {attribute("kernel_shape", Dimensions{kernel, kernel}),
       attribute("strides", Dimensions{stride, stride}), attribute("pads", Dimensions{pad, pad, pad, pad})},
      name);
}

class DetectorChain : public ChainFixture {
 protected:
  /// A network of the form of `street`'s: two heat maps and four planes of boxes at stride 16.
  std::string write_detector() {
    OnnxFile file;
    file.input("frame", {1, 3, rows, columns});
    add_convolution(file, "one", "frame", 3, 8, 3, 2);
    file.node("Relu", {"one"}, {"one.relu"});
    add_convolution(file, "two", "one.relu", 8, 12, 3, 2);
    file.node("Relu", {"two"}, {"two.relu"});
    add_convolution(file, "three", "two.relu", 12, 16, 3, 2);
    file.node("Relu", {"three"}, {"three.relu"});
    add_convolution(file, "four", "three.relu", 16, 16, 3, 2);
    file.node("Relu", {"four"}, {"four.relu"});
    add_convolution(file, "head", "four.relu", 16, 6, 1, 1);
    file.output("head", {1, 6, rows / 16, columns / 16});
    return directory_.write("street.onnx", file.bytes()).string();
  }
  /// One with three outputs, of which the first is made last and the last one early.
  std::string write_three_outputs() {
    OnnxFile file;
    file.input("frame", {1, 3, rows, columns});
    add_convolution(file, "early", "frame", 3, 4, 3, 4);
    file.node("Relu", {"early"}, {"middle"});
    add_convolution(file, "deep", "middle", 4, 8, 3, 2);
    file.node("Relu", {"deep"}, {"deeper"});
    add_convolution(file, "left", "deeper", 8, 2, 1, 1);
    add_convolution(file, "right", "deeper", 8, 5, 3, 2);
    file.output("right").output("left").output("early");
    return directory_.write("three.onnx", file.bytes()).string();
  }

  static ChainConfig chain(const std::string& network, int workers) {
    ChainConfig config{
        .network = network, .workers = workers, .video = "synthetic:street?seed=3&noise=1&frames=6"};
    config.result = "top_k";
    // All of [detection] is behind [video]'s keys.
    config.video_lines = "[detection]\nthreshold = 0.5\nnms = 0.4\n";
    return config;
  }

  /// Calls `use(outputs)` for every frame with what the whole network makes of it, here and now.
  template <class Use>
  static void compute(const std::string& config_file, const Use& use) {
    const Config config = load_config(config_file);
    const Model model = load_model(config.model);
    Executor executor(model.graph, *model.weights, {.threads = 1});
    const auto source = open_frame_source(
        {.source = config.video.source, .rows = config.model.rows, .columns = config.model.columns});
    while (const auto frame = source->next()) {
      const TensorMap computed = executor.run_range(1, model.graph.size(), {{0, as_floats(*frame)}});
      std::vector<Array> outputs;
      for (const LayerIndex layer : model.graph.outputs()) outputs.emplace_back(computed.at(layer));
      use(config, model, outputs);
    }
  }

  /// The "objects" that the lines of a run must have.
  static std::vector<nlohmann::json> expected_objects(const std::string& config_file) {
    std::vector<nlohmann::json> frames;
    compute(config_file, [&](const Config& config, const Model& model, const std::vector<Array>& outputs) {
      const auto detector = detection::make_detector(config.detection, model.graph);
      if (!detector) throw Error("no detector");
      const Extent2d size{config.model.rows, config.model.columns};
      const auto objects = detection::find_objects(*detector->decoder, outputs, detector->wanted,
                                                   place(Fit::stretch, size, size));
      frames.push_back(nlohmann::json::parse(objects_json(objects, detector->labels).dump()));
    });
    return frames;
  }
};

TEST_F(DetectorChain, ObjectsAreThoseOfTheWholeNetwork) {
  write_detector();
  const std::string file = write_config(chain("street.onnx", 1), "alone");
  const std::vector<nlohmann::json> expected = expected_objects(file);
  ASSERT_EQ(expected.size(), 6U);
  std::size_t found = 0;
  for (const nlohmann::json& objects : expected) found += objects.size();
  ASSERT_GT(found, 6U) << "the test would show little";
  for (const int workers : {1, 2, 3}) {
    ChainConfig config = chain("street.onnx", workers);
    config.extra = "check = true";
    const auto lines = run_chain(config);
    ASSERT_EQ(lines.size(), expected.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].at("objects"), expected[i]) << "frame " << i << ", " << workers << " workers";
      EXPECT_FALSE(lines[i].contains("top_k"));
    }
    const std::string errors = read_file(directory_.path() / "master.err");
    EXPECT_NE(errors.find("finds objects: decoder "), std::string::npos) << errors;
    EXPECT_NE(errors.find("check: 6 frames right, bit for bit"), std::string::npos) << errors;
  }
}

TEST_F(DetectorChain, TheMasterSaysWhatIsWanted) {
  write_detector();
  ChainConfig config = chain("street.onnx", 1);
  config.video_lines = "[detection]\nthreshold = 0.5\nclasses = [\"person\"]\nlabels = \"labels.txt\"\n";
  directory_.write("labels.txt", "car\nperson\n");
  const std::string master_file = write_config(config, "master_config");
  config.video_lines = "[detection]\ndecoder = \"none\"\n";
  const auto worker = start_worker(0, write_config(config, "worker_config", true));
  const auto master = start_master(master_file);
  EXPECT_EQ(master->wait(60s), 0) << master->errors();
  const auto lines = json_lines(master->output());
  const auto expected = expected_objects(master_file);
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].at("objects"), expected[i]);
    for (const auto& object : lines[i].at("objects")) EXPECT_EQ(object.at("class"), "person");
  }
  worker->kill(SIGTERM);
  EXPECT_EQ(worker->wait(), 0);
}

TEST_F(DetectorChain, NoneAndChecksumsAreWithoutObjects) {
  write_detector();
  ChainConfig config = chain("street.onnx", 2);
  config.video_lines = "[detection]\ndecoder = \"none\"\n";
  const auto lines = run_chain(config);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_FALSE(lines[0].contains("objects"));
  config = chain("street.onnx", 2);
  config.result = "checksum";
  const auto sums = run_chain(config);
  ASSERT_EQ(sums.size(), 6U);
  EXPECT_FALSE(sums[0].contains("objects"));
  EXPECT_EQ(checksums(sums), checksums(lines));
}

TEST_F(DetectorChain, ClassesThatTheNetworkHasNotAreOneLine) {
  write_detector();
  ChainConfig config = chain("street.onnx", 1);
  config.video_lines = "[detection]\nclasses = [7]\n";
  const auto master = start_master(write_config(config));
  EXPECT_EQ(master->wait(10s), 1);
  EXPECT_NE(master->errors().find("detection.classes[0]: the network has 2 classes, 0 to 1, not 7"),
            std::string::npos)
      << master->errors();
}

TEST_F(DetectorChain, AllOutputsComeBack) {
  write_three_outputs();
  for (const int workers : {1, 3}) {
    ChainConfig config{
        .network = "three.onnx", .workers = workers, .video = "synthetic:street?seed=3&noise=1&frames=4"};
    config.result = "full";
    config.extra = "check = true";
    // Cut behind the early output, which then has to cross two links.
    if (workers == 3) config.schedule = "scheduler = \"fixed\"\nplan = [[1, 1], [2, 3], [4, 6]]";
    const auto lines = run_chain(config);
    ASSERT_EQ(lines.size(), 4U);
    std::size_t frame = 0;
    compute(write_config(config, "again"),
            [&](const Config&, const Model& model, const std::vector<Array>& outputs) {
              const nlohmann::json& line = lines.at(frame++);
              EXPECT_EQ(line.at("checksum"), checksum_text(checksum(outputs)));
              ASSERT_EQ(line.at("outputs").size(), 3U);
              for (std::size_t i = 0; i < 3; ++i) {
                const nlohmann::json& output = line.at("outputs")[i];
                EXPECT_EQ(output.at("name"), model.graph.layer(model.graph.outputs()[i]).name);
                EXPECT_EQ(output.at("shape"), nlohmann::json::parse(shape_json(outputs[i].shape()).dump()));
                ASSERT_EQ(output.at("values").size(), outputs[i].elements());
                for (std::size_t value = 0; value < outputs[i].elements(); ++value) {
                  ASSERT_EQ(output.at("values")[value].get<float>(), outputs[i].values()[value]);
                }
              }
            });
    EXPECT_EQ(frame, 4U);
  }
}

TEST_F(DetectorChain, LocalWritesTheTruthToo) {
  write_detector();
  const std::string config = write_config(chain("street.onnx", 2));
  const std::string truth = (directory_.path() / "truth.jsonl").string();
  const auto local = start("local", edge_command({"local", "-c", config, "--truth", truth, "--frames", "5"}));
  EXPECT_EQ(local->wait(), 0) << local->errors();
  EXPECT_EQ(json_lines(local->output()).size(), 5U);
  const Truth expected("synthetic:street?seed=3&noise=1&frames=6", {rows, columns});
  const auto lines = json_lines(read_file(truth));
  ASSERT_EQ(lines.size(), 5U);
  const JsonSchema schema(EDGE_SOURCE_DIRECTORY "/docs/output.schema.json");
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(schema.fault(lines[i]), "");
    text += truth_line(i, expected.objects(i)) + "\n";
  }
  EXPECT_EQ(read_file(truth), text);
  // The command without a network says the same.
  const auto command = start("truth", edge_command({"truth", "synthetic:street?seed=3", "--frames", "5",
                                                    "--size", fmt::format("{}x{}", rows, columns)}));
  EXPECT_EQ(command->wait(), 0) << command->errors();
  EXPECT_EQ(command->output(), text);
}

TEST_F(DetectorChain, LocalTakesTheKeysAsOptionsAndDraws) {
  write_detector();
  const std::string config = write_config(chain("street.onnx", 2));
  const std::string pictures = (directory_.path() / "seen").string();
  const auto local = start(
      "local", edge_command({"local", "-c", config, "--frames", "3", "--check", "--mean", "0.25", "--decoder",
                             "street", "--threshold", "0.6", "--classes", "person", "--draw", pictures}));
  EXPECT_EQ(local->wait(), 0) << local->errors();
  const auto lines = json_lines(local->output());
  ASSERT_EQ(lines.size(), 3U);
  for (const auto& line : lines) {
    for (const auto& object : line.at("objects")) {
      EXPECT_GE(object.at("score").get<double>(), 0.6);
      EXPECT_EQ(object.at("class"), "person");
    }
  }
  EXPECT_NE(local->errors().find("letterbox, mean 0.25, "), std::string::npos) << local->errors();
  EXPECT_NE(local->errors().find("decoder street usually wants other pixels"), std::string::npos)
      << local->errors();
  for (const char* name : {"000000.jpg", "000001.jpg", "000002.jpg"})
    EXPECT_EQ(read_file(pictures + "/" + name).substr(0, 2), "\xFF\xD8") << name;
  EXPECT_FALSE(std::filesystem::exists(pictures + "/000003.jpg"));
}

TEST_F(DetectorChain, LocalTriesItsOutputsBeforeItStartsAnybody) {
  write_detector();
  const std::string config = write_config(chain("street.onnx", 2));
  for (const char* option : {"--output", "--truth", "--draw"}) {
    const auto local = start("local", edge_command({"local", "-c", config, option, "no/where/x"}));
    EXPECT_EQ(local->wait(10s), 1);
    const std::string errors = local->errors();
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    EXPECT_EQ(errors.find("edge: no/where/x: "), 0U) << errors;
    std::filesystem::remove(directory_.path() / "local.err");
  }
}

TEST_F(DetectorChain, AVideoWithoutTruthIsOneLine) {
  write_detector();
  const std::string config = write_config(chain("street.onnx", 1));
  const std::string truth = directory_.write("truth.jsonl", "kept\n").string();
  const auto master =
      start("master",
            edge_command({"master", "-c", config, "--truth", truth, "--video", "synthetic:noise?frames=3"}));
  EXPECT_EQ(master->wait(10s), 1);
  EXPECT_NE(master->errors().find("synthetic:noise?frames=3: has no objects"), std::string::npos)
      << master->errors();
  EXPECT_EQ(read_file(truth), "kept\n");
}

/// A worker that the test plays.
class LyingWorker : public DetectorChain {
 protected:
  std::unique_ptr<EdgeProcess> start_with(const FakeWorker::Script& script) {
    write_detector();
    const std::string file = write_config(chain("street.onnx", 1));
    worker_.emplace(file, script, ports_.front());
    return start_master(file);
  }

  std::optional<PlayedWorker> worker_;
};

TEST_F(LyingWorker, LosesItsConnectionForClassesThatAreNot) {
  std::atomic<int> lies = 0;
  const auto master =
      start_with({.frame = [&](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
        ASSERT_TRUE(header.options.objects) << "the master asks";
        EXPECT_EQ(header.options.objects->wanted.threshold, 0.5F);
        EXPECT_EQ(header.options.objects->placement.picture, (Extent2d{rows, columns}));
        detection::Detection object{.class_index = 1, .score = 0.5F, .box = {1, 2, 3, 4}};
        if (frame == 2 && lies++ == 0) object.class_index = 2;
        worker.send_objects(frame, header.run, {object});
      }});
  EXPECT_EQ(master->wait(), 0) << master->errors();
  EXPECT_NE(
      master->errors().find("lost worker 0: it sent an object of a class that the network does not have"),
      std::string::npos)
      << master->errors();
  const auto lines = json_lines(master->output());
  ASSERT_EQ(lines.size(), 6U);
  for (const auto& line : lines) EXPECT_EQ(line.at("objects")[0].at("index"), 1);
}

TEST_F(LyingWorker, IsGivenUpIfItNeverSendsObjects) {
  const auto master =
      start_with({.frame = [&](FakeWorker& worker, std::uint64_t frame, const chain::FrameHeader& header) {
        worker.send_result(frame, header.run);
      }});
  EXPECT_EQ(master->wait(), 1) << master->errors();
  EXPECT_NE(master->errors().find("without the objects that were asked for"), std::string::npos)
      << master->errors();
}

}  // namespace
}  // namespace edge::test
