// A network as one HTML file: a drawing that can be zoomed, with nothing loaded from anywhere. Pure function,
// thread-safe, no errors.
#pragma once

#include <string>

#include "roles/inspect/inspection.h"
#include "roles/inspect/layout.h"

namespace edge::inspect {

/// `layout`: of the inspection's graph and plan. Whatever the names contain, they are shown as text.
std::string inspection_page(const Inspection& inspection, const Layout& layout);

}  // namespace edge::inspect
