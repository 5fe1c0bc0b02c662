// fmt's out-of-line code, compiled once for a device: Debian has no static libfmt, and header-only it costs
// every file that formats something 5 s of compile time. The instantiations are those that fmt 9's headers
// leave to its library; CMake takes fmt header-only with another version.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float value) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double value) noexcept;
template thousands_sep_result<char> thousands_sep_impl<char>(locale_ref locale);
template char decimal_point_impl<char>(locale_ref locale);
template void buffer<char>::append(const char* begin, const char* end);
template void vformat_to(buffer<char>& out, basic_string_view<char> format,
                         basic_format_args<FMT_BUFFER_CONTEXT(char)> arguments, locale_ref locale);
template locale_ref::locale_ref(const std::locale& locale);
template std::locale locale_ref::get<std::locale>() const;
}  // namespace detail
FMT_END_NAMESPACE
