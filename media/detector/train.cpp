// Trains the network `street` on drawn streets, and judges it. See media/README.md.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <numbers>
#include <string>

#include "engine/autograd/detection_losses.h"
#include "engine/autograd/elementwise.h"
#include "engine/autograd/optimizer.h"
#include "engine/autograd/structure.h"
#include "engine/safetensors.h"
#include "engine/weight_file.h"
#include "kernels/thread_pool.h"
#include "media/detector/judge.h"
#include "media/detector/network.h"
#include "media/detector/samples.h"
#include "media/detector/targets.h"
#include "roles/detection/centre_decoder.h"

namespace edge::street {
namespace {

using namespace autograd;
using std::chrono::steady_clock;

struct Options {
  int steps = 3000, batch = 8, threads = 2;
  std::int64_t rows = 256, columns = 384;
  double learning_rate = 2e-3, weight_decay = 1e-2;
  std::uint32_t seed = 1;
  std::string file;
};

/// Rises during the first twentieth, then falls along half a cosine.
double rate_at(const Options& options, int step) {
  const double begin = options.steps / 20.0;
  if (step < begin) return options.learning_rate * (step + 1) / begin;
  const double along = (step - begin) / (options.steps - begin);
  return options.learning_rate * (0.01 + 0.99 * (1 + std::cos(std::numbers::pi * along)) / 2);
}

std::vector<detection::Detection> detect(const Tensor& output, std::int64_t index, float threshold) {
  const detection::CentreGrid grid{.classes = static_cast<int>(classes),
                                   .rows = output.shape()[2],
                                   .columns = output.shape()[3],
                                   .stride = static_cast<float>(stride)};
  const float* const planes = output.data() + index * outputs * grid.rows * grid.columns;
  return detection::suppress_overlapping(detection::decode_centres(grid, planes, threshold), most_overlap);
}

/// As the program has them: float16, half as large.
void save(const Detector& network, const std::string& file) {
  std::map<std::string, SafetensorsSource> tensors;
  for (const auto& [name, tensor] : network.state_dict()) {
    tensors[name] = {tensor.shape(), [tensor = tensor] { return tensor; }};
  }
  save_safetensors(file, tensors, FloatFormat::f16);
}

/// Of any format.
void load(Detector& network, const std::string& name) {
  const WeightFile file(name);
  NamedTensors state;
  for (const StoredTensor& stored : file.tensors()) {
    if (!stored.format) continue;
    Tensor tensor(stored.shape);
    std::ranges::copy(file.load(stored).values(), tensor.data());
    state.emplace(stored.name, tensor);
  }
  network.load_state_dict(state);
}

/// On whole pictures of seeds that are never trained on.
void evaluate(Detector& network, Context& context) {
  struct Test {
    const char* name;
    std::int64_t rows, columns;
    int objects, noise;
  };
  constexpr std::array<Test, 6> tests = {{{"480x720, 6 objects", 480, 720, 6, 3},
                                          {"360x640, 6 objects", 360, 640, 6, 3},
                                          {"720x1280, 6 objects", 720, 1280, 6, 3},
                                          {"480x720, noise 12", 480, 720, 6, 12},
                                          {"480x720, 24 objects", 480, 720, 24, 3},
                                          {"480x720, empty", 480, 720, 0, 3}}};
  const NoGrad guard(context);
  network.set_training(false);
  for (const Test& test : tests) {
    Score score;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      SceneOptions scene;
      scene.name = "street";
      scene.rows = test.rows;
      scene.columns = test.columns;
      scene.seed = seed;
      scene.objects = test.objects;
      scene.noise = test.noise;
      const std::unique_ptr<Scene> street = make_scene(scene);
      const auto size = static_cast<std::size_t>(3 * test.rows * test.columns);
      std::vector<std::uint8_t> picture(size);
      for (const std::int64_t frame : {20, 77, 150}) {
        street->render(frame, picture.data());
        add_sensor_noise(scene, frame, picture.data());
        Tensor pixels({1, 3, test.rows, test.columns});
        for (std::size_t i = 0; i < size; ++i) pixels.data()[i] = static_cast<float>(picture[i]) / 255;
        const Tensor output = network.forward({context, pixels}).value();
        score += judge(detect(output, 0, least_score), truth_of(*street, frame));
      }
    }
    fmt::print("{:22} precision {:.3f}  recall {:.3f}  ({} found, {} missed, {} wrong)\n", test.name,
               score.precision(), score.recall(), score.found, score.missed, score.wrong);
    std::fflush(stdout);
  }
  network.set_training(true);
}

void train(Detector& network, Context& context, const Options& options) {
  const std::vector<Variable> parameters = network.parameters();
  std::int64_t count = 0;
  for (const Variable& parameter : parameters) count += parameter.shape().elements();
  fmt::print("{} parameters\n", count);
  Adam optimizer(parameters, {.weight_decay = options.weight_decay, .decoupled_decay = true});
  Samples samples(options.rows, options.columns, options.seed);
  const std::int64_t grid_rows = options.rows / stride, grid_columns = options.columns / stride;
  Targets targets(options.batch, grid_rows, grid_columns);
  double heat_sum = 0, box_sum = 0;
  auto begin = steady_clock::now();
  double drawing_s = 0;
  for (int step = 0; step < options.steps; ++step) {
    const auto drawing = steady_clock::now();
    Tensor pixels({options.batch, 3, options.rows, options.columns});
    for (int i = 0; i < options.batch; ++i) {
      targets.set(i, samples.next(pixels.data() + i * 3 * options.rows * options.columns));
    }
    drawing_s += std::chrono::duration<double>(steady_clock::now() - drawing).count();
    optimizer.set_learning_rate(rate_at(options, step));
    optimizer.zero_gradients();
    const Variable output = network.forward({context, pixels});
    const Variable heat_loss = centre_focal_loss(slice(output, 1, 0, classes), targets.heat);
    const Variable box_loss = weighted_l1_loss(slice(output, 1, classes, 4), targets.boxes, targets.weights);
    heat_sum += double{heat_loss.item()};
    box_sum += double{box_loss.item()};
    // weighted_l1_loss is the mean of all four numbers; their sum counts half as much as the heat.
    (heat_loss + box_loss * 2.0F).backward();
    clip_gradients(parameters, 10);
    optimizer.step();
    constexpr int report = 100;
    if ((step + 1) % report == 0) {
      const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
      fmt::print("step {:5}  heat {:.4f}  box {:.4f}  {:.0f} ms per step ({:.0f} of them drawing)\n",
                 step + 1, heat_sum / report, box_sum / report, seconds * 1e3 / report,
                 drawing_s * 1e3 / report);
      std::fflush(stdout);
      heat_sum = box_sum = drawing_s = 0;
      begin = steady_clock::now();
    }
    if ((step + 1) % 1000 == 0 && step + 1 < options.steps) {
      save(network, options.file + ".part");
      evaluate(network, context);
      begin = steady_clock::now();
    }
  }
}

int run(int count, char** arguments) {
  constexpr const char* usage =
      "usage: train_street OUT.safetensors [STEPS [THREADS [START.safetensors]]]\n"
      "       defaults: 3000 steps, 2 threads, random weights to start with; 0 steps: START in float16\n";
  if (count < 2 || count > 5 || arguments[1][0] == '-') {
    std::fputs(usage, stderr);
    return 2;
  }
  Options options;
  options.file = arguments[1];
  if (count > 2) options.steps = std::atoi(arguments[2]);
  if (count > 3) options.threads = std::max(std::atoi(arguments[3]), 1);
  kernels::ThreadPool pool(options.threads);
  Context context(pool);
  Generator generator(options.seed);
  Detector network(context, generator);
  if (count > 4) load(network, arguments[4]);
  if (options.steps > 0) train(network, context, options);
  save(network, options.file);
  evaluate(network, context);
  return 0;
}

}  // namespace
}  // namespace edge::street

int main(int count, char** arguments) {
  try {
    return edge::street::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_street: %s\n", error.what());
    return 1;
  }
}
