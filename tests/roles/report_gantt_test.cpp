// The Gantt chart at the end of a run, as exact text.
#include <gtest/gtest.h>

#include "roles/report/gantt.h"

namespace edge {
namespace {

TEST(Gantt, NothingToDraw) {
  EXPECT_EQ(format_gantt({}), "");
  EXPECT_EQ(format_gantt({{.frame = 1, .stages = {{.worker = 0, .compute_s = 1}}}}), "");  // clock not known
}

TEST(Gantt, LinksAndWorkers) {
  // 68 columns of a tenth of a second: worker 0 computes from 10.0 to 12.0, sends until 13.0, worker 1
  // computes from 13.0 to 16.8.
  const std::deque<GanttFrame> frames{
      {.frame = 12,
       .stages = {{.worker = -1},
                  {.worker = 0,
                   .receive_s = 0,
                   .compute_s = 1.99,
                   .encode_s = 0.001,
                   .received_at = 10,
                   .compute_at = 10,
                   .encode_at = 12.0},
                  {.worker = 1, .compute_s = 3.8, .received_at = 12.999, .compute_at = 13.0}}}};
  const std::string text = format_gantt(frames);
  EXPECT_EQ(text,
            "\nframes 12 to 12, 6.80 s; one column is 100 ms\n"
            "link 0    2...................................................................\n"
            "worker 0  22222222222222222222................................................\n"
            "link 1    ....................2222222222......................................\n"
            "worker 1  ..............................22222222222222222222222222222222222222\n");
}

}  // namespace
}  // namespace edge
