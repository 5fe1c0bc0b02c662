#include "media/detector/samples.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "media/detector/disturb.h"

namespace edge::street {
namespace {

constexpr std::size_t most_streets = 48;

/// A bilinear sample of one plane; nothing beyond its edge is seen.
float pixel_at(const std::uint8_t* plane, std::int64_t rows, std::int64_t columns, double y, double x) {
  y = std::clamp(y, 0.0, static_cast<double>(rows - 1));
  x = std::clamp(x, 0.0, static_cast<double>(columns - 1));
  const auto row = static_cast<std::int64_t>(y);
  const auto column = static_cast<std::int64_t>(x);
  const std::int64_t below = std::min(row + 1, rows - 1), right = std::min(column + 1, columns - 1);
  const auto fy = static_cast<float>(y - static_cast<double>(row));
  const auto fx = static_cast<float>(x - static_cast<double>(column));
  const auto at = [&](std::int64_t r, std::int64_t c) { return static_cast<float>(plane[r * columns + c]); };
  const float upper = at(row, column) * (1 - fx) + at(row, right) * fx;
  const float lower = at(below, column) * (1 - fx) + at(below, right) * fx;
  return upper * (1 - fy) + lower * fy;
}

}  // namespace

std::vector<TrueObject> truth_of(const Scene& scene, std::int64_t frame) {
  std::vector<TrueObject> truth;
  for (const SceneObject& o : scene.objects(frame)) {
    truth.push_back({.class_index = o.class_index,
                     .left = static_cast<double>(o.left),
                     .top = static_cast<double>(o.top),
                     .right = static_cast<double>(o.right),
                     .bottom = static_cast<double>(o.bottom),
                     .visible = o.visible});
  }
  return truth;
}

Samples::Samples(std::int64_t rows, std::int64_t columns, std::uint32_t seed)
    : rows_(rows), columns_(columns), generator_(seed) {}

int Samples::pick(int bound) {
  return static_cast<int>(generator_() % static_cast<unsigned>(bound));
}

double Samples::between(double low, double high) {
  return low + (high - low) * double{autograd::uniform(generator_)};
}

Samples::Street Samples::new_street() {
  // Mostly a few objects, some empty streets, some crowds.
  constexpr std::array<std::array<int, 2>, 10> numbers = {
      {{0, 0}, {1, 3}, {2, 6}, {3, 6}, {4, 9}, {6, 12}, {8, 16}, {12, 24}, {20, 32}, {24, 40}}};
  constexpr std::array<double, 4> shapes = {4.0 / 3, 1.5, 16.0 / 9, 1.0};
  const auto& range = numbers[static_cast<std::size_t>(pick(static_cast<int>(numbers.size())))];
  Street street;
  street.options.name = "street";
  street.options.rows = 200 + pick(600);
  const double shape = shapes[static_cast<std::size_t>(pick(4))];
  street.options.columns = static_cast<std::int64_t>(static_cast<double>(street.options.rows) * shape);
  street.options.seed = first_training_seed + generator_() % 1'000'000'000U;
  street.options.objects = range[0] + pick(range[1] - range[0] + 1);
  street.options.frames_per_second = 5 + pick(26);
  street.scene = make_scene(street.options);
  return street;
}

void Samples::draw_bars(const Window& window, std::int64_t rows, std::int64_t columns, float* pixels) {
  constexpr int usual = 114;
  const int kind = pick(5);
  const int grey = pick(256);
  const float colour = static_cast<float>(kind < 3 ? 0 : kind < 4 ? usual : grey) / 255;
  for (std::int64_t row = 0; row < rows_; ++row) {
    const double y = window.top + (static_cast<double>(row) + 0.5) * window.step_y;
    const bool beyond = y < 0 || y >= static_cast<double>(rows);
    for (std::int64_t column = 0; column < columns_; ++column) {
      const double x = window.left + (static_cast<double>(column) + 0.5) * window.step_x;
      if (!beyond && x >= 0 && x < static_cast<double>(columns)) continue;
      const std::int64_t to = window.mirrored ? columns_ - 1 - column : column;
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        pixels[(channel * rows_ + row) * columns_ + to] = colour;
      }
    }
  }
}

Sample Samples::next(float* pixels) {
  // One new street for every second sample: seeds are what must not be learnt by heart.
  if (streets_.size() < most_streets) {
    streets_.push_back(new_street());
  } else if (pick(2) == 0) {
    streets_[static_cast<std::size_t>(pick(static_cast<int>(most_streets)))] = new_street();
  }
  const Street& street = streets_[static_cast<std::size_t>(pick(static_cast<int>(streets_.size())))];
  const std::int64_t frame = pick(5000);
  const std::int64_t rows = street.options.rows, columns = street.options.columns;
  picture_.resize(static_cast<std::size_t>(3 * rows * columns));
  street.scene->render(frame, picture_.data());

  // As if the whole picture had been scaled to 280 to 720 rows, and a little to the side.
  const double scaled_rows = between(280, 720);
  Window window;
  window.step_y = static_cast<double>(rows) / scaled_rows;
  window.step_x = window.step_y * between(0.8, 1.25);
  const double high = window.step_y * static_cast<double>(rows_);
  const double wide = window.step_x * static_cast<double>(columns_);
  // Sky is easy: look at the street more often.
  window.top = between(std::min(0.0, static_cast<double>(rows) - high),
                       std::max(0.0, static_cast<double>(rows) - high));
  window.left = between(std::min(0.0, static_cast<double>(columns) - wide),
                        std::max(0.0, static_cast<double>(columns) - wide));
  window.mirrored = pick(2) == 1;
  // Some lie over an edge of the picture, as letterboxes do: what is beyond is a bar then.
  const bool barred = pick(3) == 0;
  if (barred && pick(3) != 0) {
    window.left = between(-wide / 2, static_cast<double>(columns) - wide / 2);
  } else if (barred) {
    window.top = between(-high / 2, static_cast<double>(rows) - high / 2);
  }
  for (std::int64_t channel = 0; channel < 3; ++channel) {
    const std::uint8_t* const plane = picture_.data() + channel * rows * columns;
    for (std::int64_t row = 0; row < rows_; ++row) {
      const double y = window.top + (static_cast<double>(row) + 0.5) * window.step_y - 0.5;
      float* const line = pixels + (channel * rows_ + row) * columns_;
      for (std::int64_t column = 0; column < columns_; ++column) {
        const double x = window.left + (static_cast<double>(column) + 0.5) * window.step_x - 0.5;
        // Two samples along each axis where the picture is made smaller, as a scaler would average.
        const std::int64_t to = window.mirrored ? columns_ - 1 - column : column;
        if (window.step_x > 1.3 || window.step_y > 1.3) {
          const double dx = window.step_x / 4, dy = window.step_y / 4;
          line[to] = (pixel_at(plane, rows, columns, y - dy, x - dx) +
                      pixel_at(plane, rows, columns, y - dy, x + dx) +
                      pixel_at(plane, rows, columns, y + dy, x - dx) +
                      pixel_at(plane, rows, columns, y + dy, x + dx)) /
                     4;
        } else {
          line[to] = pixel_at(plane, rows, columns, y, x);
        }
      }
    }
  }
  disturb(pixels, rows_, columns_, generator_);
  if (barred) draw_bars(window, rows, columns, pixels);

  Sample sample;
  for (TrueObject object : truth_of(*street.scene, frame)) {
    object.left = (object.left - window.left) / window.step_x;
    object.top = (object.top - window.top) / window.step_y;
    object.right = (object.right - window.left) / window.step_x;
    object.bottom = (object.bottom - window.top) / window.step_y;
    if (window.mirrored) {
      const double left = static_cast<double>(columns_) - object.right;
      object.right = static_cast<double>(columns_) - object.left;
      object.left = left;
    }
    const double area = (object.right - object.left) * (object.bottom - object.top);
    object.left = std::max(object.left, 0.0);
    object.top = std::max(object.top, 0.0);
    object.right = std::min(object.right, static_cast<double>(columns_));
    object.bottom = std::min(object.bottom, static_cast<double>(rows_));
    if (object.right <= object.left || object.bottom <= object.top || area <= 0) continue;
    // The window cuts as the picture's edge does.
    object.visible *= (object.right - object.left) * (object.bottom - object.top) / area;
    sample.objects.push_back(object);
  }
  return sample;
}

}  // namespace edge::street
