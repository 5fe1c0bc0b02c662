#include "roles/trace/link_events.h"

#include <fmt/format.h>

namespace edge::trace {

net::TimeObserver link_observer(TraceWriter* writer, const std::string& link, bool origin) {
  if (writer == nullptr) return {};
  return [writer, link, origin](const net::TimeSpent& spent) {
    using What = net::TimeSpent::What;
    Event event{.track = link, .name = "", .begin = spent.begin, .end = spent.end, .frame = spent.frame};
    switch (spent.what) {
      case What::receive:
        event.track = "net";
        event.name = "receive";
        break;
      case What::decode:
        event.track = "receive";
        event.name = "decode";
        event.flow = Flow::passes;
        break;
      case What::encode:
        event.track = "send";
        event.name = "encode";
        event.flow = origin ? Flow::begins : Flow::passes;
        break;
      case What::transfer:
        event.name = fmt::format("frame {}", spent.frame);
        break;
    }
    writer->add(event);
  };
}

}  // namespace edge::trace
