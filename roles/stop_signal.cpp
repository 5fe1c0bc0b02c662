#include "roles/stop_signal.h"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>

namespace edge {
namespace {

template <int number>
void exit_at_once(int) {
  _exit(exit_status_of_signal(number));
}

}  // namespace

StopSignal::StopSignal(asio::io_context& context, std::function<void()> on_stop)
    : signals_(context, SIGINT, SIGTERM) {
  std::signal(SIGPIPE, SIG_IGN);
  signals_.async_wait([this, on_stop = std::move(on_stop)](asio::error_code error, int number) {
    if (error) return;
    received_ = number;
    std::signal(SIGALRM, number == SIGTERM ? exit_at_once<SIGTERM> : exit_at_once<SIGINT>);
    itimerval timer{};
    timer.it_value.tv_sec = grace.count() / 1000;
    timer.it_value.tv_usec = static_cast<suseconds_t>(grace.count() % 1000 * 1000);
    setitimer(ITIMER_REAL, &timer, nullptr);
    on_stop();
  });
}

void StopSignal::cancel() {
  asio::error_code ignored;
  signals_.cancel(ignored);
}

}  // namespace edge
