// The headers of libraries that take longest to read, parsed once for net, roles and their tests.
#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <nlohmann/json.hpp>

#include "cmake/precompiled_std.h"

#if FMT_VERSION / 10000 == 9 && !defined(FMT_HEADER_ONLY)
// The library has this function, but fmt's headers do not say so: each file that logs would compile all of
// the formatting.
FMT_BEGIN_NAMESPACE
namespace detail {
extern template void vformat_to(buffer<char>& out, basic_string_view<char> format,
                                basic_format_args<FMT_BUFFER_CONTEXT(char)> arguments, locale_ref locale);
}  // namespace detail
FMT_END_NAMESPACE
#endif
